"""Differences of two rows of a table, by hand and against plain numpy."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tf_ganaug.experiment.crossed import Mean
from tf_ganaug.experiment.statistics import (
    PIXELS,
    interval_note,
    of_subject,
    paired_difference,
    paired_pooled_difference,
    paired_subject_difference,
    per_case,
    pooled,
    with_interval,
)


def frame(values, cases_per_subject=1, **columns):
    """One record per value; subjects s0, s1, ... with so many cases each."""
    subjects = [f"s{number // cases_per_subject}" for number in range(len(values))]
    cases = [f"c{number}" for number in range(len(values))]
    return pd.DataFrame({"subject": subjects, "case": cases, "dice": values, "class": "lung", **columns})


def test_a_case_is_the_mean_over_classes_and_repeats():
    both = pd.concat([frame([0.2, 0.4]), frame([0.6, 0.8], repeat=1), frame([0.1, 0.3], **{"class": "heart"})])
    assert per_case(both, "dice").to_dict() == pytest.approx({("s0", "c0"): 0.3, ("s1", "c1"): 0.5})
    by_class = per_case(both, "dice", "class")
    assert by_class[("lung", "s0", "c0")] == pytest.approx(0.4)


def crossed(rng, subjects=10, repeats=4, cases=1, mean=0.05):
    """Two rows of (subjects, repeats, cases) Dice, and their differences."""
    base = rng.uniform(0.5, 0.7, (subjects, repeats, cases))
    change = mean + rng.normal(0, 0.05, (subjects, 1, 1)) + rng.normal(0, 0.02, (1, repeats, 1))
    change = change + rng.normal(0, 0.02, base.shape)
    rows = []
    for values in (base + change, base):
        parts = [frame(values[:, repeat].ravel(), cases, repeat=repeat) for repeat in range(repeats)]
        rows.append(pd.concat(parts, ignore_index=True))
    return *rows, change


def test_identical_rows_differ_by_nothing():
    row = crossed(np.random.default_rng(0))[0]
    found = paired_difference(row, row.sample(frac=1, random_state=1), "dice")
    assert (found.mean, found.low, found.high) == (0, 0, 0)


def test_the_interval_is_that_of_subjects_and_repeats():
    """Three cases of every subject are not three subjects, and repeats widen it."""
    better, worse, change = crossed(np.random.default_rng(1), cases=3)
    found, expected = paired_difference(better, worse, "dice"), Mean.of(change.mean(2))
    assert (found.mean, found.low, found.high) == pytest.approx((expected.mean, expected.low, expected.high))
    assert (found.subjects, found.repeats) == (10, 4)


def test_subjects_count_by_their_cases():
    # One subject with three cases at +1, two with a single case at -1.
    better = frame([1.0, 1.0, 1.0, 0.0, 0.0], repeat=0).assign(subject=["a"] * 3 + ["b", "c"])
    worse = better.assign(dice=1 - better.dice)
    found = paired_difference(better, worse, "dice")
    assert found.mean == pytest.approx(0.2)
    # By hand: without a the mean is -1, without b or c 1 / 2; pseudo-values 2.6, -0.4, -0.4 about 0.2.
    assert (found.high - found.low) / 2 == pytest.approx(
        stats.t.ppf(0.975, 2) * np.std([2.6, -0.4, -0.4], ddof=1) / 3**0.5
    )


def test_rows_of_other_cases_or_repeats_are_refused():
    better, worse, _ = crossed(np.random.default_rng(2))
    for other in (worse[worse.case != "c0"], worse[worse["repeat"] > 0]):
        with pytest.raises(ValueError, match="same cases, in the same repeats"):
            paired_difference(better, other, "dice")


def scenes():
    """Two scenes and two classes: counts by hand, one row perfect, one poor on the class `b`."""
    good = [("s1", "a", 8, 8, 8), ("s1", "b", 2, 2, 2), ("s2", "a", 6, 6, 6), ("s2", "b", 4, 4, 4)]
    poor = [("s1", "a", 8, 10, 8), ("s1", "b", 2, 0, 0), ("s2", "a", 6, 8, 6), ("s2", "b", 4, 2, 2)]
    columns = ["case", "class", "pixels_true", "pixels_found", "pixels_both"]
    frames = [pd.DataFrame(rows, columns=columns).assign(fold=0, repeat=0) for rows in (good, poor)]
    return [frame.assign(subject=frame.case) for frame in frames]


def test_pooled_measures_count_all_cases_as_one():
    good, poor = scenes()
    assert pooled(good, "iou").to_dict() == {"a": 1.0, "b": 1.0}
    # a: 14 true, 18 found, 14 both; b: 6 true, 2 found, 2 both. The mean of images would be (0 + 1/2) / 2.
    assert pooled(poor, "iou").to_dict() == pytest.approx({"a": 14 / 18, "b": 2 / 6})
    assert pooled(poor, "dice").to_dict() == pytest.approx({"a": 28 / 32, "b": 4 / 8})
    absent = poor.assign(**dict.fromkeys(("pixels_true", "pixels_found", "pixels_both"), 0))
    assert pooled(absent, "iou").isna().all()


def test_paired_pooled_difference():
    good, poor = scenes()
    found = paired_pooled_difference(good, poor, "iou", ["a", "b"])
    assert found.mean == pytest.approx(1 - (14 / 18 + 2 / 6) / 2)
    assert (found.subjects, found.repeats) == (2, 1) and np.isnan(found.low)
    same = paired_pooled_difference(good, good, "iou", ["a", "b"])
    assert same.mean == 0
    with pytest.raises(ValueError, match="same cases"):
        paired_pooled_difference(good, poor[poor.case == "s1"], "iou", ["a", "b"])


def many(rng, subjects=12, repeats=3):
    """Pixel counts of two rows: several cases of every subject, two classes; one class of some subjects only."""
    rows = []
    for shift in (0.1, 0.0):
        for subject, repeat, case, name in np.ndindex(subjects, repeats, 2, 2):
            true = int(rng.integers(50, 900)) if name == 0 or subject % 3 else 0
            both = int(true * np.clip(0.6 + shift + rng.normal(0, 0.1), 0, 1))
            found = both + int(rng.integers(0, 40)) * (true > 0)
            rows.append((shift, f"s{subject}", f"s{subject}-{case}", repeat, 0, "ab"[name], true, found, both))
    frame = pd.DataFrame(rows, columns=["row", "subject", "case", "repeat", "fold", "class", *PIXELS])
    return frame[frame.row > 0], frame[frame.row == 0]


@pytest.mark.parametrize("measure", ["iou", "dice"])
def test_a_pooled_difference_is_jackknifed_over_subjects(measure):
    better, worse = many(np.random.default_rng(0))
    found = paired_pooled_difference(better, worse, measure, ["a", "b"])

    def difference(repeat, without=None):
        each = [rows[(rows["repeat"] == repeat) & (rows.subject != without)] for rows in (better, worse)]
        return float(np.subtract(*[pooled(rows, measure).mean() for rows in each]))

    subjects = sorted(set(better.subject))
    whole = np.array([difference(repeat) for repeat in range(3)])
    without = np.array([[difference(repeat, one) for repeat in range(3)] for one in subjects])
    expected = Mean.of(len(subjects) * whole - (len(subjects) - 1) * without)
    assert found.mean == pytest.approx(whole.mean())
    assert found.high - found.low == pytest.approx(expected.high - expected.low)


def test_the_interval_of_a_pooled_measure_holds_the_truth():
    """Persons of very different size, one pooled IoU: in about 95 % of studies."""
    rng = np.random.default_rng(3)
    held = []
    for _ in range(120):
        sizes = rng.lognormal(6, 1, 15).astype(int) + 20
        shared = [(sizes * np.clip(rng.normal(share, 0.1, 15), 0, 1)).astype(int) for share in (0.8, 0.7)]
        rows = [
            pd.DataFrame(
                {
                    "subject": range(15),
                    "case": range(15),
                    "repeat": 0,
                    "fold": 0,
                    "class": "a",
                    "pixels_true": sizes,
                    "pixels_found": sizes,
                    "pixels_both": both,
                }
            )
            for both in shared
        ]
        found = paired_pooled_difference(*rows, "dice", ["a"])
        held.append(found.low <= 0.1 <= found.high)
    assert np.mean(held) >= 0.88  # shares are clipped at 1, and 15 subjects of such sizes are few


def test_dice_of_a_subject_counts_what_is_found_where_nothing_is():
    """A volume of one slice with a lesion and one without, where as much was found."""
    columns = ["subject", "class", *PIXELS]
    slices = [("a", "x", 10, 10, 10), ("a", "x", 0, 10, 0), ("b", "x", 0, 5, 0), ("c", "x", 0, 0, 0)]
    found = of_subject(pd.DataFrame(slices, columns=columns), "dice")
    assert found.to_dict() == pytest.approx({("a", "x"): 20 / 30, ("b", "x"): 0.0, ("c", "x"): np.nan}, nan_ok=True)


def test_paired_subject_difference_is_the_mean_of_classes_of_subjects():
    better, worse = many(np.random.default_rng(1))
    found = paired_subject_difference(better, worse, "dice", ["g0", "g1", "g1"])
    each = [of_subject(rows, "dice", "repeat") for rows in (better, worse)]
    by_class = (each[0] - each[1]).groupby(["repeat", "class"]).mean().groupby("repeat").mean()
    assert found.mean == pytest.approx((by_class[0] + (by_class[1] + by_class[2]) / 2) / 2)
    assert (found.gans, found.repeats, found.subjects) == (2, 3, 12) and found.low < found.mean < found.high
    with pytest.raises(ValueError, match="same subjects"):
        paired_subject_difference(better, worse[worse.subject != "s0"], "dice")


def test_texts_say_what_an_interval_is_of():
    three = Mean(0.5, -0.25, 1.25, 0.2, 9, 3, 0, None)
    assert with_interval(three) == "+0.50 [-0.25, +1.25]"
    assert with_interval(three, 100, 1) == "+50.0 [-25.0, +125.0]"
    assert with_interval(replace(three, repeats=1)) == "+0.50 [-0.25, +1.25; of these two networks only]"
    assert with_interval(replace(three, low=np.nan, subjects=2)) == "+0.50 [fewer than 3 subjects]"
    assert "of these two networks only" in interval_note(1, "patients") and "patients" in interval_note(1, "patients")
    assert "of these generators only" in interval_note(3) and "own generator" in interval_note(3, own_gans=True)
