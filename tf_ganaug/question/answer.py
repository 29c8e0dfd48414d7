"""Does GAN augmentation help? The change that synthetic images make, with its interval, as a sentence and as tables.

Frames of results have one row per case, class, arm and repeat of the test part: columns `case`, `subject`, `class`,
`arm` ("real", or "gan": the same with synthetic images), `repeat`, `fraction` of the training data, and measures as in
cases.csv, overlaps in [0, 1]. Repeats of the two arms pair by number: they share the seed and the real cases. A change
is gan - real of the same case, class and repeat. Cases of a subject are averaged first, then its classes, then
subjects and repeats, each of which counts equally whatever its number of cases.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tf_ganaug.experiment.crossed import Mean
from tf_ganaug.experiment.figures import unit
from tf_ganaug.experiment.repeats import LEVEL, holm

ARMS = ("real", "gan")

#: Points of Dice below which a change does not matter.
MARGIN = 1.0

#: Columns of the tables as a report heads them; others are capitalised.
HEADINGS = {
    "fraction": "Training data",
    "real": "Real only",
    "gan": "With GAN",
    "low": "95 % from",
    "high": "to",
    "p": "p",
    "holm_p": "p (Holm)",
    "source": "Source of chance",
    "deviation": "Standard deviation",
    "share": "Share of the variance (%)",
}

#: Points of Dice below which a network has not learned what it was shown.
LEARNED = 1.0

#: With fewer repeats their spread is a guess.
FEW_REPEATS = 3

#: With fewer subjects the shape of their distribution cannot be seen, and the interval leans on Student's t.
FEW_SUBJECTS = 6


@dataclass(frozen=True)
class Change:
    """What synthetic images changed. Overlaps in points (hundredths), distances in their own unit.

    Attributes:
        real: mean of the arm without them.
        gan: mean of the arm with them.
        mean: of gan - real, with interval.
    """

    real: float
    gan: float
    mean: Mean

    @classmethod
    def of(cls, frame: pd.DataFrame, measure: str = "dice") -> Change:
        """Of the results at one fraction of the training data.

        Raises:
            ValueError: see `paired`.
        """
        table = paired(frame, measure)
        arms = [_by_subject(table[arm]) for arm in ARMS]
        real, gan = (float(arm.mean()) for arm in arms)
        mean = Mean.of(arms[1] - arms[0])
        if unit(measure)[0] == 100:  # nothing loses more than it has, or gains more than it lacks
            mean = replace(mean, low=max(mean.low, -real), high=min(mean.high, 100 - real))
        return cls(real, gan, mean)

    @property
    def record(self) -> dict[str, float]:
        """As a row of a table: real, gan, change, low, high, p."""
        ends = {"low": self.mean.low, "high": self.mean.high, "p": self.mean.p}
        return {"real": self.real, "gan": self.gan, "change": self.mean.mean, **ends}


def paired(frame: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The results of both arms side by side; overlaps in points.

    A case's class that has no finite value in some repeat of some arm is left out of all.

    Args:
        frame: results at one fraction.
        measure: a column of it.

    Returns:
        Index (subject, case, class), columns (arm, repeat); finite.

    Raises:
        ValueError: if not every case and class was measured once in every repeat of both arms, or none is finite.
    """
    keys = ["subject", "case", "class", "arm", "repeat"]
    values = frame.set_index(keys)[measure].astype(float)
    if not values.index.is_unique:
        raise ValueError(f"{measure}: a case and class must be measured once in every repeat of an arm")
    repeats = sorted(set(frame["repeat"]))
    table = values.unstack(["arm", "repeat"]).reindex(columns=pd.MultiIndex.from_product([ARMS, repeats]))
    if table.size != len(frame):
        raise ValueError(f"{measure}: both arms must have the same repeats, and each the same cases and classes")
    finite = table[np.isfinite(table).all(axis=1)]
    if finite.empty:
        raise ValueError(f"{measure}: no case has a finite value in every repeat of both arms")
    return finite * unit(measure)[0]


def _by_subject(values: pd.DataFrame) -> np.ndarray:
    """One arm's columns of `paired` as (subjects, repeats): mean over a subject's cases, then over its classes."""
    return values.groupby(level=["subject", "class"]).mean().groupby(level="subject").mean().to_numpy()


def changes(frame: pd.DataFrame, measure: str = "dice") -> dict[float, Change]:
    """The change at each fraction of the training data, the largest fraction first."""
    return {
        float(fraction): Change.of(rows, measure)
        for fraction, rows in sorted(frame.groupby("fraction"), key=lambda group: -group[0])
    }


def verdict(change: Change, margin: float = MARGIN) -> str:
    """What the interval says: "helped" or "hurt" where it leaves zero out, "same" where it has zero in it and lies
    within the margin, else "open": the data cannot tell, as of a single repeat.
    """
    return change.mean.verdict(margin)


def sentence(change: Change, fraction: float = 1.0, margin: float = MARGIN) -> str:
    """The verdict in words, with the change and its interval; where the data cannot tell, what would.

    Args:
        change: of Dice.
        fraction: of the training data that both arms had.
        margin: points below which a change does not matter.
    """
    mean, found = change.mean, verdict(change, margin)
    given = "" if fraction == 1 else f"With {percent(fraction)} of the training data: "
    about = f"GAN augmentation changed Dice by {_points(mean.mean)} points ({_source(mean)})"
    levels = f"from {change.real:.1f} to {change.gan:.1f}"
    if max(change.real, change.gan) < LEARNED:
        remedy = "Train longer (--set training.iterations=N), or show more pixels (--size)."
        return f"{given}The data cannot tell: no network has learned the task. {about}, {levels}. {remedy}"
    if mean.spread is None:
        return f"{given}The data cannot tell. {about}, {levels}. An interval needs at least three test subjects."
    if found == "same":
        return f"{given}{about}, {levels}: no difference that matters, within {_count(margin, 'point')}."
    if found == "open":
        gains, losses = (f"{max(0, end):.1f}" for end in (mean.high, -mean.low))
        held = f"The interval holds gains of up to {gains} and losses of up to {losses} points."
        return f"{given}The data cannot tell. {about}, {levels}. {held} {_remedy(mean, margin)}"
    small = f", though by less than {_count(margin, 'point')}" if max(-mean.low, mean.high) < margin else ""
    return f"{given}{about}, {levels}: it {found}{small}."


def percent(fraction: float) -> str:
    """A share of the training data as texts and figures name it, "10 %"."""
    return f"{100 * fraction:.3g} %"


def _source(mean: Mean) -> str:
    """The interval and what it is of."""
    units = f"{_count(mean.subjects, 'subject')} and {_count(mean.repeats, 'repeat')}"
    if mean.spread is None:
        return f"no interval: {units}"
    if mean.repeats == 1:
        units = f"{_count(mean.subjects, 'subject')}; one repeat, so the chance of a training is not in it"
    return f"95 % interval {_points(mean.low)} to {_points(mean.high)}; over {units}"


def _remedy(mean: Mean, margin: float) -> str:
    """What would narrow the interval to the margin; where it is that narrow, to half, which always gives a verdict."""
    now = mean.subjects, mean.repeats
    half = margin if mean.high - mean.low > 2 * margin else margin / 2
    goal = f"narrow the interval to \N{PLUS-MINUS SIGN}{_count(half, 'point')}"
    subjects, repeats = mean.spread.subjects_for(half, *now), mean.spread.repeats_for(half, *now)
    if mean.repeats < FEW_REPEATS:
        said = "one says nothing" if mean.repeats == 1 else "two say little"
        advice = f"First make more repeats, at least 5: {said} of the chance of a training."
        if mean.repeats > 1:
            return advice
        return advice + (
            f" Even without that chance it takes about {subjects} test subjects to {goal}." if subjects else ""
        )
    if repeats and subjects:
        return f"About {repeats} repeats, or {subjects} test subjects, would {goal}: a rough estimate."
    if subjects:
        return (
            f"No number of repeats can {goal}, for the subjects differ too much; about {subjects} test subjects would."
        )
    if repeats:
        return f"No number of test subjects can {goal}, for the repeats differ too much; about {repeats} repeats would."
    both = mean.spread.both_for(half, *now)
    together = f"; together, about {both[0]} test subjects with {both[1]} repeats would" if both else ""
    return f"Neither more test subjects nor more repeats alone can {goal}{together}."


def scope(mean: Mean, own_gans: bool = False) -> list[str]:
    """What the interval covers and what it does not, in sentences; empty of fewer than three subjects.

    Args:
        mean: the answer's.
        own_gans: whether each repeat had a GAN of its own, not one of all repeats.
    """
    if mean.spread is None:
        return []
    training = "the chance of the segmenters' training" + (" and of the GANs'" if own_gans else "")
    covered = "which subjects were tested" + (f", and {training}" if mean.repeats > 1 else "")
    missing = ["another training of the segmenters"] * (mean.repeats == 1)
    missing += ["another training of the GAN"] * (mean.repeats == 1 or not own_gans)
    lines = [f"The interval covers {covered}. It does not cover {' or '.join([*missing, 'other data'])}."]
    if mean.subjects < FEW_SUBJECTS:
        few = f"With {_count(mean.subjects, 'test subject')} the interval's width rests on the assumption that changes "
        lines.append(few + "are about normally distributed among subjects, which so few cannot show.")
    return lines


def sources(mean: Mean) -> pd.DataFrame:
    """Where the chance is from: columns source, units, deviation (of a single result), share (of the variance of
    the mean, in %). Empty of fewer than three subjects.
    """
    columns = ["source", "units", "deviation", "share"]
    if mean.spread is None:
        return pd.DataFrame(columns=columns)
    spread = mean.spread
    parts = [("test subjects", mean.subjects, spread.subjects)]
    if mean.repeats > 1:
        rest = ("one training on one subject", mean.subjects * mean.repeats, spread.rest)
        parts += [("repeats of the training", mean.repeats, spread.repeats), rest]
    total = sum(variance / units for _, units, variance in parts)
    shares = [100 * variance / units / total if total else np.nan for _, units, variance in parts]
    rows = [(name, units, variance**0.5, share) for (name, units, variance), share in zip(parts, shares)]
    return pd.DataFrame(rows, columns=columns)


def by_fraction(frame: pd.DataFrame, measure: str = "dice") -> pd.DataFrame:
    """The change at each fraction, largest first: columns fraction, subjects, repeats and those of `Change.record`."""
    return pd.DataFrame(
        {"fraction": fraction, "subjects": change.mean.subjects, "repeats": change.mean.repeats, **change.record}
        for fraction, change in changes(frame, measure).items()
    )


def by_arm(frame: pd.DataFrame, measure: str = "dice") -> pd.DataFrame:
    """Each arm's own mean at each fraction: columns fraction, arm, mean, low, high.

    The intervals are of each arm alone. Whether the arms differ is seen from the change, which is paired: subjects
    that are hard for both widen these intervals and not its.
    """
    tables = {fraction: paired(rows, measure) for fraction, rows in frame.groupby("fraction")}
    means = {(fraction, arm): Mean.of(_by_subject(table[arm])) for fraction, table in tables.items() for arm in ARMS}
    return pd.DataFrame(
        {"fraction": fraction, "arm": arm, "mean": mean.mean, "low": mean.low, "high": mean.high}
        for (fraction, arm), mean in means.items()
    )


def by_class(frame: pd.DataFrame, measure: str = "dice") -> pd.DataFrame:
    """The change of each class at one fraction: columns class, those of `Change.record`, and holm_p: p after Holm's
    correction for the number of classes looked at.
    """
    finite = frame[np.isfinite(frame[measure])]
    names = [name for name in frame["class"].unique() if name in set(finite["class"])]
    rows = [{"class": name, **Change.of(frame[frame["class"] == name], measure).record} for name in names]
    table = pd.DataFrame(rows)
    return table.assign(holm_p=holm(table.p))


def by_measure(frame: pd.DataFrame, measures: list[str]) -> pd.DataFrame:
    """The change of each measure at one fraction: columns measure and those of `Change.record`."""
    return pd.DataFrame({"measure": measure, **Change.of(frame, measure).record} for measure in measures)


def by_case(frame: pd.DataFrame, measure: str = "dice") -> pd.DataFrame:
    """Each case at one fraction, mean over classes and repeats: columns case, subject, real, gan, change, by change."""
    table = paired(frame, measure)
    means = pd.DataFrame({arm: table[arm].mean(axis=1) for arm in ARMS}).groupby(level=["case", "subject"]).mean()
    return means.assign(change=means.gan - means.real).sort_values("change", kind="stable").reset_index()


def shown(table: pd.DataFrame, distance: str = "mm") -> pd.DataFrame:
    """A table of this module under a report's headings, with shares in percent and p as tables print it.

    Args:
        table: of this module.
        distance: unit of distances, as of `Study.unit`.
    """
    texts = {
        "fraction": percent,
        "measure": lambda measure: unit(measure, distance)[1],
        "p": _significance,
        "holm_p": _significance,
    }
    table = table.assign(**{name: table[name].map(text) for name, text in texts.items() if name in table})
    return table.rename(columns=lambda name: HEADINGS.get(name, name.capitalize()))


def _significance(p: float) -> float | str:
    return "< 0.001" if p < 0.001 else p


def class_note(table: pd.DataFrame) -> str:
    """What remains of `by_class` when so many classes are looked at."""
    if table.p.isna().all():
        return f"{len(table)} classes; of a single repeat, or fewer than three subjects, there is no test of any."
    kept = [str(name) for name in table["class"][table.holm_p < LEVEL]]
    found = f"of {', '.join(kept)}" if kept else "of no class"
    return (
        f"{len(table)} classes are looked at, so some change seems certain by chance more often than once in twenty. "
        f"After Holm's correction (p below {LEVEL:g}) the change {found} remains."
    )


def _points(value: float) -> str:
    """A change, with as many digits as keep it from looking like none."""
    return f"{value:+.1g}" if 0 < abs(value) < 0.05 else f"{value + 0.0:+.1f}"


def _count(number: float, noun: str) -> str:
    return f"{number:g} {noun}" + "s" * (number != 1)
