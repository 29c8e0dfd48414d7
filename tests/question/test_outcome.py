"""The outcome of a subject: from its pixels, so that what is found where nothing is counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.question.frames import cases
from tf_ganaug.question.answer import contrary, short, verdict
from tf_ganaug.question.answer import sentence as words
from tf_ganaug.question.change import Change
from tf_ganaug.question.outcome import of_subjects, without_class


def test_dice_is_of_the_pixels_of_all_images_of_a_subject():
    frame = of_subjects(
        cases([("a", "lesion", 6, 6, 3), ("a", "lesion", 600, 600, 540), ("a", "lesion", 0, 30, 0)])
    ).iloc[0]
    assert frame.dice == pytest.approx(2 * 543 / (606 + 636))
    assert frame.iou == pytest.approx(543 / (606 + 636 - 543))
    assert (frame.precision, frame.recall) == pytest.approx((543 / 636, 543 / 606))
    assert frame.image_dice == pytest.approx((0.5 + 0.9) / 2) and frame.image_false_alarms == 1


def test_a_subject_without_the_class_has_no_dice_unless_some_is_found():
    images = [("with", "lesion", 10, 10, 10), ("quiet", "lesion", 0, 0, 0), ("alarmed", "lesion", 0, 5, 0)]
    frame = of_subjects(cases(images)).set_index("subject")
    assert frame.dice["with"] == 1 and np.isnan(frame.dice["quiet"]) and frame.dice["alarmed"] == 0
    assert frame.loc["quiet", ["precision", "recall", "image_dice"]].isna().all()
    missed = of_subjects(cases([("missed", "lesion", 10, 0, 0)])).iloc[0]
    assert (missed.dice, missed.precision, missed.recall) == (0, 0, 0)
    counts = without_class(of_subjects(cases(images))).loc["lesion"]
    assert (counts.with_class, counts.without_class, counts.found_real) == (1, 2, 1)


def firing(subjects=12, repeats=3):
    """A GAN arm two points better where the lesion is, that fires in every slice without one; as found in the wild."""
    rng, frames = np.random.default_rng(0), []
    for repeat in range(repeats):
        for arm in ("real", "gan"):
            images = []
            for subject in range(subjects):
                quality = 0.70 + 0.01 * (subject % 5) + 0.02 * (arm == "gan") + rng.normal(0, 0.002)
                images += [(f"s{subject}", "lesion", 1000, 1000, round(1000 * quality))] * 10
                images += [(f"s{subject}", "lesion", 0, 1000 if arm == "gan" else 0, 0)] * 10
            frames.append(cases(images, arm, repeat, *(("wgan_gp", 0) if arm == "gan" else ("", -1))))
    return of_subjects(pd.concat(frames))


def test_a_gan_that_fires_where_no_lesion_is_hurts():
    frame = firing()
    change = Change.of(frame)
    assert verdict(change) == "hurt" and change.mean.mean < -20
    # What single slices with a lesion say is told beside it.
    single = Change.of(frame, measure="image_dice")
    assert single.mean.mean == pytest.approx(2, abs=0.3)
    text = words(change, short(1)) + " ".join(contrary(change, {"image_dice": single}))
    assert text.startswith("This generator hurt: Dice changed by -2")
    assert "But the mean Dice of single images changed from 7" in text


def test_a_gan_that_fires_in_subjects_without_the_class_hurts():
    frames = []
    for repeat in range(3):
        for arm, fires in (("real", 0), ("gan", 50)):
            images = [(f"s{n}", "lesion", 100, 100, 70 + n + repeat) for n in range(8)]
            images += [(f"free{n}", "lesion", 0, fires, 0) for n in range(4)]
            frames.append(cases(images, arm, repeat, *(("wgan_gp", 0) if arm == "gan" else ("", -1))))
    frame = of_subjects(pd.concat(frames))
    change = Change.of(frame)
    assert change.before == pytest.approx(np.mean([70 + n + r for n in range(8) for r in range(3)]))
    assert change.after == pytest.approx(change.before * 8 / 12) and verdict(change) == "hurt"
    assert change.mean.subjects == 12
    counts = without_class(frame).loc["lesion"]
    assert (counts.without_class, counts.found_real, counts.found_gan) == (4, 0, 4)


def test_false_alarms_that_point_the_other_way_are_told():
    frames = []
    for repeat in range(3):
        for arm, both, fires in (("real", 70, 0), ("gan", 75, 1)):
            images = [(f"s{n}", "lesion", 1000, 1000, 10 * both + n + repeat) for n in range(8)]
            images += [(f"s{n}", "lesion", 0, fires, 0) for n in range(8)]
            frames.append(cases(images, arm, repeat, *(("wgan_gp", 0) if arm == "gan" else ("", -1))))
    frame = of_subjects(pd.concat(frames))
    change = Change.of(frame)
    assert verdict(change) == "helped"
    (line,) = contrary(change, {"image_false_alarms": Change.of(frame, measure="image_false_alarms")})
    assert line.startswith("But false alarms") and "from 0.0 to 100.0 %" in line
