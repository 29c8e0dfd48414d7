"""Mean over subjects and trainings: its interval holds the truth as often as it says; what says nothing says so."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tf_ganaug.experiment.crossed import Mean, Spread, by_gan


def results(rng, subjects, repeats, deviations):
    """Normal results about 0, with the deviations between subjects, between repeats and of the rest."""
    shapes = (subjects, 1), (1, repeats), (subjects, repeats)
    return sum(rng.normal(0, deviation, shape) for deviation, shape in zip(deviations, shapes))


def test_spread_is_the_analysis_of_variance():
    # Rows 1 and 3, columns -1 and +1, no rest; then a rest of +-1 on top.
    plain = np.array([[0.0, 2.0], [2.0, 4.0]])
    assert Spread.of(plain) == Spread(2.0, 2.0, 0.0)
    found = Spread.of(plain + [[1, -1], [-1, 1]])
    # Sum of squares 4 on one degree of freedom; from the means' variances its half is taken.
    assert found == Spread(0.0, 0.0, 4.0)
    assert Spread.of(plain[:, :1]) == Spread(2.0, 0.0, 0.0)


def test_spread_is_unbiased():
    rng = np.random.default_rng(0)
    spreads = [Spread.of(results(rng, 8, 6, (3, 2, 1))) for _ in range(600)]
    mean = np.mean([(s.subjects, s.repeats, s.rest) for s in spreads], 0)
    assert mean == pytest.approx([9, 4, 1], rel=0.12)


def test_the_interval_is_students_where_one_factor_varies():
    subject = np.array([1.0, 2.0, 4.0, 9.0])
    for values, varying in ((np.repeat(subject[:, None], 5, 1), 4), (np.repeat(subject[None], 7, 0), 4)):
        mean = Mean.of(values)
        assert (mean.low, mean.high) == pytest.approx(stats.t.interval(0.95, varying - 1, 4, subject.std(ddof=1) / 2))
        assert mean.p == pytest.approx(stats.ttest_1samp(subject, 0).pvalue)


@pytest.mark.parametrize(
    ("subjects", "repeats", "deviations"),
    # 20 x 2 of (1, 2, 3): widths from variances with the rest subtracted held the truth in 84 %.
    [(3, 3, (1, 0, 0.1)), (4, 5, (1, 1, 1)), (12, 5, (0.1, 1, 0.1)), (20, 2, (1, 2, 3)), (5, 1, (1, 0, 0))],
)
def test_interval_holds_the_truth(subjects, repeats, deviations):
    rng = np.random.default_rng(1)
    means = [Mean.of(2 + results(rng, subjects, repeats, deviations)) for _ in range(400)]
    assert np.mean([mean.low <= 2 <= mean.high for mean in means]) >= 0.92
    # The test of zero is the interval's.
    tested = [mean for mean in means if repeats > 1]
    assert all((mean.p < 0.05) == (mean.low > 0 or mean.high < 0) for mean in tested)


def test_three_subjects_in_40_repeats_are_three():
    few = results(np.random.default_rng(2), 3, 40, (1, 0, 0.1))
    mean = Mean.of(few)
    assert mean.high - mean.low > 8 * 1.96 * few.std() / np.sqrt(few.size)


def test_repeats_of_one_gan_share_its_luck():
    """Three GANs, whose repeats agree: as wide as three results, not as nine."""
    rng = np.random.default_rng(3)
    gans = np.arange(9) % 3
    values = np.array([0.0, 1.0, 5.0])[gans] + rng.normal(0, 0.01, (10, 9))
    known, unknown = Mean.of(values, gans), Mean.of(values)
    assert (known.gans, known.trainings, known.repeats) == (3, 3, 9) and (unknown.gans, unknown.trainings) == (0, 9)
    assert known.high - known.low > 3 * (unknown.high - unknown.low)
    low, high = stats.t.interval(0.95, 2, 2, np.std([0, 1, 5], ddof=1) / np.sqrt(3))
    assert (known.low, known.high) == pytest.approx((low, high), abs=0.05)
    # One GAN's mean is of this GAN; a GAN of each repeat is what the repeats show.
    assert Mean.of(values, ["a"] * 9).high == unknown.high
    assert Mean.of(values, list("abcdefghi")).high == unknown.high


def test_every_gan_counts_equally():
    values = np.array([[1.0, 3.0, 8.0]])
    assert by_gan(values, ["a", "a", "b"]).tolist() == [[2.0, 8.0]]
    assert by_gan(values, ["a", "b", "a"]).tolist() == [[4.5, 3.0]]
    assert by_gan(values, None) is values and by_gan(values, ["a"] * 3) is values


def test_a_jackknifed_mean_of_results_is_their_mean():
    values = results(np.random.default_rng(4), 9, 3, (2, 1, 1)) + 1
    without = np.stack([np.delete(values, subject, 0).mean(0) for subject in range(9)])
    found, expected = Mean.of_jackknife(values.mean(0), without), Mean.of(values)
    assert (found.mean, found.low, found.high) == pytest.approx((expected.mean, expected.low, expected.high))


def test_edges():
    constant = Mean.of(np.full((4, 3), 1.5))
    assert (constant.mean, constant.low, constant.high) == (1.5, 1.5, 1.5)
    assert np.isnan(constant.p)
    for subjects in (1, 2):
        few = Mean.of(np.arange(subjects)[:, None] + np.array([[1.0, 2.0]]))
        assert few.mean == 1.5 + (subjects - 1) / 2
        assert np.isnan([few.low, few.high, few.p]).all()
        assert few.spread is None and few.verdict(1) == "open"


@pytest.mark.parametrize(
    ("mean", "deviation", "found"), [(2, 0.5, "helped"), (-2, 0.5, "hurt"), (0.1, 0.5, "same"), (0.5, 4, "open")]
)
def test_one_repeat_is_never_a_verdict(mean, deviation, found):
    values = results(np.random.default_rng(5), 20, 4, (deviation, 0.1, 0.1))
    values += mean - values.mean()
    assert Mean.of(values).verdict(1) == found
    one = Mean.of(values[:, :1])
    assert one.verdict(1) == "open" and np.isnan(one.p) and np.isfinite([one.low, one.high]).all()


def test_what_would_narrow_the_interval():
    spread = Spread(subjects=4.0, repeats=1.0, rest=1.0)
    subjects = spread.subjects_for(1.5, 10, 5)
    assert spread.half_width(subjects, 5) <= 1.5 < spread.half_width(subjects - 1, 5)
    # The limit of many repeats is the subjects' own error, 2 sqrt(4 / 10) with 9 degrees of freedom: 1.43.
    repeats = spread.repeats_for(1.5, 10, 5)
    assert spread.half_width(10, repeats) <= 1.5 < spread.half_width(10, repeats - 1)
    assert spread.repeats_for(1.4, 10, 5) is None
    # And that of many subjects the repeats': 2.776 sqrt(1 / 5) = 1.24.
    assert spread.subjects_for(1.2, 10, 5) is None
    both = spread.both_for(1.2, 10, 5)
    assert both[0] == 2 * both[1]
    assert spread.half_width(*both) <= 1.2
