"""Pairs whose stored integers lie on the training device, so that tf.data delivers nothing but their positions."""

from __future__ import annotations

import tensorflow as tf

from tf_ganaug.data.pairs import Pairs

#: What GPUs gather from variables, and images are mostly stored as.
TYPES = (tf.uint8, tf.int16, tf.uint16, tf.float32)


class Resident(Pairs):
    """The same pairs in the same order.

    They are variables because GPUs gather integers of 8 and 16 bits from these alone (`ResourceGather`): of a constant,
    TensorFlow would bring all of it to the CPU for every minibatch.

    Args:
        pairs: those to place on the default device.
    """

    def __init__(self, pairs: Pairs):
        images, labels, ranges = pairs.read(tf.range(pairs.count))
        self.count, self.view, self.standard = pairs.count, pairs.view, pairs.standard
        self.stored = [tf.Variable(pixels, trainable=False) for pixels in (images, labels, ranges)]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C) of an image."""
        return tuple(self.stored[0].shape[1:])

    def read(self, positions: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """The positions themselves, on the CPU."""
        return (positions,)

    def finish(self, positions: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """As that of `Pairs`, of what lies at these positions."""
        return super().finish(*(tf.gather(pixels, positions) for pixels in self.stored))
