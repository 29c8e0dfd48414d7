"""What is measured of every test subject: Dice from the pixels of all its images, and the means of its images.

Volumes are cut into slices, and a slice without a lesion has no Dice of its own: what a network finds there would be
seen in no mean over slices. Over a subject's pixels it counts against the Dice, as in BraTS, WMH and nnU-Net.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

#: What tells one segmenter's results from another's.
SEGMENTER = ["fraction", "kind", "arm", "repeat", "gan"]

#: Measures from the sums of a subject's pixels, the answer's first.
OF_SUBJECTS = ("dice", "iou", "precision", "recall")

DISTANCES = ("hausdorff95", "surface_distance")

#: Means over a subject's images: those with the class, and for false alarms those without it.
OF_IMAGES = ("image_dice", *DISTANCES, "image_false_alarms")

#: Measures of which less is better.
LESS_IS_BETTER = (*DISTANCES, "image_false_alarms")

_PIXELS = ["pixels_true", "pixels_found", "pixels_both"]


def of_subjects(cases: pd.DataFrame) -> pd.DataFrame:
    """Every segmenter's measures of every subject and class.

    A subject that lacks the class has no Dice of it unless some of the class is found there: then it has 0.

    Args:
        cases: one row per image, class and segmenter: the columns of `SEGMENTER`, `subject`, `class`, and those of
            `segment.predict.evaluate`. `kind` and `gan` are "" and -1 where there is none.

    Returns:
        One row per subject, class and segmenter, in the order of `cases`: `pixels_true`, `pixels_found`,
        `pixels_both`; `OF_SUBJECTS`, in [0, 1]; of `OF_IMAGES` those that `cases` has, overlaps and the share of false
        alarms in [0, 1]. NaN where there is none.
    """
    lacks = cases.pixels_true == 0
    images = cases.assign(
        image_dice=cases.dice.mask(lacks), image_false_alarms=(cases.pixels_found > 0).astype(float).where(lacks)
    )
    distances = [name for name in DISTANCES if name in cases]
    images[distances] = images[distances].where(~lacks)
    groups = images.groupby([*SEGMENTER, "subject", "class"], sort=False)
    means = groups[[name for name in OF_IMAGES if name in images]].mean()
    return groups[_PIXELS].sum().pipe(_with_overlaps).join(means).reset_index()


def _with_overlaps(sums: pd.DataFrame) -> pd.DataFrame:
    true, found, both = (sums[name] for name in _PIXELS)
    either = (true + found).replace(0, np.nan)
    return sums.assign(
        dice=2 * both / either,
        iou=both / (either - both),
        precision=(both / found.where(found > 0, 1)).where(either.notna()),
        recall=both / true.where(true > 0),
    )


def without_class(subjects: pd.DataFrame) -> pd.DataFrame:
    """How many test subjects have a class, and what is found in the others.

    Args:
        subjects: of `of_subjects`, at one fraction.

    Returns:
        Index: class, in the order of the frame. Columns `with_class` and `without_class`, subjects; and, for each arm,
        `found_ARM`: those without the class where some of it was found, the mean over the arm's segmenters.
    """
    rows = []
    for name, frame in subjects.groupby("class", sort=False):
        has = frame.groupby("subject").pixels_true.first() > 0
        lacking = frame[frame.pixels_true == 0].assign(wrong=lambda f: f.pixels_found > 0)
        per_segmenter = lacking.groupby(SEGMENTER).wrong.sum().groupby("arm").mean()
        found = {f"found_{arm}": per_segmenter.get(arm, 0.0) for arm in frame.arm.unique()}
        rows.append({"class": name, "with_class": int(has.sum()), "without_class": int((~has).sum()), **found})
    return pd.DataFrame(rows).set_index("class")
