"""Labels drawn over their images: the suspicious cases, and others spread over the data."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from tf_ganaug.data.cache import intensity_range, resize_image, resize_label
from tf_ganaug.data.cases import Case, LabelSpec
from tf_ganaug.data.grids import WHITE, to_display
from tf_ganaug.data.survey import Survey
from tf_ganaug.data.survey_findings import Finding, is_usual
from tf_ganaug.errors import printable
from tf_ganaug.files import replacing

# A file may be named "$x^2$": that is no formula.
rcParams["text.parse_math"] = False

#: Pictures in all, and in a row.
COUNT, ACROSS = 8, 4

#: Classes in the legend: more would leave no room for the pictures.
_NAMED = 24

#: Pixels a side to which larger images are brought: more than a cell of the picture has.
_SIDE = 800

#: Percentiles of an image that are black and white.
_SHOWN = (0.5, 99.5)


def write_overlays(survey: Survey, found: Sequence[Finding], path: Path) -> None:
    """Writes a PNG of `COUNT` cases with translucent classes, their outlines and names.

    Args:
        survey: of at least one case.
        found: its findings; one case of each kind that is not usual comes first, then further ones.
        path: of the PNG.
    """
    reasons = _chosen(survey, found)
    cases = {case.id: case for case in survey.cases}
    down = -(-len(reasons) // ACROSS)
    height, width = survey.facts[["height", "width"]].median()
    cell = 10 / ACROSS
    figure = Figure(figsize=(10, down * (cell * min(height / width, 2) + 0.45) + 0.3), layout="constrained")
    axes = figure.subplots(down, ACROSS, squeeze=False).ravel()
    for axis, (name, reason) in zip(axes, reasons.items()):
        _draw(axis, cases[name], survey.spec)
        axis.set_xlabel("\n".join([printable(name), *textwrap.wrap(reason, 38)]), fontsize=8, loc="left")
    for axis in axes:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    figure.legend(handles=_legend(survey.spec), loc="outside lower left", ncols=6, frameon=False, fontsize=8)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=160)


def _chosen(survey: Survey, found: Sequence[Finding]) -> dict[str, str]:
    """Case to what is said below it: suspicious ones, then an even choice of the others that have a class."""
    kinds: dict[str, list[Finding]] = {}
    for finding in found:
        kinds.setdefault(finding.kind, []).append(finding)
    rare = [kind for kind in kinds.values() if not is_usual(survey, kind)]
    in_turn = [kind[n] for n in range(COUNT) for kind in rare if n < len(kind)]
    reasons: dict[str, str] = {}
    for finding in in_turn:
        if len(reasons) < COUNT:
            reasons.setdefault(finding.case, finding.kind)
    ids = [i for n in survey.spec.measured for i in survey.spec.classes[n].ids if i in survey.pixels]
    labelled = survey.pixels.index[(survey.pixels[ids] > 0).any(axis=1)]
    others = labelled.difference(list(reasons))
    if len(others) and len(reasons) < COUNT:
        places = np.linspace(0, len(others) - 1, min(COUNT - len(reasons), len(others)))
        reasons.update({others[round(place)]: "" for place in places})
    return reasons or {survey.facts.index[0]: ""}


def _draw(axis: Axes, case: Case, spec: LabelSpec) -> None:
    image, label = case.read_image(), case.read_label()
    scale = min(1, _SIDE / max(label.shape))
    size = [max(1, round(side * scale)) for side in label.shape]
    image, label = resize_image(image if image.shape[-1] == 3 else image[..., :1], *size), resize_label(label, *size)
    low, high = intensity_range(image, _SHOWN)
    axis.imshow(to_display((image.astype(np.float32) - low) / (high - low) * 2 - 1))
    for label_class in _drawn(spec):
        inside = np.isin(label, label_class.ids)
        if inside.any():
            colour = np.divide(_colour(label_class.colour), 255)
            axis.imshow(np.concatenate([np.broadcast_to(colour, (*label.shape, 3)), 0.3 * inside[..., None]], -1))
            if not inside.all() and min(inside.shape) > 1:  # else there is nothing to go around
                axis.contour(inside, [0.5], colors=[colour], linewidths=0.9)


def _legend(spec: LabelSpec) -> list[Patch]:
    classes = _drawn(spec)
    colours = {c.name: np.divide(_colour(c.colour), 255) for c in classes[:_NAMED]}
    named = [Patch(facecolor=colour, label=printable(name), edgecolor="#888888") for name, colour in colours.items()]
    more = len(classes) - len(named)
    return [*named, Patch(facecolor="none", label=f"+{more} more")] if more else named


def _drawn(spec: LabelSpec) -> list:
    return [label_class for number, label_class in enumerate(spec.classes) if number != spec.background]


def _colour(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """Black classes could not be seen."""
    return colour if any(colour) else WHITE
