"""Figures 1 to 10 of Foroozandeh and Eklund 2020."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tf_ganaug.data.grids import colour_labels, label_grid, pair_grid, to_display
from tf_ganaug.experiment.figures import class_legend, class_patches, curves, panels
from tf_ganaug.experiment.learning import row_records
from tf_ganaug.experiment.report import Figure, Section, Table
from tf_ganaug.papers.foroozandeh2020.study import ChainStudy
from tf_ganaug.papers.foroozandeh2020.tasks import SliceTask
from tf_ganaug.random import named_seed
from tf_ganaug.run import read_metrics

#: Slices in a figure of the paper, label maps in Figures 2 and 3, and test slices in Figure 7 and in 8 to 10.
SHOWN, MAPS, REPAINTED, PREDICTED = 24, 48, 18, 10


def slices(study: ChainStudy, place: Path) -> Section:
    """Figure 1: real slices of the training set."""
    data = study.makers["full"].data
    filled = study.makers["full"].filled
    chosen = np.random.default_rng(study.settings.seed).permutation(filled)[:SHOWN]
    images, labels = data.pairs(np.sort(chosen)).take(np.arange(len(chosen)))
    pair_grid(images.numpy(), labels.numpy(), study.spec, place / "figure1.png", pairs_per_row=6)
    class_legend(study.spec, place / "legend.png")
    return Section(
        "Figure 1: real slices",
        [
            Figure(place / "legend.png", "Colours of the classes."),
            Figure(place / "figure1.png", "Random training slices that are not empty, with their label maps."),
        ],
    )


def maps(study: ChainStudy, chains: Sequence[str], place: Path) -> list[Section]:
    """Figures 2 to 4: generated maps of each chain, and those the screen removed."""
    made, removed = [], []
    for chain in chains:
        found = study.makers[chain].maps()
        path = place / f"figure{2 if chain == 'full' else 3}.png"
        label_grid(found.labels[:MAPS], study.spec, path)
        made.append(Figure(path, f"The first {min(MAPS, len(found.labels))} maps of the {chain} chain, not screened."))
        out = found.screen.removed[:SHOWN]
        if len(out) == 0:
            removed.append(f"The screen removed none of the {len(found.labels):,} maps of the {chain} chain.")
            continue
        path = place / f"figure4_{chain}.png"
        label_grid(found.labels[out], study.spec, path)
        count = len(found.screen.removed)
        caption = (
            f"{len(out)} of the {count:,} maps ({100 * found.screen.synthetic_share:.2f} %) removed, {chain} chain."
        )
        removed.append(Figure(path, caption))
    return [Section("Figures 2 and 3: generated label maps", made), Section("Figure 4: removed label maps", removed)]


def pairs(study: ChainStudy, chains: Sequence[str], place: Path) -> list[Section]:
    """Figures 5 to 7: painted maps that were kept, and test maps painted beside their true images."""
    figures = []
    for chain in chains:
        images, labels = study.painters[chain].images(study.painted(chain))
        shown = study.makers[chain].data.provenance.from_stored(images[:SHOWN])
        path = place / f"figure{5 if chain == 'full' else 6}.png"
        pair_grid(shown, labels[:SHOWN], study.spec, path, pairs_per_row=6)
        figures.append(Figure(path, f"The first kept maps of the {chain} chain and the images painted from them."))
    return [Section("Figures 5 and 6: synthetic pairs", figures), _repainted(study, chains, place)]


def _repainted(study: ChainStudy, chains: Sequence[str], place: Path) -> Section:
    rows, labels = drawn_rows(study, REPAINTED)
    true, _ = study.makers[chains[0]].data.pairs(rows).take(np.arange(len(rows)))
    painted = [study.painters[chain].paint(labels) for chain in chains]
    cells = [
        [
            colour_labels(labels[n], study.spec),
            *(to_display(image[n]) for image in painted),
            to_display(true[n].numpy()),
        ]
        for n in range(len(rows))
    ]
    headers = ["Label map", *(f"SPADE, {chain}" for chain in chains), "True image"]
    panels(headers, cells, place / "figure7.png", legend=class_patches(study.spec))
    seen = (
        "which no chain has seen, though it has other slices of the same persons"
        if study.settings.split == "slices"
        else "of persons that no chain has seen"
    )
    caption = f"Test slices drawn at random, {seen}."
    return Section("Figure 7: real label maps, painted", [Figure(place / "figure7.png", caption)])


def drawn_rows(study: ChainStudy, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Random test slices that show something, of different persons as far as there are; nothing is chosen (4).

    Returns:
        Rows of `study.sized`, at most `count`, and their label maps.
    """
    cases = study.cases(0, "test")
    rows = study.sized.rows(cases)
    filled = [n for n, row in enumerate(rows) if study.sized.labels[row].any()]
    seed = named_seed(study.settings.seed, "shown")
    order = np.random.default_rng(seed).permutation(filled or len(rows)).tolist()
    first = set({cases[n].subject: n for n in reversed(order)}.values())
    chosen = np.array([*(n for n in order if n in first), *(n for n in order if n not in first)][:count])
    return rows[chosen], study.sized.labels[rows[chosen]]


def predictions(study: ChainStudy, view: str, networks: Mapping[str, SliceTask], place: Path) -> Section:
    """Figures 8 to 10: predictions of one view, the networks in the table's order."""
    rows, _ = drawn_rows(study, PREDICTED)
    cases = [study.sized.cases[row] for row in rows]
    spec = study.views[view]
    found = {name: study.predict(task, cases) for name, task in networks.items()}
    cells = []
    for number, case in enumerate(cases):
        each = [predicted[number] for predicted in found.values()]
        image = to_display(study.display(case))
        cells.append([image, *(colour_labels(labels, spec) for labels in (each[0][1], *(p for _, _, p in each)))])
    headers = ["Image", "Groundtruth", *(name.replace(": ", "\n").replace(", ", "\n") for name in networks)]
    path = place / f"predictions_{view}.png"
    panels(headers, cells, path, [case.id for case in cases], class_patches(spec))
    number = {"7": "Figure 8: ", "4": "Figure 9: ", "2": "Figure 10: "}.get(view, "")
    caption = "Test slices drawn at random, of different persons first; the paper's numbers name the columns."
    return Section(f"{number}predictions, {view} classes", [Figure(path, caption)])


def training(
    study: ChainStudy, chains: Sequence[str], needed: Mapping[str, Mapping[object, Sequence[SliceTask]]], place: Path
) -> Section:
    """How the trainings went, and how long they took."""
    parts: list = []
    for kind, columns, what in (
        ("pggan", ["wasserstein", "gradient_norm", "penalty", "generator_loss", "lod", _swd(study)], "Progressive GAN"),
        ("spade", ["generator_gan_loss", "generator_feature_loss", "discriminator_real_loss"], "SPADE"),
    ):
        runs = {f"{kind}-{chain}": pd.DataFrame(read_metrics(study.folder / f"{kind}-{chain}")) for chain in chains}
        runs = {name: frame for name, frame in runs.items() if len(frame)}
        if runs:
            curves(runs, columns, place / f"{kind}_curves.png")
            parts.append(Figure(place / f"{kind}_curves.png", f"{what}, by iteration."))
    names = [task.name for by_row in needed.values() for group in by_row.values() for task in group]
    units = row_records(study.folder / name for name in names if study.finished(name))
    if units:
        curves(units, ["loss", "validation_loss", "validation_dice"], place / "unet_curves.png")
        parts.append(Figure(place / "unet_curves.png", "U-Nets, by iteration, the mean over repeats."))
    return Section("Training", [*parts, Table(study.costs(), "Cost of every run of this folder.")])


def _swd(study: ChainStudy) -> str:
    images = study.settings.pggan.swd_images
    return f"swd{images >> 10}k" if images % 1024 == 0 else f"swd{images}"
