"""Figures 1 to 3 of Bowles et al. 2018."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from tf_ganaug.data.grids import colour_labels, to_display
from tf_ganaug.experiment.figures import LINE_STYLES, WIDTH, class_patches, curves, panels, save_figure, sober
from tf_ganaug.experiment.learning import mean_records
from tf_ganaug.experiment.repeats import LEVEL, Repeats, t_test
from tf_ganaug.experiment.report import Figure, Section, Table
from tf_ganaug.papers.bowles2018.printed import Cell
from tf_ganaug.papers.bowles2018.study import PatchStudy
from tf_ganaug.papers.bowles2018.tasks import Fraction, PatchTask
from tf_ganaug.quality.copies import COPY, nearest, origins
from tf_ganaug.run import read_metrics

#: Patches side by side in Figures 1 and 3.
SHOWN = 6

#: Synthetic patches that are compared with the training patches, and real ones likewise.
COMPARED = 64


def _overlaid(study: PatchStudy, image: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """A patch in [-1, 1] with the measured classes in their own colours, half transparent."""
    pixels = to_display(image)
    for number in study.spec.measured:
        where = labels == number
        pixels[where] = (pixels[where] + np.uint16(study.spec.classes[number].colour)) // 2
    return pixels


def _legend(study: PatchStudy) -> list[Patch]:
    """The colours of `_overlaid`."""
    measured = [study.spec.classes[number] for number in study.spec.measured]
    return [Patch(facecolor=np.divide(one.colour, 255), label=one.name) for one in measured]


def _real(study: PatchStudy, fraction: Fraction, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Images in [-1, 1] and labels of patches at equal distances."""
    patches = study.patches(fraction)
    images, labels = patches.take(np.linspace(0, patches.count - 1, min(count, patches.count)).astype(int))
    return images.numpy(), labels.numpy()


def _synthetic(study: PatchStudy, fraction: Fraction, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Images in [-1, 1] and labels of the first synthetic patches."""
    gan = study.gan(fraction)
    part = gan.part(min(count, gan.most))
    return gan.provenance.from_stored(part.images[part.rows]), part.labels[part.rows]


def patches(study: PatchStudy, fraction: Fraction, place: Path) -> Section:
    """Figure 1: real and synthetic patches, with their labels."""
    cells, captions = [], []
    for kind, (images, labels) in (
        ("real", _real(study, fraction, 2 * SHOWN)),
        ("synthetic", _synthetic(study, fraction, 2 * SHOWN)),
    ):
        for first in range(0, len(images) - len(images) % SHOWN, SHOWN):
            row = slice(first, first + SHOWN)
            cells.append([to_display(image) for image in images[row]])
            cells.append([_overlaid(study, *pair) for pair in zip(images[row], labels[row])])
            captions += [kind, f"{kind}, with its label"]
    panels([""] * SHOWN, cells, place / "figure1.png", captions, _legend(study))
    caption = f"Patches of the GAN of {fraction.available} % of the training data; labels of both in colour."
    shares = study.gan(fraction).make()["class_shares"]
    told = ", ".join(f"{name} {100 * share:.2f} %" for name, share in shares.items())
    text = f"Pixels of all synthetic patches by class: {told}. The same of the real ones: {_shares(study, fraction)}."
    return Section("Figure 1: real and synthetic patches", [Figure(place / "figure1.png", caption), text])


def _shares(study: PatchStudy, fraction: Fraction) -> str:
    """Pixels of some real patches by class."""
    _, labels = _real(study, fraction, 1024)
    counts = np.bincount(labels.ravel(), minlength=256)[: len(study.spec.classes)]
    return ", ".join(f"{name} {100 * count / labels.size:.2f} %" for name, count in zip(study.spec.names, counts))


def sweeps(by_data: pd.DataFrame, by_amount: pd.DataFrame, half: float, place: Path) -> Section:
    """Figure 2: DSC by available data on the left, by synthetic data on the right.

    Args:
        by_data: `tables.scores` of 0 and `half` percent of synthetic patches at all fractions.
        by_amount: those of all amounts at some fractions.
        half: see above.
        place: folder of figures.
    """
    figure = Canvas(figsize=(WIDTH, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    handles = _by_data(left, by_data, half)
    _by_amount(right, by_amount)
    save_figure(figure, place / "figure2.png", handles)
    caption = (
        f"Left: DSC of each class and their mean (black) by available data, without synthetic patches (solid), with "
        f"{half:g} % (dashed), and the difference (dash-dotted, right scale). Right: every segmenter as a dot, means "
        "as circles, filled where they differ from the baseline (two-tailed t-test, 5 %)."
    )
    keys = ["available", "added"]
    means = by_data.drop(columns=["network", "data", "rotation", "repeat"]).groupby(keys, sort=False).mean()
    table = Table(
        means.round(2).reset_index(), "The left side's means, DSC in percent; available and added in percent."
    )
    return Section("Figure 2: availability and amount", [Figure(place / "figure2.png", caption), table])


def _by_data(axis: Axes, found: pd.DataFrame, half: float) -> list[Line2D]:
    classes = [name for name in found.columns if name not in (*Cell.__dataclass_fields__, "repeat", "dice")]
    means = found.groupby(["added", "available"])[["dice", *classes]].mean()
    styles = {"dice": "black", **{name: style["color"] for name, style in zip(classes, LINE_STYLES)}}
    differences = axis.twinx()
    for name, colour in styles.items():
        without, with_gan = means[name].loc[0], means[name].loc[half]
        axis.plot(without, "-", color=colour)
        axis.plot(with_gan, "--", color=colour)
        differences.plot(with_gan - without, "-.", color=colour, lw=0.9)
    sober(axis, "y")
    axis.set(xlabel="available data (%)", ylabel="DSC (%)")
    differences.tick_params(labelsize=8)
    differences.set_ylabel("difference of DSC (percentage points)")
    names = {"dice": "mean"}
    return [Line2D([], [], color=colour, label=names.get(name, name)) for name, colour in styles.items()]


def _by_amount(axis: Axes, found: pd.DataFrame) -> None:
    for (available, rows), style in zip(found.groupby("available", sort=False), LINE_STYLES):
        colour = style["color"]
        axis.scatter(rows.added, rows.dice, s=10, color=colour, alpha=0.6, linewidths=0)
        groups = {added: Repeats.of(one.dice) for added, one in rows.groupby("added")}
        for added, one in groups.items():
            filled = added > 0 and t_test(one, groups[0]) < LEVEL
            axis.scatter(added, one.mean, s=36, facecolors="black" if filled else "none", edgecolors="black")
        axis.plot(list(groups), [one.mean for one in groups.values()], color=colour, lw=0.8)
        end = max(groups), groups[max(groups)].mean
        axis.annotate(f"{available} %", end, (6, -3), textcoords="offset points", color=colour, fontsize=8)
    sober(axis, "y")
    axis.set(xlabel="synthetic patches added (%)", ylabel="DSC (%)")


def neighbours(study: PatchStudy, fractions: Sequence[Fraction], place: Path) -> Section:
    """Figure 3: synthetic patches above the training patches most like them, and the shares that are copies."""
    cells, captions, records = [], [], []
    for fraction in fractions:
        subjects = len({case.subject for case in study.training_cases(fraction)})
        images, labels = _synthetic(study, fraction, COMPARED)
        found, record = _compared(study, fraction, images, subjects)
        records.append({"Available": f"{fraction.available} %", "Stacks": subjects, **record})
        near = [one.numpy() for one in study.patches(fraction).take(found.numbers[:SHOWN])]
        named = f"{subjects} training stacks"
        for kind, pair in (("synthetic", (images, labels)), ("the training patch most like it", near)):
            cells.append([_overlaid(study, *one) for one in islice(zip(*pair), SHOWN)])
            captions.append(f"{named}: {kind}")
    panels([""] * len(cells[0]), cells, place / "figure3.png", captions, _legend(study))
    caption = "Synthetic patches above the training patches most like them; labels in colour."
    text = (
        f"A patch is a copy if it is less than {COPY:g} times as far from the stack with the patch most like it as "
        "from any other stack, whatever its contrast, moved by a few pixels or mirrored as it may be; the distance is "
        f"that ratio, the median of {COMPARED} synthetic patches and of as many real ones compared with other stacks."
    )
    table = Table(pd.DataFrame(records), text)
    return Section("Figure 3: nearest training patches", [Figure(place / "figure3.png", caption), table])


def _compared(study: PatchStudy, fraction: Fraction, images: np.ndarray, subjects: int) -> tuple:
    """The training patches most like these images, and what they say of copies."""
    patches, cases = study.patches(fraction), study.training_cases(fraction)
    training = patches.in_order(256).map(lambda pixels, labels: pixels)
    if subjects < 2:
        found = nearest([images], training, np.arange(patches.count))
        return found, {"Copies": "one stack: no measure"}
    stacks = origins([cases[number % len(cases)].subject for number in range(patches.count)])
    found = nearest([images], training, stacks)
    record = {"Distance": float(np.median(found.distances)), "Copies": f"{100 * found.share:.1f} %"}
    if subjects < 3:
        return found, record
    some = np.linspace(0, patches.count - 1, min(COMPARED, patches.count)).astype(int)
    real = nearest([patches.take(some)[0]], training, stacks, stacks[some])
    unseen = {"Distance, real": float(np.median(real.distances)), "Copies, real": f"{100 * real.share:.1f} %"}
    return found, {**record, **unseen}


def predictions(study: PatchStudy, cells: Mapping[Cell, Sequence[PatchTask]], place: Path, count: int = 3) -> Section:
    """Test slices with the most labelled pixels of their subjects, by the first network on the least data."""
    first = next(iter(cells))
    least = min(cell.available for cell in cells if cell.network == first.network)
    alike = [cell for cell in cells if (cell.network, cell.rotation) == (first.network, first.rotation)]
    chosen = [cell for cell in alike if cell.available == least]
    measured = study.measures(cells[chosen[0]][0])
    sizes = measured.groupby(["subject", "case"]).pixels_true.sum()
    largest = sizes.groupby("subject").idxmax().map(lambda key: key[1])
    ids = set(largest.loc[sizes.groupby("subject").max().sort_values(ascending=False).index[:count]])
    cases = [case for case in study.cases(0, "test") if case.id in ids]
    found = {f"+{cell.added:g} %": study.predict(cells[cell][0], cases) for cell in chosen}
    rows = []
    for number, case in enumerate(cases):
        each = [predicted[number] for predicted in found.values()]
        labels = [each[0][1], *(prediction for _, _, prediction in each)]
        rows.append([to_display(study.display(case)), *(colour_labels(one, study.spec) for one in labels)])
    headers = ["Image", "Groundtruth", *found]
    panels(headers, rows, place / "predictions.png", [case.id for case in cases], class_patches(study.spec))
    caption = f"Test slices, and what {first.network} on {least} % of the data makes of them; synthetic patches added."
    return Section("Predictions", [Figure(place / "predictions.png", caption)])


def training(
    study: PatchStudy, fractions: Sequence[Fraction], cells: Mapping[Cell, Sequence[PatchTask]], place: Path
) -> Section:
    """How the trainings went, and how long they took."""
    parts: list = []
    gans = {fraction.name: pd.DataFrame(read_metrics(study.gan_path(fraction))) for fraction in fractions}
    if gans:
        curves(gans, ["wasserstein", "gradient_norm", "generator_loss"], place / "pggan_curves.png")
        parts.append(Figure(place / "pggan_curves.png", "Progressive GANs, by iteration."))
    for network in dict.fromkeys(cell.network for cell in cells):
        named = {
            f"{cell.available} % +{cell.added:g} %{', turned' if cell.rotation else ''}": mean_records(
                study.folder / task.name for task in tasks
            )
            for cell, tasks in cells.items()
            if cell.network == network
        }
        path = place / f"{network.lower()}_curves.png"
        curves(named, ["loss", "validation_loss", "validation_dice"], path)
        parts.append(Figure(path, f"{network}, by iteration, the mean over repeats."))
    return Section("Training", [*parts, Table(study.costs(), "Cost of every run of this folder.")])
