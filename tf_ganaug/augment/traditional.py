"""Traditional augmentation: one changed copy of every pair (Karki 2020, section 4.3, Figure 5)."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

from tf_ganaug.augment.projective import sample
from tf_ganaug.compiled import graph_function
from tf_ganaug.random import fold

#: Degrees, either way.
ROTATION = 25.0

#: Of the size, either way.
SCALE = 0.15

#: Pixels at a width of 256, either way, by which the last row moves sideways against the first.
SHEAR = 10.0

#: Least share of each side that a crop keeps. Not in the paper.
CROP = 0.9

#: Standard deviation of the Gaussian in pixels at a width of 256; what imaging libraries call its radius.
BLUR = 2.0

#: Most by which intensities grow.
CONTRAST = 0.5

#: Of blur, and of contrast.
PROBABILITY = 0.5

#: The width that pixels are meant at.
REFERENCE_WIDTH = 256

#: Value outside the picture: of images in [-1, 1] the lowest, of labels the background.
OUTSIDE_IMAGE, OUTSIDE_LABEL = -1.0, 0.0

_DRAWS = 9


@graph_function
def traditional_copies(
    images: tf.Tensor, labels: tf.Tensor, seed: int, numbers: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """One augmented copy of every pair.

    Each pair is scaled, sheared and rotated about its centre and then cropped to a window that is enlarged
    to the whole size again: all in one sampling, bilinear for the image, the nearest pixel for the label.
    The image is then blurred or not, and its intensities, counted from -1, multiplied by one factor or not.
    All levels are uniform in the paper's ranges. What is outside the picture is -1 in the image and class
    0 in the label.

    Args:
        images: (N, H, W, C) float32 in [-1, 1].
        labels: (N, H, W) uint8.
        seed: of all draws.
        numbers: (N,) integers that name the pairs; a pair's copy depends on the seed and its own number only.

    Returns:
        Both, changed: images (N, H, W, C) float32 in [-1, 1] and labels (N, H, W) uint8.
    """
    numbers = tf.cast(numbers, tf.int32)
    draws = tf.map_fn(lambda n: tf.random.stateless_uniform((_DRAWS,), fold(seed, n)), numbers, tf.float32)
    transforms = _transforms(draws[:, :6], *images.shape[1:3])
    copies = sample(images, transforms, "BILINEAR", OUTSIDE_IMAGE)
    blurred, brighter, level = (draws[:, n, None, None, None] for n in (6, 7, 8))
    copies = tf.where(blurred < PROBABILITY, _blur(copies, BLUR * images.shape[2] / REFERENCE_WIDTH), copies)
    factor = tf.where(brighter < PROBABILITY, 1.0 + CONTRAST * level, 1.0)
    copies = tf.clip_by_value((copies + 1.0) * factor - 1.0, -1.0, 1.0)
    return copies, sample(labels[..., None], transforms, "NEAREST", OUTSIDE_LABEL)[..., 0]


def _transforms(draws: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """(N, 8): the places (x, y) in the original of a copy's pixels, as `ImageProjectiveTransformV3` takes them.

    Args:
        draws: (N, 6) in [0, 1): rotation, scale, shear, and the crop's size and place.
        height: of the pictures.
        width: likewise.
    """
    either_way = 2.0 * draws - 1.0
    angle = ROTATION * math.pi / 180 * either_way[:, 0]
    scale = 1.0 + SCALE * either_way[:, 1]
    # Pixels per row.
    shear = SHEAR * width / REFERENCE_WIDTH * either_way[:, 2] / (height - 1)
    kept = 1.0 - (1.0 - CROP) * draws[:, 3]
    half = (width - 1) / 2, (height - 1) / 2
    # All about the centre. From a copy's pixel to the uncropped picture, and by the three moves undone, the last first.
    window = [(1.0 - kept) * half[n] * either_way[:, 4 + n] for n in (0, 1)]
    cos, sin = tf.cos(angle), tf.sin(angle)
    matrix = [[(cos + shear * sin) / scale, (sin - shear * cos) / scale], [-sin / scale, cos / scale]]
    rows = []
    for n, (across, down) in enumerate(matrix):
        start = across * (window[0] - kept * half[0]) + down * (window[1] - kept * half[1]) + half[n]
        rows += [across * kept, down * kept, start]
    zero = tf.zeros_like(angle)
    return tf.stack([*rows, zero, zero], -1)


def _blur(images: tf.Tensor, deviation: float) -> tf.Tensor:
    """Gaussian of this standard deviation in pixels, cut at four of them; borders mirrored with their edge."""
    reach = math.ceil(4 * deviation)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    line = tf.constant(np.tile((weights / weights.sum())[:, None], (1, images.shape[-1])), tf.float32)
    images = tf.pad(images, [[0, 0], [reach, reach], [reach, reach], [0, 0]], "SYMMETRIC")
    for kernel in (line[:, None, :, None], line[None, :, :, None]):
        images = tf.nn.depthwise_conv2d(images, kernel, [1, 1, 1, 1], "VALID")
    return images
