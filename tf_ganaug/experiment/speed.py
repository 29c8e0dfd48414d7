"""How fast this machine is, where a whole step would take too long to be tried."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property

import keras
import tensorflow as tf

from tf_ganaug.experiment.work import Work


class Speed:
    """What this machine computes and moves in a second, with the process's precision."""

    @cached_property
    def operations(self) -> float:
        """Of a convolution of 64 maps."""
        kind = keras.mixed_precision.global_policy().compute_dtype
        images, kernels = tf.ones((16, 64, 64, 64), kind), tf.ones((3, 3, 64, 64), kind)
        convolve = tf.function(lambda: tf.reduce_sum(tf.nn.conv2d(images, kernels, 1, "SAME")))
        return 2.0 * 9 * 64 * 64 * 16 * 64 * 64 / seconds_per_call(lambda: float(convolve()))

    @cached_property
    def bytes(self) -> float:
        """Of sums of large arrays."""
        array = tf.ones((1 << 24,), tf.float32)
        add = tf.function(lambda: array + 1.0)
        return 8.0 * (1 << 24) / seconds_per_call(lambda: add()[0].numpy())

    def seconds(self, work: Work) -> float:
        """That it takes at least."""
        return work.operations / self.operations + work.moved / self.bytes


def seconds_per_call(step: Callable[[], object], warm: int = 2, calls: int = 3) -> float:
    """Mean time of a call after some that trace and warm up."""
    for _ in range(warm):
        step()
    began = time.perf_counter()
    for _ in range(calls):
        step()
    return (time.perf_counter() - began) / calls
