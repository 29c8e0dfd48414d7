"""The colours and the roughness of a photograph given to another."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tf_ganaug.augment.statistics_transfer import GAIN, transfer_statistics


def picture(seed, rough, colours=((0.1, 0.02, 0), (0, 0.1, 0), (0.03, 0, 0.05))):
    """Three mixed channels of noise smoothed to a grain, well inside [-1, 1]."""
    noise = gaussian_filter(np.random.default_rng(seed).normal(size=(48, 64, 3)), (rough, rough, 0))
    mixed = noise / noise.std((0, 1)) @ np.array(colours)[: noise.shape[-1]] + (0.1, -0.2, 0.05)
    return mixed.astype(np.float32)


def test_mean_and_covariance_become_the_styles():
    content, style = picture(0, 2), picture(1, 3, ((0.05, 0, 0), (0.05, 0.08, 0), (0, 0.02, 0.1))) + np.float32(0.2)
    made = transfer_statistics(content, style)
    assert made.dtype == np.float32 and made.shape == content.shape
    np.testing.assert_allclose(made.mean((0, 1)), style.mean((0, 1)), atol=1e-3)
    covariances = (np.cov(one.reshape(-1, 3), rowvar=False) for one in (made, style))
    np.testing.assert_allclose(*covariances, atol=1e-4)


def test_a_photograph_in_its_own_style_is_itself():
    content = picture(0, 2)
    np.testing.assert_allclose(transfer_statistics(content, content), content, atol=1e-3)


@pytest.mark.parametrize("rough", [0.5, 4])
def test_texture_follows_the_style(rough):
    def fine(image):
        return (image - gaussian_filter(image, (1, 1, 0))).std() / image.std()

    content, style = picture(0, 1.5), picture(1, rough)
    made = transfer_statistics(content, style)
    assert (fine(made) > fine(content)) == (fine(style) > fine(content))
    # What is drawn stays: the gain of a band is bounded.
    assert np.corrcoef(made.ravel(), content.ravel())[0, 1] > 0.3
    assert fine(made) / fine(content) < 2 * GAIN


def test_flat_and_grey_photographs():
    flat = np.full((16, 16, 3), 0.5, np.float32)
    made = transfer_statistics(flat, picture(0, 2)[:16, :16])
    assert np.isfinite(made).all()
    grey = picture(0, 2)[..., :1]
    made = transfer_statistics(grey, 0.5 * grey + 0.1)
    np.testing.assert_allclose(made, 0.5 * grey + 0.1, atol=5e-3)
