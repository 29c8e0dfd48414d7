"""What a table's rows say of a difference: means over cases, over subjects or of all pixels, each with its interval.

Differences are paired: two rows measured on the same cases, in the same repeats. Their intervals are those of
`crossed`, over subjects and repeats; what is no mean of subjects is jackknifed over them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tf_ganaug.experiment.crossed import FEWEST_SUBJECTS, Mean

#: What `metrics.overlap` counts.
PIXELS = ("pixels_true", "pixels_found", "pixels_both")


def per_case(frame: pd.DataFrame, measure: str, *keys: str) -> pd.Series:
    """One number per case: the mean over classes and repeats. Index (*keys, subject, case)."""
    return frame.groupby([*keys, "subject", "case"])[measure].mean()


def of_subject(frame: pd.DataFrame, measure: str, *keys: str) -> pd.Series:
    """Dice or IoU of each subject's class over the pixels of all its cases: a volume's, where these are its slices.

    What is found in cases without the class counts against it.

    Args:
        frame: columns `subject`, `class`, those of `keys` and the pixel counts of `metrics.overlap`.
        measure: "dice" or "iou".

    Returns:
        In [0, 1]; 0 where the subject lacks the class and some was found, NaN where none was either. Index (*keys,
        subject, class).
    """
    sums = frame.groupby([*keys, "subject", "class"], sort=False)[list(PIXELS)].sum()
    return pd.Series(_of_pixels(sums.to_numpy(), measure), sums.index, name=measure)


def paired_difference(frame: pd.DataFrame, baseline: pd.DataFrame, measure: str) -> Mean:
    """Mean difference of two rows over their cases, each of which counts equally.

    Args:
        frame: measures of one row's cases, with `subject`, `case`, `class` and `repeat`.
        baseline: of another's.
        measure: column to compare, a case's being its mean over classes; cases where it is NaN do not count.

    Raises:
        ValueError: if the two rows were measured on different cases or in other repeats.
    """
    mine, theirs = (per_case(rows, measure, "repeat") for rows in (frame, baseline))
    if not mine.index.equals(theirs.index):
        raise ValueError("both rows must have been measured on the same cases, in the same repeats")
    cases = (mine - theirs).unstack("repeat").dropna().groupby(level="subject")
    sums, counts = cases.sum().to_numpy(), cases.size().to_numpy()[:, None]
    return Mean.of_jackknife(*_with_and_without(sums[:, None], np.broadcast_to(counts[:, None], sums[:, None].shape)))


def paired_subject_difference(
    frame: pd.DataFrame, baseline: pd.DataFrame, measure: str, gans: Sequence | None = None
) -> Mean:
    """Difference of two rows' `of_subject`: the mean over the subjects that have one of a class, then over classes.

    Args:
        frame: pixel counts of one row's cases, with `repeat`, `subject` and `class`.
        baseline: those of another's.
        measure: "dice" or "iou".
        gans: which GAN each repeat had, as of `Mean.of`.

    Raises:
        ValueError: if the two rows were measured on other subjects or classes, or in other repeats.
    """
    mine, theirs = (of_subject(rows, measure, "repeat").sort_index() for rows in (frame, baseline))
    if not mine.index.equals(theirs.index):
        raise ValueError("both rows must have been measured on the same subjects and classes, in the same repeats")
    levels = [mine.index.unique(level) for level in ("repeat", "subject", "class")]
    index = pd.MultiIndex.from_product(levels)
    parts = []
    for each in (mine, theirs):
        values = np.moveaxis(each.reindex(index).to_numpy().reshape([len(level) for level in levels]), 0, -1)
        parts.append(_with_and_without(np.nan_to_num(values), ~np.isnan(values)))
    return Mean.of_jackknife(parts[0][0] - parts[1][0], parts[0][1] - parts[1][1], gans)


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


def paired_pooled_difference(frame: pd.DataFrame, baseline: pd.DataFrame, measure: str, classes: Sequence[str]) -> Mean:
    """Difference of two rows' `pooled` measure, mean over classes.

    Args:
        frame: pixel counts of one row's cases, with `fold`, `repeat`, `subject` and `class`.
        baseline: those of another's.
        measure: "iou" or "dice".
        classes: those averaged over.

    Raises:
        ValueError: if the two rows were measured on different cases or in other repeats.
    """
    cases = [set(zip(rows.case, rows.repeat)) for rows in (frame, baseline)]
    if cases[0] != cases[1]:
        raise ValueError("both rows must have been measured on the same cases, in the same repeats")
    subjects = sorted(set(frame.subject))
    mine, theirs = (_pooled_with_and_without(rows, measure, subjects, classes) for rows in (frame, baseline))
    return Mean.of_jackknife(mine[0] - theirs[0], mine[1] - theirs[1])


def with_interval(mean: Mean, scale: float = 1.0, digits: int = 2) -> str:
    """A difference as tables show it: "+1.26 [+0.78, +1.71]"; the words say where that is no test.

    Args:
        mean: the difference.
        scale: of the number shown, such as 100 for percent.
        digits: behind the point.
    """
    if np.isnan(mean.low):
        ends = f"fewer than {FEWEST_SUBJECTS} subjects"
    else:
        ends = f"{scale * mean.low:+.{digits}f}, {scale * mean.high:+.{digits}f}"
        ends += "; of these two networks only" if mean.repeats == 1 else ""
    return f"{scale * mean.mean:+.{digits}f} [{ends}]"


def interval_note(repeats: int, units: str = "subjects", own_gans: bool = False) -> str:
    """What `with_interval` shows, in a sentence for a table's caption.

    Args:
        repeats: networks of each row.
        units: what the subjects are called.
        own_gans: whether each repeat had a GAN of its own.
    """
    if repeats == 1:
        return (
            f"Intervals (95 %, Student's t) cover which {units} were tested, of these two networks only: they are no "
            "test of the method, for another training of either may change more."
        )
    generators = "and each repeat's own generator" if own_gans else "of these generators only"
    return (
        f"Intervals (95 %, Student's t) cover which {units} were tested and the chance of the trainings, {generators}."
    )


def _with_and_without(sums: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean over classes of sums / counts, both (subjects, classes, repeats): (repeats,) of all subjects, (subjects,
    repeats) without each.
    """
    whole = _mean(_ratio(sums.sum(0), counts.sum(0)), 0)
    return whole, _mean(_ratio(sums.sum(0) - sums, counts.sum(0) - counts), 1)


def _pooled_with_and_without(
    frame: pd.DataFrame, measure: str, subjects: Sequence[str], classes: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """The measure's mean over classes and folds: (repeats,) of all subjects, (subjects, repeats) without each."""
    wanted = frame[frame["class"].isin(classes)]
    levels = [sorted(set(wanted.fold)), sorted(set(wanted.repeat)), subjects, classes]
    names = ["fold", "repeat", "subject", "class"]
    index = pd.MultiIndex.from_product(levels, names=names)
    counts = wanted.groupby(names)[list(PIXELS)].sum().reindex(index, fill_value=0.0)
    own = counts.to_numpy(float).reshape(*map(len, levels), len(PIXELS))
    all_of = own.sum(2)
    whole, without = (_of_pixels(pixels, measure) for pixels in (all_of, all_of[:, :, None] - own))
    return _mean(_mean(whole, -1), 0), _mean(_mean(without, -1), 0).T


def _of_pixels(pixels: np.ndarray, measure: str) -> np.ndarray:
    """From (..., 3) counts in the order of `PIXELS` to (...); NaN where nothing is."""
    true, found, both = np.moveaxis(pixels.astype(float), -1, 0)
    return _ratio(*{"iou": (both, true + found - both), "dice": (2 * both, true + found)}[measure])


def _ratio(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    """NaN where there is nothing to divide by."""
    return np.divide(over, under, out=np.full(over.shape, np.nan), where=under > 0)


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Of what is no NaN; NaN where all is."""
    counted = ~np.isnan(values)
    return _ratio(np.where(counted, values, 0).sum(axis), counted.sum(axis))
