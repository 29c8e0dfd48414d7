"""Several devices that train one network: each computes its rows of every minibatch, and together they make one step.

Networks made in `on_all_devices` lie on every device alike (`tf.distribute.MirroredStrategy`). What a step draws or
pools, it draws and pools for the whole minibatch, so that the number of devices is no setting of an experiment: only
sums are made in another order.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import tensorflow as tf

from tf_ganaug.errors import InputError


@dataclass(frozen=True)
class Division:
    """How the minibatches of all trainings to come are divided.

    Attributes:
        devices: that share a minibatch.
        parts: one after the other, whose gradients make one update, where a whole minibatch does not fit the memory.
        pooled: whether batch statistics are those of all devices' rows; else each device has its own, as the originals
            of WGAN-GP and the progressive GAN on several GPUs.
    """

    devices: int = 1
    parts: int = 1
    pooled: bool = True


_division = Division()


def present_devices() -> list[str]:
    """The GPUs that this process sees; where there is none, its CPUs."""
    gpus = tf.config.list_logical_devices("GPU")
    return [device.name for device in gpus or tf.config.list_logical_devices("CPU")]


def set_division(devices: int = 1, parts: int = 1, pooled: bool = True, jit_compile: bool = False) -> None:
    """For all trainings to come, see `Division`.

    Raises:
        InputError: for more devices than there are, or several together with XLA.
    """
    global _division
    for name, number in (("devices", devices), ("accumulate", parts)):
        if number < 1:
            raise InputError(name, "at least 1", str(number), "set a larger number")
    if devices > 1 and jit_compile:
        raise InputError("devices", "1 with jit_compile: XLA compiles for one device", str(devices), "drop one of both")
    if devices > 1 and devices > len(present_devices()):
        found = f"{devices}; this process sees {', '.join(present_devices())}"
        raise InputError("devices", f"at most {len(present_devices())} here", found, "ask for no more than that")
    _division = Division(devices, parts, pooled)


def parts_of(minibatch: int) -> int:
    """Into how many parts a minibatch is split: as asked, if these are equal, or the next fewer that are."""
    return math.gcd(minibatch, _division.parts)


@contextmanager
def on_all_devices(*minibatches: int) -> Iterator[None]:
    """Networks, optimisers and other variables made in here lie on every device.

    Args:
        minibatches: sizes of all that will be trained on; so many devices are used as divide each of its parts.
    """
    devices = math.gcd(_division.devices, *(size // parts_of(size) for size in minibatches))
    if devices < _division.devices:
        sizes = ", ".join(map(str, sorted(set(minibatches))))
        print(f"a minibatch of {sizes}: trained on {devices} of {_division.devices} devices", file=sys.stderr)
    with _strategy(devices).scope():
        yield


@functools.cache
def _strategy(devices: int) -> tf.distribute.Strategy:
    return tf.distribute.MirroredStrategy(present_devices()[:devices]) if devices > 1 else tf.distribute.get_strategy()


def sharing(minibatch: int) -> int:
    """How many of a minibatch's rows share batch statistics."""
    part = minibatch // parts_of(minibatch)
    return part if _division.pooled else part // math.gcd(_division.devices, part)


def together() -> int:
    """Devices that compute the present step; 1 outside of a step."""
    context = tf.distribute.get_replica_context()
    return 1 if context is None else context.num_replicas_in_sync


def number() -> int:
    """Which of them this one is, from 0."""
    return int(tf.get_static_value(tf.distribute.get_replica_context().replica_id_in_sync_group))


def pooled() -> int:
    """Devices that share batch statistics in the present step."""
    return together() if _division.pooled else 1


def total(values: tf.Tensor) -> tf.Tensor:
    """The sum over the devices of what each has; differentiable as often as wanted."""
    if together() == 1:
        return values
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values)


def mean(statistic: tf.Tensor) -> tf.Tensor:
    """The mean over the devices of a mean over each one's rows: a batch statistic."""
    return statistic if pooled() == 1 else total(statistic) / pooled()


def rows(whole: tf.Tensor, place: int | tf.Tensor, places: int) -> tf.Tensor:
    """Every so many-th row of a tensor: `place`, `place + places`, ..."""
    if places == 1:
        return whole
    return tf.reshape(whole, (-1, places, *whole.shape[1:]))[:, place]
