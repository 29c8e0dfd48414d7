"""What both experiments of Neff et al. 2018 share: settings, rows, data splits, samples, predictions, curves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from tf_ganaug.augment.standard import Augmentation
from tf_ganaug.data.cases import Dataset
from tf_ganaug.data.grids import pair_grid
from tf_ganaug.experiment.figures import ComparisonRow, curves
from tf_ganaug.experiment.report import Figure, Section, Table
from tf_ganaug.models.sizes import require_multiple, require_power_of_two
from tf_ganaug.papers.neff2018.settings import Settings
from tf_ganaug.papers.neff2018.study import JointStudy
from tf_ganaug.papers.neff2018.tasks import SegmenterTask
from tf_ganaug.run import read_metrics


@dataclass(frozen=True)
class Row:
    """A row of Table II or IV.

    Attributes:
        name: as printed.
        real: share of real pairs in a minibatch.
        augmented: whether standard augmentation is applied.
        printed: the paper's numbers.
    """

    name: str
    real: float
    augmented: bool
    printed: tuple[float, ...]


def check(settings: Settings) -> None:
    """The sizes, before anything is read or trained.

    Raises:
        InputError: for a size that a network cannot have.
    """
    require_power_of_two(*settings.data.size, smallest=8)
    require_multiple(*settings.data.size, factor=1 << (settings.segmenter.levels - 1))


def study(folder: Path, dataset: Dataset, settings: Settings) -> JointStudy:
    """The experiment's folder."""
    return JointStudy(folder, dataset, settings)


def search_tasks(settings: Settings, augmentations: Sequence[Augmentation]) -> list[SegmenterTask]:
    """One network for each augmentation, on the first fold, real pairs only."""
    batch = settings.segmenter.batch
    return [SegmenterTask(0, batch, 0, augmentation) for augmentation in augmentations]


def row_tasks(settings: Settings, rows: Sequence[Row], standard: Augmentation) -> dict[str, list[SegmenterTask]]:
    """Row name to its networks, one per fold and repeat."""
    batch = settings.segmenter.batch

    def tasks(row: Row) -> list[SegmenterTask]:
        real = round(batch * row.real)
        kind = standard if row.augmented else Augmentation()
        return [
            SegmenterTask(fold, real, batch - real, kind, repeat)
            for fold in range(settings.folds_used)
            for repeat in range(settings.repeats)
        ]

    return {row.name: tasks(row) for row in rows}


def all_tasks(rows: Mapping[str, Sequence[SegmenterTask]]) -> list[SegmenterTask]:
    """The networks of all rows."""
    return [task for tasks in rows.values() for task in tasks]


def searching(settings: Settings, parts: Sequence[str], table: str) -> bool:
    """Whether the search is made: where its table is asked for, or decides."""
    return table in parts or settings.augmentation.searched


def standard_augmentation(
    settings: Settings, tasks: Sequence[SegmenterTask], score: Callable[[SegmenterTask], float]
) -> Augmentation:
    """What the rows called Aug. have: the settings', or of a search that decides the best that is not none.

    Args:
        settings: of the experiment.
        tasks: of the search, finished if it decides.
        score: of a finished task, higher is better.
    """
    if not settings.augmentation.searched:
        return settings.augmentation.named
    return best_augmentation([task for task in tasks if task.augmentation != Augmentation()], score)


def best_augmentation(tasks: Sequence[SegmenterTask], score: Callable[[SegmenterTask], float]) -> Augmentation:
    """That of the task with the highest score."""
    return max(tasks, key=score).augmentation


def outcome(best: Augmentation, standard: Augmentation, settings: Settings) -> str:
    """What a search found, and what the rows called Aug. have."""
    found = f"The best row here: {describe(best)}. "
    if settings.augmentation.searched:
        return found + f"Aug. is the best row here that augments at all: {describe(standard)}."
    chosen = "as named in the settings, which take the paper's bold row unless changed"
    return found + f"Aug. is {describe(standard)}, {chosen}; --set augmentation.searched=true lets this table decide."


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
    finished = [task for task in tasks if study.finished(task.name)]
    units = {task.name: pd.DataFrame(read_metrics(study.folder / task.name)) for task in finished}
    parts: list = []
    if gans:
        columns = ["wasserstein", "gradient_norm", "penalty", "scores_real", "scores_fake", "generator_loss"]
        curves(gans, columns, figures / "gan_curves.png")
        parts.append(Figure(figures / "gan_curves.png", "WGAN-GP, by generator iteration."))
    if units:
        curves(units, ["loss", "validation_loss", "validation_dice"], figures / "unet_curves.png")
        parts.append(Figure(figures / "unet_curves.png", "U-Nets, by iteration."))
    return Section("Training", [*parts, Table(study.costs(), "Cost of every training of this folder.")])
