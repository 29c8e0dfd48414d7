"""Dice, precision and recall of a few images, computed by hand."""

import numpy as np
import pandas as pd
import pytest

from tf_ganaug.quality.detection import class_dice, detections, image_dice

#: image, class, true, found and common pixels.
ROWS = [
    ("a", "IPH", 1000, 800, 600),  # found: Dice 1200 / 1800
    ("a", "SDH", 0, 200, 0),  # false, just large enough
    ("b", "IPH", 400, 0, 0),  # missed
    ("b", "SDH", 0, 199, 0),  # false, too small
    ("c", "IPH", 0, 0, 0),  # neither
    ("c", "SDH", 700, 100, 100),  # found: Dice exactly 0.25
    ("d", "IPH", 700, 101, 100),  # found poorly: Dice 200 / 801
    ("d", "SDH", 50, 70, 0),  # found poorly: elsewhere
    ("e", "IPH", 0, 0, 0),
    ("e", "SDH", 0, 0, 0),
]


def frame(rows=ROWS):
    return pd.DataFrame(rows, columns=["case", "class", "pixels_true", "pixels_found", "pixels_both"])


def test_image_dice():
    found = image_dice(frame())
    expected = {"a": 1200 / 2000, "b": 0, "c": 200 / 800, "d": 200 / 921, "e": 1}
    assert found.to_dict() == pytest.approx(expected)


def test_class_dice():
    expected = {"IPH": 1400 / (2100 + 901), "SDH": 200 / (750 + 569)}
    assert class_dice(frame()).to_dict() == pytest.approx(expected)
    absent = frame([*ROWS, ("a", "EDH", 0, 0, 0), ("b", "EDH", 0, 0, 0)])
    assert np.isnan(class_dice(absent)["EDH"])
    assert image_dice(absent).equals(image_dice(frame()))


def test_detections():
    # True: a and c; false: a; missed: b; left out: b's small one and both of d.
    assert detections(frame(), 256 * 256) == pytest.approx(
        {
            "precision": 2 / 3,
            "recall": 2 / 3,
            "strict_recall": 2 / 5,
            "true_positives": 2,
            "false_positives": 1,
            "missed": 1,
            "small_false_positives": 1,
            "poor_true_positives": 2,
        }
    )


def test_the_least_area_follows_the_size():
    assert detections(frame(), 512 * 512)["false_positives"] == 0
    assert detections(frame(), 128 * 128)["false_positives"] == 2
    sizes = pd.Series({"b": 128 * 128, "a": 512 * 512, "c": 1, "d": 1, "e": 1})
    found = detections(frame(), sizes)
    assert (found["false_positives"], found["small_false_positives"]) == (1, 1)


def test_nothing_to_count():
    nothing = detections(frame(ROWS[-2:]), 256 * 256)
    assert all(np.isnan(nothing[name]) for name in ("precision", "recall", "strict_recall"))
    missed = detections(frame(ROWS[2:3]), 256 * 256)
    assert np.isnan(missed["precision"])
    assert (missed["recall"], missed["strict_recall"]) == (0, 0)
    poor = detections(frame(ROWS[6:7]), 256 * 256)
    assert np.isnan(poor["precision"]) and np.isnan(poor["recall"])
    assert poor["strict_recall"] == 0
