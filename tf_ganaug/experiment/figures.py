"""Figures of a report, each a PNG written whole or not at all; matplotlib without pyplot's global state."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import EngFormatter
from PIL import Image

from tf_ganaug.data.cases import IGNORE, LabelSpec
from tf_ganaug.files import replacing

Frames = Mapping[str, pd.DataFrame]

WHITE = (255, 255, 255)
GREY = (128, 128, 128)
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
FRACTIONS = ("dice", "iou", "precision", "recall")
DISTANCES = ("hausdorff", "hausdorff95", "surface_distance")

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


def to_display(image: np.ndarray) -> np.ndarray:
    """An image (H, W, C) in [-1, 1] as (H, W, 3) uint8; what lies outside is clipped, NaN is black.

    With C = 3 it is shown in colour, else its first channel in grey.
    """
    shown = image if image.shape[-1] == 3 else np.repeat(image[..., :1], 3, axis=-1)
    finite = np.nan_to_num(np.asarray(shown, np.float32), nan=-1.0)
    return np.round((np.clip(finite, -1, 1) + 1) * 127.5).astype(np.uint8)


def colour_labels(labels: np.ndarray, spec: LabelSpec) -> np.ndarray:
    """Class indices (H, W) as (H, W, 3) uint8 colours.

    Two classes are black and white, more have their own colours; `IGNORE` is grey.
    """
    table = np.full((256, 3), GREY, np.uint8)
    two = len(spec.classes) == 2
    table[: len(spec.classes)] = ((0, 0, 0), WHITE) if two else [c.colour for c in spec.classes]
    return table[labels]


def difference(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Where a prediction errs: (H, W) class indices, both, to the (H, W, 3) uint8 colours above.

    Class 0 is background, every other class is object. Black: both are background; grey: `IGNORE`.
    """
    true, found = truth != 0, predicted != 0
    pixels = np.zeros((*truth.shape, 3), np.uint8)
    pixels[found & ~true] = FALSE_POSITIVE
    pixels[true & ~found] = FALSE_NEGATIVE
    pixels[true & found] = np.where((truth == predicted)[true & found, None], CORRECT, WRONG_CLASS)
    pixels[truth == IGNORE] = GREY
    return pixels


def pair_grid(
    images: np.ndarray, labels: np.ndarray, spec: LabelSpec, path: Path, pairs_per_row: int = 4
) -> np.ndarray:
    """Writes images (odd columns) beside their label maps (even columns) as a PNG, as in Neff's Figure 2.

    Images below 128 pixels are enlarged by a whole factor, without smoothing; none is reduced.

    Args:
        images: (N, H, W, C) in [-1, 1], N >= 1.
        labels: (N, H, W) uint8 class indices.
        spec: the classes.
        path: of the PNG.
        pairs_per_row: at most so many side by side.

    Returns:
        (height, width, 3) uint8, what was written.
    """
    pairs = [
        _tile([_enlarge(to_display(image)), _enlarge(colour_labels(label, spec))], 2, gap=2, background=GREY)
        for image, label in zip(images, labels)
    ]
    grid = _tile(pairs, pairs_per_row, gap=6, background=WHITE)
    with replacing(path) as temporary:
        Image.fromarray(grid).save(temporary, optimize=True)
    return grid


def comparison(rows: Sequence[ComparisonRow], spec: LabelSpec, path: Path) -> None:
    """Writes image, truth, predictions and their differences to the truth as a PNG, as in Neff's Figure 3.

    Args:
        rows: at least one.
        spec: the classes.
        path: of the PNG.
    """
    names = list(rows[0].predictions)
    named = [f"{kind}\n{textwrap.fill(n, 22)}" for kind in ("Prediction", "Difference") for n in names]
    headers = ["Image", "Groundtruth", *named]
    heights = [WIDTH / len(headers) * row.image.shape[0] / row.image.shape[1] for row in rows]
    figure = Figure(figsize=(WIDTH, sum(heights) + 0.2 * len(rows) + 0.8), layout="compressed")
    axes = figure.subplots(len(rows), len(headers), squeeze=False, height_ratios=heights)
    for axis, header in zip(axes[0], headers):
        axis.set_title(header, fontsize=9)
    for cells, row in zip(axes, rows):
        found = [row.predictions[name] for name in names]
        masks = [colour_labels(labels, spec) for labels in (row.truth, *found)]
        errors = [difference(row.truth, labels) for labels in found]
        for axis, panel in zip(cells, [to_display(row.image), *masks, *errors]):
            axis.imshow(panel)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        cells[0].set_xlabel(row.caption, loc="left", fontsize=9)
    _save_figure(figure, path, _legend(spec), "lower")


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
    figure = Figure(figsize=(WIDTH, 2.4 * down + 0.4), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    styles = dict(zip(series, cycle(LINE_STYLES)))
    for axis, column in zip(axes, shown):
        _draw_curves(axis, {name: _points(f, column, x) for name, f in series.items()}, styles)
        axis.set_title(_unit(column)[1], loc="left", fontsize=9)
        axis.set_xlabel(x.replace("_", " "), fontsize=8)
    for axis in axes[len(shown) :]:
        axis.remove()
    handles = [Line2D([], [], label=name, lw=1.8, **style) for name, style in styles.items()]
    _save_figure(figure, path, handles, "upper")


def per_case(frame: pd.DataFrame, measure: str, path: Path, order: Sequence[str]) -> None:
    """Writes every case as a dot, a box from the first to the third quartile and the median, for each row.

    At the right of a row stand its median and its number of cases.

    Args:
        frame: columns `row`, `case` and the measure; Dice and other fractions in [0, 1].
        measure: the column shown.
        path: of the PNG.
        order: the rows from top to bottom.
    """
    factor, label = _unit(measure)
    figure = Figure(figsize=(WIDTH, 0.42 * len(order) + 0.9), layout="constrained")
    axis = figure.subplots()
    for position, row in enumerate(order):
        _draw_cases(axis, position, factor * frame.loc[frame["row"] == row, measure].dropna().to_numpy(float))
    axis.set_yticks(range(len(order)), order, fontsize=9)
    axis.set_ylim(len(order) - 0.5, -0.5)
    axis.set_xlabel(label)
    _sober(axis, "x")
    _save_figure(figure, path)


def _save_figure(figure: Figure, path: Path, legend: Sequence[Artist] = (), edge: str = "upper") -> None:
    if legend:
        across = max(1, 130 // (8 + max(len(entry.get_label()) for entry in legend)))
        figure.legend(handles=legend, loc=f"outside {edge} left", ncols=across, frameon=False, fontsize=9)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=160, bbox_inches="tight", pad_inches=0.05)


def _enlarge(pixels: np.ndarray) -> np.ndarray:
    factor = -(-128 // max(pixels.shape[:2]))
    return pixels.repeat(factor, axis=0).repeat(factor, axis=1)


def _tile(tiles: Sequence[np.ndarray], per_row: int, gap: int, background: tuple) -> np.ndarray:
    """Sets (H, W, 3) tiles of one shape into a grid, row by row."""
    height, width = tiles[0].shape[:2]
    across = min(per_row, len(tiles))
    down = -(-len(tiles) // across)
    shape = (down * (height + gap) - gap, across * (width + gap) - gap, 3)
    grid = np.full(shape, background, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = number // across * (height + gap), number % across * (width + gap)
        grid[top : top + height, left : left + width] = tile
    return grid


def _legend(spec: LabelSpec) -> list[Patch]:
    """What the colours of the differences mean and, with more than two classes, those of the label maps."""
    entries = [("false positive", FALSE_POSITIVE), ("false negative", FALSE_NEGATIVE), ("correct", CORRECT)]
    if spec.ignored:
        entries.append(("not counted", GREY))
    if len(spec.classes) > 2:
        entries.append(("wrong class", WRONG_CLASS))
        entries += [(c.name, c.colour) for c in spec.classes]
    return [Patch(facecolor=np.divide(colour, 255), label=name) for name, colour in entries]


def _points(frame: pd.DataFrame, column: str, x: str) -> pd.Series:
    """The column where both it and `x` are finite, indexed by `x`; empty if the frame lacks one."""
    if not {column, x} <= set(frame.columns):
        return pd.Series([], dtype=float)
    finite = frame[[x, column]].astype(float).replace([np.inf, -np.inf], np.nan).dropna()
    return _unit(column)[0] * finite.set_index(x)[column]


def _draw_curves(axis: Axes, series: Mapping[str, pd.Series], styles: Mapping[str, dict]) -> None:
    for name, values in series.items():
        smooth = values
        if len(values) > 50:
            axis.plot(values, lw=0.6, alpha=0.25, **styles[name])
            smooth = values.rolling(len(values) // 25, center=True, min_periods=1).mean()
        axis.plot(smooth, lw=1.4, marker="." if len(values) == 1 else None, **styles[name])
    drawn = pd.concat(list(series.values()))
    if drawn.min() > 0 and drawn.max() > 100 * drawn.median():
        axis.set_yscale("log")
    axis.xaxis.set_major_formatter(EngFormatter(sep=""))
    _sober(axis, "y")


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


def _unit(measure: str) -> tuple[int, str]:
    """The factor and the label under which a measure is shown."""
    label = measure[:1].upper() + measure[1:].replace("_", " ")
    if measure.split("_")[-1] in FRACTIONS:
        return 100, f"{label} (%)"
    return 1, f"{label} (mm)" if measure in DISTANCES else label


def _sober(axis: Axes, grid: str) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis=grid, color="#dddddd", lw=0.6)
    axis.set_axisbelow(True)
    axis.tick_params(labelsize=8)
