"""Differences of two rows of a table, against known cases and a plain bootstrap."""

import numpy as np
import pandas as pd
import pytest

from tf_ganaug.experiment.statistics import paired_difference, paired_pooled_difference, per_case, pooled, with_interval


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


def test_identical_rows_differ_by_nothing():
    row = frame(np.random.default_rng(0).random(20))
    assert paired_difference(row, row.sample(frac=1, random_state=1), "dice") == (0.0, 0.0, 0.0)


def test_a_constant_difference_is_certain():
    values = np.random.default_rng(0).random(20)
    found = paired_difference(frame(values + 0.125), frame(values), "dice")
    assert found == pytest.approx((0.125, 0.125, 0.125))


def test_interval_equals_a_plain_bootstrap_over_subjects():
    rng = np.random.default_rng(1)
    better, worse = rng.normal(0.8, 0.1, 40), rng.normal(0.75, 0.1, 40)
    # Four cases to a subject, which share a shift: drawing cases apart would give a narrower interval.
    better += rng.normal(0, 0.1, 10).repeat(4)
    difference = (better - worse).reshape(10, 4)
    means = [difference[rng.integers(0, 10, 10)].mean() for _ in range(4000)]
    mean, low, high = paired_difference(frame(better, 4), frame(worse, 4), "dice")
    assert mean == pytest.approx(difference.mean())
    assert (low, high) == pytest.approx(tuple(np.percentile(means, [2.5, 97.5])), abs=0.006)
    cases = [rng.choice(difference.ravel(), 40).mean() for _ in range(4000)]
    assert high - low > 1.2 * np.subtract(*np.percentile(cases, [97.5, 2.5]))


def test_subjects_count_by_their_cases():
    # One subject with three cases at +1, one with a single case at -1.
    better = frame([1.0, 1.0, 1.0, 0.0], cases_per_subject=3)
    worse = frame([0.0, 0.0, 0.0, 1.0], cases_per_subject=3)
    assert paired_difference(better, worse, "dice") == (0.5, -1.0, 1.0)


def test_the_interval_is_seeded():
    rows = [frame(np.random.default_rng(seed).random(12)) for seed in (0, 1)]
    first = paired_difference(*rows, "dice", draws=200, seed=1)
    assert paired_difference(*rows, "dice", draws=200, seed=1) == first
    assert paired_difference(*rows, "dice", draws=200, seed=2) != first


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
    expected = 1 - (14 / 18 + 2 / 6) / 2
    difference, low, high = paired_pooled_difference(good, poor, "iou", ["a", "b"])
    assert difference == pytest.approx(expected)
    # Bootstrap samples are twice s1, twice s2, or both.
    ends = [1 - (8 / 10 + 0 / 2) / 2, 1 - (6 / 8 + 2 / 4) / 2]
    assert (low, high) == pytest.approx((min(ends), max(ends)))
    assert paired_pooled_difference(good, good, "iou", ["a", "b"]) == (0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="same cases"):
        paired_pooled_difference(good, poor[poor.case == "s1"], "iou", ["a", "b"])


def test_one_subject_gives_no_interval():
    frames = [
        pd.DataFrame({"subject": ["a"] * 2, "case": ["1", "2"], "dice": dice}) for dice in ([0.5, 0.7], [0.4, 0.4])
    ]
    found = paired_difference(*frames, "dice")
    assert found[0] == pytest.approx(0.2) and np.isnan(found[1:]).all()
    assert with_interval(*found) == "+0.20 [one subject]"
    assert with_interval(1.0, -0.5, 2.25) == "+1.00 [-0.50, +2.25]"
