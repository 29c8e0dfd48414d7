"""Figures with text for a report, each a PNG written whole or not at all; matplotlib without pyplot's global state."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import rcParams
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import EngFormatter, LogFormatter

from tf_ganaug.data.cases import IGNORE, LabelSpec
from tf_ganaug.data.grids import class_colours, colour_labels, to_display, void_colour
from tf_ganaug.files import replacing

# A class may be named "$x^2": that is no formula.
rcParams["text.parse_math"] = False

Frames = Mapping[str, pd.DataFrame]

CORRECT = (72, 72, 72)
FALSE_POSITIVE = (230, 97, 0)
FALSE_NEGATIVE = (86, 180, 233)
WRONG_CLASS = (240, 228, 66)

#: Okabe and Ito's colours, told apart with any colour vision; when they are used up, dashes, then dots.
BLUE, ORANGE = "#0072B2", "#D55E00"
LINE_STYLES = [
    {"color": colour, "linestyle": style}
    for style in ("-", "--", ":")
    for colour in (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#444444")
]

#: Measures shown in percent, kept as fractions, and measures in millimetres.
FRACTIONS = ("dice", "iou", "precision", "recall", "alarms")
DISTANCES = ("hausdorff", "hausdorff95", "surface_distance")

#: Most bars that have room for their numbers.
CROWDED = 40

#: Inches of every figure with text, so that all text has one size on the page.
WIDTH = 10


@dataclass(frozen=True)
class ComparisonRow:
    """One case of `comparison`.

    Attributes:
        image: (H, W, C) in [-1, 1].
        truth: (H, W) class indices.
        predictions: column header to (H, W) class indices; the same headers in every row.
        caption: the line below the row, such as "case 012, Dice 97.1 / 96.8".
    """

    image: np.ndarray
    truth: np.ndarray
    predictions: Mapping[str, np.ndarray]
    caption: str


def difference(truth: np.ndarray, predicted: np.ndarray, spec: LabelSpec) -> np.ndarray:
    """Where a prediction errs: (H, W) class indices, both, to the (H, W, 3) uint8 colours above.

    Every class but the background is object. Black: both are background; `IGNORE` has its own colour.
    """
    true, found = truth != spec.background, predicted != spec.background
    pixels = np.zeros((*truth.shape, 3), np.uint8)
    pixels[found & ~true] = FALSE_POSITIVE
    pixels[true & ~found] = FALSE_NEGATIVE
    pixels[true & found] = np.where((truth == predicted)[true & found, None], CORRECT, WRONG_CLASS)
    pixels[truth == IGNORE] = void_colour(spec)
    return pixels


def comparison(rows: Sequence[ComparisonRow], spec: LabelSpec, path: Path) -> None:
    """Writes image, truth, predictions and their differences to the truth as a PNG, as in Neff's Figure 3.

    Args:
        rows: at least one.
        spec: the classes.
        path: of the PNG.
    """
    names = list(rows[0].predictions)
    named = [f"{kind}\n{textwrap.fill(n, 22)}" for kind in ("Prediction", "Difference") for n in names]
    cells = []
    for row in rows:
        found = [row.predictions[name] for name in names]
        masks = [colour_labels(labels, spec) for labels in (row.truth, *found)]
        errors = [difference(row.truth, labels, spec) for labels in found]
        cells.append([to_display(row.image), *masks, *errors])
    panels(["Image", "Groundtruth", *named], cells, path, [row.caption for row in rows], _legend(spec))


def panels(
    headers: Sequence[str],
    rows: Sequence[Sequence[np.ndarray]],
    path: Path,
    captions: Sequence[str] | None = None,
    legend: Sequence[Patch] = (),
) -> None:
    """Writes rows of pictures under column headers as a PNG.

    Args:
        headers: of the columns.
        rows: of (H, W, 3) uint8 pictures, as many in each as there are headers.
        path: of the PNG.
        captions: below each row.
        legend: below all.
    """
    cell = min(WIDTH / len(headers), 1.8)
    heights = [cell * row[0].shape[0] / row[0].shape[1] for row in rows]
    figure = Figure(figsize=(cell * len(headers), sum(heights) + 0.2 * len(rows) + 0.8), layout="compressed")
    axes = figure.subplots(len(rows), len(headers), squeeze=False, height_ratios=heights)
    for axis, header in zip(axes[0], headers):
        axis.set_title(header, fontsize=9)
    for cells, row, caption in zip(axes, rows, captions or [""] * len(rows)):
        for axis, panel in zip(cells, row):
            axis.imshow(panel)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        cells[0].set_xlabel(caption, loc="left", fontsize=9)
    save_figure(figure, path, legend, "lower")


def curves(series: Frames, columns: Sequence[str], path: Path, x: str = "step") -> None:
    """Writes a PNG with one panel for each column and one line for each series.

    Above 50 points the values are faint and their running mean is drawn over them. A column no
    series has is left out, and so are values that are not finite. Where all values are positive and
    the largest is over 100 medians, as with a GAN's first steps, the scale is logarithmic.

    Args:
        series: name to a frame with `x` and some of the columns, as read from metrics.jsonl.
        columns: in the order of the panels.
        path: of the PNG.
        x: the column on the horizontal axis.

    Raises:
        ValueError: if no series has any value in any column.
    """
    shown = [c for c in columns if any(len(_points(frame, c, x)) for frame in series.values())]
    if not shown:
        raise ValueError(f"none of the columns {list(columns)} has a finite value in {list(series)}")
    across = 2 if len(shown) == 4 else min(3, len(shown))
    down = -(-len(shown) // across)
    styles = dict(zip(series, cycle(LINE_STYLES)))
    handles = [Line2D([], [], label=name, lw=1.8, **style) for name, style in styles.items()]
    lines = -(-len(handles) // _legend_columns(handles, WIDTH))
    figure = Figure(figsize=(WIDTH, 2.4 * down + 0.2 + 0.2 * lines), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for axis, column in zip(axes, shown):
        _draw_curves(axis, {name: _points(f, column, x) for name, f in series.items()}, styles)
        axis.set_title(unit(column)[1], loc="left", fontsize=9)
        axis.set_xlabel(x.replace("_", " "), fontsize=8)
    for axis in axes[len(shown) :]:
        axis.remove()
    save_figure(figure, path, handles, "upper")


def per_case(frame: pd.DataFrame, measure: str, path: Path, order: Sequence[str]) -> None:
    """Writes every case as a dot, a box from the first to the third quartile and the median, for each row.

    At the right of a row stand its median and its number of cases.

    Args:
        frame: columns `row`, `case` and the measure; Dice and other fractions in [0, 1].
        measure: the column shown.
        path: of the PNG.
        order: the rows from top to bottom.
    """
    factor, label = unit(measure)
    figure = Figure(figsize=(WIDTH, 0.42 * len(order) + 0.9), layout="constrained")
    axis = figure.subplots()
    for position, row in enumerate(order):
        _draw_cases(axis, position, factor * frame.loc[frame["row"] == row, measure].dropna().to_numpy(float))
    axis.set_yticks(range(len(order)), order, fontsize=9)
    axis.set_ylim(len(order) - 0.5, -0.5)
    axis.set_xlabel(label)
    sober(axis, "x")
    save_figure(figure, path)


def _legend_columns(legend: Sequence[Artist], width: float) -> int:
    """How many entries a line of a legend holds, of a figure so many inches wide."""
    return max(1, int(13 * width) // (8 + max(len(entry.get_label()) for entry in legend)))


def save_figure(figure: Figure, path: Path, legend: Sequence[Artist] = (), edge: str = "upper") -> None:
    """Writes a PNG, the legend outside its axes at the "upper" or "lower" edge."""
    if legend:
        across = _legend_columns(legend, figure.get_figwidth())
        figure.legend(handles=legend, loc=f"outside {edge} left", ncols=across, frameon=False, fontsize=9)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=160, bbox_inches="tight", pad_inches=0.05)


def bars(values: pd.DataFrame, label: str, path: Path) -> None:
    """Writes a PNG with one group of bars for each row of `values` and one bar for each column, as in Neff's Figure 4.

    Up to `CROWDED` bars have their number.

    Args:
        values: numbers; the index names the groups, the columns the legend.
        label: of the axis.
        path: of the PNG.
    """
    figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    axis = figure.subplots()
    width = 0.8 / len(values.columns)
    handles = []
    for number, (name, style) in enumerate(zip(values.columns, cycle(LINE_STYLES))):
        places = np.arange(len(values)) + (number - (len(values.columns) - 1) / 2) * width
        axis.bar(places, values[name].fillna(0.0), width, color=style["color"])
        handles.append(Patch(facecolor=style["color"], label=name))
        for place, value in zip(places, values[name]) if values.size <= CROWDED else ():
            text = f"{value:.0f}" if np.isfinite(value) else "absent"
            axis.text(place, max(np.nan_to_num(value), 0.0) + 1, text, ha="center", va="bottom", fontsize=7)
    turned = {"rotation": 30, "ha": "right"} if len(values) > 8 else {}
    axis.set_xticks(range(len(values)), values.index, fontsize=9, **turned)
    axis.set_ylabel(label, fontsize=9)
    sober(axis, "y")
    save_figure(figure, path, handles, "upper")


def class_legend(spec: LabelSpec, path: Path) -> None:
    """Writes a PNG with the colours of the classes."""
    figure = Figure(figsize=(WIDTH, 0.5), layout="constrained")
    save_figure(figure, path, class_patches(spec), "upper")


def _legend(spec: LabelSpec) -> list[Patch]:
    """What the colours of the differences mean and, with more than two classes, those of the label maps."""
    entries = [("difference: correct", CORRECT)]
    if spec.background is not None:
        entries += [("false positive", FALSE_POSITIVE), ("false negative", FALSE_NEGATIVE)]
    if len(spec.measured) > 1:
        return _patches([*entries, ("difference: wrong class", WRONG_CLASS)]) + class_patches(spec)
    return _patches(entries + ([("not counted", void_colour(spec))] if spec.ignored else []))


def class_patches(spec: LabelSpec) -> list[Patch]:
    """The classes' colours, as `panels` takes a legend."""
    void = [("not counted", void_colour(spec))] if spec.ignored else []
    return _patches([*zip(spec.names, class_colours(spec)), *void])


def _patches(entries: Sequence[tuple[str, tuple[int, int, int]]]) -> list[Patch]:
    style = {"edgecolor": "#888888", "linewidth": 0.5}
    return [Patch(facecolor=np.divide(colour, 255), label=name, **style) for name, colour in entries]


def _points(frame: pd.DataFrame, column: str, x: str) -> pd.Series:
    """The column where both it and `x` are finite, indexed by `x`; empty if the frame lacks one."""
    if not {column, x} <= set(frame.columns):
        return pd.Series([], dtype=float)
    finite = frame[[x, column]].astype(float).replace([np.inf, -np.inf], np.nan).dropna()
    return unit(column)[0] * finite.set_index(x)[column]


def _draw_curves(axis: Axes, series: Mapping[str, pd.Series], styles: Mapping[str, dict]) -> None:
    for name, values in series.items():
        smooth = values
        if len(values) > 50:
            axis.plot(values, lw=0.6, alpha=0.25, **styles[name])
            smooth = values.rolling(len(values) // 25, center=True, min_periods=1).mean()
        axis.plot(smooth, lw=1.4, marker="." if len(values) < 10 else None, **styles[name])
    drawn = pd.concat(list(series.values()))
    if drawn.min() > 0 and drawn.max() > 100 * drawn.median():
        axis.set_yscale("log")
        axis.yaxis.set_major_formatter(LogFormatter())
        axis.yaxis.set_minor_formatter(LogFormatter())
    axis.xaxis.set_major_formatter(EngFormatter(sep=""))
    sober(axis, "y")


def _draw_cases(axis: Axes, position: int, values: np.ndarray) -> None:
    """One row of `per_case`, with the median and the number of cases at its right."""
    # A generator of its own: the same report has the same dots.
    height = position + np.random.default_rng(0).uniform(-0.22, 0.22, len(values))
    axis.scatter(values, height, s=9, color=BLUE, alpha=0.45, linewidths=0)
    text = "no cases"
    if len(values):
        first, median, third = np.percentile(values, [25, 50, 75])
        low, high = position - 0.3, position + 0.3
        axis.broken_barh([(first, third - first)], (low, high - low), facecolor="none", edgecolor="#444444")
        axis.vlines(median, low, high, color=ORANGE, lw=2)
        text = f"median {median:.2f}, n = {len(values)}"
    axis.text(1.01, position, text, transform=axis.get_yaxis_transform(), va="center", fontsize=8)


def unit(measure: str, distance: str = "mm") -> tuple[int, str]:
    """The factor and the label under which a measure is shown: fractions in percent, distances in `distance`."""
    label = measure.replace("iou", "IoU")
    label = label[:1].upper() + label[1:].replace("_", " ")
    if measure.split("_")[-1] in FRACTIONS:
        return 100, f"{label} (%)"
    return 1, f"{label} ({distance})" if measure in DISTANCES else label


def sober(axis: Axes, grid: str) -> None:
    """Takes the frame away that says nothing, and draws a faint grid along "x" or "y"."""
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis=grid, color="#dddddd", lw=0.6)
    axis.set_axisbelow(True)
    axis.tick_params(labelsize=8)
