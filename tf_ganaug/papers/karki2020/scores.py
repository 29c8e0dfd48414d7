"""The measures of Tables 1 to 3 of Karki et al. 2020, of the cases of one cell's networks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tf_ganaug.quality.detection import class_dice, detections, image_dice


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
