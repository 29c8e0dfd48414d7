"""tf.data: real and generated pairs mixed in every minibatch, changed, prefetched.

Every minibatch is a function of (seed, step), so a training that stops at a step continues with the
minibatch it would have had next, and no state of an iterator is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import tensorflow as tf

from tf_ganaug.data.pairs import Pairs, shared_tensors
from tf_ganaug.random import fold, named_seed

#: Makes (images, labels) from latents (N, latent size), inside a graph.
PairGenerator = Callable[[tf.Tensor], "tuple[tf.Tensor, tf.Tensor]"]

#: Changes (images, labels) by draws from a (2,) int32 seed, inside a graph.
PairChange = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], "tuple[tf.Tensor, tf.Tensor]"]


def real_batches(
    pairs: Pairs, batch: int, seed: int, start: int = 0, change: PairChange | None = None
) -> tf.data.Dataset:
    """Endless minibatches of real pairs from number `start` on, each changed by `change` if there is one."""

    def minibatch(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images, labels = pairs.draw(seed, step, batch)
        return change(images, labels, fold(seed, step, 1)) if change else (images, labels)

    return _steps(start).map(minibatch, tf.data.AUTOTUNE).prefetch(2)


def joined_batches(
    sources: Sequence[tuple[Pairs, int]], seed: int, start: int = 0, change: PairChange | None = None
) -> tf.data.Dataset:
    """As `real_batches`, with so many pairs of each source in every minibatch; a source of none is left out."""

    def minibatch(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        drawn = [
            pairs.draw(named_seed(seed, f"source{n}"), step, count) for n, (pairs, count) in enumerate(sources) if count
        ]
        images, labels = (tf.concat(group, 0) for group in zip(*drawn))
        return change(images, labels, fold(seed, step, 1)) if change else (images, labels)

    return _steps(start).map(minibatch, tf.data.AUTOTUNE).prefetch(2)


def one_after_the_other(
    first: Pairs, second: Pairs, steps: int, batch: int, seed: int, start: int = 0, change: PairChange | None = None
) -> tf.data.Dataset:
    """As `real_batches`, with `steps` minibatches of the first and from then on of the second."""

    def minibatch(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        early, late = (partial(pairs.draw, seed, step, batch) for pairs in (first, second))
        images, labels = tf.cond(step < steps, early, late)
        return change(images, labels, fold(seed, step, 1)) if change else (images, labels)

    return _steps(start).map(minibatch, tf.data.AUTOTUNE).prefetch(2)


def training_batches(
    pairs: Pairs,
    real: int,
    generated: int,
    generate: PairGenerator | None,
    latent_size: int,
    change: PairChange,
    seed: int,
    start: int = 0,
) -> tf.data.Dataset:
    """Endless minibatches of `real` real and `generated` generated pairs, changed alike.

    The frozen generator makes all generated pairs of a minibatch in one pass, from fresh latents.

    Args:
        pairs: real ones; unused if `real` is 0.
        real: real pairs in a minibatch.
        generated: generated pairs in a minibatch.
        generate: latents (N, latent_size) to images in [-1, 1] and labels; unused if `generated` is 0.
        latent_size: of the generator.
        change: of real and generated pairs, such as augmentation.
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
        return change(images, labels, fold(seed, step, 1))

    return _steps(start).map(minibatch, tf.data.AUTOTUNE).prefetch(2)


def _steps(start: int) -> tf.data.Dataset:
    return tf.data.Dataset.range(start, np.iinfo(np.int64).max).with_options(shared_tensors())
