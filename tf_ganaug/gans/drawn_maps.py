"""Label maps that a label-conditional generator paints, as part of its SavedModel."""

from __future__ import annotations

import numpy as np
import tensorflow as tf


class DrawnMaps(tf.Module):
    """A set of label maps to draw from.

    Args:
        labels: (M, H, W) uint8 class indices.
    """

    #: Numbers of a latent.
    LATENT_SIZE = 2

    def __init__(self, labels: np.ndarray):
        super().__init__()
        self.labels = tf.Variable(labels, trainable=False)

    def draw(self, latents: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """From latents (N, 2): the maps (N, H, W) that the first numbers choose, each as likely as another,
        and the bits of the second as (N,) int32.
        """
        count = tf.shape(self.labels)[0]
        place = 0.5 * (1.0 + tf.math.erf(latents[:, 0] / 2**0.5)) * tf.cast(count, tf.float32)
        rows = tf.minimum(tf.cast(place, tf.int32), count - 1)
        return tf.gather(self.labels, rows), tf.bitcast(latents[:, 1], tf.int32)
