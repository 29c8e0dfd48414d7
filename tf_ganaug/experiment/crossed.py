"""The mean of a result over subjects and trainings, with the interval that the chance of both leaves.

Every training is measured on every subject: the two are crossed. A result is mean + subject + training + rest, where
the rest is what one training happens to do on one subject. So subjects times trainings are not as many independent
results: twenty trainings say little of patients when three were tested. A training is a repeat, with a seed of its own;
repeats that share a GAN share its luck, so where there are several GANs their means are the trainings, and a single
GAN's mean holds of that GAN only.

Variances are estimated by the analysis of variance of two crossed random factors. The variance of the mean is taken as
the sum of what subjects and what trainings show, each with the rest in it: the rest counts twice, which errs on the
side of width where it is most of the chance, and needs no variance to be subtracted. Degrees of freedom are
Satterthwaite's (1946), widths Student's. How often such intervals hold the truth: `coverage`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

#: Of every interval.
CONFIDENCE = 0.95

#: With fewer subjects there is no interval.
FEWEST_SUBJECTS = 3

#: Most subjects, or trainings, that are looked at to narrow an interval.
MOST = 10000


@dataclass(frozen=True)
class Spread:
    """Variances of a single result, in the square of its unit; each estimated without bias, then at least 0.

    Attributes:
        subjects: between subjects. Of a single training the rest is in it, which cannot be told from it then.
        repeats: between trainings; 0 of a single one, which shows none.
        rest: of one training on one subject, beyond both; 0 of a single training.
    """

    subjects: float
    repeats: float
    rest: float

    @classmethod
    def of(cls, results: np.ndarray) -> Spread:
        """Of (subjects, trainings) results, at least two subjects: analysis of variance of two crossed factors."""
        subjects, repeats = results.shape
        by_subject, by_repeat = results.mean(1), results.mean(0)
        if repeats == 1:
            return cls(float(by_subject.var(ddof=1)), 0.0, 0.0)
        left = results - by_subject[:, None] - by_repeat + results.mean()
        rest = (left**2).sum() / ((subjects - 1) * (repeats - 1))
        between_subjects = max(0.0, by_subject.var(ddof=1) - rest / repeats)
        between_repeats = max(0.0, by_repeat.var(ddof=1) - rest / subjects)
        return cls(float(between_subjects), float(between_repeats), float(rest))

    def student(self, subjects: np.ndarray | int, repeats: np.ndarray | int) -> tuple[np.ndarray, np.ndarray]:
        """Standard error of the mean over so many, and its degrees of freedom (Satterthwaite 1946)."""
        rest = self.rest / (subjects * repeats)
        parts = np.stack(np.broadcast_arrays(self.subjects / subjects + rest, self.repeats / repeats + rest))
        variance = parts.sum(0)
        free = np.stack(np.broadcast_arrays(subjects - 1, repeats - 1))
        # A part of 0 has no say, though a single training leaves it no degree of freedom either.
        weights = (parts**2 / np.maximum(free, 1)).sum(0)
        freedom = np.divide(variance**2, weights, out=np.full(variance.shape, np.inf), where=weights > 0)
        return np.sqrt(variance), freedom

    def half_width(
        self, subjects: np.ndarray | int, repeats: np.ndarray | int, confidence: float = CONFIDENCE
    ) -> np.ndarray:
        """Half the width of the interval over so many subjects and trainings, by Student's t."""
        error, freedom = self.student(subjects, repeats)
        return stats.t.ppf((1 + confidence) / 2, freedom) * error

    def repeats_for(self, half: float, subjects: int, repeats: int) -> int | None:
        """The fewest trainings above `repeats` that narrow the interval to mean +- half; None if none up to `MOST`."""
        return _first(more := np.arange(repeats + 1, MOST), self.half_width(subjects, more) <= half)

    def subjects_for(self, half: float, subjects: int, repeats: int) -> int | None:
        """Likewise the fewest subjects above `subjects`."""
        return _first(more := np.arange(subjects + 1, MOST), self.half_width(more, repeats) <= half)

    def both_for(self, half: float, subjects: int, repeats: int) -> tuple[int, int] | None:
        """Likewise subjects and trainings, both more by about the same factor."""
        more = np.arange(repeats + 1, MOST)
        found = _first(more, self.half_width(np.ceil(more * subjects / repeats), more) <= half)
        return None if found is None else (math.ceil(found * subjects / repeats), found)


@dataclass(frozen=True)
class Mean:
    """A mean over subjects and repeats, in the unit of the results.

    Attributes:
        mean: every subject and every training counts equally.
        low: lower end of the interval; NaN of fewer than `FEWEST_SUBJECTS`.
        high: upper end.
        p: of the two-tailed test that the mean is 0, by Student's t, which agrees with the interval; NaN also of a
            single repeat, which is no test, and where nothing varies.
        subjects: how many.
        repeats: how many. Of one, the interval covers the subjects only: it is of these networks, not of the method.
        gans: how many the repeats had; 0 if none had any. Of one, mean and interval are of this GAN only.
        spread: where the chance is from; None of fewer than `FEWEST_SUBJECTS`.
    """

    mean: float
    low: float
    high: float
    p: float
    subjects: int
    repeats: int
    gans: int
    spread: Spread | None

    @classmethod
    def of(cls, results: np.ndarray, gans: Sequence | None = None, confidence: float = CONFIDENCE) -> Mean:
        """Of (subjects, repeats) results.

        Args:
            results: finite.
            gans: which GAN each repeat had, by any names; None if they had none.
            confidence: of the interval.
        """
        return cls._about(None, results, gans, confidence)

    @classmethod
    def of_jackknife(
        cls, whole: np.ndarray, without: np.ndarray, gans: Sequence | None = None, confidence: float = CONFIDENCE
    ) -> Mean:
        """Of a measure of all subjects together, such as one Dice of all pixels, by Tukey's pseudo-values (1958).

        The pseudo-value of a subject, n whole - (n - 1) without, is what it adds; these are analysed as any results
        are. The mean is that of `whole`.

        Args:
            whole: (repeats,) the measure over all subjects.
            without: (subjects, repeats) the measure with that subject left out.
            gans: as of `of`.
            confidence: of the interval.
        """
        subjects = len(without)
        return cls._about(whole, subjects * whole - (subjects - 1) * without, gans, confidence)

    @classmethod
    def _about(cls, whole: np.ndarray | None, results: np.ndarray, gans: Sequence | None, confidence: float) -> Mean:
        """The interval of results about their mean, or about the mean of `whole`."""
        subjects, repeats = results.shape
        count = 0 if gans is None else len(set(gans))
        trainings = by_gan(results, gans)
        mean = float(trainings.mean() if whole is None else by_gan(whole[None], gans).mean())
        if subjects < FEWEST_SUBJECTS:
            return cls(mean, math.nan, math.nan, math.nan, subjects, repeats, count, None)
        spread = Spread.of(trainings)
        half = float(spread.half_width(*trainings.shape, confidence))
        error, freedom = spread.student(*trainings.shape)
        p = 2 * stats.t.sf(abs(mean) / error, freedom) if error > 0 and repeats > 1 else math.nan
        return cls(mean, mean - half, mean + half, float(p), subjects, repeats, count, spread)

    @property
    def trainings(self) -> int:
        """Those that count as independent: the GANs where repeats share several, else the repeats."""
        return self.gans if self.gans > 1 else self.repeats

    def verdict(self, margin: float) -> str:
        """What the interval says: "helped" or "hurt" where it leaves zero out, "same" where it has zero in it and lies
        within +-margin, else "open": the data cannot tell. A single repeat is always open.
        """
        if self.spread is None or self.repeats == 1:
            return "open"
        if self.low > 0:
            return "helped"
        if self.high < 0:
            return "hurt"
        return "same" if max(-self.low, self.high) <= margin else "open"


def by_gan(results: np.ndarray, gans: Sequence | None) -> np.ndarray:
    """(subjects, repeats) to (subjects, trainings): the mean over the repeats of each GAN where there are several."""
    names = [] if gans is None else list(dict.fromkeys(gans))
    if len(names) < 2:
        return results
    return np.stack([results[:, [gan == name for gan in gans]].mean(1) for name in names], 1)


def _first(numbers: np.ndarray, suits: np.ndarray) -> int | None:
    return int(numbers[np.argmax(suits)]) if suits.any() else None
