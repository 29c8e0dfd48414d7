"""Figures 5 to 7 of Karki et al. 2020, the candidates' images, and the trainings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tf_ganaug.data.grids import colour_labels, pair_grid, to_display
from tf_ganaug.experiment.figures import bars, class_legend, class_patches, curves, panels
from tf_ganaug.experiment.learning import row_records
from tf_ganaug.experiment.report import Figure, Section, Table
from tf_ganaug.papers.karki2020.study import LesionStudy
from tf_ganaug.papers.karki2020.tasks import LesionTask
from tf_ganaug.run import read_metrics

#: Slices in Figure 5.
SHOWN = 8


def augmented(study: LesionStudy, place: Path) -> Section:
    """Figure 5: slices of the smallest share and their traditionally augmented copies."""
    subset = study.subset(study.settings.shares[0])
    copies = study.copies(subset)
    chosen = np.linspace(0, len(subset.rows) - 1, min(SHOWN, len(subset.rows))).astype(int)
    real, labels = (array[subset.rows[chosen]] for array in (study.sized.images, study.sized.labels))
    # Original and copy side by side.
    images = np.stack([real, copies.images[chosen]], 1).reshape(-1, *real.shape[1:])
    maps = np.stack([labels, copies.labels[chosen]], 1).reshape(-1, *labels.shape[1:])
    path = place / "figure5.png"
    pair_grid(subset.provenance.from_stored(images), maps, study.spec, path, pairs_per_row=4)
    class_legend(study.spec, place / "legend.png")
    return Section(
        "Figure 5: traditional augmentation",
        [
            Figure(place / "legend.png", "Colours of the classes."),
            Figure(path, "Training slices with their labels, each followed by its augmented copy."),
        ],
    )


def painted(study: LesionStudy, place: Path) -> Section:
    """Figure 6: for each class a slice that no pix2pix or FCN-8s has learnt from, and every candidate's image of it."""
    rows, names = _richest(study)
    labels = study.sized.labels[rows]
    target, _ = study.subset(1.0).pairs(rows).take(np.arange(len(rows)))
    figures = []
    for share in study.settings.shares:
        painter = study.painters[share]
        chosen = set(painter.table[painter.table.chosen].candidate)
        made = {e: painter.paint(painter.candidate(e), labels) for e in study.settings.painter.epochs}
        headers = [f"{epochs} epochs{', chosen' if epochs in chosen else ''}" for epochs in made]
        cells = [
            [
                colour_labels(labels[n], study.spec),
                *(to_display(images[n]) for images in made.values()),
                to_display(target[n].numpy()),
            ]
            for n in range(len(rows))
        ]
        path = place / f"figure6_{share:g}.png"
        panels(["Mask", *headers, "Target"], cells, path, names, class_patches(study.spec))
        figures.append(
            Figure(
                path,
                f"pix2pix of {100 * share:.3g} % of the patients, on masks of validation patients: of each class the "
                "slice with most of it. How the paper chose its examples it does not say.",
            )
        )
    return Section("Figure 6: masks, generated images and targets", figures)


def _richest(study: LesionStudy) -> tuple[np.ndarray, list[str]]:
    """For each class the validation slice with most of it, and the class's name."""
    rows = study.sized.rows(study.cases(0, "validation"))
    counts = np.stack([np.bincount(study.sized.labels[row].ravel(), minlength=256) for row in rows])
    found = {study.spec.names[number]: counts[:, number] for number in study.spec.measured}
    kept = {name: rows[pixels.argmax()] for name, pixels in found.items() if pixels.any()}
    return np.array(list(kept.values())), list(kept)


def improvements(study: LesionStudy, gained: pd.DataFrame, place: Path) -> Section:
    """Figure 7: what both augmentations together add, by share."""
    bars(100 * gained, "points added by both", place / "figure7.png")
    caption = (
        "Table 1's Dice and Table 2's precision and recall, times 100: both augmentations less the original slices."
    )
    return Section("Figure 7: improvement by share", [Figure(place / "figure7.png", caption)])


def training(study: LesionStudy, shares: Sequence[float], tasks: Sequence[LesionTask], place: Path) -> Section:
    """How the trainings went, and how long they took."""
    parts: list = []
    gans = {f"pix2pix-{share:g}": pd.DataFrame(read_metrics(study.folder / f"pix2pix-{share:g}")) for share in shares}
    gans = {name: frame for name, frame in gans.items() if len(frame)}
    if gans:
        columns = ["discriminator_loss", "generator_gan_loss", "generator_l1_loss"]
        curves(gans, columns, place / "pix2pix_curves.png")
        parts.append(Figure(place / "pix2pix_curves.png", "pix2pix, by iteration."))
    units = row_records(study.folder / task.name for task in tasks)
    if units:
        curves(units, ["loss", "validation_loss", "validation_dice"], place / "fcn8s_curves.png")
        parts.append(Figure(place / "fcn8s_curves.png", "FCN-8s, by iteration, the mean over repeats."))
    return Section("Training", [*parts, Table(study.costs(), "Cost of every run of this folder.")])
