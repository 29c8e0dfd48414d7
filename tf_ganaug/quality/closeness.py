"""How close generated pairs are to real ones, beside how close held-out real pairs are.

Both are compared with the same reference images, as many of the one as of the other. Held-out pairs are drawn `DRAWS`
times, each time half of their subjects: the deviation of their values over these draws is that which chance gives the
value of all of them (the delete-half jackknife), and slices of one person stay together. Two sets of the kind differ by
the root of two of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from tf_ganaug.errors import InputError
from tf_ganaug.quality import neighbourhoods as near
from tf_ganaug.quality.neighbourhoods import K_DENSITY, K_PRECISION

#: Draws; the probability that held-out pairs lie outside a range in any of the measures; and how many these are.
DRAWS, LEVEL, MEASURES = 20, 0.05, 6

#: Pairs of each kind that are compared at most.
MOST = 5000


@dataclass(frozen=True)
class Value:
    """A measure of generated pairs and of held-out real ones.

    Attributes:
        generated: of the generated pairs.
        held: of held-out real pairs.
        low: lower end of the range in which chance leaves other held-out pairs.
        high: upper end; infinite where more is better.
        apart: whether the generated pairs lie outside the range.
    """

    generated: float
    held: float
    low: float
    high: float
    apart: bool

    @classmethod
    def of(
        cls, generated: float, held: float, drawn: np.ndarray, both: bool = False, measures: int = MEASURES
    ) -> Value:
        """From the held-out value of each draw; with `both` more is no better than less. NaN is no value.

        The range is that of a normal distribution, Bonferroni's for so many measures, none of which can be below 0.
        """
        drawn = drawn[np.isfinite(drawn)]
        if not len(drawn):
            return cls(float(generated), float(held), math.nan, math.nan, False)
        reach = float(norm.isf(LEVEL / measures / (1 + both)) * drawn.std() * math.sqrt(2))
        low, high = max(0.0, held - reach), held + reach if both else math.inf
        return cls(float(generated), float(held), float(low), float(high), bool(generated < low or generated > high))


@dataclass(frozen=True)
class Closeness:
    """What `closeness` finds.

    Attributes:
        values: precision, recall, density and coverage.
        unlike: share of generated pairs that are less like a real one than nineteen of twenty held-out pairs are.
        same: share of generated pairs that are nearer to another than nineteen of twenty held-out pairs are.
        realism: (M,), how like a real one each generated pair is.
    """

    values: dict[str, Value]
    unlike: float
    same: float
    realism: np.ndarray


def draws_of(subjects: Sequence[str], seed: int) -> list[np.ndarray]:
    """Rows of half of the subjects, rounded up, in `DRAWS` random choices; of a single subject half of its images."""
    names, own = np.unique(subjects, return_inverse=True)
    if len(names) == 1:
        own = np.arange(len(own))
    count = -(-(own.max() + 1) // 2)
    rngs = (np.random.default_rng([seed, draw]) for draw in range(DRAWS))
    return [np.flatnonzero(np.isin(own, rng.permutation(own.max() + 1)[:count])) for rng in rngs]


def closeness(
    generated: np.ndarray, reference: np.ndarray, held: np.ndarray, draws: list[np.ndarray], seed: int
) -> Closeness:
    """Measures of features, of `MOST` pairs of a kind at most.

    Args:
        generated: (M, D).
        reference: (N, D), of the real pairs that both are compared with.
        held: (H, D), of real pairs of other subjects.
        draws: of `draws_of` their subjects.
        seed: of the choice among the generated pairs.

    Raises:
        InputError: for too few pairs to have neighbours.
    """
    _require("reference images", len(reference), K_DENSITY + 1)
    _require("generated pairs", len(generated), K_PRECISION + 1)
    _require("held-out images in half of their subjects", min(map(len, draws)), K_PRECISION + 1)
    within = near.distances(reference, reference)
    balls = near.radii(within, K_PRECISION), near.radii(within, K_DENSITY)
    del within
    made, real = ((near.distances(reference, other), near.distances(other, other)) for other in (generated, held))
    found: dict[str, list[list[float]]] = {"generated": [], "held": []}
    same = []
    for number, half in enumerate(draws):
        rng = np.random.default_rng([seed, number, 1])
        half = rng.permutation(half)[: len(generated)]
        rows = {"held": half, "generated": rng.permutation(len(generated))[: len(half)]}
        nearest = {}
        for name, (between, own) in {"held": real, "generated": made}.items():
            own = own[np.ix_(rows[name], rows[name])]
            found[name].append(_values(between[:, rows[name]], own, *balls))
            nearest[name] = near.radii(own, 1)
        same.append((nearest["generated"] < np.quantile(nearest["held"], LEVEL)).mean())
    drawn = {name: np.array(values).T for name, values in found.items()}
    names = ("precision", "recall", "density", "coverage")
    values = {
        name: Value.of(values.mean(), others.mean(), others)
        for name, values, others in zip(names, drawn["generated"], drawn["held"])
    }
    least = np.quantile(near.realism(real[0], balls[0]), LEVEL)
    realism = near.realism(made[0], balls[0])
    return Closeness(values, float((realism < least).mean()), float(np.mean(same)), realism)


def _values(between: np.ndarray, own: np.ndarray, near_balls: np.ndarray, wide_balls: np.ndarray) -> list[float]:
    return [
        near.precision(between, near_balls),
        near.recall(between, near.radii(own, K_PRECISION)),
        near.density(between, wide_balls),
        near.coverage(between, wide_balls),
    ]


def _require(what: str, count: int, least: int) -> None:
    if count < least:
        raise InputError("diagnosis", f"at least {least} {what}", str(count), "name more data, or draw more pairs")
