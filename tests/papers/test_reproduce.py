"""From a command line to a study, before anything is trained."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tf_ganaug.experiment.sources import Request
from tf_ganaug.papers.experiments import experiment_of
from tf_ganaug.papers.reproduce import lead, prepare


def test_a_data_sets_own_parts_are_the_only_fold(tmp_path):
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
    rng = np.random.default_rng(0)
    for name in "abcd":
        for part in ("images", "labels"):
            Image.fromarray(rng.integers(0, 2, (32, 32), np.uint8)).save(tmp_path / part / f"{name}.png")
    (tmp_path / "dataset.yaml").write_text("splits: {train: [a, b], validation: [c], test: [d]}\n")
    opening, folder, _ = prepare(experiment_of("neff2018"), "paper", [], Request(tmp_path), tmp_path / "out")
    study = opening(folder)
    assert [(split.train, split.validation, split.test) for split in study.splits] == [(("a", "b"), ("c",), ("d",))]
    assert study.settings.folds_used == 1
    assert [case.id for case in study.cases(0, "test")] == ["d"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("paper", "changes", "told"),
    [
        ("neff2018", ["gan.augment=diff"], "(gan.augment diff;"),
        ("foroozandeh2020", ["pggan.augment=diff", "spade.augment=adaptive"], "(pggan.augment diff, spade.augment ad"),
        ("karki2020", ["painter.augment=diff", "segmenter.vgg16=random"], "(painter.augment diff;"),
        ("liu2019", ["painter.augment=adaptive"], "(painter.augment adaptive;"),
        ("bowles2018", ["gan.augment=diff"], "(gan.augment diff;"),
    ],
)
def test_an_augmented_critic_is_told_as_no_part_of_the_paper(paper, changes, told, tmp_path):
    def lines(given):
        experiment = experiment_of(paper)
        opening, folder, _ = prepare(experiment, "smoke", [*experiment.few, *given], Request(), tmp_path / "out")
        study = opening(folder)
        return " ".join(lead(study.dataset, "smoke", study))

    assert f"Not as in the paper: what critics see is augmented {told}" in lines(changes)
    assert "augmented" not in lines(changes[1:] if paper == "karki2020" else [])
