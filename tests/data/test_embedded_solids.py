"""Signed distances and noise of which the head phantoms are made."""

import numpy as np
import pytest

from tf_ganaug.data.embedded.solids import Waves, covered, ellipsoid, melt, tube


@pytest.fixture(scope="module")
def points():
    return np.random.default_rng(0).uniform(-30, 30, (3, 40, 50)).astype(np.float32)


def test_sphere(points):
    distance = ellipsoid(points, (5, -3, 2), (12, 12, 12))
    expected = np.linalg.norm(points - np.array([5, -3, 2]).reshape(3, 1, 1), axis=0) - 12
    np.testing.assert_allclose(distance, expected, atol=1e-3)


def test_ellipsoid(points):
    radii = np.array([20, 10, 14]).reshape(3, 1, 1)
    distance = ellipsoid(points, (0, 0, 0), (20, 10, 14))
    np.testing.assert_array_equal(distance < 0, ((points / radii) ** 2).sum(axis=0) < 1)
    # Along the axes it is exact at the surface's level: a millimetre off is a millimetre.
    off = ellipsoid(np.array([[21, 0, 0], [0, 11, 0], [0, 0, 15]], np.float32), (0, 0, 0), (20, 10, 14))
    np.testing.assert_allclose(off, 1, atol=0.15)


def test_tube(points):
    path, radii = np.array([(-10, 0, 0), (10, 0, 0)]), np.array([3, 5])
    distance = tube(points, path, radii)
    part = np.clip((points[0] + 10) / 20, 0, 1)
    axis = np.stack([part * 20 - 10, 0 * part, 0 * part])
    np.testing.assert_allclose(distance, np.linalg.norm(points - axis, axis=0) - (3 + 2 * part), atol=1e-4)
    bent = tube(points, np.array([(-10, 0, 0), (10, 0, 0), (10, 20, 0)]), 3)
    assert (bent <= tube(points, path, 3) + 1e-5).all()
    assert bent[points[1] > 15].min() < 0


def test_melt(points):
    first, second = points[0], points[1]
    union = melt(first, second, 4)
    far = np.abs(first - second) > 4
    np.testing.assert_array_equal(union[far], np.minimum(first, second)[far])
    gain = (np.minimum(first, second) - union)[~far]
    assert 0 <= gain.min() < gain.max() <= 1


def test_covered():
    np.testing.assert_allclose(covered(np.array([-9, -1, 0, 0.5, 1, 9]), 2), [1, 1, 0.5, 0.25, 0, 0])


def test_waves():
    rng = np.random.default_rng(1)
    values = np.array([Waves.drawn(rng, 20, outputs=2)(np.zeros((3, 1), np.float32)) for _ in range(3000)])
    assert values.shape == (3000, 2, 1)
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=0.08)
    np.testing.assert_allclose(values.std(axis=0), 1, atol=0.08)


def test_waves_are_as_long_as_asked():
    """A plane wave crosses 0 twice in a wavelength; in random directions along a line sqrt(3) times less often."""
    rng = np.random.default_rng(2)
    line = np.zeros((3, 4000), np.float32)
    line[0] = np.linspace(0, 1000, 4000)
    crossings = [np.count_nonzero(np.diff(np.sign(Waves.drawn(rng, 25)(line)))) for _ in range(40)]
    assert np.mean(crossings) == pytest.approx(2 * 1000 / 25 / np.sqrt(3), rel=0.1)


def test_distance_to_zero(points):
    """One wave alone is 0 on planes, half a wavelength apart."""
    turn = np.where(points[0] > 0, 1.0, 0.0)
    wave = Waves(np.array([[0.1, 0, 0]], np.float32), np.zeros(1, np.float32), np.ones((1, 1), np.float32))
    phase = 0.1 * points[0] + turn
    expected = np.abs(np.cos(phase) / np.sin(phase)) / 0.1
    np.testing.assert_allclose(wave.distance(points, turn), expected, rtol=2e-3, atol=1e-3)
    near = expected < 1
    planes = (np.round(phase / np.pi - 0.5) + 0.5) * np.pi
    np.testing.assert_allclose(wave.distance(points, turn)[near], np.abs(phase - planes)[near] / 0.1, atol=0.01)
