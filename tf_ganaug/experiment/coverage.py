"""How often the intervals of `crossed` hold the truth: simulated studies whose truth is known.

A study's change of a subject by a training is subject + GAN + repeat + rest. The last three are normal; subjects are
normal, skewed (exponential), or one in ten jumps, as where a lesion is found or missed. Which of the four varies most
differs: `SOURCES`. Studies in which nothing changes show how often chance is given a verdict.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pandas as pd

from tf_ganaug.experiment.crossed import Mean
from tf_ganaug.random import named_seed

SUBJECTS, REPEATS, GANS = (5, 20, 50), (3, 5), (1, 3)

SHAPES = ("normal", "skewed", "one jump in ten")

#: Deviations in points between subjects, between GANs, between repeats, and of the rest.
SOURCES = {
    "subjects differ most": (3.0, 0.5, 0.5, 1.0),
    "trainings differ most": (1.0, 1.5, 1.5, 1.0),
    "the rest differs most": (1.0, 0.5, 0.5, 3.0),
    "all alike": (1.5, 1.0, 1.0, 1.5),
}

#: Points below which a change does not matter.
MARGIN = 1.0


def coverage(studies: int, seed: int = 0) -> pd.DataFrame:
    """The share of intervals that hold the truth.

    With one GAN the truth is the change by that GAN.

    Args:
        studies: simulated for each row.
        seed: of all.

    Returns:
        Columns shape, source, subjects, repeats, gans, held: in [0, 1].
    """
    rows = []
    for shape, source, subjects, repeats, gans in product(SHAPES, SOURCES, SUBJECTS, REPEATS, GANS):
        design = {"shape": shape, "source": source, "subjects": subjects, "repeats": repeats, "gans": gans}
        means = simulated(**design, studies=studies, seed=seed)
        rows.append({**design, "held": np.mean([mean.low <= 0 <= mean.high for mean in means])})
    return pd.DataFrame(rows)


def false_verdicts(studies: int, seed: int = 0) -> pd.DataFrame:
    """The share of studies in which nothing changes that say "helped" or "hurt".

    Each repeat has a GAN of its own; jumps go either way, for one that only gains does change something.

    Args:
        studies: simulated for each row.
        seed: of all.

    Returns:
        Columns shape, source, subjects, repeats, gans, verdicts: in [0, 1].
    """
    rows = []
    shapes = (*SHAPES[:2], "one jump in ten, either way")
    for shape, source, subjects, repeats in product(shapes, SOURCES, SUBJECTS, (1, *REPEATS)):
        design = {"shape": shape, "source": source, "subjects": subjects, "repeats": repeats, "gans": repeats}
        verdicts = [mean.verdict(MARGIN) for mean in simulated(**design, studies=studies, seed=seed)]
        rows.append({**design, "verdicts": np.mean([verdict in ("helped", "hurt") for verdict in verdicts])})
    return pd.DataFrame(rows)


def simulated(
    shape: str, source: str, subjects: int, repeats: int, gans: int, studies: int, seed: int
) -> Iterator[Mean]:
    """The analysis of each study; its truth is 0."""
    rng = np.random.default_rng(named_seed(seed, f"{shape}, {source}, {subjects}, {repeats}, {gans}"))
    between, of_gan, of_repeat, rest = SOURCES[source]
    which = np.arange(repeats) % gans
    changes = between * _standard(shape, (studies, subjects, 1), rng)
    if gans > 1:
        changes = changes + rng.normal(0, of_gan, (studies, 1, gans))[:, :, which]
    changes = changes + rng.normal(0, of_repeat, (studies, 1, repeats))
    changes = changes + rng.normal(0, rest, (studies, subjects, repeats))
    return (Mean.of(one, which) for one in changes)


def _standard(shape: str, size: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Draws of mean 0 and deviation 1."""
    if shape == "normal":
        return rng.normal(size=size)
    if shape == "skewed":
        return rng.exponential(size=size) - 1
    jumps = rng.random(size) < 0.1
    if shape == "one jump in ten":
        return (jumps - 0.1) / 0.3
    return jumps * rng.choice((-1, 1), size) / 0.1**0.5
