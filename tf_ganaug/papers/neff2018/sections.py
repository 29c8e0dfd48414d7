"""Sections that the reports of both experiments share: the search, samples, predictions, curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from tf_ganaug.augment.standard import Augmentation
from tf_ganaug.data.grids import pair_grid
from tf_ganaug.experiment.figures import ComparisonRow, curves
from tf_ganaug.experiment.learning import row_records
from tf_ganaug.experiment.report import Figure, Section, Table
from tf_ganaug.papers.neff2018.design import Design
from tf_ganaug.papers.neff2018.study import JointStudy
from tf_ganaug.papers.neff2018.tasks import SegmenterTask
from tf_ganaug.run import read_metrics

#: Headings of a search's columns, and what the numbers are in.
COLUMNS = {
    "shift": ("Intensity shift (stddev)", ""),
    "scale": ("Intensity scaling (stddev)", ""),
    "translation": ("Random translation (stddev)", " px"),
    "elastic": ("Elastic deformation (stddev)", " px"),
    "flip": ("Horizontal flipping", ""),
}


def search_table(study: JointStudy, design: Design) -> pd.DataFrame:
    """Table I or III: what varies, and validation scores in percent, ours beside the printed ones."""
    searched = [asdict(augmentation) for augmentation, _ in design.search]
    varied = [name for name in COLUMNS if any(augmentation[name] for augmentation in searched)]
    return pd.DataFrame(
        {
            **{COLUMNS[name][0]: _amount(augmentation[name], COLUMNS[name][1]) for name in varied},
            f"Validation {design.measure}": f"{100 * design.score(study, task):.2f} %",
            "Paper": f"{printed:.2f} %",
        }
        for augmentation, (_, printed), task in zip(searched, design.search, design.search_tasks(study.settings))
    )


def _amount(value: float | bool, unit: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}{unit}" if value else "-"


def search_section(study: JointStudy, design: Design, title: str, caption: str) -> Section:
    """Table I or III, what it would choose, and what the rows called Aug. have."""
    settings, best, standard = study.settings, design.best(study), design.standard(study)
    found = f"The best row here: {describe(best)}. "
    if settings.augmentation.searched:
        found += f"Aug. is the best row here that augments at all: {describe(standard)}."
    else:
        chosen = "as named in the settings, which take the paper's bold row unless changed"
        remedy = "--set augmentation.searched=true lets this table decide"
        found += f"Aug. is {describe(standard)}, {chosen}; {remedy}."
    return Section(title, [Table(search_table(study, design), caption), found])


def describe(augmentation: Augmentation) -> str:
    """What it does, in words."""
    return ", ".join(f"{name} {value:g}" for name, value in asdict(augmentation).items() if value) or "none"


def measures(study: JointStudy, tasks: Mapping[str, Sequence[SegmenterTask]], part: str = "test") -> pd.DataFrame:
    """Every measure of every case of a part, of every row, with the column `row`."""
    frames = [study.measures(task).assign(row=name) for name, group in tasks.items() for task in group]
    frame = pd.concat(frames, ignore_index=True)
    return frame[frame.part == part].reset_index(drop=True)


def samples_section(study: JointStudy, figures: Path, title: str) -> Section:
    """Generated pairs of the first fold beside real ones and the untrained generator's."""
    synthesizer = study.synthesizer(0)
    images, labels = synthesizer.draw(24, seed=study.settings.seed)
    path = figures / "samples.png"
    pair_grid(images, labels, study.spec, path, pairs_per_row=max(2, 6 * study.height // study.width))
    run = study.gan_path(0)
    return Section(
        title,
        [
            Figure(path, "Generated images (odd columns) and their label maps (even columns)."),
            Figure(run / "reals.png", "Real training pairs of the same fold."),
            Figure(run / "fakes_init.png", "The same generator before training."),
        ],
    )


def comparison_rows(
    study: JointStudy, compared: Mapping[str, Sequence[SegmenterTask]], frame: pd.DataFrame, captions: Mapping[str, str]
) -> list[ComparisonRow]:
    """Test cases, by name to caption, with the predictions of the first network of each row, which is loaded once."""
    fold_of = frame.groupby("case").fold.min()
    truths, found = {}, {name: {} for name in captions}
    for fold in sorted(set(fold_of[list(captions)])):
        cases = [case for case in study.cases(fold, "test") if case.id in captions and fold_of[case.id] == fold]
        for row, tasks in compared.items():
            task = next(task for task in tasks if task.fold == fold)
            for case, truth, labels in study.predict(task, cases):
                truths[case.id], found[case.id][row] = truth, labels
    shown = {case.id: study.display(case) for case in study.dataset.cases if case.id in captions}
    return [ComparisonRow(shown[name], truths[name], found[name], caption) for name, caption in captions.items()]


def curves_section(study: JointStudy, tasks: Sequence[SegmenterTask], figures: Path) -> Section:
    """How the trainings went, and how long they took."""
    gans = {path.name: pd.DataFrame(read_metrics(path)) for path in sorted(study.folder.glob("gan-fold*"))}
    units = row_records(study.folder / task.name for task in tasks if study.finished(task.name))
    parts: list = []
    if gans:
        columns = ["wasserstein", "gradient_norm", "penalty", "scores_real", "scores_fake", "generator_loss"]
        curves(gans, columns, figures / "gan_curves.png")
        parts.append(Figure(figures / "gan_curves.png", "WGAN-GP, by generator iteration."))
    if units:
        curves(units, ["loss", "validation_loss", "validation_dice"], figures / "unet_curves.png")
        parts.append(Figure(figures / "unet_curves.png", "U-Nets, by iteration, the mean over repeats."))
    return Section("Training", [*parts, Table(study.costs(), "Cost of every training of this folder.")])
