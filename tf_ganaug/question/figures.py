"""Figures of what synthetic images changed, from `tables`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tf_ganaug.experiment.figures import BLUE, ORANGE, WIDTH, save_figure, sober
from tf_ganaug.question.answer import MARGIN, percent
from tf_ganaug.question.change import ARMS

#: Of the arms compared; changes are grey.
COLOURS = (ORANGE, BLUE)
GREY = "#444444"
NAMES = dict(zip(ARMS, ("real only", "ordinary augmentation", "with GAN", "with both")))

#: Most subjects that have room for their names.
NAMED = 40


def subjects(table: pd.DataFrame, path: Path, arms: tuple[str, str]) -> None:
    """Writes the Dice of every subject in both arms and, beside it, its change, subjects in the order of the change.

    Up to `NAMED` subjects have a line each; more are dots, one arm against the other, about the diagonal.

    Args:
        table: of `tables.by_subject`, finite.
        path: of the PNG.
        arms: compared, the second with the first.
    """
    ordered = table.sort_values("change", kind="stable")
    places = np.arange(len(table))
    named = len(table) <= NAMED
    figure = Figure(figsize=(WIDTH, max(2.4, 0.16 * len(table) + 1.2) if named else 4.8), layout="constrained")
    levels, change = figure.subplots(1, 2)
    change.hlines(places, 0, ordered.change, colors=GREY, lw=1, alpha=0.5)
    change.scatter(ordered.change, places, s=26 if named else 6, color=GREY, linewidths=0, zorder=3)
    change.axvline(0, color=GREY, lw=1)
    better = np.count_nonzero(table.change > 0)
    change.set_xlabel(f"Change (points): better in {better} of {len(table)} subjects", fontsize=9)
    change.set_yticks([])
    if named:
        levels.hlines(places, ordered[arms[0]], ordered[arms[1]], colors="#bbbbbb", lw=1)
        for arm, colour in zip(arms, COLOURS):
            levels.scatter(ordered[arm], places, s=26, color=colour, linewidths=0, zorder=3)
        levels.set_yticks(places, ordered.subject)
        levels.set_xlabel("Dice (%)", fontsize=9)
    else:
        levels.scatter(table[arms[0]], table[arms[1]], s=12, color=BLUE, alpha=0.5, linewidths=0)
        levels.axline((table[arms[0]].mean(), table[arms[0]].mean()), slope=1, color=GREY, lw=1)
        levels.set_xlabel(f"Dice (%), {NAMES[arms[0]]}", fontsize=9)
        levels.set_ylabel(f"Dice (%), {NAMES[arms[1]]}", fontsize=9)
    for axis in (levels, change):
        sober(axis, "both" if axis is levels and not named else "x")
    save_figure(figure, path, _arms(arms, "") if named else (), "upper")


def fractions(levels_of: pd.DataFrame, changes: pd.DataFrame, path: Path, arms: tuple[str, str]) -> None:
    """Writes the Dice of both arms and the change, each with its interval, at every fraction of the training data.

    Args:
        levels_of: of `tables.by_arm`.
        changes: of `tables.by_fraction`.
        path: of the PNG.
        arms: compared.
    """
    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    levels, change = figure.subplots(1, 2)
    numbers = sorted(changes.fraction)
    for shift, arm, colour in zip((-0.06, 0.06), arms, COLOURS):
        rows = levels_of[levels_of.arm == arm]
        _intervals(levels, rows.sort_values("fraction"), "mean", shift, colour, "-")
    ordered = changes.sort_values("fraction")
    _intervals(change, ordered, "change", 0, GREY, "")
    _no_change(change.axhline, change.axhspan)
    levels.set_ylabel("Dice (%)", fontsize=9)
    change.set_ylabel("Change (points)", fontsize=9)
    for axis in (levels, change):
        axis.set_xticks(range(len(numbers)), [percent(number) for number in numbers])
        axis.set_xlim(-0.5, len(numbers) - 0.5)
        axis.set_xlabel("Share of the training data", fontsize=9)
        sober(axis, "y")
    save_figure(figure, path, _arms(arms, "-"), "upper")


def classes(table: pd.DataFrame, path: Path, overall: pd.Series | None = None) -> None:
    """Writes the change of each class with its interval, as a forest plot, the largest gain on top.

    Args:
        table: of `tables.by_class`.
        path: of the PNG.
        overall: of all classes, as a row of the table, drawn below as "all classes".
    """
    rows = table.assign(name=table["class"].astype(str)).sort_values("change", ascending=False, kind="stable")
    if overall is not None:
        rows = pd.concat([rows, overall.to_frame().T.assign(name="all classes")], ignore_index=True)
    figure = Figure(figsize=(WIDTH, 0.34 * len(rows) + 1.0), layout="constrained")
    axis = figure.subplots()
    for place, row in enumerate(rows.itertuples()):
        whole = row.name == "all classes" and overall is not None
        axis.hlines(place, row.low, row.high, color=GREY, lw=2 if whole else 1.2)
        axis.scatter(row.change, place, s=50 if whole else 30, marker="D" if whole else "o", color=BLUE, zorder=3)
        ends = "no interval" if np.isnan(row.low) else f"{row.low:+.2f}, {row.high:+.2f}"
        text = f"{row.change:+.2f} [{ends}]"
        axis.text(1.01, place, text, transform=axis.get_yaxis_transform(), va="center", fontsize=8)
    _no_change(axis.axvline, axis.axvspan)
    axis.set_yticks(range(len(rows)), rows.name, fontsize=9)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlabel("Change of Dice (points), 95 % interval", fontsize=9)
    sober(axis, "x")
    save_figure(figure, path)


def _intervals(axis: Axes, rows: pd.DataFrame, column: str, shift: float, colour: str, line: str) -> None:
    """Means with their intervals at 0, 1, ... ; a mean without one is a dot."""
    places = np.arange(len(rows)) + shift
    axis.plot(places, rows[column], linestyle=line, color=colour, lw=1.4, marker="o", markersize=6)
    axis.vlines(places, rows.low, rows.high, color=colour, lw=1.4)


def _no_change(line: Callable, span: Callable) -> None:
    """The line of no change and, grey, the changes that do not matter."""
    span(-MARGIN, MARGIN, color="#eeeeee", zorder=0)
    line(0, color=GREY, lw=1)


def _arms(arms: tuple[str, str], line: str) -> list[Line2D]:
    """The legend of the arms."""
    return [
        Line2D([], [], color=colour, marker="o", linestyle=line, label=NAMES[arm]) for arm, colour in zip(arms, COLOURS)
    ]
