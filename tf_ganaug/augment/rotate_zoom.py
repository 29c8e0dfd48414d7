"""Rotation and zooming in, the traditional augmentation of Liu 2019 (3.3)."""

from __future__ import annotations

import math

import tensorflow as tf

from tf_ganaug.augment.projective import sample
from tf_ganaug.data.cases import IGNORE
from tf_ganaug.random import stream_seed

#: Of images in [-1, 1] outside the picture: the middle, as PSPNet's authors fill with the mean colour.
OUTSIDE = 0.0


def rotate_zoom(
    images: tf.Tensor, labels: tf.Tensor, degrees: float, zoom: float, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws one rotation and one enlarged window per pair of a whole minibatch.

    Half of the pairs are rotated about their centre, by an angle uniform in [-degrees, degrees]; all are
    enlarged, by a factor uniform in [1, zoom], about a point that keeps the window inside the picture. Both are one
    sampling, bilinear for the image, the nearest pixel for the label. What is outside is `OUTSIDE`, and in
    the label `IGNORE`.

    Args:
        images: (N, H, W, C) float32 in [-1, 1].
        labels: (N, H, W) uint8.
        degrees: of the largest angle.
        zoom: the largest factor, at least 1.
        seed: (2,) int32; the same seed draws the same.
    """
    size = images.shape[1:3]
    count = tf.shape(images)[0]
    turned, angle, factor, across, down = (
        tf.random.stateless_uniform((count,), stream_seed(seed, number)) for number in range(5)
    )
    angle = tf.where(turned < 0.5, math.pi / 180 * degrees * (2.0 * angle - 1.0), 0.0)
    kept = 1.0 / (1.0 + (zoom - 1.0) * factor)
    # The window's centre against the picture's, (x, y) in pixels.
    middle = [(side - 1) / 2 for side in size[::-1]]
    aside = [(1.0 - kept) * half * (2.0 * draw - 1.0) for half, draw in zip(middle, (across, down))]
    cos, sin = kept * tf.cos(angle), kept * tf.sin(angle)
    start_x = middle[0] + aside[0] - cos * middle[0] + sin * middle[1]
    start_y = middle[1] + aside[1] - sin * middle[0] - cos * middle[1]
    zero = tf.zeros_like(angle)
    transforms = tf.stack([cos, -sin, start_x, sin, cos, start_y, zero, zero], -1)
    images = sample(images, transforms, "BILINEAR", OUTSIDE)
    return images, sample(labels[..., None], transforms, "NEAREST", float(IGNORE))[..., 0]
