"""Sharpness against numpy and scipy; a blurred picture has less of it."""

import numpy as np
import pytest
from scipy.ndimage import correlate, gaussian_filter

from tf_ganaug.quality.sharpness import fourier_magnitude, laplacian_variance

IMAGES = np.random.default_rng(0).uniform(-1, 1, (3, 24, 20, 2)).astype(np.float32)


def test_fourier_magnitude():
    planes = (IMAGES.transpose(0, 3, 1, 2) + 1) * 127.5
    expected = np.abs(np.fft.fft2(planes, norm="ortho")).mean((1, 2, 3))
    np.testing.assert_allclose(fourier_magnitude(IMAGES), expected, rtol=1e-4)
    flat = np.full((1, 8, 8, 1), 1.0, np.float32)
    assert float(fourier_magnitude(flat)[0]) == pytest.approx(255 * 8 / 64, rel=1e-4)


def test_laplacian_variance():
    kernel = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])
    pixels = (IMAGES.astype(float) + 1) * 127.5
    expected = [np.mean([correlate(image[..., c], kernel, mode="mirror").var() for c in range(2)]) for image in pixels]
    np.testing.assert_allclose(laplacian_variance(IMAGES), expected, rtol=1e-4)
    ramp = np.linspace(-1, 1, 9, dtype=np.float32)[None, :, None, None].repeat(9, 2)
    # The second difference of a ramp is 0 but at its two mirrored ends, where it is two steps of 255 / 8.
    assert float(laplacian_variance(ramp)[0]) == pytest.approx(2 / 9 * (2 * 255 / 8) ** 2, rel=1e-4)


@pytest.mark.parametrize("measure", [fourier_magnitude, laplacian_variance])
def test_the_blurrier_the_lower(measure):
    rng = np.random.default_rng(1)
    shapes = np.float32(gaussian_filter(rng.normal(size=(64, 64)), 4) > 0) - 0.5
    blurred = [gaussian_filter(shapes, deviation, mode="reflect")[..., None] for deviation in (0, 0.5, 1, 2, 4)]
    values = measure(np.stack(blurred)).numpy()
    assert np.all(np.diff(values) < -0.05 * values[:-1])
