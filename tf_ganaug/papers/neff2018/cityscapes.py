"""Neff et al. 2018, Cityscapes experiment (V.B): Tables III and IV, Figures 4 and 5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from tf_ganaug.augment.standard import Augmentation
from tf_ganaug.data import camvid, cityscapes, folder, street_labels
from tf_ganaug.data.cases import Dataset
from tf_ganaug.data.embedded import street
from tf_ganaug.experiment.figures import bars, class_legend, comparison
from tf_ganaug.experiment.report import Figure, Section, Table
from tf_ganaug.experiment.sources import Request, open_dataset, refuse_target
from tf_ganaug.experiment.statistics import interval_note, paired_pooled_difference, pooled, with_interval
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

#: Table III: the augmentation and the printed validation mIoU in percent.
TABLE_3 = (
    (Augmentation(shift=0.10, scale=0.10, translation=10.0), 69.89),
    (Augmentation(shift=0.05, scale=0.05, translation=5.0), 74.21),
    (Augmentation(), 78.04),
    (Augmentation(shift=0.05, scale=0.05, flip=True), 79.50),
    (Augmentation(flip=True), 80.42),
)

#: Table IV: the printed numbers are mIoU, and mIoU without Human and Object, in percent.
TABLE_4 = (
    Row("8-0-Aug", 1.0, True, (78.59, 88.94)),
    Row("8-0-NoAug", 1.0, False, (76.16, 87.67)),
    Row("4-4-Aug", 0.5, True, (75.48, 87.32)),
    Row("4-4-NoAug", 0.5, False, (76.30, 87.86)),
    Row("0-8-Aug", 0.0, True, (47.05, 65.35)),
    Row("0-8-NoAug", 0.0, False, (46.32, 64.26)),
)

BASELINE, MIXED, STANDARD = "8-0-NoAug", "4-4-NoAug", "8-0-Aug"

#: The categories whose objects nearly vanish at the networks' size; Table IV has a column without them.
SMALL = ("human", "object")


def open_data(request: Request, settings: Settings) -> Dataset:
    """Street scenes with the Cityscapes categories; void is not counted.

    Of a `folder` all classes of its dataset.yaml are segmented.
    """
    refuse_target(request)
    d, seed = settings.data, settings.seed
    height = d.native_size
    return open_dataset(
        request,
        lambda: street.read(d.subjects, height, 2 * height, seed, street_labels.CATEGORIES),
        {
            "folder": lambda root: folder.read(root, dataset_yaml=request.dataset_yaml),
            "cityscapes": lambda root: cityscapes.read(root, cityscapes.categories(), seed=seed),
            "camvid": lambda root: camvid.read(root, camvid.categories()),
        },
    )


def validation_miou(study: JointStudy, task: SegmenterTask) -> float:
    """Mean IoU of a finished task over its validation cases as one set, in [0, 1]."""
    return float(pooled(measures(study, {"": [task]}, "validation"), "iou").mean())


DESIGN = Design(
    search_part="table3",
    search=TABLE_3,
    measure="mIoU",
    score=validation_miou,
    rows=TABLE_4,
    row_parts=("table4", "figure4"),
    compared=(MIXED, STANDARD),
    compared_part="figure5",
    samples_part="samples",
)

study, trainings, stages = JointStudy, DESIGN.trainings, DESIGN.stages


def class_ious(frame: pd.DataFrame) -> pd.DataFrame:
    """IoU in percent: class by row, the rows in the order of the frame."""
    return pd.DataFrame({name: 100 * pooled(rows, "iou") for name, rows in frame.groupby("row", sort=False)})


def table4(frame: pd.DataFrame) -> pd.DataFrame:
    """Table IV: ours beside the printed values, percent; IoU over the whole test set."""
    ious = class_ious(frame)
    large = [name for name in ious.index if name not in SMALL]
    differing = len(large) < len(ious)
    records = []
    for row in TABLE_4:
        mine = ious[row.name]
        record = {"Network": row.name, "mIoU": f"{mine.mean():.2f} %", "Paper: mIoU": f"{row.printed[0]:.2f} %"}
        if differing:
            record["without human and object"] = f"{mine[large].mean():.2f} %"
            record["Paper: without"] = f"{row.printed[1]:.2f} %"
        record[f"mIoU over {BASELINE} [95 %]"] = _difference(frame, row.name, list(ious.index))
        records.append(record)
    return pd.DataFrame(records)


def _difference(frame: pd.DataFrame, name: str, classes: list[str]) -> str:
    if name == BASELINE:
        return ""
    rows = (frame[frame.row == row] for row in (name, BASELINE))
    return with_interval(paired_pooled_difference(*rows, "iou", classes), 100)


def image_miou(frame: pd.DataFrame) -> pd.Series:
    """Each test image's own mean IoU over the classes that its truth has, mean over the rows given."""
    present = frame[frame.pixels_true > 0]
    return present.groupby("case").iou.mean()


def conduct(study: JointStudy, parts: Sequence[str]) -> list[Section]:
    """Trains what the parts need and is not there yet, and makes their report sections."""
    figures, sections = make_folder(study.folder / "figures"), []
    rows = DESIGN.train(study, parts)
    if set(DESIGN.row_parts) & set(parts):
        frame = measures(study, rows)
        write_frame(study.folder / "cases.csv", frame)
        if "table4" in parts:
            sections.append(table4_section(study, frame))
        if "figure4" in parts:
            sections.append(figure4_section(frame, figures))
    if DESIGN.searching(study.settings, parts):
        caption = "Validation mIoU, networks trained on real pairs. Pixels are meant at a width of 256."
        sections.append(search_section(study, DESIGN, "Table III: which standard augmentation", caption))
    if "samples" in parts:
        samples = samples_section(study, figures, "Generated pairs")
        class_legend(study.spec, figures / "legend.png")
        samples.parts.insert(0, Figure(figures / "legend.png", "Colours of the categories."))
        sections.append(samples)
    if "figure5" in parts:
        sections.append(figure5_section(study, {name: rows[name] for name in DESIGN.compared}, figures))
    return [*sections, curves_section(study, all_tasks(rows), figures)]


def table4_section(study: JointStudy, frame: pd.DataFrame) -> Section:
    """Table IV and every class's IoU."""
    classes = class_ious(frame).round(2).rename_axis("Class").reset_index()
    return Section(
        "Table IV: real, generated and mixed minibatches",
        [
            Table(
                table4(frame),
                f"IoU over all {frame.case.nunique()} test images as one set, at native size, void not counted; "
                f"{study.settings.repeats} network(s) per row; Aug. is {describe(DESIGN.standard(study))}. "
                + interval_note(study.settings.repeats, "scenes"),
            ),
            Table(classes, "IoU of each class in percent."),
        ],
    )


def figure4_section(frame: pd.DataFrame, figures: Path) -> Section:
    """IoU of each class for the four networks with the highest mIoU."""
    ious = class_ious(frame)
    best = ious.mean().sort_values(ascending=False).index[:4]
    bars(ious[best], "IoU (%)", figures / "figure4.png")
    caption = "IoU of each category over the test set, the four best networks by mIoU, the best at the left."
    return Section("Figure 4: categories", [Figure(figures / "figure4.png", caption)])


def figure5_section(study: JointStudy, compared: Mapping[str, Sequence[SegmenterTask]], figures: Path) -> Section:
    """The best test image of GAN-based and of standard augmentation, and for honesty the worst."""
    frame = measures(study, compared)
    order = image_miou(frame).sort_values(ascending=False)
    names = list(dict.fromkeys([order.index[0], order.index[-1]]))
    captions = {}
    for name in names:
        here = frame[frame.case == name]
        each = [100 * float(image_miou(here[here.row == row]).iloc[0]) for row in compared]
        captions[name] = f"{name}, mIoU " + " / ".join(f"{value:.2f}" for value in each) + " %"
    rows = comparison_rows(study, compared, frame, captions)
    comparison(rows, study.spec, figures / "figure5.png")
    caption = (
        f"GAN-based ({MIXED}) against standard augmentation ({STANDARD}) at native size: the best test image by "
        "the mean of their mIoU over its own classes, and the worst."
    )
    return Section("Figure 5: predictions", [Figure(figures / "figure5.png", caption)])
