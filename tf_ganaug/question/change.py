"""What changes from one arm to another, with its interval: subjects and trainings are crossed (`experiment.crossed`).

Frames have one row per subject, class and segmenter, as of `outcome.of_subjects`, at one fraction of the training data
and of at most one kind of GAN. Repeats of two arms pair by number: they share the seed and the real images. The classes
of a subject are averaged first, then subjects and repeats, each of which counts equally.

A subject may have a value in one arm and none in another: Dice where it lacks the class and only one network finds some
of it. An arm's mean is over the subjects that have a value in it. So the change is no mean of the subjects' changes,
and its interval is the jackknife's (`crossed.Mean.of_jackknife`), which is the same where none is missing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tf_ganaug.experiment.crossed import Mean, by_gan
from tf_ganaug.experiment.figures import unit

#: Names of the arms, which learn from: real images; these with ordinary augmentation; real and generated pairs; these
#: with ordinary augmentation.
ARMS = ("real", "ordinary", "gan", "both")

#: Those with generated pairs, and those with ordinary augmentation.
GENERATED, MOVED = ("gan", "both"), ("ordinary", "both")

#: The changes that four arms show, from one to another: of generated pairs, of them on top of ordinary augmentation,
#: and of ordinary augmentation itself.
EFFECTS = (("real", "gan"), ("ordinary", "both"), ("real", "ordinary"))


@dataclass(frozen=True)
class Change:
    """What an arm changed. Overlaps in points (hundredths), distances in their own unit.

    Attributes:
        before: mean of the arm that it is compared with, whose repeats weigh as those of the arm.
        after: mean of the arm; each GAN counts as much, however many repeats share it.
        mean: of after - before, with interval.
        arms: their names.
    """

    before: float
    after: float
    mean: Mean
    arms: tuple[str, str] = ("real", "gan")

    @classmethod
    def of(cls, frame: pd.DataFrame, arms: tuple[str, str] = ("real", "gan"), measure: str = "dice") -> Change:
        """The change of a measure from the first arm to the second.

        Raises:
            ValueError: see `results`; or if no subject has a value in one of the arms.
        """
        table = results(frame, measure, arms)
        before, after = (_left_out(table[arm].to_numpy()) for arm in arms)
        whole, without = after[0] - before[0], after[1] - before[1]
        if np.isnan(whole).any():
            raise ValueError(f"{measure}: no subject has a value in some repeat of an arm")
        gans = gans_of(frame, arms[1])
        levels = _overall(before[0], gans), _overall(after[0], gans)
        mean = _mean(whole, without, gans)
        if unit(measure)[0] == 100:  # nothing loses more than it has, or gains more than it lacks
            mean = replace(mean, low=max(mean.low, -levels[0]), high=min(mean.high, 100 - levels[0]))
        return cls(*levels, mean, arms)

    @property
    def record(self) -> dict[str, float]:
        """As a row of a table: before, after, change, low, high, p."""
        ends = {"low": self.mean.low, "high": self.mean.high, "p": self.mean.p}
        return {"before": self.before, "after": self.after, "change": self.mean.mean, **ends}


def results(frame: pd.DataFrame, measure: str, arms: tuple[str, ...]) -> pd.DataFrame:
    """One number for each subject and segmenter, the mean over its classes; overlaps in points.

    Returns:
        Index: subject, those that have a value in any of the arms. Columns (arm, repeat). NaN where there is none.

    Raises:
        ValueError: if not every subject and class was measured once in every repeat of the arms, or none has a value.
    """
    rows = frame[frame.arm.isin(arms)]
    values = rows.set_index(["subject", "class", "arm", "repeat"])[measure].astype(float)
    if not values.index.is_unique:
        raise ValueError(f"{measure}: a subject and class must be measured once in every repeat of an arm")
    columns = pd.MultiIndex.from_product([arms, sorted(set(rows["repeat"]))])
    table = values.unstack(["arm", "repeat"]).reindex(columns=columns)
    if table.size != len(rows):
        raise ValueError(f"{measure}: all arms must have the same repeats, and each the same subjects and classes")
    means = table.groupby(level="subject").mean().dropna(how="all")
    if means.empty:
        raise ValueError(f"{measure}: no subject has a value")
    return means * unit(measure)[0]


def gans_of(frame: pd.DataFrame, arm: str) -> list[int] | None:
    """Which GAN each repeat of an arm had, in the order of the repeats; None where it had none."""
    if arm not in GENERATED:
        return None
    return frame[frame.arm == arm].groupby("repeat").gan.first().tolist()


def level(frame: pd.DataFrame, arm: str, measure: str = "dice") -> Mean:
    """An arm's own mean."""
    return _mean(*_left_out(results(frame, measure, (arm,))[arm].to_numpy()), gans_of(frame, arm))


def effects(frame: pd.DataFrame, measure: str = "dice") -> list[Change]:
    """The changes of `EFFECTS` whose arms the frame has."""
    arms = set(frame.arm)
    return [Change.of(frame, pair, measure) for pair in EFFECTS if arms.issuperset(pair)]


def of_kind(frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The rows of one kind of GAN and of the arms without any."""
    return frame[frame.kind.isin([kind, ""])]


def pseudo_values(frame: pd.DataFrame, arms: tuple[str, str], subjects: pd.Index) -> np.ndarray:
    """(subjects, repeats) what each subject adds to the change of Dice, by Tukey's jackknife (1958).

    They are the subjects' own changes where none lacks a value.
    """
    table = results(frame, "dice", arms).reindex(subjects)
    before, after = (_left_out(table[arm].to_numpy()) for arm in arms)
    whole, without = after[0] - before[0], after[1] - before[1]
    return len(subjects) * whole - (len(subjects) - 1) * without


def _left_out(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From (subjects, repeats) to the (repeats,) means, and those without each subject; NaN where none is left."""
    has = np.isfinite(values)
    known = np.where(has, values, 0.0)
    total, count = known.sum(0), has.sum(0)
    rest = count - has
    without = np.divide(total - known, rest, out=np.full(values.shape, np.nan), where=rest > 0)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0), without


def _overall(means: np.ndarray, gans: list[int] | None) -> float:
    """The mean of (repeats,) means: over trainings, as that of the change."""
    return float(by_gan(means[None], gans).mean())


def _mean(whole: np.ndarray, without: np.ndarray, gans: list[int] | None) -> Mean:
    """With its interval, or without where a single subject has all that an arm shows."""
    if np.isfinite(without).all():
        return Mean.of_jackknife(whole, without, gans)
    subjects, repeats = without.shape
    return Mean(
        mean=_overall(whole, gans),
        low=math.nan,
        high=math.nan,
        p=math.nan,
        subjects=subjects,
        repeats=repeats,
        gans=0 if gans is None else len(set(gans)),
        spread=None,
    )
