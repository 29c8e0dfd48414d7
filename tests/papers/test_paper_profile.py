"""The paper profile of every experiment, on few embedded data: its plan, and the first step of every kind of training.

Networks, images and learning rates are the paper's own; only the minibatches are small.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tf_ganaug.experiment.sources import Request
from tf_ganaug.experiment.study import Training
from tf_ganaug.papers.experiments import all_papers
from tf_ganaug.papers.reproduce import prepare

EXPERIMENTS = {experiment.config: experiment for found in all_papers().values() for experiment in found}

#: Images are drawn small, and brought to the paper's size; the cohorts are those of `few`.
DRAWN = {
    "neff2018": ("data.native_size=256",),
    "neff2018-cityscapes": ("data.native_size=128",),
    "foroozandeh2020": ("data.native_size=64",),
    # As many patients as 2.5 % leave one of.
    "karki2020": ("segmenter.vgg16=random", "data.subjects=40", "data.slices=1", "data.native_size=64"),
    "liu2019": ("data.native_size=128",),
    "bowles2018": ("data.native_size=64",),
    "bowles2018-wmh": ("data.native_size=64",),
}

#: Minibatches, which change no network. Liu's first steps take 18 GB, the others' at most 6.
SMALL = {
    "neff2018": ("gan.batch=2", "segmenter.batch=2"),
    "neff2018-cityscapes": ("gan.batch=2", "segmenter.batch=2"),
    "foroozandeh2020": ("pggan.minibatch=[4, 4, 4, 4, 4, 4, 4]", "spade.batch=1", "segmenter.batch=1"),
    "karki2020": (),
    "liu2019": ("segmenter.batch=4",),
    "bowles2018": ("gan.minibatch=[4, 4, 4, 4, 4, 4]", "unet.batch=1", "uresnet.batch=1"),
    "bowles2018-wmh": ("gan.minibatch=[4, 4, 4, 4, 4, 4]", "deepmedic.batch=1"),
}

#: Trainings of the whole paper. Of a progressive GAN of label maps each of its seven sizes is one.
PLANNED = {
    "neff2018": 3 + 25,
    "neff2018-cityscapes": 1 + 9,
    "foroozandeh2020": 2 * 7 + 2 + 7 * 3,
    "karki2020": 4 + 4 * 4,
    "liu2019": 21,
    "bowles2018": 13 + 376,
    "bowles2018-wmh": 3 + 126,
}


def trainings(name: str, out: Path, changes: Sequence[str] = ()) -> list[Training]:
    experiment = EXPERIMENTS[name]
    opening, folder, _ = prepare(experiment, "paper", [*experiment.few, *DRAWN[name], *changes], Request(), out)
    return experiment.module.trainings(opening(folder), experiment.chosen("paper", None))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_it_resolves_and_plans(tmp_path, name):
    planned = trainings(name, tmp_path / "out")
    assert len(planned) == PLANNED[name]
    assert len({training.name for training in planned}) == len(planned)
    assert all(training.iterations > 0 for training in planned) and not (tmp_path / "out").exists()


@pytest.mark.long
@pytest.mark.parametrize("name", SMALL)
def test_its_first_step(tmp_path, name, eager):
    """Of a progressive GAN, whose networks grow, that at the least size. Steps that are compiled give the same."""
    firsts = {}
    for training in trainings(name, tmp_path / "out", SMALL[name]):
        kind = training.kind[0] if isinstance(training.kind, tuple) and training.kind[0] == "pggan" else training.kind
        firsts.setdefault(kind, training.step)
    assert firsts
    for step in firsts.values():
        assert np.isfinite(step()())
