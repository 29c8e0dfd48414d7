"""Neff et al. 2018, lung experiment: Tables I and II, Figures 2 and 3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from tf_ganaug.augment.standard import Augmentation
from tf_ganaug.data import scr
from tf_ganaug.data.cases import Dataset
from tf_ganaug.data.embedded import chest
from tf_ganaug.experiment.figures import comparison
from tf_ganaug.experiment.figures import per_case as plot_cases
from tf_ganaug.experiment.report import Figure, Section, Table
from tf_ganaug.experiment.sources import Request, open_dataset, read_target
from tf_ganaug.experiment.statistics import interval_note, paired_difference, per_case, with_interval
from tf_ganaug.files import make_folder
from tf_ganaug.frames import write_frame
from tf_ganaug.papers.neff2018.design import Design, Row, all_tasks, check
from tf_ganaug.papers.neff2018.sections import (
    comparison_rows,
    curves_section,
    describe,
    measures,
    samples_section,
    search_section,
)
from tf_ganaug.papers.neff2018.settings import Settings
from tf_ganaug.papers.neff2018.study import JointStudy
from tf_ganaug.papers.neff2018.tasks import SegmenterTask

__all__ = ["Settings", "check", "conduct", "open_data", "stages", "study", "trainings"]

#: Table I: the augmentation and the printed validation Dice in percent.
TABLE_1 = (
    (Augmentation(), 96.98),
    (Augmentation(elastic=10.0), 97.06),
    (Augmentation(translation=10.0, elastic=10.0), 96.85),
    (Augmentation(scale=0.05, elastic=10.0), 97.03),
    (Augmentation(scale=0.05, translation=10.0, elastic=10.0), 96.77),
    (Augmentation(shift=0.05, elastic=10.0), 96.40),
    (Augmentation(shift=0.05, translation=10.0, elastic=10.0), 96.91),
    (Augmentation(shift=0.05, scale=0.05, elastic=10.0), 96.63),
    (Augmentation(shift=0.05, scale=0.05, translation=10.0, elastic=10.0), 97.12),
)

#: Table II: the printed numbers are Dice in percent and Hausdorff distance in mm, each mean and deviation.
TABLE_2 = (
    Row("16-0-Aug", 1.0, True, (97.65, 1.65, 1.2057, 0.3131)),
    Row("16-0-NoAug", 1.0, False, (97.42, 1.66, 1.2626, 0.3440)),
    Row("8-8-Aug", 0.5, True, (97.65, 2.28, 1.1722, 0.3313)),
    Row("8-8-NoAug", 0.5, False, (97.68, 1.47, 1.2106, 0.3154)),
    Row("0-16-Aug", 0.0, True, (96.55, 1.63, 1.2651, 0.3067)),
    Row("0-16-NoAug", 0.0, False, (96.32, 2.02, 1.3273, 0.3434)),
)

BASELINE, MIXED, STANDARD = "16-0-NoAug", "8-8-NoAug", "16-0-Aug"

#: Table II, the earlier work it is compared with (its reference 10): pairs, mean and deviation of Dice.
EARLIER = (("16 real", 96.08, 1.01), ("8 real, 8 generated", 95.37, 1.21), ("16 generated", 91.72, 2.83))


def open_data(request: Request, settings: Settings) -> Dataset:
    """The data set with two classes: one target (the paper's: the left lung) against the rest."""
    d, target = settings.data, request.target
    return open_dataset(
        request,
        lambda: chest.read(d.subjects, d.native_size, settings.seed, target=1 if target is None else target),
        {"folder": lambda root: read_target(root, request), "scr": lambda root: scr.read(root, target=target)},
    )


def validation_dice(study: JointStudy, task: SegmenterTask) -> float:
    """Mean Dice of a finished task over its validation cases, native size, in [0, 1]."""
    frame = study.measures(task)
    return float(per_case(frame[frame.part == "validation"], "dice").mean())


DESIGN = Design(
    search_part="table1",
    search=TABLE_1,
    measure="Dice",
    score=validation_dice,
    rows=TABLE_2,
    row_parts=("table2",),
    compared=(MIXED, STANDARD),
    compared_part="figure3",
    samples_part="figure2",
)

study, trainings, stages = JointStudy, DESIGN.trainings, DESIGN.stages


def table2(frame: pd.DataFrame) -> pd.DataFrame:
    """Table II's Dice: ours beside the printed values; mean and standard deviation over all test cases."""
    records = []
    for row in TABLE_2:
        mine = frame[frame.row == row.name]
        records.append(
            {
                "Network": row.name,
                "Dice": _summary(mine, "dice", 100, 2, " %"),
                "Paper: Dice": f"{row.printed[0]:.2f} ± {row.printed[1]:.2f} %",
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
            "Paper: Hausdorff": f"{row.printed[2]:.4f} ± {row.printed[3]:.4f} mm",
        }
        for row, mine in rows.items()
    )


def _summary(frame: pd.DataFrame, measure: str, factor: float, digits: int, unit: str) -> str:
    values = factor * per_case(frame, measure)
    return f"{values.mean():.{digits}f} ± {values.std():.{digits}f}{unit}"


def _difference(frame: pd.DataFrame, name: str) -> str:
    if name == BASELINE:
        return ""
    return with_interval(paired_difference(frame[frame.row == name], frame[frame.row == BASELINE], "dice"), 100)


def telling_cases(frame: pd.DataFrame) -> list[str]:
    """Figure 3's cases: the two best and the worst, by the mean Dice of the two compared networks."""
    compared = frame[frame.row.isin([MIXED, STANDARD])]
    order = compared.groupby("case").dice.mean().sort_values(ascending=False).index.tolist()
    return [*order[:2], order[-1]] if len(order) > 2 else order


def conduct(study: JointStudy, parts: Sequence[str]) -> list[Section]:
    """Trains what the parts need and is not there yet, and makes their report sections."""
    figures, sections = make_folder(study.folder / "figures"), []
    rows = DESIGN.train(study, parts)
    if "table2" in parts:
        frame = measures(study, rows)
        write_frame(study.folder / "cases.csv", frame)
        sections.append(table2_section(study, frame, figures))
    if DESIGN.searching(study.settings, parts):
        caption = "Validation Dice of one fold, networks trained on real pairs. Pixels are meant at 256 x 256."
        sections.append(search_section(study, DESIGN, "Table I: which standard augmentation", caption))
    if "figure2" in parts:
        sections.append(samples_section(study, figures, "Figure 2: generated pairs"))
    if "figure3" in parts:
        sections.append(figure3_section(study, {name: rows[name] for name in DESIGN.compared}, figures))
    return [*sections, curves_section(study, all_tasks(rows), figures)]


def table2_section(study: JointStudy, frame: pd.DataFrame, figures: Path) -> Section:
    """Table II with the plot of its cases."""
    settings, standard = study.settings, DESIGN.standard(study)
    cases = frame.case.nunique()
    path = figures / "dice_per_case.png"
    plot_cases(per_case(frame, "dice", "row").reset_index(), "dice", path, [row.name for row in TABLE_2])
    return Section(
        "Table II: real, generated and mixed minibatches",
        [
            Table(
                table2(frame),
                f"Mean ± standard deviation over {cases} test cases of {settings.folds_used} fold(s), "
                f"{settings.repeats} network(s) per row and fold; Aug. is {describe(standard)}. "
                "Differences are paired by case. " + interval_note(settings.repeats),
            ),
            Table(
                table2_distances(frame, study.unit),
                "Distances between the borders. The average over both borders is the one of ours that resembles the "
                "paper's: its 1.2 mm lie below one pixel of its networks (1.4 mm), too little for a mean maximum.",
            ),
            Figure(path, "Dice of every test case in percent; a case is a dot, the box spans the quartiles."),
        ],
    )


def figure3_section(study: JointStudy, compared: Mapping[str, Sequence[SegmenterTask]], figures: Path) -> Section:
    """The two best and the worst test case of GAN-based and of standard augmentation."""
    frame = measures(study, compared)
    names = telling_cases(frame)
    captions = {name: _caption(compared, frame, name) for name in names}
    comparison(comparison_rows(study, compared, frame, captions), study.spec, figures / "figure3.png")
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


def _caption(compared: Mapping[str, Sequence[SegmenterTask]], frame: pd.DataFrame, name: str) -> str:
    here = frame[frame.case == name]
    dice = " / ".join(f"{100 * here[here.row == row].dice.mean():.2f}" for row in compared)
    return f"{name}, Dice {dice} %"
