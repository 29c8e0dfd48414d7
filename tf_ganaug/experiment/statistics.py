"""What a table's rows say of a difference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

#: What a difference's text says where the test part has one subject, which no interval can be drawn from.
ONE_SUBJECT = "one subject"

#: What `metrics.overlap` counts.
PIXELS = ("pixels_true", "pixels_found", "pixels_both")


def per_case(frame: pd.DataFrame, measure: str, *keys: str) -> pd.Series:
    """One number per case: the mean over classes and repeats. Index (*keys, subject, case)."""
    return frame.groupby([*keys, "subject", "case"])[measure].mean()


def paired_difference(
    frame: pd.DataFrame, baseline: pd.DataFrame, measure: str, draws: int = 10000, seed: int = 0
) -> tuple[float, float, float]:
    """Mean difference of two rows on the same cases, with a 95 % bootstrap interval over subjects.

    The interval covers which subjects were tested, not the chance of one training; repeats average
    that out but widen nothing.

    Args:
        frame: measures of one row's cases.
        baseline: measures of another's, on the same cases.
        measure: column to compare.
        draws: bootstrap samples.
        seed: of the bootstrap.

    Returns:
        Difference, lower and upper end of the interval, in the measure's unit; NaN ends of a single subject.

    Raises:
        ValueError: if the two rows were measured on different cases.
    """
    mine, theirs = per_case(frame, measure), per_case(baseline, measure)
    if not mine.index.equals(theirs.index):
        raise ValueError("both rows must have been measured on the same cases")
    difference = mine - theirs
    subjects = difference.groupby(level="subject").agg(["sum", "count"])
    sums, counts = subjects["sum"].to_numpy(), subjects["count"].to_numpy()
    chosen = np.random.default_rng(seed).integers(0, len(sums), (draws, len(sums)))
    means = sums[chosen].sum(1) / counts[chosen].sum(1)
    low, high = np.percentile(means, [2.5, 97.5]) if len(sums) > 1 else (np.nan, np.nan)
    return float(difference.mean()), float(low), float(high)


def with_interval(mean: float, low: float, high: float, digits: int = 2) -> str:
    """A difference as tables show it: "+1.26 [+0.78, +1.71]"; of one subject the interval is none."""
    ends = ONE_SUBJECT if np.isnan(low) else f"{low:+.{digits}f}, {high:+.{digits}f}"
    return f"{mean:+.{digits}f} [{ends}]"


def pooled(frame: pd.DataFrame, measure: str) -> pd.Series:
    """IoU or Dice of each class over all cases as one set, the mean over folds and repeats; in [0, 1].

    The pixels of all cases are counted before dividing, as the Cityscapes benchmark does; NaN for a
    class that is neither in any truth nor in any prediction.

    Args:
        frame: columns `fold`, `repeat`, `class` and the pixel counts of `metrics.overlap`.
        measure: "iou" or "dice".

    Returns:
        Index: class, in the order of the frame.
    """
    sums = frame.groupby(["fold", "repeat", "class"], sort=False)[list(PIXELS)].sum()
    return pd.Series(_of_pixels(sums.to_numpy(), measure), sums.index).groupby("class", sort=False).mean()


def _of_pixels(pixels: np.ndarray, measure: str) -> np.ndarray:
    """From (..., 3) counts in the order of `PIXELS` to (...); NaN where nothing is."""
    true, found, both = np.moveaxis(pixels.astype(float), -1, 0)
    over, under = {"iou": (both, true + found - both), "dice": (2 * both, true + found)}[measure]
    return np.divide(over, under, out=np.full(under.shape, np.nan), where=under > 0)


def paired_pooled_difference(
    frame: pd.DataFrame,
    baseline: pd.DataFrame,
    measure: str,
    classes: Sequence[str],
    draws: int = 2000,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Difference of two rows' `pooled` measure, mean over classes, with a 95 % bootstrap interval over subjects.

    Of what the interval covers, see `paired_difference`.

    Args:
        frame: pixel counts of one row's cases, with `fold`, `repeat`, `subject` and `class`.
        baseline: those of another's, on the same cases.
        measure: "iou" or "dice".
        classes: those averaged over.
        draws: bootstrap samples.
        seed: of the bootstrap.

    Returns:
        Difference, lower and upper end of the interval, in [-1, 1]; NaN ends of a single subject.

    Raises:
        ValueError: if the two rows were measured on different cases.
    """
    if set(frame.case) != set(baseline.case):
        raise ValueError("both rows must have been measured on the same cases")
    subjects = sorted(set(frame.subject))
    chosen = np.random.default_rng(seed).integers(0, len(subjects), (draws, len(subjects)))
    weights = np.stack([np.bincount(row, minlength=len(subjects)) for row in chosen])
    weights = np.concatenate([np.ones((1, len(subjects))), weights])
    mine, theirs = (_weighted(rows, measure, subjects, classes, weights) for rows in (frame, baseline))
    difference = mine - theirs
    low, high = np.nanpercentile(difference[1:], [2.5, 97.5]) if len(subjects) > 1 else (np.nan, np.nan)
    return float(difference[0]), float(low), float(high)


def _weighted(
    frame: pd.DataFrame, measure: str, subjects: list[str], classes: Sequence[str], weights: np.ndarray
) -> np.ndarray:
    """The measure's mean over classes, folds and repeats, for each row of subject weights (D, S)."""
    wanted = frame[frame["class"].isin(classes)]
    runs = []
    for _, run in wanted.groupby(["fold", "repeat"]):
        index = pd.MultiIndex.from_product([subjects, classes], names=["subject", "class"])
        counts = run.groupby(["subject", "class"])[list(PIXELS)].sum().reindex(index, fill_value=0.0)
        pixels = counts.to_numpy().reshape(len(subjects), len(classes), len(PIXELS))
        scores = _of_pixels(np.tensordot(weights, pixels, 1), measure)
        # A sample of subjects may have none of the classes: its mean is NaN, as nanmean's, but without a warning.
        counted = np.count_nonzero(~np.isnan(scores), -1)
        runs.append(np.divide(np.nansum(scores, -1), counted, out=np.full(len(scores), np.nan), where=counted > 0))
    return np.mean(runs, 0)
