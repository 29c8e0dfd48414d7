"""The paper profiles of Neff 2018: what is trained, and by which rules."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug.augment.standard import Augmentation
from tf_ganaug.experiment.settings import configs_folder, load_settings
from tf_ganaug.experiment.sources import Request
from tf_ganaug.papers.neff2018 import cityscapes, lung
from tf_ganaug.papers.neff2018.design import all_tasks
from tf_ganaug.papers.neff2018.settings import Settings


@pytest.mark.parametrize(
    ("config", "design", "augmentation", "count", "told"),
    [
        ("neff2018", lung.DESIGN, Augmentation(0.05, 0.05, 10, 10), 25, "(25 for Tables I and II"),
        ("neff2018-cityscapes", cityscapes.DESIGN, Augmentation(flip=True), 9, "(nine for Tables III and IV"),
    ],
)
def test_networks_are_as_many_as_the_configs_head_says(config, design, augmentation, count, told):
    settings = load_settings(Settings, configs_folder(), config, "paper", [])
    assert settings.augmentation.named == augmentation and not settings.augmentation.searched
    tasks = [*design.search_tasks(settings), *all_tasks(design.row_tasks(settings, settings.augmentation.named))]
    assert len(set(tasks)) == count
    assert told in (configs_folder() / f"{config}.yaml").read_text(encoding="utf-8")


def test_the_paper_profile_thresholds_the_label_channels_of_cityscapes():
    assert load_settings(Settings, configs_folder(), "neff2018-cityscapes", "paper", []).gan.threshold


@pytest.mark.parametrize(("config", "experiment"), [("neff2018", lung), ("neff2018-cityscapes", cityscapes)])
def test_sampling_by_batch_statistics_is_a_setting_and_off(tmp_path, config, experiment):
    assert not load_settings(Settings, configs_folder(), config, "paper", []).gan.batch_statistics
    latents = tf.random.stateless_normal((4, 16), (0, 0))
    for own in (False, True):
        settings = load_settings(Settings, configs_folder(), config, "smoke", [f"gan.batch_statistics={own}"])
        study = experiment.study(tmp_path, experiment.open_data(Request(), settings), settings)
        made = study.gan(0, study.cases(0, "train")).untrained()
        alone, together = made.pairs(latents[:1])[0][0], made.pairs(latents)[0][0]
        assert (np.abs(alone - together).max() > 1e-3) == own, "a pair depends on those made with it"
