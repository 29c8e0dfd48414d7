"""What changed, as tables: by effect, share of the data, measure, class and subject. All of `change` frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tf_ganaug.experiment.crossed import Mean
from tf_ganaug.experiment.figures import unit
from tf_ganaug.experiment.repeats import holm
from tf_ganaug.question.answer import percent, verdict
from tf_ganaug.question.change import Change, level, results
from tf_ganaug.question.outcome import without_class

#: Columns of the tables as a report heads them; others are capitalised.
HEADINGS = {
    "fraction": "Training data",
    "before": "Without",
    "after": "With",
    "low": "95 % from",
    "high": "to",
    "p": "p",
    "holm_p": "p (Holm)",
    "source": "Source of chance",
    "deviation": "Standard deviation",
    "share": "Share of the variance (%)",
    "with_class": "Subjects with it",
    "without_class": "Subjects without it",
}

#: Of `change.EFFECTS`, as tables name them.
NAMES = {
    ("real", "gan"): "generated pairs",
    ("ordinary", "both"): "generated pairs, on top of ordinary augmentation",
    ("real", "ordinary"): "ordinary augmentation",
}

#: Of verdicts.
VERDICTS = {"helped": "helped", "hurt": "hurt", "same": "no difference that matters", "open": "cannot tell"}


def by_effect(changes: Sequence[Change]) -> pd.DataFrame:
    """Columns effect, those of `Change.record` but p, and verdict."""
    rows = [{"effect": NAMES[change.arms], **change.record, "verdict": VERDICTS[verdict(change)]} for change in changes]
    return pd.DataFrame(rows).drop(columns="p")


def by_fraction(frame: pd.DataFrame, arms: tuple[str, str], measure: str = "dice") -> pd.DataFrame:
    """The change at each fraction, largest first: columns fraction, subjects, repeats and those of `Change.record`."""
    rows = []
    for fraction, part in sorted(frame.groupby("fraction"), key=lambda group: -group[0]):
        change = Change.of(part, arms, measure)
        counts = {"subjects": change.mean.subjects, "repeats": change.mean.repeats}
        rows.append({"fraction": float(fraction), **counts, **change.record})
    return pd.DataFrame(rows)


def by_arm(frame: pd.DataFrame, arms: Sequence[str], measure: str = "dice") -> pd.DataFrame:
    """Each arm's own mean at each fraction: columns fraction, arm, mean, low, high.

    The intervals are of each arm alone. Whether the arms differ is seen from the change, which is paired: subjects
    that are hard for both widen these intervals and not its.
    """
    rows = []
    for fraction, part in frame.groupby("fraction"):
        for arm in arms:
            mean = level(part, arm, measure)
            rows.append({"fraction": fraction, "arm": arm, "mean": mean.mean, "low": mean.low, "high": mean.high})
    return pd.DataFrame(rows)


def by_class(frame: pd.DataFrame, arms: tuple[str, str]) -> pd.DataFrame:
    """The change in Dice of each class that a test subject has, at one fraction.

    Returns:
        Columns class, `with_class` and `without_class`, numbers of subjects, and of the latter those where some of it
        was found in the two arms, `found_before` and `found_after`, means over repeats; those of `Change.record`; and
        holm_p: p after Holm's correction for the number of classes looked at.
    """
    counts = without_class(frame)
    rows = []
    for name, row in counts[counts.with_class > 0].iterrows():
        found = {"found_before": row[f"found_{arms[0]}"], "found_after": row[f"found_{arms[1]}"]}
        numbers = {"with_class": int(row.with_class), "without_class": int(row.without_class), **found}
        rows.append({"class": name, **numbers, **Change.of(frame[frame["class"] == name], arms).record})
    table = pd.DataFrame(rows)
    return table.assign(holm_p=holm(table.p))


def by_measure(frame: pd.DataFrame, arms: tuple[str, str], measures: Sequence[str]) -> pd.DataFrame:
    """The change of each measure at one fraction: columns measure and those of `Change.record`."""
    return pd.DataFrame({"measure": measure, **Change.of(frame, arms, measure).record} for measure in measures)


def by_subject(frame: pd.DataFrame, arms: Sequence[str], change: tuple[str, str]) -> pd.DataFrame:
    """Dice of each subject at one fraction, mean over classes and repeats: columns subject, the arms, and the change
    from the first to the second of `change`, by change; NaN where an arm has none.
    """
    table = results(frame, "dice", tuple(arms))
    means = pd.DataFrame({arm: table[arm].mean(axis=1) for arm in arms})
    return means.assign(change=means[change[1]] - means[change[0]]).sort_values("change", kind="stable").reset_index()


def sources(mean: Mean) -> pd.DataFrame:
    """Where the chance is from: columns source, units, deviation (of a single result), share (of the variance of
    the mean, in %). Empty of fewer than three subjects.
    """
    columns = ["source", "units", "deviation", "share"]
    if mean.spread is None:
        return pd.DataFrame(columns=columns)
    spread, trainings = mean.spread, mean.trainings
    # The variance of the mean is what subjects and what trainings show, each with the rest in it.
    parts = [("test subjects", mean.subjects, spread.subjects, 1)]
    if trainings > 1:
        name = "generators" if mean.gans > 1 else "repeats of the training"
        parts += [(name, trainings, spread.repeats, 1)]
        parts += [("one training on one subject", mean.subjects * trainings, spread.rest, 2)]
    total = sum(times * variance / units for _, units, variance, times in parts)
    rows = [
        (name, units, variance**0.5, 100 * times * variance / units / total if total else np.nan)
        for name, units, variance, times in parts
    ]
    return pd.DataFrame(rows, columns=columns)


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
    return table.rename(columns=lambda name: HEADINGS.get(name, name.capitalize().replace("_", " ")))


def _significance(p: float) -> float | str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p == p else p
