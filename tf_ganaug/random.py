"""Stateless randomness: every draw is a function of a seed and the numbers that name the draw."""

from __future__ import annotations

import zlib

import tensorflow as tf


def seed_weight(seed: int) -> tf.Variable:
    """A seed that is a part of a checkpoint, so that one compiled step serves any."""
    return tf.Variable(seed & 0x7FFFFFFF, dtype=tf.int64, trainable=False, name="seed")


def fold(seed: int | tf.Variable, *path: int | tf.Tensor) -> tf.Tensor:
    """The (2,) int32 seed for `tf.random.stateless_*` that belongs to `seed` and `path`.

    A restarted program that asks with the same numbers gets the same draw, so no generator state
    has to be stored.
    """
    key = tf.stack([seed & 0x7FFFFFFF if isinstance(seed, int) else tf.cast(seed, tf.int32), 0])
    for number in path:
        key = stream_seed(key, number)
    return key


def stream_seed(seed: tf.Tensor, number: int | tf.Tensor) -> tf.Tensor:
    """The (2,) int32 seed of one of several draws that share `seed`."""
    return tf.random.experimental.stateless_fold_in(seed, tf.cast(number, tf.int32))


def named_seed(seed: int, name: str) -> int:
    """A seed of 31 bits for the named part of an experiment."""
    return zlib.crc32(f"{seed}/{name}".encode()) & 0x7FFFFFFF
