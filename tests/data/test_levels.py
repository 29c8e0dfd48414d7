"""Statistics by table and by partition equal NumPy's."""

import numpy as np
import pytest

from tf_ganaug.data.levels import Levels, counts_of


def arrays():
    rng = np.random.default_rng(0)
    yield rng.integers(0, 256, (37, 41, 1)).astype(np.uint8)
    yield np.minimum(rng.integers(0, 300, (40, 30, 3)), 255).astype(np.uint8)
    yield rng.integers(-32768, 32768, (50, 21, 1)).astype(np.int16)
    yield rng.integers(-(2**31), 2**31, (13, 17, 2)).astype(np.int32)
    yield (rng.integers(0, 9, (13, 17, 1)) + 2**40).astype(np.int64)
    yield rng.normal(0, 100, (31, 31, 1)).astype(np.float32)
    yield np.full((3, 4, 1), 7, np.uint16)
    yield np.float64([[[0.25], [1.5]]])
    yield np.uint8([[[5]]])
    yield np.where(np.arange(1100 * 1000).reshape(1100, 1000, 1) % 1000 == 0, 9, 2).astype(np.uint16)


@pytest.mark.parametrize("image", list(arrays()), ids=lambda image: f"{image.dtype}-{image.shape}")
def test_levels_and_counts(image):
    levels = Levels(image)
    above = image[image > image.min()]
    assert (levels.minimum, levels.maximum) == (image.min(), image.max())
    assert levels.middle == (np.median(above) if above.size else image.min())
    np.testing.assert_allclose((levels.low, levels.high), np.percentile(image, (1, 99)), rtol=1e-6, atol=1e-6)
    assert levels.at_maximum == np.mean(image == image.max())
    for found, expected in zip(counts_of(image), np.unique(image, return_counts=True)):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype
