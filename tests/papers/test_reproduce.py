"""From a command line to a study, before anything is trained."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tf_ganaug.experiment.sources import Request
from tf_ganaug.papers.experiments import experiment_of
from tf_ganaug.papers.reproduce import prepare


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
