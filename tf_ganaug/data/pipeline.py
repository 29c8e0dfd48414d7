"""Minibatches: real and generated pairs mixed in each, changed, prefetched.

Every minibatch is a function of (seed, number), so a training that stops at a step continues with the
minibatch it would have had next, and no state of an iterator is stored.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow as tf

from tf_ganaug.compiled import as_written, graph_function
from tf_ganaug.data.pairs import Pairs, as_they_are
from tf_ganaug.data.resident import TYPES, Resident
from tf_ganaug.errors import InputError
from tf_ganaug.hardware import processors
from tf_ganaug.random import fold, named_seed

#: Makes (images, labels) from latents (N, latent size), inside a graph.
PairGenerator = Callable[[tf.Tensor], "tuple[tf.Tensor, tf.Tensor]"]

#: Changes (images, labels) by draws from a (2,) int32 seed, inside a graph.
PairChange = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], "tuple[tf.Tensor, tf.Tensor]"]


#: Minibatches that are ready before they are asked for.
AHEAD = 2

#: Minibatches that are made at a time, at most: each of them is in memory.
MOST = 16


@dataclass(frozen=True)
class Sampling:
    """Where minibatches are made of stored integers.

    Attributes:
        in_step: in the training step, on its device; else in tf.data, on the CPU, beside the step.
        steps_per_call: steps that one call of a segmenter's compiled function makes.
        resident: bytes of pairs up to which all of them lie on the step's device, where minibatches are made there.
        device: on which stored integers lie before a step asks for them, where minibatches are made there; None: beside
            the CPU.
    """

    in_step: bool = False
    steps_per_call: int = 1
    resident: int = 0
    device: str | None = None


_sampling = Sampling()


def set_sampling(where: str, steps_per_call: int, resident: int = 0) -> None:
    """For all minibatches to come, see `Sampling`.

    Args:
        where: "pipeline", "step", or "auto", which is "step" where there is a GPU.
        steps_per_call: at least 1.
        resident: bytes, 0 for none.

    Raises:
        InputError: for another word, or less than a step.
    """
    global _sampling
    gpu = bool(tf.config.list_physical_devices("GPU"))
    choices = {"pipeline": False, "step": True, "auto": gpu}
    if where not in choices:
        raise InputError("sampling", ", ".join(choices), where, "set one of these")
    if steps_per_call < 1:
        raise InputError("steps_per_call", "at least 1", str(steps_per_call), "set a larger number")
    _sampling = Sampling(choices[where], steps_per_call, resident, "GPU:0" if gpu else None)


def at_once() -> int:
    """Minibatches that are made at a time: one for each processor, up to `MOST`."""
    return min(processors(), MOST)


def generator_device() -> str | None:
    """Where a frozen generator's weights must be, to be called where minibatches are made: None is the default."""
    return None if _sampling.in_step else "CPU:0"


@dataclass(frozen=True)
class Minibatches:
    """The endless minibatches 0, 1, 2, ..., each made in two halves from its number alone.

    Attributes:
        size: pairs in each.
        read: from a number (int64 scalar) to tensors as they are stored, on the CPU.
        finish: from a number and those tensors to the minibatch, on any device.
        sampling: where `finish` runs; the minibatches are the same.
    """

    size: int
    read: Callable[[tf.Tensor], Any]
    finish: Callable[[tf.Tensor, Any], Any]
    sampling: Sampling = field(default_factory=lambda: _sampling)

    def map(self, change: Callable) -> Minibatches:
        """Each changed by a function of images and labels."""
        return replace(self, finish=lambda number, stored: change(*self.finish(number, stored)))

    def elements(self, start: int) -> tf.data.Dataset:
        """What tf.data makes of the minibatches from number `start` on; `opened` makes minibatches of it."""
        numbers = tf.data.Dataset.range(start, np.iinfo(np.int64).max).with_options(as_they_are())
        if not self.sampling.in_step:
            made = numbers.map(as_written(lambda number: self.finish(number, self.read(number))), at_once())
            return made.prefetch(AHEAD)
        stored = numbers.map(as_written(self.read), at_once())
        if self.sampling.device is None:
            return stored.prefetch(AHEAD)
        # The numbers stay behind: the host derives seeds from them, and would wait for the device to send them back.
        return stored.apply(tf.data.experimental.prefetch_to_device(self.sampling.device, AHEAD))

    def opened(self, number: int | tf.Tensor, element: Any) -> Any:
        """The minibatch of that number from its element, inside a graph."""
        return self.finish(number, element) if self.sampling.in_step else element

    def batches(self, start: int) -> Iterator[Any]:
        """The minibatches from number `start` on."""
        if not self.sampling.in_step:
            return iter(self.elements(start))
        finish = graph_function(self.finish)
        numbered = zip(itertools.count(start), self.elements(start))
        return (finish(tf.constant(number, tf.int64), element) for number, element in numbered)


def _placed(pairs: Pairs) -> Pairs:
    """The pairs, on the step's device if they are to lie there; patches are cut on the CPU."""
    if not _sampling.in_step or type(pairs) is not Pairs or pairs.dtype not in TYPES:
        return pairs
    return Resident(pairs) if pairs.nbytes <= _sampling.resident else pairs


def real_batches(pairs: Pairs, batch: int, seed: int, change: PairChange | None = None) -> Minibatches:
    """Minibatches of real pairs, each changed by `change` if there is one."""
    pairs = _placed(pairs)

    def read(number: tf.Tensor) -> Any:
        return pairs.read(_positions(pairs, seed, number, batch))

    def finish(number: tf.Tensor, stored: Any) -> tuple[tf.Tensor, tf.Tensor]:
        return _changed(pairs.finish(*stored), change, seed, number)

    return Minibatches(batch, read, finish)


def joined_batches(sources: Sequence[tuple[Pairs, int]], seed: int, change: PairChange | None = None) -> Minibatches:
    """As `real_batches`, with so many pairs of each source in every minibatch; a source of none is left out."""
    named = [
        (_placed(pairs), named_seed(seed, f"source{n}"), count) for n, (pairs, count) in enumerate(sources) if count
    ]

    def read(number: tf.Tensor) -> Any:
        return tuple(pairs.read(_positions(pairs, key, number, count)) for pairs, key, count in named)

    def finish(number: tf.Tensor, stored: Any) -> tuple[tf.Tensor, tf.Tensor]:
        parts = [pairs.finish(*own) for (pairs, _, _), own in zip(named, stored)]
        return _changed(_joined(parts), change, seed, number)

    return Minibatches(sum(count for _, count in sources), read, finish)


def one_after_the_other(
    first: Pairs, second: Pairs, steps: int, batch: int, seed: int, change: PairChange | None = None
) -> Minibatches:
    """As `real_batches`, with `steps` minibatches of the first and from then on of the second, stored alike."""

    def read(number: tf.Tensor) -> Any:
        early, late = (lambda own=pairs: own.read(_positions(own, seed, number, batch)) for pairs in (first, second))
        return tf.cond(number < steps, early, late)

    def finish(number: tf.Tensor, stored: Any) -> tuple[tf.Tensor, tf.Tensor]:
        return _changed(first.finish(*stored), change, seed, number)

    return Minibatches(batch, read, finish)


def training_batches(
    pairs: Pairs,
    real: int,
    generated: int,
    generate: PairGenerator | None,
    latent_size: int,
    change: PairChange,
    seed: int,
) -> Minibatches:
    """Minibatches of `real` real and `generated` generated pairs, changed alike.

    The frozen generator makes all generated pairs of a minibatch in one pass, from fresh latents.

    Args:
        pairs: real ones; unused if `real` is 0.
        real: real pairs in a minibatch.
        generated: generated pairs in a minibatch.
        generate: latents (N, latent_size) to images in [-1, 1] and labels; unused if `generated` is 0.
        latent_size: of the generator.
        change: of real and generated pairs, such as augmentation.
        seed: of all draws.

    Returns:
        Images (real + generated, H, W, C) float32 and labels (real + generated, H, W) uint8.
    """
    pairs = _placed(pairs) if real else pairs

    def read(number: tf.Tensor) -> Any:
        # An element holds one tensor at least.
        return pairs.read(_positions(pairs, seed, number, real)) if real else (number,)

    def finish(number: tf.Tensor, stored: Any) -> tuple[tf.Tensor, tf.Tensor]:
        parts = [pairs.finish(*stored)] if real else []
        if generated:
            latents = tf.random.stateless_normal((generated, latent_size), fold(seed, number, 0))
            parts.append(generate(latents))
        return _changed(_joined(parts), change, seed, number)

    return Minibatches(real + generated, read, finish)


def zipped(*several: Minibatches) -> Minibatches:
    """Minibatches of each, side by side."""

    def read(number: tf.Tensor) -> Any:
        return tuple(each.read(number) for each in several)

    def finish(number: tf.Tensor, stored: Any) -> Any:
        return tuple(each.finish(number, own) for each, own in zip(several, stored))

    return Minibatches(several[0].size, read, finish)


def _positions(pairs: Pairs, seed: int, number: tf.Tensor, batch: int) -> tf.Tensor:
    return pairs.positions(seed, tf.cast(number, tf.int64) * batch, batch)


def _joined(parts: Sequence[tuple[tf.Tensor, tf.Tensor]]) -> tuple[tf.Tensor, tf.Tensor]:
    images, labels = (tf.concat(group, 0) for group in zip(*parts))
    return images, labels


def _changed(
    pair: tuple[tf.Tensor, tf.Tensor], change: PairChange | None, seed: int, number: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    return change(*pair, fold(seed, number, 1)) if change else tuple(pair)
