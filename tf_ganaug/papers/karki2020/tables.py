"""Tables 1 to 3 of Karki et al. 2020, theirs beside ours, and the table of candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from tf_ganaug.experiment.report import Section, Table
from tf_ganaug.experiment.statistics import interval_note, paired_difference, with_interval
from tf_ganaug.papers.karki2020.printed import ARMS, CLASSES, ENTIRE, SHARES, Arm, arm_at
from tf_ganaug.papers.karki2020.scores import class_scores, detection_scores, image_scores, patient_dice
from tf_ganaug.papers.karki2020.settings import JudgeSettings
from tf_ganaug.papers.karki2020.study import LesionStudy


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

    def numbers(frame: pd.DataFrame, arm: Arm, column: int | None) -> dict[str, str]:
        found = detection_scores(frame)
        names = {"Precision": "precision", "Recall": "recall", "Strict recall": "strict_recall"}
        record = {title: _number(found[name]) for title, name in names.items()}
        if column is not None:
            record["Paper: precision"] = f"{arm.precision[column]:.3f}"
            record["Paper: recall"] = f"{arm.recall[column]:.3f}"
        return {**record, "Left out: false, true": f"{found.small_false_positives:g}, {found.poor_true_positives:g}"}

    caption = (
        "A detection is one class in one image. As in the paper, false positives below 200 pixels of 256 x 256 (in "
        "proportion on other sizes) and true positives with a Dice below 0.25 are left out of numerator and "
        "denominator; in the strict recall such a true positive counts as missed."
    )
    return Section("Table 2: precision and recall", [Table(_by_cell(frames, numbers), caption)])


def table3(study: LesionStudy, frames: Mapping[tuple[float, Arm], pd.DataFrame]) -> Section:
    """Dice of each class."""
    own = study.spec.names[1:] == CLASSES[:-1]

    def numbers(frame: pd.DataFrame, arm: Arm, column: int | None) -> dict[str, str]:
        scores = class_scores(frame)
        record = {**{name: _number(value) for name, value in scores.items()}, "Mean": _number(scores.mean())}
        if own and column is not None:
            record["Paper"] = " / ".join(f"{value:.3f}" for value in arm.classes[column])
        return record

    caption = (
        "Dice of each class over the pixels of all test images as one set. The paper's numbers, where its share is "
        f"ours: {' / '.join(CLASSES)}."
    )
    return Section("Table 3: classes", [Table(_by_cell(frames, numbers), caption)])


def _by_cell(
    frames: Mapping[tuple[float, Arm], pd.DataFrame],
    numbers: Callable[[pd.DataFrame, Arm, int | None], dict[str, str]],
) -> pd.DataFrame:
    """A row for every share and arm, of numbers by the arm and the share's column in the printed ones."""
    return pd.DataFrame(
        {"Share": _percent(share), "Training data": arm.name, **numbers(frame, arm, arm.column(share))}
        for (share, arm), frame in frames.items()
    )


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
