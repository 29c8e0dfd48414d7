"""Figures 2 to 8 of Liu et al. 2019."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from tf_ganaug.data.grids import colour_labels, to_display
from tf_ganaug.experiment.figures import bars, class_legend, class_patches, curves, panels
from tf_ganaug.experiment.learning import mean_records
from tf_ganaug.experiment.report import Figure, Section, Table
from tf_ganaug.experiment.statistics import pooled
from tf_ganaug.papers.liu2019.study import RecombinationStudy
from tf_ganaug.papers.liu2019.tables import Row
from tf_ganaug.papers.liu2019.tasks import StreetTask
from tf_ganaug.run import read_metrics

#: Examples in a figure of supplementary pairs.
SHOWN = 4


def distribution(study: RecombinationStudy, place: Path) -> Section:
    """Figure 3: how often the classes occur, and how well the baseline segments them."""
    frame = study.rarity
    shown = pd.DataFrame(
        {
            "images that have the class (%)": 100 * frame.images,
            "pixels (%)": 100 * frame.pixels,
            "validation IoU of the baseline (%)": 100 * frame.iou,
        }
    )
    bars(shown, "%", place / "figure3.png")
    everywhere = pd.Series(study.counted("train", "validation", "test").appearance, study.spec.names)
    shown.insert(1, "with the test images (%)", 100 * everywhere[frame.index])
    table = shown.round(2).rename_axis("Class").reset_index().assign(**{"Rare by": frame.rare.to_numpy()})
    raised = {name: ", ".join(study.raised(name)) for name in ("single", "several")}
    chosen = [
        f"{'Named in the settings' if getattr(study.settings.maps, name) else 'Chosen by this table'}: {classes} "
        f"({'overlaid alone' if name == 'single' else 'overlaid together'})."
        for name, classes in raised.items()
    ]
    caption = (
        "Classes by the share of training and validation images that have them, the paper's appearance frequency; of "
        "Cityscapes its validation images are the test images here, which choose nothing: the table has them beside. "
        "The paper's accuracy is the mean of the benchmark's first five entries, not in its text; ours the baseline's "
        "on the validation images, nan for a class that none of them has."
    )
    legend = Figure(place / "legend.png", "Colours of the classes.")
    class_legend(study.spec, place / "legend.png")
    parts = [legend, Figure(place / "figure3.png", caption), Table(table, "The same numbers."), *chosen]
    return Section("Figure 3: label distribution and accuracy", parts)


def supplements(study: RecombinationStudy, tasks: Sequence[StreetTask], place: Path) -> list[Section]:
    """Figures 2, 4, 6 and 8: supplementary pairs and what they were made from, and how much they raise."""
    sections, counted = [], {"training images": study.supplements.maps.appearance}
    for task in tasks:
        make = {"style": _styled, "reconstruction": _reconstructed}.get(task.method, _overlaid)
        sections += make(study, task, place)
        counted[f"{task.method}{task.draw + 1 if task.draw else ''}"] = np.array(
            study.supplements.run(study.supplement(task)).result()["appearance"]
        )
    if len(counted) > 1:
        frame = 100 * pd.DataFrame(counted, study.spec.names).rename_axis("Class")
        table = Table(frame.round(1).reset_index(), "Share of the label maps that have each class, percent.")
        sections.append(Section("What the supplementary sets raise", [table]))
    return sections


def _pair(study: RecombinationStudy, images: np.ndarray, labels: np.ndarray, number: int) -> list[np.ndarray]:
    image = to_display(study.subset.provenance.from_stored(images[number]))
    return [colour_labels(labels[number], study.spec), image]


def _originals(study: RecombinationStudy, ids: Sequence[str]) -> list[list[np.ndarray]]:
    """Label map and image of some training cases, at the networks' size."""
    sized, position = study.sized, {case.id: number for number, case in enumerate(study.sized.cases)}
    return [_pair(study, sized.images, sized.labels, position[one]) for one in ids]


def _overlaid(study: RecombinationStudy, task: StreetTask, place: Path) -> list[Section]:
    supplement = study.supplement(task)
    sources, part = study.supplements.provenance(supplement)[:SHOWN], study.supplements.part(supplement)
    cells, captions = [], []
    for number, (source, before) in enumerate(zip(sources, _originals(study, [one["base"] for one in sources]))):
        cells.append([before[1], before[0], *_pair(study, part.images, part.labels, number)])
        captions.append("; ".join(f"{layer['class']} of {layer['source']}" for layer in source["layers"]))
    path = place / f"figure4_{task.method}.png"
    headers = ["Original", "Its label map", "New label map", "Generated image"]
    panels(headers, cells, path, captions, class_patches(study.spec))
    names, maps = study.raised(task.method), study.supplements.maps
    lacking = {name: int((maps.pixels[:, maps.spec.names.index(name)] == 0).sum()) for name in names}
    added = maps.added(study.supplements.recipes(supplement))
    told = ", ".join(f"{count} lack {name}" for name, count in lacking.items())
    pasted = ", ".join(f"{name} on {added[maps.spec.names.index(name)]}" for name in names)
    text = f"Of {len(maps.labels)} training maps {told}. Of the {supplement.count} new maps, pasted: {pasted}."
    pasted_on = "A class pasted on maps that lack it" if len(names) == 1 else "One layer of each class on every map"
    caption = f"{pasted_on}; below each row where they are from."
    return [Section(f"Figure 4: {', '.join(names)} overlaid", [Figure(path, caption), text])]


def _reconstructed(study: RecombinationStudy, task: StreetTask, place: Path) -> list[Section]:
    supplement, maps = study.supplement(task), study.supplements.maps
    part, recipes = study.supplements.part(supplement), study.supplements.recipes(supplement)[:SHOWN]
    ids, cells = [case.id for case in study.cases(0, "train")], []
    originals = _originals(study, [ids[recipe.base[-1].source] for recipe in recipes])
    for number, (recipe, (label, image)) in enumerate(zip(recipes, originals)):
        base = colour_labels(maps.compose(replace(recipe, layers=())), study.spec)
        cells.append([image, label, base, *_pair(study, part.images, part.labels, number)])
    suffix = f"_{task.draw + 1}" if task.draw else ""
    path = place / f"figure6{suffix}.png"
    lowest = maps.spec.names[recipes[0].base[-1].class_index]
    headers = [f"Original with the {lowest}", "Its label map", "Basic label map", "Reconstructed", "Generated image"]
    panels(headers, cells, path, legend=class_patches(study.spec))
    first = recipes[0].provenance(ids, study.spec.names)
    said = ", ".join(f"{layer['class']} of {layer['source']}" for layer in [*first["base"], *first["layers"]])
    caption = f"All layers of a map are from different maps. The first row, in the order of pasting: {said}."
    set_name = f", set {task.draw + 1}" if task.draw else ""
    return [Section(f"Figures 2 and 6: reconstruction{set_name}", [Figure(path, caption)])]


def _styled(study: RecombinationStudy, task: StreetTask, place: Path) -> list[Section]:
    supplement = study.supplement(task)
    sources, part = study.supplements.provenance(supplement)[:SHOWN], study.supplements.part(supplement)
    contents, styles = (_originals(study, [one[kind] for one in sources]) for kind in ("content", "style"))
    cells = [
        [content[1], style[1], _pair(study, part.images, part.labels, number)[1]]
        for number, (content, style) in enumerate(zip(contents, styles))
    ]
    path = place / "figure8.png"
    panels(["Original", "Style", "Transferred"], cells, path)
    kind = "Style transfer" if study.settings.style.vgg19 else "Transfer of colour and texture statistics"
    return [Section(f"Figure 8: {kind.lower()}", [Figure(path, f"{kind}; the label map stays.")])]


def per_class(test: pd.DataFrame, place: Path) -> Section:
    """Figure 5: IoU of each class, the baseline and the methods."""
    ious = pd.DataFrame({name: 100 * pooled(rows, "iou") for name, rows in test.groupby("row", sort=False)})
    bars(ious, "IoU (%)", place / "figure5.png")
    table = Table(ious.round(2).rename_axis("Class").reset_index(), "The same numbers, percent.")
    return Section("Figure 5: classes", [Figure(place / "figure5.png", "IoU of each class over the test set."), table])


def ratio(study: RecombinationStudy, shares: Mapping[float, StreetTask], place: Path) -> Section:
    """Figure 7: mIoU by the share of supplementary images."""
    records = []
    for share, task in shares.items():
        frame = study.measures(task)
        ious = pooled(frame[frame.part == "test"], "iou")
        records.append({"share": 100 * share, "mean_iou": float(ious.mean()), "tasks": task})
    found = pd.DataFrame(records)
    axis = "supplementary share (%)"
    curves({"reconstruction": found.rename(columns={"share": axis})}, ["mean_iou"], place / "figure7.png", axis)
    table = pd.DataFrame(
        {
            "Supplementary": [f"{share:.0f} %" for share in found.share],
            "mIoU": [f"{100 * value:.2f} %" for value in found.mean_iou],
            "Images": [study.supplement(task).count if task.share else 0 for task in found.tasks],
            "Iterations": [" + ".join(map(str, study.iterations(task))) for task in found.tasks],
        }
    )
    caption = "One network per share. The paper's best is between 30 % and 70 %; its values are not in the text."
    parts = [Figure(place / "figure7.png", caption), Table(table, "The same numbers.")]
    return Section("Figure 7: share of supplementary images", parts)


def predictions(
    study: RecombinationStudy, tasks: Mapping[str, StreetTask], test: pd.DataFrame, place: Path, count: int = 3
) -> Section:
    """Test images with the most classes, and what each network makes of them."""
    richness = test[(test.row == test.row.iloc[0]) & (test.repeat == 0) & (test.pixels_true > 0)].groupby("case").size()
    chosen = richness.sort_values(ascending=False, kind="stable").index[:count]
    cases = [case for case in study.cases(0, "test") if case.id in set(chosen)]
    found = {name: study.predict(task, cases) for name, task in tasks.items()}
    cells = []
    for number, case in enumerate(cases):
        each = [predicted[number] for predicted in found.values()]
        labels = [each[0][1], *(prediction for _, _, prediction in each)]
        cells.append([to_display(study.display(case)), *(colour_labels(one, study.spec) for one in labels)])
    headers = ["Image", "Groundtruth", *(name.replace(", ", ",\n") for name in found)]
    panels(headers, cells, place / "predictions.png", [case.id for case in cases], class_patches(study.spec))
    caption = "Test images with the most classes, at native size."
    return Section("Predictions", [Figure(place / "predictions.png", caption)])


def training(study: RecombinationStudy, table: Sequence[Row], place: Path) -> Section:
    """How the trainings went, and how long they took."""
    parts: list = []
    painters = {path.name: pd.DataFrame(read_metrics(path)) for path in sorted(study.folder.glob("pix2pixhd-*"))}
    painters = {name: frame for name, frame in painters.items() if len(frame)}
    if painters:
        terms = ("gan_loss", "feature_loss", "perceptual_loss")
        columns = [*(f"generator_{term}" for term in terms), "discriminator_fake_loss", "discriminator_real_loss"]
        curves(painters, columns, place / "pix2pixhd_curves.png")
        parts.append(Figure(place / "pix2pixhd_curves.png", "pix2pixHD, by iteration."))
    nets = {row.name: mean_records(study.folder / task.name for task in row.tasks) for row in table}
    nets = {name: frame for name, frame in nets.items() if len(frame)}
    if nets:
        curves(nets, ["loss", "validation_loss", "validation_dice"], place / "pspnet_curves.png")
        caption = "PSPNets on the originals, by iteration, the mean over repeats."
        parts.append(Figure(place / "pspnet_curves.png", caption))
    return Section("Training", [*parts, Table(study.costs(), "Cost of every run of this folder.")])
