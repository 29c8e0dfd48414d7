"""Pairs to draw minibatches from: rows of stored arrays, gathered and normalised a minibatch at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import tensorflow as tf

from tf_ganaug.compiled import as_written
from tf_ganaug.data.cache import SizedCases
from tf_ganaug.data.cases import Case
from tf_ganaug.data.stored import as_tensor
from tf_ganaug.random import fold

#: Up to so many pairs are sorted for each epoch's order: `index_shuffle` tries up to 2^16 places for each pair it
#: draws, the more the fewer they are.
SORTED = 256


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
    """Pairs of one or several arrays, in one order, gathered as stored integers and made floats a minibatch at a time.

    The arrays are tensors (`data.stored`) that all pairs of a data set share, and these pairs are rows of them. They
    are not read by Python: a tf.data pipeline that calls Python from its threads can hang when the interpreter ends.

    Args:
        parts: of one image shape and type.
        view: (256,) uint8, from the stored class indices to those wanted; None leaves them.
        standard: (maximum, mean): images become stored / maximum - mean, for which the ranges do not
            matter (Foroozandeh 2020, 3.1). None: the ranges become [-1, 1].
    """

    def __init__(
        self, parts: Sequence[Part], view: np.ndarray | None = None, standard: tuple[float, float] | None = None
    ):
        with tf.device("CPU:0"):
            self.parts = [
                (as_tensor(part.images), as_tensor(part.labels), tf.constant(part.rows, tf.int64)) for part in parts
            ]
            self.ranges = tf.constant(np.concatenate([part.ranges for part in parts]), tf.float32)
        self.firsts = np.cumsum([0, *(len(part.rows) for part in parts)])
        self.count = int(self.firsts[-1])
        self.view, self.standard = view, standard

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C) of an image."""
        return tuple(self.parts[0][0].shape[1:])

    @property
    def dtype(self) -> tf.DType:
        """Of the images as they are stored."""
        return self.parts[0][0].dtype

    @property
    def nbytes(self) -> int:
        """Of all images and labels as they are stored."""
        images, labels, _ = self.parts[0]
        return self.count * sum(one.dtype.size * math.prod(one.shape[1:]) for one in (images, labels))

    def all_labels(self) -> tf.Tensor:
        """(N, H, W) uint8, those of all pairs: of few, as previews show."""
        return self.take(tf.range(self.count))[1]

    @classmethod
    def of(cls, sized: SizedCases, cases: Sequence[Case], view: np.ndarray | None = None) -> Pairs:
        """The pairs of some cases."""
        rows = sized.rows(cases)
        return cls([Part(sized.images, sized.labels, rows, sized.ranges[rows])], view)

    def read(self, positions: tf.Tensor | np.ndarray) -> tuple[tf.Tensor, ...]:
        """What is stored at these positions, on the CPU, where the arrays are: integers that `finish` makes floats."""
        with tf.device("CPU:0"):
            positions = tf.cast(positions, tf.int64)
            images, labels = self._gathered(positions)
            return images, labels, tf.gather(self.ranges, positions)

    def _gathered(self, positions: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        if len(self.parts) == 1:
            images, labels, rows = self.parts[0]
            rows = tf.gather(rows, positions)
            return tf.gather(images, rows), tf.gather(labels, rows)
        part = tf.searchsorted(tf.constant(self.firsts[1:], tf.int64), positions, side="right")
        places = tf.dynamic_partition(tf.range(tf.size(part)), part, len(self.parts))
        found = []
        for (images, labels, rows), first, place in zip(self.parts, self.firsts, places):
            own = tf.gather(rows, tf.gather(positions, place) - first)
            found.append((tf.gather(images, own), tf.gather(labels, own)))
        joined = (tf.dynamic_stitch(places, group) for group in zip(*found))
        return tuple(tf.ensure_shape(pixels, (positions.shape[0], *pixels.shape[1:])) for pixels in joined)

    def finish(self, images: tf.Tensor, labels: tf.Tensor, ranges: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Images (N, H, W, C) float32, normalised, and labels (N, H, W) uint8 of what `read` gave."""
        if self.view is not None:
            labels = tf.gather(self.view, tf.cast(labels, tf.int32))
        if self.standard:
            maximum, mean = self.standard
            return tf.cast(images, tf.float32) / maximum - mean, labels
        return normalise(images, ranges), labels

    def take(self, positions: tf.Tensor | np.ndarray) -> tuple[tf.Tensor, tf.Tensor]:
        """Images (N, H, W, C) float32, normalised, and labels (N, H, W) uint8 at these positions."""
        return self.finish(*self.read(positions))

    def draw(self, seed: int, step: tf.Tensor, batch: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Minibatch number `step` of minibatches of one size."""
        return self.draw_at(seed, tf.cast(step, tf.int64) * batch, batch)

    def draw_at(self, seed: int, first: tf.Tensor, batch: int) -> tuple[tf.Tensor, tf.Tensor]:
        """The `batch` pairs after `first` pairs: every pair once per epoch, each epoch in an order of its own.

        A minibatch may hold the end of one epoch and the start of the next.
        """
        return self.take(self.positions(seed, first, batch))

    def positions(self, seed: int, first: tf.Tensor, batch: int) -> tf.Tensor:
        """(batch,) int64, which pairs `draw_at` takes; an order is a permutation of which only these are computed."""
        with tf.device("CPU:0"):
            first = tf.cast(first, tf.int64)
            epochs = -(-batch // self.count) + 1  # as many as a minibatch can touch
            if self.count <= SORTED:
                keys = [fold(seed, first // self.count + epoch, 2) for epoch in range(epochs)]
                orders = [tf.argsort(tf.random.stateless_uniform((self.count,), key)) for key in keys]
                return tf.cast(tf.slice(tf.concat(orders, 0), [first % self.count], [batch]), tf.int64)
            numbers = first + tf.range(batch, dtype=tf.int64)
            epoch, number = numbers // self.count, numbers % self.count
            positions = number
            for later in range(epochs):
                order = fold(seed, epoch[0] + later, 2)
                shuffled = tf.random.experimental.index_shuffle(number, order, tf.constant(self.count - 1, tf.int64))
                positions = tf.where(epoch == epoch[0] + later, shuffled, positions)
            return positions

    def in_order(self, batch: int) -> tf.data.Dataset:
        """All pairs once, in their order; the last minibatch may be smaller."""
        if batch not in self._in_order:
            pairs = tf.data.Dataset.range(self.count).batch(batch)
            self._in_order[batch] = pairs.with_options(as_they_are()).map(as_written(self.take)).prefetch(1)
        return self._in_order[batch]

    @cached_property
    def _in_order(self) -> dict[int, tf.data.Dataset]:
        # A validation goes through the same pairs each time; tf.data traces its functions for each data set anew.
        return {}


def as_they_are() -> tf.data.Options:
    """For pipelines: neither rewritten nor tuned, as they are by default.

    Rewritten graphs hold a copy of every tensor in them, so of all pairs. The tuner sleeps for longer and longer, up to
    a minute, and an iterator that goes waits for it to wake: at the end of a training for up to as long as that took.
    """
    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False
    options.autotune.enabled = False
    return options
