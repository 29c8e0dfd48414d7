"""The paper profiles of Neff 2018: what is trained, and by which rules."""

from __future__ import annotations

import pytest

from tf_ganaug.augment.standard import Augmentation
from tf_ganaug.experiment.settings import configs_folder, load_settings
from tf_ganaug.papers.neff2018 import cityscapes, lung
from tf_ganaug.papers.neff2018.rows import all_tasks, row_tasks
from tf_ganaug.papers.neff2018.settings import Settings


@pytest.mark.parametrize(
    ("config", "search", "table", "augmentation", "count", "told"),
    [
        ("neff2018", lung.table1_tasks, lung.TABLE_2, Augmentation(0.05, 0.05, 10, 10), 25, "(25 for Tables I and II"),
        (
            "neff2018-cityscapes",
            cityscapes.table3_tasks,
            cityscapes.TABLE_4,
            Augmentation(flip=True),
            9,
            "(nine for Tables III and IV",
        ),
    ],
)
def test_networks_are_as_many_as_the_configs_head_says(config, search, table, augmentation, count, told):
    settings = load_settings(Settings, configs_folder(), config, "paper", [])
    assert settings.augmentation.named == augmentation and not settings.augmentation.searched
    tasks = [*search(settings), *all_tasks(row_tasks(settings, table, settings.augmentation.named))]
    assert len(set(tasks)) == count
    assert told in (configs_folder() / f"{config}.yaml").read_text(encoding="utf-8")


def test_the_paper_profile_thresholds_the_label_channels_of_cityscapes():
    assert load_settings(Settings, configs_folder(), "neff2018-cityscapes", "paper", []).gan.threshold
