"""Neff et al. 2018, lung experiment: Tables I and II, Figures 2 and 3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from tf_ganaug.augment.standard import Augmentation
from tf_ganaug.experiment.config import AugmentationSettings, DataSettings, GanSettings, SegmenterSettings
from tf_ganaug.experiment.figures import ComparisonRow, comparison, curves, pair_grid
from tf_ganaug.experiment.figures import per_case as plot_cases
from tf_ganaug.experiment.report import Figure, Section, Table
from tf_ganaug.experiment.run import read_metrics
from tf_ganaug.experiment.statistics import paired_difference, per_case
from tf_ganaug.experiment.study import SegmenterTask, Study
from tf_ganaug.files import make_folder

#: What can be asked for with --only.
PARTS = ("table1", "table2", "figure2", "figure3")

#: Made unless --only says otherwise; Table I costs nine more trainings.
DEFAULT_PARTS = {"paper": PARTS, "quick": PARTS[1:], "smoke": PARTS[1:]}

#: Table I: shift, scale, translation, elastic, and the printed validation Dice in percent.
TABLE_1 = (
    (0.0, 0.0, 0, 0, 96.98),
    (0.0, 0.0, 0, 10, 97.06),
    (0.0, 0.0, 10, 10, 96.85),
    (0.0, 0.05, 0, 10, 97.03),
    (0.0, 0.05, 10, 10, 96.77),
    (0.05, 0.0, 0, 10, 96.40),
    (0.05, 0.0, 10, 10, 96.91),
    (0.05, 0.05, 0, 10, 96.63),
    (0.05, 0.05, 10, 10, 97.12),
)


@dataclass(frozen=True)
class Row:
    """A row of Table II.

    Attributes:
        name: as printed.
        real: share of real pairs in a minibatch.
        augmented: whether standard augmentation is applied.
        dice: printed mean and standard deviation, percent.
        hausdorff: printed mean and standard deviation, mm.
    """

    name: str
    real: float
    augmented: bool
    dice: tuple[float, float]
    hausdorff: tuple[float, float]


TABLE_2 = (
    Row("16-0-Aug", 1.0, True, (97.65, 1.65), (1.2057, 0.3131)),
    Row("16-0-NoAug", 1.0, False, (97.42, 1.66), (1.2626, 0.3440)),
    Row("8-8-Aug", 0.5, True, (97.65, 2.28), (1.1722, 0.3313)),
    Row("8-8-NoAug", 0.5, False, (97.68, 1.47), (1.2106, 0.3154)),
    Row("0-16-Aug", 0.0, True, (96.55, 1.63), (1.2651, 0.3067)),
    Row("0-16-NoAug", 0.0, False, (96.32, 2.02), (1.3273, 0.3434)),
)

BASELINE, MIXED, STANDARD = "16-0-NoAug", "8-8-NoAug", "16-0-Aug"

#: Table II, the earlier work it is compared with (its reference 10): pairs, mean and deviation of Dice.
EARLIER = (("16 real", 96.08, 1.01), ("8 real, 8 generated", 95.37, 1.21), ("16 generated", 91.72, 2.83))


@dataclass
class Settings:
    """Everything that defines the experiment; the values stand in configs/neff2018*.yaml."""

    seed: int
    repeats: int
    folds: int
    folds_used: int
    precision: str
    deterministic: bool
    jit_compile: bool
    data: DataSettings
    gan: GanSettings
    segmenter: SegmenterSettings
    augmentation: AugmentationSettings


def table1_tasks(settings: Settings) -> list[SegmenterTask]:
    """Nine augmentations on the first fold, real pairs only (V.A.2)."""
    batch = settings.segmenter.batch
    return [SegmenterTask(0, batch, 0, Augmentation(*map(float, row[:4]))) for row in TABLE_1]


def table2_tasks(settings: Settings, standard: Augmentation) -> dict[str, list[SegmenterTask]]:
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

    return {row.name: tasks(row) for row in TABLE_2}


def configured_augmentation(settings: Settings) -> Augmentation:
    """The standard augmentation of the settings, the paper's best row unless changed."""
    return Augmentation(**asdict(settings.augmentation))


def best_augmentation(study: Study, tasks: Sequence[SegmenterTask]) -> Augmentation:
    """The one of Table I with the highest validation Dice."""
    return max(tasks, key=lambda task: validation_dice(study, task)).augmentation


def validation_dice(study: Study, task: SegmenterTask) -> float:
    """Mean Dice of a finished task over its validation cases, native size, in [0, 1]."""
    frame = study.measures(task)
    return float(per_case(frame[frame.part == "validation"], "dice").mean())


def table1(study: Study, tasks: Sequence[SegmenterTask]) -> pd.DataFrame:
    """Table I: ours beside the printed values, percent."""

    def text(value: float, unit: str = "") -> str:
        return f"{value:g}{unit}" if value else "-"

    return pd.DataFrame(
        {
            "Intensity shift (stddev)": text(shift),
            "Intensity scaling (stddev)": text(scale),
            "Random translation (stddev)": text(translation, " px"),
            "Elastic deformation (stddev)": text(elastic, " px"),
            "Validation Dice": f"{100 * validation_dice(study, task):.2f} %",
            "Paper": f"{printed:.2f} %",
        }
        for (shift, scale, translation, elastic, printed), task in zip(TABLE_1, tasks)
    )


def test_measures(study: Study, tasks: dict[str, list[SegmenterTask]]) -> pd.DataFrame:
    """Every measure of every test case of every row, with the column `row`."""
    frames = [
        study.measures(task).query("part == 'test'").assign(row=name) for name, group in tasks.items() for task in group
    ]
    return pd.concat(frames, ignore_index=True)


def table2(frame: pd.DataFrame) -> pd.DataFrame:
    """Table II's Dice: ours beside the printed values; mean and standard deviation over all test cases."""
    records = []
    for row in TABLE_2:
        mine = frame[frame.row == row.name]
        records.append(
            {
                "Network": row.name,
                "Dice": _summary(mine, "dice", 100, 2, " %"),
                "Paper: Dice": f"{row.dice[0]:.2f} ± {row.dice[1]:.2f} %",
                f"Dice over {BASELINE} [95 %]": _difference(frame, row.name),
            }
        )
    for pairs, mean, deviation in EARLIER:
        records.append({"Network": f"Neff et al. [10], {pairs}", "Paper: Dice": f"{mean:.2f} ± {deviation:.2f} %"})
    return pd.DataFrame(records).fillna("")


def table2_distances(frame: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Table II's distances: three of ours beside the printed Hausdorff distance."""
    rows = {row: frame[frame.row == row.name] for row in TABLE_2}
    return pd.DataFrame(
        {
            "Network": row.name,
            "Average surface distance": _summary(mine, "surface_distance", 1, 3, f" {unit}"),
            "Hausdorff, 95th percentile": _summary(mine, "hausdorff95", 1, 2, f" {unit}"),
            "Hausdorff, maximum": _summary(mine, "hausdorff", 1, 2, f" {unit}"),
            "Paper: Hausdorff": f"{row.hausdorff[0]:.4f} ± {row.hausdorff[1]:.4f} mm",
        }
        for row, mine in rows.items()
    )


def _summary(frame: pd.DataFrame, measure: str, factor: float, digits: int, unit: str) -> str:
    values = factor * per_case(frame, measure)
    return f"{values.mean():.{digits}f} ± {values.std():.{digits}f}{unit}"


def _difference(frame: pd.DataFrame, name: str) -> str:
    if name == BASELINE:
        return ""
    of = paired_difference(frame[frame.row == name], frame[frame.row == BASELINE], "dice")
    mean, low, high = (100 * value for value in of)
    return f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]"


def telling_cases(frame: pd.DataFrame) -> list[str]:
    """Figure 3's cases: the two best and the worst, by the mean Dice of the two compared networks."""
    compared = frame[frame.row.isin([MIXED, STANDARD])]
    order = compared.groupby("case").dice.mean().sort_values(ascending=False).index.tolist()
    return [*order[:2], order[-1]] if len(order) > 2 else order


def trainings(settings: Settings, parts: Sequence[str]) -> tuple[list[int], list[SegmenterTask]]:
    """Folds whose GAN is needed, and all segmenters, each once.

    With Table I the tasks called Aug. are listed as configured; what Table I finds may replace them.
    """
    second = table2_tasks(settings, configured_augmentation(settings))
    wanted = table1_tasks(settings) if "table1" in parts else []
    if "table2" in parts:
        wanted += [task for tasks in second.values() for task in tasks]
    elif "figure3" in parts:
        wanted += second[MIXED] + second[STANDARD]
    tasks = list(dict.fromkeys(wanted))
    folds = {task.fold for task in tasks if task.generated} | ({0} if "figure2" in parts else set())
    return sorted(folds), tasks


def conduct(study: Study, parts: Sequence[str]) -> list[Section]:
    """Trains what the parts need and is not there yet, and makes their report sections."""
    settings, figures = study.settings, make_folder(study.folder / "figures")
    sections, standard = [], configured_augmentation(settings)
    first = table1_tasks(settings)
    # A Table I that an earlier command made in this folder decides as well.
    if "table1" in parts or all(map(study.finished, first)):
        for task in first:
            study.segmenter(task)
        standard = best_augmentation(study, first)
        sections.append(table1_section(study, first, standard))
    tasks = table2_tasks(settings, standard)
    if "figure2" in parts:
        sections.append(figure2_section(study, figures))
    if "table2" in parts:
        for task in (task for group in tasks.values() for task in group):
            study.segmenter(task)
        frame = test_measures(study, tasks)
        frame.to_csv(study.folder / "cases.csv", index=False)
        sections.insert(0, table2_section(study, frame, figures))
    if "figure3" in parts:
        compared = {name: tasks[name] for name in (MIXED, STANDARD)}
        for task in (task for group in compared.values() for task in group):
            study.segmenter(task)
        sections.append(figure3_section(study, compared, figures))
    finished = [task for group in tasks.values() for task in group if study.finished(task)]
    return [*sections, curves_section(study, finished, figures)]


def table1_section(study: Study, tasks: Sequence[SegmenterTask], best: Augmentation) -> Section:
    """Table I and what follows from it."""
    chosen = ", ".join(f"{name} {value:g}" for name, value in asdict(best).items() if value) or "none"
    return Section(
        "Table I: which standard augmentation",
        [
            Table(
                table1(study, tasks),
                "Validation Dice of one fold, networks trained on real pairs. Pixels are meant at 256 x 256.",
            ),
            f"The best row here is used as standard augmentation (Aug.) below: {chosen}.",
        ],
    )


def table2_section(study: Study, frame: pd.DataFrame, figures: Path) -> Section:
    """Table II with the plot of its cases."""
    settings = study.settings
    cases = frame.case.nunique()
    path = figures / "dice_per_case.png"
    plot_cases(per_case(frame, "dice", "row").reset_index(), "dice", path, [row.name for row in TABLE_2])
    return Section(
        "Table II: real, generated and mixed minibatches",
        [
            Table(
                table2(frame),
                f"Mean ± standard deviation over {cases} test cases of {settings.folds_used} fold(s), "
                f"{settings.repeats} network(s) per row and fold. Differences are paired by case; the interval is "
                "a bootstrap over subjects and leaves out the chance of a single training.",
            ),
            Table(
                table2_distances(frame, study.unit),
                "Distances between the borders. The average over both borders is the one of ours that resembles the "
                "paper's: its 1.2 mm lie below one pixel of its networks (1.4 mm), too little for a mean maximum.",
            ),
            Figure(path, "Dice of every test case in percent; a case is a dot, the box spans the quartiles."),
        ],
    )


def figure2_section(study: Study, figures: Path) -> Section:
    """Generated pairs of the first fold beside real ones and the untrained generator's."""
    synthesizer = study.synthesizer(0)
    images, labels = synthesizer.draw(24, seed=study.settings.seed)
    pair_grid(images, labels, study.spec, figures / "figure2.png", pairs_per_row=6)
    run = study.gan_path(0)
    return Section(
        "Figure 2: generated pairs",
        [
            Figure(figures / "figure2.png", "Generated images (odd columns) and their masks (even columns)."),
            Figure(run / "reals.png", "Real training pairs of the same fold."),
            Figure(run / "fakes_init.png", "The same generator before training."),
        ],
    )


def figure3_section(study: Study, compared: dict[str, list[SegmenterTask]], figures: Path) -> Section:
    """The two best and the worst test case of GAN-based and of standard augmentation."""
    frame = test_measures(study, compared)
    names = telling_cases(frame)
    rows = [_comparison_row(study, compared, frame, name) for name in names]
    comparison(rows, study.spec, figures / "figure3.png")
    worst = per_case(frame, "dice", "row").loc[:, :, names[-1]].mul(100).round(2).to_dict()
    return Section(
        "Figure 3: predictions",
        [
            Figure(
                figures / "figure3.png",
                f"GAN-based ({MIXED}) against standard augmentation ({STANDARD}) at native size: the two best "
                "test cases by their mean, and the worst.",
            ),
            f"Worst case: {names[-1]}, Dice "
            + ", ".join(f"{value:.2f} % ({row})" for (row, _), value in worst.items())
            + ".",
        ],
    )


def _comparison_row(
    study: Study, compared: dict[str, list[SegmenterTask]], frame: pd.DataFrame, name: str
) -> ComparisonRow:
    here = frame[frame.case == name]
    case = next(case for case in study.dataset.cases if case.id == name)
    found = {}
    for row, tasks in compared.items():
        task = next(task for task in tasks if task.fold == here.fold.iloc[0])
        (_, truth, found[row]) = next(study.predict(task, [case]))
    dice = " / ".join(f"{100 * here[here.row == row].dice.mean():.2f}" for row in compared)
    return ComparisonRow(study.display(case), truth, found, f"{name}, Dice {dice} %")


def curves_section(study: Study, tasks: Sequence[SegmenterTask], figures: Path) -> Section:
    """How the trainings went, and how long they took."""
    gans = {path.name: pd.DataFrame(read_metrics(path)) for path in sorted(study.folder.glob("gan-fold*"))}
    units = {task.name: pd.DataFrame(read_metrics(study.folder / task.name)) for task in tasks}
    parts: list = []
    if gans:
        columns = ["wasserstein", "gradient_norm", "penalty", "scores_real", "scores_fake", "generator_loss"]
        curves(gans, columns, figures / "gan_curves.png")
        parts.append(Figure(figures / "gan_curves.png", "WGAN-GP, by generator iteration."))
    if units:
        curves(units, ["loss", "validation_loss", "validation_dice"], figures / "unet_curves.png")
        parts.append(Figure(figures / "unet_curves.png", "U-Nets, by iteration."))
    return Section("Training", [*parts, Table(study.costs(), "Cost of every training of this folder.")])
