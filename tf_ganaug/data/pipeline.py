"""tf.data: real and generated pairs mixed in every minibatch, augmented, prefetched.

Every minibatch is a function of (seed, step), so a training that stops at a step continues with the
minibatch it would have had next, and no state of an iterator is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from tf_ganaug.augment.standard import Augmentation, augment
from tf_ganaug.data.cache import SizedCases
from tf_ganaug.data.cases import Case
from tf_ganaug.random import fold

#: Makes (images, labels) from latents (N, latent size), inside a graph.
PairGenerator = Callable[[tf.Tensor], "tuple[tf.Tensor, tf.Tensor]"]


def normalise(images: tf.Tensor, ranges: tf.Tensor) -> tf.Tensor:
    """Stored values to [-1, 1].

    Args:
        images: (N, H, W, C) as stored.
        ranges: (N, 2), the values that become -1 and 1; what lies outside is clipped.

    Returns:
        (N, H, W, C) float32.
    """
    low, high = ranges[:, None, None, None, 0], ranges[:, None, None, None, 1]
    return tf.clip_by_value((tf.cast(images, tf.float32) - low) * (2.0 / (high - low)) - 1.0, -1.0, 1.0)


class RealPairs:
    """The pairs of some cases, held as stored integers and normalised a minibatch at a time.

    Args:
        sized: all cases at the network's size.
        cases: those to draw from.
    """

    def __init__(self, sized: SizedCases, cases: Sequence[Case]):
        rows = sized.rows(cases)
        # tf.data runs on the CPU, where these are gathered from.
        with tf.device("CPU:0"):
            self.images = tf.constant(sized.images[rows])
            self.labels = tf.constant(sized.labels[rows])
            self.ranges = tf.constant(sized.ranges[rows])
        self.count = len(rows)

    def take(self, positions: tf.Tensor | np.ndarray) -> tuple[tf.Tensor, tf.Tensor]:
        """Images (N, H, W, C) float32 in [-1, 1] and labels (N, H, W) uint8 at these positions."""
        images = normalise(tf.gather(self.images, positions), tf.gather(self.ranges, positions))
        return images, tf.gather(self.labels, positions)

    def draw(self, seed: int, step: tf.Tensor, batch: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Minibatch number `step`: every pair once per epoch, each epoch in an order of its own.

        A minibatch may hold the end of one epoch and the start of the next.
        """
        first = tf.cast(step, tf.int64) * batch
        epochs = -(-batch // self.count) + 1  # as many as a minibatch can touch
        orders = [
            tf.argsort(tf.random.stateless_uniform((self.count,), fold(seed, first // self.count + epoch, 2)))
            for epoch in range(epochs)
        ]
        positions = tf.slice(tf.concat(orders, 0), [first % self.count], [batch])
        return self.take(positions)

    def in_order(self, batch: int) -> tf.data.Dataset:
        """All pairs once, in the order of the cases; the last minibatch may be smaller."""
        return tf.data.Dataset.range(self.count).batch(batch).map(self.take).prefetch(1)


def real_batches(pairs: RealPairs, batch: int, seed: int, start: int = 0) -> tf.data.Dataset:
    """Endless minibatches of real pairs from number `start` on."""
    return _steps(start).map(lambda step: pairs.draw(seed, step, batch), tf.data.AUTOTUNE).prefetch(2)


def training_batches(
    pairs: RealPairs,
    real: int,
    generated: int,
    generate: PairGenerator | None,
    latent_size: int,
    augmentation: Augmentation,
    seed: int,
    start: int = 0,
) -> tf.data.Dataset:
    """Endless minibatches of `real` real and `generated` generated pairs, augmented alike.

    The frozen generator makes all generated pairs of a minibatch in one pass, from fresh latents.

    Args:
        pairs: real ones; unused if `real` is 0.
        real: real pairs in a minibatch.
        generated: generated pairs in a minibatch.
        generate: latents (N, latent_size) to images in [-1, 1] and labels; unused if `generated` is 0.
        latent_size: of the generator.
        augmentation: for real and generated pairs.
        seed: of all draws.
        start: number of the first minibatch.

    Returns:
        Images (real + generated, H, W, C) float32 and labels (real + generated, H, W) uint8.
    """

    def minibatch(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        parts = [pairs.draw(seed, step, real)] if real else []
        if generated:
            latents = tf.random.stateless_normal((generated, latent_size), fold(seed, step, 0))
            parts.append(generate(latents))
        images, labels = (tf.concat(group, 0) for group in zip(*parts))
        return augment(images, labels, augmentation, fold(seed, step, 1))

    return _steps(start).map(minibatch, tf.data.AUTOTUNE).prefetch(2)


def _steps(start: int) -> tf.data.Dataset:
    return tf.data.Dataset.range(start, np.iinfo(np.int64).max)
