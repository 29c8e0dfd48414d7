"""Pairs to draw minibatches from: stored integers, gathered and normalised a minibatch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from tf_ganaug.data.cache import SizedCases
from tf_ganaug.data.cases import Case
from tf_ganaug.random import fold


def normalise(images: tf.Tensor, ranges: tf.Tensor) -> tf.Tensor:
    """Stored values to [-1, 1].

    Args:
        images: (N, H, W, C) as stored.
        ranges: (N, 2), or (N, 2, C) for each channel, the values that become -1 and 1; what lies outside is clipped.

    Returns:
        (N, H, W, C) float32.
    """
    low, high = (tf.reshape(end, (tf.shape(ranges)[0], 1, 1, -1)) for end in tf.unstack(ranges, axis=1))
    return tf.clip_by_value((tf.cast(images, tf.float32) - low) * (2.0 / (high - low)) - 1.0, -1.0, 1.0)


@dataclass(frozen=True)
class Part:
    """Some rows of one pair of arrays.

    Attributes:
        images: (M, H, W, C) as stored, perhaps memory-mapped.
        labels: (M, H, W) uint8 class indices, likewise.
        rows: (N,) positions in M.
        ranges: (N, 2) or (N, 2, C) float32, the stored values that become -1 and 1.
    """

    images: np.ndarray
    labels: np.ndarray
    rows: np.ndarray
    ranges: np.ndarray


class Pairs:
    """Pairs of one or several arrays, in one order, held as stored integers and made floats a minibatch at a time.

    They are tensors rather than files that Python reads: a tf.data pipeline that calls Python from its
    threads can hang when the interpreter ends.

    Args:
        parts: of one image shape and type.
        view: (256,) uint8, from the stored class indices to those wanted; None leaves them.
        standard: (maximum, mean): images become stored / maximum - mean, for which the ranges do not
            matter (Foroozandeh 2020, 3.1). None: the ranges become [-1, 1].
    """

    def __init__(
        self, parts: Sequence[Part], view: np.ndarray | None = None, standard: tuple[float, float] | None = None
    ):
        labels = np.concatenate([part.labels[part.rows] for part in parts])
        # tf.data runs on the CPU, where these are gathered from.
        with tf.device("CPU:0"):
            self.images = tf.constant(np.concatenate([part.images[part.rows] for part in parts]))
            self.labels = tf.constant(labels if view is None else view[labels])
            self.ranges = tf.constant(np.concatenate([part.ranges for part in parts]))
        self.count, self.standard = len(labels), standard

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C) of an image."""
        return tuple(self.images.shape[1:])

    @classmethod
    def of(cls, sized: SizedCases, cases: Sequence[Case], view: np.ndarray | None = None) -> Pairs:
        """The pairs of some cases."""
        rows = sized.rows(cases)
        return cls([Part(sized.images, sized.labels, rows, sized.ranges[rows])], view)

    def take(self, positions: tf.Tensor | np.ndarray) -> tuple[tf.Tensor, tf.Tensor]:
        """Images (N, H, W, C) float32, normalised, and labels (N, H, W) uint8 at these positions."""
        images, labels = tf.gather(self.images, positions), tf.gather(self.labels, positions)
        if self.standard:
            maximum, mean = self.standard
            return tf.cast(images, tf.float32) / maximum - mean, labels
        return normalise(images, tf.gather(self.ranges, positions)), labels

    def draw(self, seed: int, step: tf.Tensor, batch: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Minibatch number `step` of minibatches of one size."""
        return self.draw_at(seed, tf.cast(step, tf.int64) * batch, batch)

    def draw_at(self, seed: int, first: tf.Tensor, batch: int) -> tuple[tf.Tensor, tf.Tensor]:
        """The `batch` pairs after `first` pairs: every pair once per epoch, each epoch in an order of its own.

        A minibatch may hold the end of one epoch and the start of the next.
        """
        epochs = -(-batch // self.count) + 1  # as many as a minibatch can touch
        orders = [
            tf.argsort(tf.random.stateless_uniform((self.count,), fold(seed, first // self.count + epoch, 2)))
            for epoch in range(epochs)
        ]
        positions = tf.slice(tf.concat(orders, 0), [first % self.count], [batch])
        return self.take(positions)

    def in_order(self, batch: int) -> tf.data.Dataset:
        """All pairs once, in their order; the last minibatch may be smaller."""
        return tf.data.Dataset.range(self.count).batch(batch).map(self.take).prefetch(1)
