"""Figures of a report, each a PNG written whole or not at all; matplotlib without pyplot's global state."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import EngFormatter
from PIL import Image

from tf_ganaug.data.cases import IGNORE, LabelSpec
from tf_ganaug.files import replacing

GREY = (128, 128, 128)
CORRECT = (72, 72, 72)
FALSE_POSITIVE = (230, 97, 0)
FALSE_NEGATIVE = (86, 180, 233)
WRONG_CLASS = (240, 228, 66)

#: Okabe and Ito's colours, told apart with any colour vision; the eighth line is dashed.
LINE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#444444")

#: Measures kept as fractions and shown in percent.
FRACTIONS = ("dice", "iou", "precision", "recall")

#: Measures in millimetres.
DISTANCES = ("hausdorff", "hausdorff95", "surface_distance")

#: Pixels of a panel's longer side below which `pair_grid` enlarges.
SMALLEST = 128


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
    """An image in [-1, 1] as bytes; what lies outside is clipped, NaN is black.

    Args:
        image: (H, W, C); with C = 3 shown in colour, else the first channel in grey.

    Returns:
        (H, W, 3) uint8.
    """
    shown = image if image.shape[-1] == 3 else np.repeat(image[..., :1], 3, axis=-1)
    finite = np.nan_to_num(np.asarray(shown, np.float32), nan=-1.0)
    return np.round((np.clip(finite, -1, 1) + 1) * 127.5).astype(np.uint8)


def colour_labels(labels: np.ndarray, spec: LabelSpec) -> np.ndarray:
    """Class indices as colours: white on black for two classes, else the classes' own; the rest is grey.

    Args:
        labels: (H, W) uint8 class indices or `IGNORE`.
        spec: the classes.

    Returns:
        (H, W, 3) uint8.
    """
    table = np.full((256, 3), GREY, np.uint8)
    two = len(spec.classes) == 2
    table[: len(spec.classes)] = ((0, 0, 0), (255, 255, 255)) if two else [c.colour for c in spec.classes]
    return table[labels]


def difference(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Where a prediction errs: class 0 is background, every other class is object.

    Args:
        truth: (H, W) class indices; `IGNORE` becomes grey.
        predicted: (H, W) class indices.

    Returns:
        (H, W, 3) uint8 in the colours above, black where both are background.
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

    What is below 128 pixels is enlarged by a whole factor, so that single pixels stay visible;
    nothing is reduced.

    Args:
        images: (N, H, W, C) in [-1, 1], N >= 1.
        labels: (N, H, W) uint8 class indices.
        spec: the classes.
        path: the PNG.
        pairs_per_row: pairs side by side.

    Returns:
        (height, width, 3) uint8, what was written.
    """
    pairs = [
        _tile([_enlarge(to_display(image)), _enlarge(colour_labels(label, spec))], 2, gap=2, background=GREY)
        for image, label in zip(images, labels)
    ]
    grid = _tile(pairs, pairs_per_row, gap=6, background=(255, 255, 255))
    _save(grid, path)
    return grid


def comparison(rows: Sequence[ComparisonRow], spec: LabelSpec, path: Path) -> None:
    """Writes image, truth, predictions and their differences to the truth, as in Neff's Figure 3.

    Args:
        rows: at least one.
        spec: the classes.
        path: the PNG.
    """
    names = list(rows[0].predictions)
    headers = [
        "Image",
        "Groundtruth",
        *(f"Prediction: {n}" for n in names),
        *(f"Difference: {n}" for n in names),
    ]
    width = 1.7
    heights = [width * row.image.shape[0] / row.image.shape[1] for row in rows]
    figure = Figure(figsize=(width * len(headers), sum(heights) + 0.3 * len(rows) + 0.9), layout="compressed")
    axes = figure.subplots(len(rows), len(headers), squeeze=False, height_ratios=heights)
    for axis, header in zip(axes[0], headers):
        axis.set_title("\n".join(textwrap.wrap(header, 20)), fontsize=9)
    for cells, row in zip(axes, rows):
        for axis, panel in zip(cells, _panels(row, names, spec)):
            axis.imshow(panel)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        cells[0].set_xlabel(row.caption, loc="left", fontsize=9)
    figure.legend(
        handles=_legend(spec), loc="outside lower left", ncols=len(headers), frameon=False, fontsize=9
    )
    _save_figure(figure, path)


def curves(series: Mapping[str, pd.DataFrame], columns: Sequence[str], path: Path, x: str = "step") -> None:
    """Writes one panel for each column and one line for each series.

    Above 50 points the values are faint and their running mean is drawn over them. A column no
    series has is left out; values that are not finite are too.

    Args:
        series: name to a frame with `x` and some of the columns, as read from metrics.jsonl.
        columns: in the order of the panels.
        path: the PNG.
        x: the column on the horizontal axis.

    Raises:
        ValueError: if no series has any value in any column.
    """
    shown = [c for c in columns if any(len(_points(frame, c, x)) for frame in series.values())]
    if not shown:
        raise ValueError(f"none of the columns {list(columns)} has a finite value in {list(series)}")
    across = min(3, len(shown))
    down = -(-len(shown) // across)
    figure = Figure(figsize=(max(4.5, 3.3 * across), 2.4 * down + 0.4), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    styles = {name: _line_style(number) for number, name in enumerate(series)}
    for axis, column in zip(axes, shown):
        _draw_curves(axis, series, column, x, styles)
    for axis in axes[len(shown) :]:
        axis.remove()
    handles = [Line2D([], [], label=name, lw=1.8, **style) for name, style in styles.items()]
    figure.legend(handles=handles, loc="outside upper left", ncols=across, frameon=False, fontsize=9)
    _save_figure(figure, path)


def per_case(frame: pd.DataFrame, measure: str, path: Path, order: Sequence[str]) -> None:
    """Writes every case as a dot, a box from the first to the third quartile and the median, for each row.

    Args:
        frame: columns `row`, `case` and the measure; Dice and other fractions in [0, 1].
        measure: the column shown.
        path: the PNG.
        order: the rows from top to bottom.
    """
    factor, label = _unit(measure)
    figure = Figure(figsize=(7.6, 0.42 * len(order) + 0.9), layout="constrained")
    axis = figure.subplots()
    for position, row in enumerate(order):
        _draw_cases(axis, position, factor * frame.loc[frame["row"] == row, measure].dropna().to_numpy(float))
    axis.set_yticks(range(len(order)), order)
    axis.set_ylim(len(order) - 0.5, -0.5)
    axis.set_xlabel(label)
    _sober(axis, "x")
    _save_figure(figure, path)


def _save(pixels: np.ndarray, path: Path) -> None:
    with replacing(path) as temporary:
        Image.fromarray(pixels).save(temporary, optimize=True)


def _save_figure(figure: Figure, path: Path) -> None:
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=160)


def _enlarge(pixels: np.ndarray) -> np.ndarray:
    factor = -(-SMALLEST // max(pixels.shape[:2]))
    return pixels.repeat(factor, axis=0).repeat(factor, axis=1)


def _tile(
    tiles: Sequence[np.ndarray], per_row: int, gap: int, background: tuple[int, int, int]
) -> np.ndarray:
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


def _panels(row: ComparisonRow, names: Sequence[str], spec: LabelSpec) -> list[np.ndarray]:
    predictions = [row.predictions[name] for name in names]
    return [
        to_display(row.image),
        *(colour_labels(labels, spec) for labels in (row.truth, *predictions)),
        *(difference(row.truth, labels) for labels in predictions),
    ]


def _legend(spec: LabelSpec) -> list[Patch]:
    """What the colours of the differences mean and, with more than two classes, those of the label maps."""
    entries = [
        ("false positive", FALSE_POSITIVE),
        ("false negative", FALSE_NEGATIVE),
        ("correct object", CORRECT),
    ]
    if spec.ignored:
        entries.append(("not counted", GREY))
    if len(spec.classes) > 2:
        entries.append(("wrong class", WRONG_CLASS))
        entries += [(c.name, c.colour) for c in spec.classes]
    return [Patch(facecolor=np.divide(colour, 255), label=name) for name, colour in entries]


def _points(frame: pd.DataFrame, column: str, x: str) -> pd.DataFrame:
    """The two columns where both are finite; no rows if the frame lacks one."""
    if not {column, x} <= set(frame.columns):
        return pd.DataFrame({x: [], column: []})
    return frame[[x, column]].astype(float).replace([np.inf, -np.inf], np.nan).dropna()


def _line_style(number: int) -> dict[str, str]:
    return {
        "color": LINE_COLOURS[number % len(LINE_COLOURS)],
        "linestyle": ("-", "--", ":")[number // len(LINE_COLOURS) % 3],
    }


def _draw_curves(
    axis: Axes, series: Mapping[str, pd.DataFrame], column: str, x: str, styles: Mapping
) -> None:
    factor, label = _unit(column)
    for name, frame in series.items():
        points = _points(frame, column, x)
        steps, values = points[x], factor * points[column]
        if len(values) > 50:
            axis.plot(steps, values, lw=0.6, alpha=0.25, **styles[name])
            values = values.rolling(len(values) // 25, center=True, min_periods=1).mean()
        axis.plot(steps, values, lw=1.4, marker="." if len(values) == 1 else None, **styles[name])
    axis.set_title(label, loc="left", fontsize=9)
    axis.set_xlabel(x.replace("_", " "), fontsize=8)
    axis.xaxis.set_major_formatter(EngFormatter(sep=""))
    _sober(axis, "y")


def _draw_cases(axis: Axes, position: int, values: np.ndarray) -> None:
    """One row of `per_case`, with the median and the number of cases at its right."""
    # A generator of its own: the same report has the same dots.
    height = position + np.random.default_rng(0).uniform(-0.22, 0.22, len(values))
    axis.scatter(values, height, s=9, color=LINE_COLOURS[0], alpha=0.45, linewidths=0)
    text = "no cases"
    if len(values):
        first, median, third = np.percentile(values, [25, 50, 75])
        axis.broken_barh(
            [(first, third - first)], (position - 0.3, 0.6), facecolor="none", edgecolor="#444444"
        )
        axis.vlines(median, position - 0.3, position + 0.3, color=LINE_COLOURS[1], lw=2)
        text = f"median {median:.4g}, n = {len(values)}"
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
