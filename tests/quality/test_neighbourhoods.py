"""The formulas of Kynkäänniemi 2019 and Naeem 2020 on points made by hand, and against loops in plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

from tf_ganaug.errors import InputError
from tf_ganaug.quality import neighbourhoods as near
from tf_ganaug.quality.closeness import Value, closeness, draws_of

#: Real points on a line, at whole numbers, and generated ones: one of them between, two at one place, one far off.
REAL, MADE = np.arange(5.0)[:, None], np.array([[1.5], [1.5], [3.0], [40.0]])


def plain(real, made, k):
    """All four by their definitions, one point at a time."""

    def radius(points, n):
        return sorted(np.linalg.norm(points - points[n], axis=1))[k]

    real_radii = [radius(real, n) for n in range(len(real))]
    made_radii = [radius(made, n) for n in range(len(made))]

    def between(n, m):
        return np.linalg.norm(real[n] - made[m])

    def count(rule, first, second):
        return sum(any(rule(n, m) for m in range(len(second))) for n in range(len(first))) / len(first)

    inside = [[between(n, m) < real_radii[n] for m in range(len(made))] for n in range(len(real))]
    return {
        "precision": count(lambda m, n: between(n, m) <= real_radii[n], made, real),
        "recall": count(lambda n, m: between(n, m) <= made_radii[m], real, made),
        "density": sum(map(sum, inside)) / (k * len(made)),
        "coverage": sum(map(any, inside)) / len(real),
    }


def ours(real, made, k):
    between = near.distances(real, made)
    real_radii, made_radii = (near.radii(near.distances(points, points), k) for points in (real, made))
    return {
        "precision": near.precision(between, real_radii),
        "recall": near.recall(between, made_radii),
        "density": near.density(between, real_radii, k),
        "coverage": near.coverage(between, real_radii),
    }


def test_points_on_a_line():
    # With k = 1 every real ball has radius 1. The far point is in none, and no ball of a pair at one place has a width.
    found = ours(REAL, MADE, 1)
    assert found["precision"] == 3 / 4
    # 1.5, twice, is inside the balls of 1 and 2; 3 inside that of 3 alone, for 2 and 4 hold it on their surface only.
    assert found["density"] == 5 / 4
    assert found["coverage"] == 3 / 5
    # Ball of 3: radius 1.5 to the nearest generated point, so it holds 2, 3 and 4; that of 40 ends at 3: 37 wide.
    assert found["recall"] == 3 / 5


@pytest.mark.parametrize("k", [1, 3, 5])
def test_they_are_those_of_the_definitions(k):
    rng = np.random.default_rng(k)
    real, made = rng.normal(size=(40, 3)), rng.normal(0.5, 0.7, (30, 3))
    assert ours(real, made, k) == pytest.approx(plain(real, made, k))


def test_distances_of_many_points_far_from_the_origin():
    rng = np.random.default_rng(0)
    points, others = rng.normal(100, 1, (near.ROWS + 5, 4)), rng.normal(100, 1, (7, 4))
    expected = np.linalg.norm(points[:, None] - others, axis=2)
    np.testing.assert_allclose(near.distances(points, others), expected, rtol=1e-5)
    assert (np.diagonal(near.distances(points, points)) == 0).all()


def test_realism_is_that_of_the_narrow_balls():
    # Balls of radius 1 and, about the lonely point, 6: that one is wider than half of them.
    real = np.array([[0.0], [1.0], [2.0], [3.0], [9.0]])
    radii = near.radii(near.distances(real, real), 1)
    assert list(radii) == [1, 1, 1, 1, 6]
    np.testing.assert_allclose(near.realism(near.distances(real, np.array([[3.5], [9.0]])), radii), [2.0, 1 / 6])


def test_draws_keep_subjects_together():
    subjects = np.repeat(list("abcde"), 3)
    for rows in draws_of(subjects, 0):
        assert len(rows) == 9 and len(set(subjects[rows])) == 3
    assert [len(rows) for rows in draws_of(["one"] * 8, 0)] == [4] * 20


def test_a_range_is_that_of_the_draws():
    drawn = np.random.default_rng(0).normal(0.5, 0.1, 4000)
    # One-sided 5 % of one measure is 1.645 deviations, of two samples of equal size the root of two of that.
    assert Value.of(0.0, 0.5, drawn, measures=1).low == pytest.approx(0.5 - 1.645 * 2**0.5 * 0.1, abs=5e-3)
    assert Value.of(0.0, 0.5, drawn, True, 1).high == pytest.approx(0.5 + 1.96 * 2**0.5 * 0.1, abs=5e-3)
    assert Value.of(0.1, 0.5, drawn).apart and not Value.of(0.2, 0.5, drawn).apart
    assert not Value.of(7.0, 0.5, drawn).apart and Value.of(7.0, 0.5, drawn, both=True).apart
    assert not Value.of(7.0, 0.5, np.array([np.nan])).apart
    small = Value.of(0.0, 0.05, drawn)
    assert small.low == 0 and not small.apart, "no share is below 0"


def test_held_out_points_are_close_to_themselves_and_others_are_not():
    rng = np.random.default_rng(1)
    reference, held = rng.normal(size=(80, 4)), rng.normal(size=(80, 4))
    draws = draws_of(np.arange(80).astype(str), 0)
    alike = closeness(rng.normal(size=(300, 4)), reference, held, draws, 0)
    assert not any(value.apart for value in alike.values.values()) and alike.unlike < 0.2 and alike.same < 0.2
    far = closeness(rng.normal(9, 1, (300, 4)), reference, held, draws, 0)
    assert all(far.values[name].apart for name in far.values) and far.unlike == 1
    one = closeness(np.repeat(held[:1], 300, 0) + rng.normal(0, 1e-3, (300, 4)), reference, held, draws, 0)
    assert one.same == 1 and one.values["coverage"].apart


@pytest.mark.parametrize(("generated", "reference", "held"), [(3, 9, 9), (9, 5, 9), (9, 9, 5)])
def test_too_few_points_are_refused(generated, reference, held):
    points = [np.random.default_rng(0).normal(size=(count, 2)) for count in (generated, reference, held)]
    with pytest.raises(InputError, match="at least"):
        closeness(*points, draws_of([str(n) for n in range(held)], 0), 0)
