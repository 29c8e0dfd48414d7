"""Colour and texture statistics of one photograph given to another: what stands in for style transfer without VGG-19.

Not the style transfer of Liu 2019 (3.3), which needs a trained network: colours follow Reinhard et al. (2001) with
the whole covariance, textures Heeger and Bergen (1995) with the deviations of a Laplacian pyramid instead of their
histograms.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

#: Bands of the pyramid; each is a Gaussian of twice the width less the one before.
BANDS = 4

#: A band grows or shrinks by this factor at most, so that noise of a flat photograph is not blown up.
GAIN = 2.0

_FLAT = 1e-4


def transfer_statistics(content: np.ndarray, style: np.ndarray) -> np.ndarray:
    """The content in the style's colours, as rough or smooth as the style at each scale.

    The deviations of each band (the channels decorrelated) become those of the style, as far as `GAIN` allows;
    then mean and covariance of the channels become the style's. Objects stay where they are, and so does the
    label map.

    Args:
        content: (H, W, C) float32 in [-1, 1].
        style: (H', W', C) likewise.

    Returns:
        (H, W, C) float32, clipped to [-1, 1].
    """
    white, _, _ = _whitened(content)
    model, coloured, mean = _whitened(style)
    bands, rest = _bands(white)
    models, _ = _bands(model)
    for band, wanted in zip(bands, models):
        ratio = _deviation(wanted) / np.maximum(_deviation(band), _FLAT)
        rest = rest + band * np.clip(ratio, 1 / GAIN, GAIN)
    white, _, _ = _whitened(rest)
    return np.clip(white @ coloured + mean, -1.0, 1.0).astype(np.float32)


def _whitened(image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Channels of mean 0 and covariance 1, and the matrix and mean that bring the image's own back."""
    mean = image.mean((0, 1))
    values, vectors = np.linalg.eigh(
        np.cov((image - mean).reshape(-1, image.shape[-1]), rowvar=False).reshape(image.shape[-1], image.shape[-1])
    )
    # The symmetric root turns no colour into another where the two photographs are alike.
    roots = np.sqrt(np.maximum(values, _FLAT**2))
    return (image - mean) @ (vectors / roots @ vectors.T), vectors * roots @ vectors.T, mean


def _bands(image: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """The differences of ever wider Gaussians, the finest first, and what is left; all add up to the image."""
    bands = []
    for level in range(BANDS):
        smooth = gaussian_filter(image, (2.0**level, 2.0**level, 0), mode="nearest", truncate=3)
        bands.append(image - smooth)
        image = smooth
    return bands, image


def _deviation(band: np.ndarray) -> np.ndarray:
    return band.std((0, 1))
