"""Dice, precision and recall of lesion classes over a test set, as Karki 2020 prints them (section 4.1, Tables 1 to 3).

All take the frame of `segment.predict.evaluate` for one segmenter: a row per image and class, the background
left out, with the pixel counts of `metrics.overlap`.
"""

from __future__ import annotations

import pandas as pd

#: Share of an image that a false detection must have to count: 200 pixels of 256 x 256.
LEAST_AREA = 200 / 256**2

#: Dice that a true detection must have to count.
LEAST_DICE = 0.25

_PIXELS = ["pixels_true", "pixels_found", "pixels_both"]


def image_dice(frame: pd.DataFrame) -> pd.Series:
    """One Dice per image; their mean is Table 1.

    The counts of all classes are added up before dividing: a pixel is found if its class is. A class that
    is in neither truth nor prediction so has no part in it. An image without any has 1.

    Returns:
        Index: case, in the order of the frame; in [0, 1].
    """
    return _dice(frame.groupby("case", sort=False)[_PIXELS].sum()).fillna(1.0)


def class_dice(frame: pd.DataFrame) -> pd.Series:
    """One Dice per class over the pixels of all images as one set; Table 3, whose last column is their mean.

    The paper does not say so, but its numbers are not means over images: with 2.5 % of the patients its
    commonest class has 0.772 where the mean over images, Table 1, is 0.244.

    Returns:
        Index: class, in the order of the frame; in [0, 1], NaN for a class in no truth and no prediction.
    """
    return _dice(frame.groupby("class", sort=False)[_PIXELS].sum())


def _dice(pixels: pd.DataFrame) -> pd.Series:
    """NaN where nothing is."""
    return (2 * pixels["pixels_both"] / (pixels["pixels_true"] + pixels["pixels_found"])).rename("dice")


def detections(frame: pd.DataFrame, image_pixels: float | pd.Series) -> dict[str, float]:
    """Precision and recall over all images and classes, where one detection is one class in one image (Table 2).

    A class that an image has and the segmenter finds anywhere in it is a true positive; one that it only
    finds, a false positive; one that it does not find, missed. As the paper says, false positives under
    200 pixels (of 256 x 256, in proportion) and true positives with a Dice under 0.25 are left out, of
    numerator and denominator; the latter do not count as missed either. In `strict_recall` they do.

    Args:
        frame: see the module.
        image_pixels: height x width of the images at the size they are measured at; one number, or one per
            case, indexed by it.

    Returns:
        `precision`, `recall` and `strict_recall` in [0, 1], NaN where nothing counts; and the numbers that
        they come from: `true_positives`, `false_positives`, `missed`, and, left out, `small_false_positives`
        and `poor_true_positives`.
    """
    area = frame["case"].map(image_pixels) if isinstance(image_pixels, pd.Series) else image_pixels
    there, found = frame["pixels_true"] > 0, frame["pixels_found"] > 0
    small, poor = frame["pixels_found"] < LEAST_AREA * area, _dice(frame) < LEAST_DICE
    true, false, missed = there & found, found & ~there, int((there & ~found).sum())
    hits, left_out, alarms = int((true & ~poor).sum()), int((true & poor).sum()), int((false & ~small).sum())
    return {
        "precision": _share(hits, hits + alarms),
        "recall": _share(hits, hits + missed),
        "strict_recall": _share(hits, hits + missed + left_out),
        "true_positives": hits,
        "false_positives": alarms,
        "missed": missed,
        "small_false_positives": int((false & small).sum()),
        "poor_true_positives": left_out,
    }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
