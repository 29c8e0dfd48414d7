"""Tables 1 to 3 of Karki et al. 2020, theirs beside ours, and the table of candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tf_ganaug.experiment.report import Section, Table
from tf_ganaug.experiment.statistics import interval_note, paired_difference, with_interval
from tf_ganaug.papers.karki2020.settings import JudgeSettings
from tf_ganaug.papers.karki2020.study import LesionStudy
from tf_ganaug.quality.detection import class_dice, detections, image_dice


@dataclass(frozen=True)
class Arm:
    """What a subset's slices are trained with, a row of Tables 1 and 2.

    Attributes:
        name: as printed.
        generated: whether the subset's pix2pix adds an image of every mask.
        traditional: whether a traditionally augmented copy of every slice is added.
        dice: printed in Table 1 for 2.5, 10 and 25 %.
        precision: printed in Table 2, likewise.
        recall: likewise.
        classes: printed in Table 3, a row of `CLASSES` for each share.
    """

    name: str
    generated: bool
    traditional: bool
    dice: tuple[float, ...]
    precision: tuple[float, ...]
    recall: tuple[float, ...]
    classes: tuple[tuple[float, ...], ...]


#: The paper's shares of the patients, and Table 3's columns.
SHARES, CLASSES = (0.025, 0.1, 0.25), ("IPH", "IVH", "EDH", "SDH", "SAH", "Mean")

ARMS = (
    Arm(
        "Selected (original)",
        False,
        False,
        (0.244, 0.478, 0.565),
        (0.408, 0.695, 0.809),
        (0.360, 0.681, 0.747),
        (
            (0.772, 0.186, 0.424, 0.558, 0.246, 0.427),
            (0.809, 0.682, 0.716, 0.690, 0.629, 0.705),
            (0.829, 0.737, 0.811, 0.767, 0.654, 0.760),
        ),
    ),
    Arm(
        "+ GAN generated",
        True,
        False,
        (0.323, 0.489, 0.571),
        (0.519, 0.719, 0.810),
        (0.479, 0.684, 0.757),
        (
            (0.773, 0.513, 0.672, 0.602, 0.456, 0.603),
            (0.816, 0.685, 0.738, 0.691, 0.630, 0.712),
            (0.832, 0.748, 0.832, 0.766, 0.652, 0.766),
        ),
    ),
    Arm(
        "+ traditional aug.",
        False,
        True,
        (0.352, 0.529, 0.580),
        (0.549, 0.762, 0.834),
        (0.502, 0.724, 0.763),
        (
            (0.782, 0.553, 0.612, 0.635, 0.481, 0.613),
            (0.818, 0.702, 0.768, 0.737, 0.645, 0.734),
            (0.828, 0.737, 0.837, 0.781, 0.652, 0.767),
        ),
    ),
    Arm(
        "+ both",
        True,
        True,
        (0.371, 0.538, 0.581),
        (0.607, 0.766, 0.844),
        (0.540, 0.737, 0.777),
        (
            (0.777, 0.517, 0.708, 0.642, 0.529, 0.635),
            (0.821, 0.715, 0.775, 0.752, 0.636, 0.740),
            (0.832, 0.750, 0.837, 0.780, 0.653, 0.771),
        ),
    ),
)

#: The entire data set without augmentation: Table 1, Table 2, and Table 3's row.
ENTIRE = Arm(
    "Entire data set", False, False, (0.628,), (0.850,), (0.802,), ((0.842, 0.760, 0.872, 0.817, 0.657, 0.789),)
)


def cells(shares: Sequence[float]) -> list[tuple[float, Arm]]:
    """Share and arm of every cell of the tables, the entire data set without augmentation among them."""
    return [(share, arm_at(share, arm)) for share in dict.fromkeys(shares) for arm in ARMS] + (
        [] if 1.0 in shares else [(1.0, ENTIRE)]
    )


def arm_at(share: float, arm: Arm) -> Arm:
    """The arm of a share whose slices are all of them: there the first is the entire data set."""
    return ENTIRE if share == 1.0 and arm is ARMS[0] else arm


def patients_section(study: LesionStudy) -> Section:
    """What the numbers rest on: patients and slices of each share, absent classes, weights and judge."""
    records = []
    for share in dict.fromkeys((*study.settings.shares, 1.0)):
        cases = study.training_cases(share)
        patients = len({case.subject for case in cases})
        absent = ", ".join(study.absent(share)) or "none"
        records.append({"Share": _percent(share), "Patients": patients, "Slices": len(cases), "Absent classes": absent})
    for part in ("validation", "test"):
        cases = study.cases(0, part)
        patients = len({case.subject for case in cases})
        records.append({"Share": part, "Patients": patients, "Slices": len(cases), "Absent classes": ""})
    s = study.settings
    start = (
        f"VGG-16's weights from {s.segmenter.vgg16}"
        if s.segmenter.vgg16 != "random"
        else "random weights, not VGG-16's"
    )
    table = Table(pd.DataFrame(records), "Subsets are nested; validation and test slices are the same for all.")
    return Section("Patients", [table, f"FCN-8s started from {start}.", _judged_by(s.judge)])


def _judged_by(settings: JudgeSettings) -> str:
    reader = {
        "all": "The segmenter that reads generated images was trained on ALL training patients, as in the paper's "
        "Figure 4: it knows more than the arm it chooses for.",
        "subset": "The segmenter that reads generated images was trained on the arm's own patients.",
    }[settings.reader]
    masks = {
        "training": "Candidates were judged on the arm's training masks, which they have learnt from: one that "
        "remembers its slices is rated high.",
        "validation": "Candidates were judged on masks of validation patients, which neither pix2pix nor the reader "
        "has learnt from.",
    }[settings.masks]
    return f"{reader} {masks}"


def image_scores(frame: pd.DataFrame) -> pd.DataFrame:
    """Table 1's Dice of every image and repeat: columns `case`, `subject`, `repeat` and `dice`."""
    subjects = frame.groupby("case").subject.first()
    parts = [image_dice(one).reset_index().assign(repeat=repeat) for repeat, one in frame.groupby("repeat")]
    scores = pd.concat(parts, ignore_index=True)
    return scores.assign(subject=scores.case.map(subjects))


def patient_dice(frame: pd.DataFrame) -> float:
    """The mean over patients and repeats of one Dice over all foreground pixels of a patient's slices."""
    return float(np.mean([image_dice(one.assign(case=one.subject)).mean() for _, one in frame.groupby("repeat")]))


def class_scores(frame: pd.DataFrame) -> pd.Series:
    """Table 3's Dice of every class, the mean over repeats."""
    return pd.concat([class_dice(one) for _, one in frame.groupby("repeat")], axis=1).mean(axis=1)


def detection_scores(frame: pd.DataFrame) -> pd.Series:
    """Table 2's `precision` and `recall`, `strict_recall` and the counts, the mean over repeats."""
    found = [detections(one, one.groupby("case").pixels.first()) for _, one in frame.groupby("repeat")]
    return pd.DataFrame(found).mean()


def table1(study: LesionStudy, frames: Mapping[tuple[float, Arm], pd.DataFrame]) -> Section:
    """Mean over images of Dice, with the difference to the original slices."""
    records = []
    for arm in ARMS:
        record = {"Training data": arm.name}
        for share in study.settings.shares:
            frame = frames[share, arm_at(share, arm)]
            record[_percent(share)] = f"{image_scores(frame).dice.mean():.3f}"
            record[f"{_percent(share)}: over original [95 %]"] = _difference(frames, share, arm)
            record[f"{_percent(share)}: by patient"] = f"{patient_dice(frame):.3f}"
        records.append({**record, **_printed(arm.dice)})
    entire = image_scores(frames[1.0, ENTIRE]).dice.mean()
    whole = "; added to it, generated and traditional slices improved each of the paper's measures by less than 1 % (5)"
    return Section(
        "Table 1: Dice",
        [
            Table(
                pd.DataFrame(records),
                f"Mean over {frames[1.0, ENTIRE].case.nunique()} test images of each image's Dice, the background left "
                f"out; {study.settings.repeats} network(s) per cell. By patient: one Dice over a patient's slices, "
                "which the paper does not have. " + interval_note(study.settings.repeats, "patients"),
            ),
            f"{ENTIRE.name} (100 %), without augmentation: {entire:.3f}; the paper's: {ENTIRE.dice[0]:.3f}"
            f"{whole if 1.0 in study.settings.shares else ''}.",
        ],
    )


def _difference(frames: Mapping[tuple[float, Arm], pd.DataFrame], share: float, arm: Arm) -> str:
    if arm is ARMS[0]:
        return ""
    both = (image_scores(frames[share, one]) for one in (arm, arm_at(share, ARMS[0])))
    found = paired_difference(*both, "dice")
    return with_interval(found, digits=3)


def _printed(values: Sequence[float]) -> dict[str, str]:
    return {f"Paper: {_percent(share)}": f"{value:.3f}" for share, value in zip(SHARES, values)}


def _number(value: float) -> str:
    """Empty, which the report shows as missing, where there is none."""
    return "" if pd.isna(value) else f"{value:.3f}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def table2(study: LesionStudy, frames: Mapping[tuple[float, Arm], pd.DataFrame]) -> Section:
    """Precision and recall of detections, as the paper leaves out, and strict."""
    records = []
    for (share, arm), frame in frames.items():
        found = detection_scores(frame)
        names = ("precision", "recall", "strict_recall")
        record = {"Share": _percent(share), "Training data": arm.name}
        record.update({name.capitalize().replace("_", " "): _number(found[name]) for name in names})
        column = _column(share, arm)
        if column is not None:
            record["Paper: precision"] = f"{arm.precision[column]:.3f}"
            record["Paper: recall"] = f"{arm.recall[column]:.3f}"
        record["Left out: false, true"] = f"{found.small_false_positives:g}, {found.poor_true_positives:g}"
        records.append(record)
    caption = (
        "A detection is one class in one image. As in the paper, false positives below 200 pixels of 256 x 256 (in "
        "proportion on other sizes) and true positives with a Dice below 0.25 are left out of numerator and "
        "denominator; in the strict recall such a true positive counts as missed."
    )
    return Section("Table 2: precision and recall", [Table(pd.DataFrame(records), caption)])


def _column(share: float, arm: Arm) -> int | None:
    """Of a share in the arm's printed numbers; None where the paper prints none, as of augmentation at 100 %."""
    if arm is ENTIRE:
        return 0
    return SHARES.index(share) if share in SHARES else None


def table3(study: LesionStudy, frames: Mapping[tuple[float, Arm], pd.DataFrame]) -> Section:
    """Dice of each class."""
    own = study.spec.names[1:] == CLASSES[:-1]
    records = []
    for (share, arm), frame in frames.items():
        scores = class_scores(frame)
        record = {"Share": _percent(share), "Training data": arm.name}
        record.update({name: _number(value) for name, value in scores.items()})
        record["Mean"] = _number(scores.mean())
        column = _column(share, arm)
        if own and column is not None:
            record["Paper"] = " / ".join(f"{value:.3f}" for value in arm.classes[column])
        records.append(record)
    caption = (
        "Dice of each class over the pixels of all test images as one set. The paper's numbers, where its share is "
        f"ours: {' / '.join(CLASSES)}."
    )
    return Section("Table 3: classes", [Table(pd.DataFrame(records), caption)])


def improvements(study: LesionStudy, frames: Mapping[tuple[float, Arm], pd.DataFrame]) -> pd.DataFrame:
    """Figure 7: share by row, what both augmentations add to Dice, precision and recall, ours and the paper's."""
    records = {}
    for share in study.settings.shares:
        both, none = frames[share, ARMS[3]], frames[share, arm_at(share, ARMS[0])]
        gained = {"Dice": image_scores(both).dice.mean() - image_scores(none).dice.mean()}
        found = detection_scores(both) - detection_scores(none)
        gained.update({name: found[name] for name in ("precision", "recall")})
        records[_percent(share)] = gained
    for column, share in enumerate(SHARES):
        rows = zip(("Dice", "precision", "recall"), *((a.dice, a.precision, a.recall) for a in (ARMS[3], ARMS[0])))
        records[f"paper, {_percent(share)}"] = {name: both[column] - none[column] for name, both, none in rows}
    return pd.DataFrame(records).T


def candidates(study: LesionStudy) -> Section:
    """Every candidate of every share, what it was judged by, and which was chosen."""
    frames = [
        study.painters[share].table.assign(share=_percent(share)).rename(columns={"candidate": "epochs"})
        for share in study.settings.shares
    ]
    frame = pd.concat(frames, ignore_index=True)
    return Section(
        "Candidates",
        [
            Table(
                frame[["share", *(name for name in frame.columns if name != "share")]],
                "Candidates of each share's pix2pix, on the masks named above. fcn_score: Dice of a segmenter that "
                "reads the generated images. sharpness: variance of the Laplacian, mean over images; "
                "fourier_magnitude: the other measure of 3.2.2. share_real: images with P(real) of at least 0.10, of "
                "masks that the classifier has not learnt from; if original_share_real, the same of originals, is not "
                "higher, the classifier has learnt nothing. A candidate whose fcn_score is below 0.8 of the best "
                "is out; the others are ranked by the three, sharpness counted up to that of the originals; chosen are "
                "those within 1 of the smallest sum of ranks, and they share the masks evenly.",
            ),
        ],
    )
