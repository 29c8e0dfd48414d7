"""The mean of a result over subjects and repeats, with the interval that the chance of both leaves.

Every repeat, a training with a seed of its own, is measured on every subject: the two are crossed. A result is
mean + subject + repeat + rest, where the rest is what one training happens to do on one subject. So subjects times
repeats are not as many independent results: twenty trainings say little of patients when three were tested.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

#: Of every interval.
CONFIDENCE = 0.95

#: Most subjects, or repeats, that are looked at to narrow an interval.
MOST = 10000

#: Bootstrap draws made at a time, for memory.
BATCH = 1000


@dataclass(frozen=True)
class Spread:
    """Variances of a single result, in the square of its unit; each estimated without bias, then at least 0.

    Attributes:
        subjects: between subjects. Of a single repeat the rest is in it, which cannot be told from it then.
        repeats: between repeats; 0 of a single one, which shows none.
        rest: of one training on one subject, beyond both; 0 of a single repeat.
    """

    subjects: float
    repeats: float
    rest: float

    @classmethod
    def of(cls, results: np.ndarray) -> Spread:
        """Of (subjects, repeats) results, at least two subjects: analysis of variance of two crossed factors."""
        subjects, repeats = results.shape
        by_subject, by_repeat = results.mean(1), results.mean(0)
        if repeats == 1:
            return cls(float(by_subject.var(ddof=1)), 0.0, 0.0)
        left = results - by_subject[:, None] - by_repeat + results.mean()
        rest = (left**2).sum() / ((subjects - 1) * (repeats - 1))
        between_subjects = max(0.0, by_subject.var(ddof=1) - rest / repeats)
        between_repeats = max(0.0, by_repeat.var(ddof=1) - rest / subjects)
        return cls(float(between_subjects), float(between_repeats), float(rest))

    def of_mean(self, subjects: np.ndarray | int, repeats: np.ndarray | int) -> tuple[np.ndarray, ...]:
        """What each of the three adds to the variance of the mean over so many subjects and repeats."""
        return (
            self.subjects / np.asarray(subjects),
            self.repeats / np.asarray(repeats),
            self.rest / (subjects * repeats),
        )

    def student(self, subjects: np.ndarray | int, repeats: np.ndarray | int) -> tuple[np.ndarray, np.ndarray]:
        """Standard error of the mean over so many, and its degrees of freedom (Satterthwaite 1946)."""
        parts = np.stack(np.broadcast_arrays(*self.of_mean(subjects, repeats)))
        variance = parts.sum(0)
        free = np.stack(np.broadcast_arrays(subjects - 1, repeats - 1, (subjects - 1) * (repeats - 1)))
        # A part of 0 has no say, though a single repeat leaves it no degree of freedom either.
        weights = (parts**2 / np.maximum(free, 1)).sum(0)
        freedom = np.divide(variance**2, weights, out=np.full(variance.shape, np.inf), where=weights > 0)
        return np.sqrt(variance), freedom

    def half_width(self, subjects: np.ndarray | int, repeats: np.ndarray | int) -> np.ndarray:
        """Half the width of the interval over so many subjects and repeats, by Student's t."""
        error, freedom = self.student(subjects, repeats)
        return stats.t.ppf((1 + CONFIDENCE) / 2, freedom) * error

    def repeats_for(self, half: float, subjects: int, repeats: int) -> int | None:
        """The fewest repeats above `repeats` that narrow the interval to mean +- half; None if none up to `MOST`."""
        return _first(more := np.arange(repeats + 1, MOST), self.half_width(subjects, more) <= half)

    def subjects_for(self, half: float, subjects: int, repeats: int) -> int | None:
        """Likewise the fewest subjects above `subjects`."""
        return _first(more := np.arange(subjects + 1, MOST), self.half_width(more, repeats) <= half)

    def both_for(self, half: float, subjects: int, repeats: int) -> tuple[int, int] | None:
        """Likewise subjects and repeats, both more by about the same factor."""
        more = np.arange(repeats + 1, MOST)
        found = _first(more, self.half_width(np.ceil(more * subjects / repeats), more) <= half)
        return None if found is None else (math.ceil(found * subjects / repeats), found)


@dataclass(frozen=True)
class Mean:
    """A mean over subjects and repeats, in the unit of the results.

    Attributes:
        mean: every subject and every repeat counts equally.
        low: lower end of the 95 % interval; NaN of a single subject.
        high: upper end.
        p: of the two-tailed test that the mean is 0, by Student's t; NaN of a single subject or where nothing varies.
        subjects: how many.
        repeats: how many.
        spread: where the chance is from; None of a single subject.
    """

    mean: float
    low: float
    high: float
    p: float
    subjects: int
    repeats: int
    spread: Spread | None

    @classmethod
    def of(cls, results: np.ndarray, draws: int = 10000, seed: int = 0) -> Mean:
        """Of (subjects, repeats) results.

        The interval is the percentile bootstrap over subjects and repeats, each resampled on its own with
        replacement (Owen 2007, "The pigeonhole bootstrap"), stretched or shrunk about the mean to the width that
        Student's t gives. As it is, that bootstrap is too narrow where a factor has few units (3 subjects that differ:
        the 95 % interval holds the truth in 70 % of studies) and up to 1.7 times too wide where the rest is most of the
        chance, which it counts three times; no bootstrap of crossed factors is free of this (McCullagh 2000). Scaled,
        it holds the truth in 88 to 99 % of simulated studies, least with two repeats; in 85 % with three very
        skewed subjects. The bootstrap gives the shape.

        Of a single repeat it covers the subjects only.

        Args:
            results: finite.
            draws: bootstrap samples.
            seed: of the bootstrap.
        """
        subjects, repeats = results.shape
        mean = float(results.mean())
        if subjects == 1:
            return cls(mean, math.nan, math.nan, math.nan, subjects, repeats, None)
        spread = Spread.of(results)
        tails = 50 * (1 - CONFIDENCE)
        low, high = np.percentile(_bootstrap(results, draws, seed), [tails, 100 - tails])
        scale = 2 * spread.half_width(subjects, repeats) / (high - low) if high > low else 1.0
        error, freedom = spread.student(subjects, repeats)
        p = 2 * stats.t.sf(abs(mean) / error, freedom) if error > 0 else math.nan
        ends = (float(mean + scale * (end - mean)) for end in (low, high))
        return cls(mean, *ends, float(p), subjects, repeats, spread)


def _bootstrap(results: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """Means of resampled subjects and resampled repeats, (draws,)."""
    subjects, repeats = results.shape
    rng = np.random.default_rng(seed)
    means = []
    for done in range(0, draws, BATCH):
        count = min(BATCH, draws - done)
        chosen, trained = (rng.multinomial(n, np.full(n, 1 / n), count) / n for n in (subjects, repeats))
        means.append(((chosen @ results) * trained).sum(1))
    return np.concatenate(means)


def _first(numbers: np.ndarray, suits: np.ndarray) -> int | None:
    return int(numbers[np.argmax(suits)]) if suits.any() else None
