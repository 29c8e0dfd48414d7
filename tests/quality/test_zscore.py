"""Screening by z-scores against plain numpy."""

import numpy as np
import pytest

from tf_ganaug.errors import InputError
from tf_ganaug.quality.zscore import Reference, find_threshold, screen

RNG = np.random.default_rng(0)
REALS = RNG.integers(0, 7, (25, 6, 5)).astype(np.uint8)
MAPS = RNG.integers(0, 7, (4, 6, 5)).astype(np.uint8)


def test_norms():
    reference = Reference.from_maps([REALS[:10], REALS[10:11], REALS[11:]])
    mean, deviation = REALS.mean(0), REALS.std(0)
    np.testing.assert_allclose(reference.mean, mean, rtol=1e-12)
    np.testing.assert_allclose(reference.deviation, deviation, rtol=1e-12)
    expected = [np.linalg.norm((image - mean) / deviation) for image in MAPS]
    np.testing.assert_allclose(reference.norms(MAPS), expected, rtol=1e-12)


def test_a_pixel_that_never_varies_counts_only_where_a_map_differs():
    reals, same, other = REALS.copy(), MAPS.copy(), MAPS.copy()
    reals[:, 0, :] = 0
    reals[:, 1, :] = 3
    for maps in (same, other):
        maps[:, 0, :], maps[:, 1, :] = 0, 3
    other[:, 0, 0] = 2
    other[:, 1, 4] = 2
    reference = Reference.from_maps([reals])
    assert np.all(reference.deviation[:2] == 0) and reference.epsilon == 1 / 5
    varying = np.linalg.norm(((same - reference.mean) / REALS.std(0))[:, 2:].reshape(4, -1), axis=1)
    np.testing.assert_allclose(reference.norms(same), varying, rtol=1e-12)
    np.testing.assert_allclose(reference.norms(other), np.sqrt(varying**2 + 10**2 + 5**2), rtol=1e-12)


def test_a_value_never_seen_counts_like_one_seen_once():
    reals = np.zeros((400, 1, 2), np.uint8)
    reals[0, 0, 0] = 1
    reference = Reference.from_maps([reals])
    once, never = reference.norms(np.array([[[1, 0]], [[0, 1]]]))
    assert never == pytest.approx(20, rel=1e-4)
    assert once == pytest.approx(never, rel=0.01)


def test_a_reference_needs_maps():
    with pytest.raises(InputError, match="real label maps"):
        Reference.from_maps([])


def test_screen():
    found = screen(np.array([1.0, 2.0, 3.0, 4.0]), np.array([9.0, 3.0, 3.5, 0.0, 3.1]), 3.0)
    assert found.kept.tolist() == [1, 3]
    assert found.removed.tolist() == [0, 2, 4]
    assert found.synthetic_share == 0.6
    assert found.real_share == 0.25


@pytest.mark.parametrize("most", [0.0, 0.05, 0.1, 0.29, 0.99])
def test_the_threshold_is_the_best_of_all(most):
    reals, synthetic = RNG.gamma(4, 1, 100).round(1), RNG.gamma(4, 1.5, 300).round(1)
    found = screen(reals, synthetic, find_threshold(reals, synthetic, most))
    assert found.real_share <= most
    rivals = [screen(reals, synthetic, threshold) for threshold in np.unique(np.r_[0, reals, synthetic])]
    allowed = [rival for rival in rivals if rival.real_share <= most]
    assert found.synthetic_share == max(rival.synthetic_share for rival in allowed)
    equal = [rival for rival in allowed if rival.synthetic_share == found.synthetic_share]
    assert found.real_share == min(rival.real_share for rival in equal)


def test_no_real_map_is_given_up_for_nothing():
    reals, synthetic = np.arange(1.0, 11.0), np.array([2.0, 3.0])
    assert find_threshold(reals, synthetic, 0.3) == 10
    assert find_threshold(reals, np.array([8.5, 9.5]), 0.3) == 8
