"""Whether generated images show what a critic's augmentation does to images, which they must not (docs/few-images.md).

An augmentation leaks when a generator draws what its critic saw: empty patches and borders, brightness or contrast that
no real image has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

#: How far from 0, which is what is cut out and where nothing comes from, a pixel in [-1, 1] is empty.
EMPTY = 0.05

#: Sides of a patch in which all must be empty, as a share of the image's shorter side: narrower than any cutout.
PATCH = 1 / 16

#: By how much an image must differ from all real ones: share of its places, and of their range of mean or deviation.
MORE, BEYOND = 0.01, 0.1


@dataclass(frozen=True)
class Looks:
    """Of N images.

    Attributes:
        empty: (N,) the share of places where a patch is empty in all channels.
        colours: (N, 2) mean and deviation of all pixels and channels.
    """

    empty: np.ndarray
    colours: np.ndarray

    @classmethod
    def of(cls, batches: Iterable[tf.Tensor]) -> Looks:
        """Of all images of all minibatches (N, H, W, C) in [-1, 1]."""
        empty, colours = zip(*((_empty(images).numpy(), _colours(images).numpy()) for images in batches))
        return cls(np.concatenate(empty), np.concatenate(colours))

    def beyond(self, real: Looks) -> np.ndarray:
        """(N,) whether an image has more that is empty than any of the real ones, or other mean or deviation."""
        low, high = real.colours.min(0), real.colours.max(0)
        reach = BEYOND * (high - low)
        outside = (self.colours < low - reach) | (self.colours > high + reach)
        return outside.any(1) | (self.empty > real.empty.max() + MORE)


def _empty(images: tf.Tensor) -> tf.Tensor:
    size = max(2, round(min(images.shape[1:3]) * PATCH))
    full = tf.reduce_max(tf.abs(images), -1, keepdims=True)
    return tf.reduce_mean(tf.cast(tf.nn.max_pool2d(full, size, 1, "VALID") < EMPTY, tf.float32), [1, 2, 3])


def _colours(images: tf.Tensor) -> tf.Tensor:
    mean, variance = tf.nn.moments(images, [1, 2, 3])
    return tf.stack([mean, tf.sqrt(variance)], -1)
