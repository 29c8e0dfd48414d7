"""Mean over subjects and repeats: its interval holds the truth as often as it says, and its variances are unbiased."""

from __future__ import annotations

import numpy as np
import pytest

from tf_ganaug.experiment.crossed import Mean, Spread


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


@pytest.mark.parametrize(
    ("subjects", "repeats", "deviations"),
    [(3, 3, (1, 0, 0.1)), (4, 5, (1, 1, 1)), (12, 5, (0.1, 1, 0.1)), (12, 5, (0.3, 0.3, 1)), (5, 1, (1, 0, 0))],
)
def test_interval_holds_the_truth(subjects, repeats, deviations):
    rng = np.random.default_rng(1)
    means = [Mean.of(2 + results(rng, subjects, repeats, deviations), draws=300) for _ in range(250)]
    held = np.mean([mean.low <= 2 <= mean.high for mean in means])
    assert 0.9 <= held <= 0.99
    # p is that of zero, so it has to be small where the interval leaves zero out; shape makes the edge differ.
    apart = [mean.p < 0.05 for mean in means if abs(mean.mean) > 2 * (mean.high - mean.low)]
    assert all(apart)


def test_the_interval_is_wider_than_that_of_independent_results():
    """Three subjects in 40 repeats are three, not 120."""
    few = results(np.random.default_rng(2), 3, 40, (1, 0, 0.1))
    mean = Mean.of(few)
    assert mean.high - mean.low > 8 * 1.96 * few.std() / np.sqrt(few.size)


def test_the_shape_is_the_bootstraps():
    """One subject far above the others: the interval reaches further up."""
    mean = Mean.of(np.array([[0.0], [0.1], [0.2], [0.3], [0.2], [0.1], [5.0]]))
    assert mean.high - mean.mean > 1.5 * (mean.mean - mean.low)
    half = mean.spread.half_width(7, 1)
    assert (mean.high - mean.low) / 2 == pytest.approx(half)


def test_seeded_and_of_any_order():
    values = results(np.random.default_rng(3), 10, 4, (1, 1, 1))
    assert Mean.of(values) == Mean.of(values)
    assert Mean.of(values, seed=1) != Mean.of(values)
    # Batches do not change the draws' law: many more draws give the same ends.
    assert Mean.of(values, draws=40000).low == pytest.approx(Mean.of(values).low, abs=0.1)


def test_edges():
    constant = Mean.of(np.full((4, 3), 1.5))
    assert (constant.mean, constant.low, constant.high) == (1.5, 1.5, 1.5)
    assert np.isnan(constant.p)
    single = Mean.of(np.array([[1.0, 2.0]]))
    assert single.mean == 1.5
    assert np.isnan([single.low, single.high, single.p]).all()
    assert single.spread is None


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
