"""Sliced Wasserstein distance between sets of images (Karras 2018, section 5).

Source: progressive_growing_of_gans metrics/sliced_wasserstein.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import tensorflow as tf

from tf_ganaug.compiled import graph_function
from tf_ganaug.errors import InputError
from tf_ganaug.random import fold

#: Side of the pyramid's last level.
SMALLEST = 16

#: Side of a descriptor, and descriptors of each image and level.
SIDE, PER_IMAGE = 7, 128

#: Random directions: the original's 4 repeats of 128, whose means have equal weight.
DIRECTIONS = 4 * 128

#: Directions projected at once; bounds the memory.
CHUNK = 16

#: What the draws that share a seed are for.
_REALS, _FAKES, _DIRECTIONS = range(3)

_BINOMIAL = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]).astype(np.float32) / 256


class SlicedWasserstein:
    """How far sets of generated images are from one set of real images, level by level.

    Images are taken apart by a Laplacian pyramid down to 16 x 16. From each level of each image come
    128 random 7 x 7 descriptors; each set of descriptors is standardised per channel by its own mean
    and deviation. The distance of a level is the mean of |sorted a - sorted b| over 512 random
    directions onto which both sets are projected, times 1000.

    Grey images count as three equal channels, as published. Their values may have any range, because
    the sets are standardised; label maps are to be rounded first, as those on disk are. Positions and
    directions depend on the seed alone, so that the distances of several sets share them.

    Images come in minibatches and only descriptors are kept: 25 kB per image, level and channel.

    Args:
        reals: minibatches (N, S, S, C) of any numeric type, S a power of two of at least 16; the first
            `count` images are taken. Where there are fewer, let it repeat them, as the original does.
        count: images in each set; 16,384 in the paper.
        seed: of descriptors and directions.

    Raises:
        InputError: for another size, or fewer images than `count`.
    """

    def __init__(self, reals: Iterable[np.ndarray | tf.Tensor], count: int, seed: int):
        self.count, self.seed = count, seed
        self.reals = _descriptors(reals, count, seed, _REALS)

    @property
    def name(self) -> str:
        """Of the metric: `swd16k` for 16,384 images, `swd16k_2ch` if they have neither 1 nor 3 channels."""
        count = f"{self.count >> 10}k" if self.count % 1024 == 0 else f"{self.count}"
        channels = self.reals[SMALLEST].shape[-1]
        return f"swd{count}" if channels in (1, 3) else f"swd{count}_{channels}ch"

    def __call__(self, fakes: Iterable[np.ndarray | tf.Tensor]) -> dict[str, float]:
        """Distances to the first `count` of these images: minibatches (N, S, S, C) as the reals'.

        Reals in place of fakes give the distance that chance alone makes: they are described anew.

        Returns:
            Times 1000: `NAME_S` for each level of side S, largest first, and their average `NAME`.

        Raises:
            InputError: for images of another size or other channels, or fewer than `count`.
        """
        found = _descriptors(fakes, self.count, self.seed, _FAKES)
        expected, shape = _shape(self.reals), _shape(found)
        if shape != expected:
            raise InputError("sliced Wasserstein distance", f"images of {expected}", shape, "compare images of a kind")
        levels = {f"{self.name}_{side}": 1000 * _distance(self.reals[side], found[side], self.seed) for side in found}
        return {**levels, self.name: sum(levels.values()) / len(levels)}


def measurable(sides: Sequence[int]) -> bool:
    """Whether images of this height and width can be measured: equal, a power of two of at least 16."""
    side, width = sides
    return side == width and side >= SMALLEST and not side & (side - 1)


def laplacian_pyramid(images: tf.Tensor) -> list[tf.Tensor]:
    """Differences to the next lower level, and last the 16 x 16 image itself.

    Args:
        images: (N, S, S, C) float32, S a power of two of at least 16.

    Returns:
        (N, S, S, C), (N, S / 2, S / 2, C), ..., (N, 16, 16, C).
    """
    levels = []
    while images.shape[1] > SMALLEST:
        half = _smooth(images, stride=2)
        levels.append(images - _double(half))
        images = half
    return [*levels, images]


def _smooth(images: tf.Tensor, stride: int = 1) -> tf.Tensor:
    """5 x 5 binomial filter; borders mirrored without repeating the edge."""
    kernel = tf.tile(_BINOMIAL[:, :, None, None], (1, 1, images.shape[-1], 1))
    padded = tf.pad(images, [[0, 0], [2, 2], [2, 2], [0, 0]], "REFLECT")
    return tf.nn.depthwise_conv2d(padded, kernel, [1, stride, stride, 1], "VALID")


def _double(images: tf.Tensor) -> tf.Tensor:
    """Twice the size: zeros between the pixels, then the filter times 4."""
    _, height, width, channels = images.shape
    spread = tf.pad(images[:, :, None, :, None], [[0, 0], [0, 0], [0, 1], [0, 0], [0, 1], [0, 0]])
    return _smooth(4.0 * tf.reshape(spread, (-1, 2 * height, 2 * width, channels)))


@graph_function
def _describe(images: tf.Tensor, corners: dict[int, tf.Tensor]) -> dict[int, tf.Tensor]:
    """Per level, the (N x 128, 49, C) squares whose first pixels are `corners`, (N, 128, 2)."""
    square = tf.range(SIDE)
    found = {}
    for level in laplacian_pyramid(tf.cast(images, tf.float32)):
        side, channels = level.shape[1], level.shape[-1]
        offsets = tf.reshape(side * square[:, None] + square, [-1])
        places = side * corners[side][..., :1] + corners[side][..., 1:] + offsets
        squares = tf.gather(tf.reshape(level, (-1, side * side, channels)), places, batch_dims=1)
        found[side] = tf.reshape(squares, (-1, SIDE * SIDE, channels))
    return found


def _descriptors(
    batches: Iterable[np.ndarray | tf.Tensor], count: int, seed: int, stream: int
) -> dict[int, np.ndarray]:
    """Standardised descriptors of the first `count` images: {side: (count x 128, 49, C) float32}."""
    done, found, corners = 0, {}, {}
    for batch in batches:
        images = batch[: count - done]
        if not done:
            sides = _sides(images.shape)
            shape = (count * PER_IMAGE, SIDE * SIDE, images.shape[-1])
            found = {side: np.empty(shape, np.float32) for side in sides}
            corners = {side: _corners(count, side, fold(seed, stream, side)) for side in sides}
        rows = slice(done, done + len(images))
        parts = _describe(tf.convert_to_tensor(images), {side: corners[side][rows] for side in corners})
        for side, part in parts.items():
            found[side][rows.start * PER_IMAGE : rows.stop * PER_IMAGE] = part
        done = rows.stop
        if done == count:
            return {side: _standardise(part) for side, part in found.items()}
    raise InputError("sliced Wasserstein distance", f"{count} images", str(done), "compare fewer images")


def _sides(shape: tuple[int, ...]) -> list[int]:
    """Of the pyramid's levels, largest first, for images of shape (N, S, S, C)."""
    side, width = int(shape[1]), int(shape[2])
    if not measurable((side, width)):
        expected = f"images of equal sides, a power of two of at least {SMALLEST}"
        raise InputError("sliced Wasserstein distance", expected, f"{side} x {width}", "choose another size")
    return [SMALLEST << level for level in reversed(range((side // SMALLEST).bit_length()))]


def _shape(described: dict[int, np.ndarray]) -> str:
    """Of the images that were described."""
    side, channels = max(described), described[SMALLEST].shape[-1]
    return f"{side} x {side} x {channels}"


def _corners(count: int, side: int, seed: tf.Tensor) -> tf.Tensor:
    """First pixels (row, column) of descriptors that lie fully inside, (count, 128, 2)."""
    return tf.random.stateless_uniform((count, PER_IMAGE, 2), seed, 0, side - SIDE + 1, tf.int32)


def _standardise(descriptors: np.ndarray) -> np.ndarray:
    """Mean 0 and deviation 1 in each channel, in place; a constant channel becomes 0."""
    descriptors -= descriptors.mean((0, 1), dtype=np.float64)
    squares = np.einsum("dpc,dpc->c", descriptors, descriptors, dtype=np.float64)
    deviations = np.sqrt(squares * descriptors.shape[-1] / descriptors.size)
    descriptors /= np.where(deviations > 0, deviations, 1.0)
    return descriptors


def _distance(reals: np.ndarray, fakes: np.ndarray, seed: int) -> float:
    """Mean over directions of the mean of |sorted reals - sorted fakes|; both (D, 49, C)."""
    stored = reals.shape[-1]
    channels = 3 if stored == 1 else stored
    shape = (DIRECTIONS, SIDE * SIDE, channels)
    directions = tf.random.stateless_normal(shape, fold(seed, _DIRECTIONS, channels))
    directions /= tf.norm(directions, axis=(1, 2), keepdims=True)
    if stored == 1:
        # Three equal channels projected onto a direction: one channel projected onto their sum.
        directions = tf.reduce_sum(directions, -1, keepdims=True)
    directions = tf.reshape(directions, (DIRECTIONS, -1))
    reals, fakes = (tf.transpose(tf.reshape(part, (len(part), -1))) for part in (reals, fakes))
    total = 0.0
    for chunk in tf.split(directions, DIRECTIONS // CHUNK):
        real, fake = (_sort(tf.matmul(chunk, part)) for part in (reals, fakes))
        total += float(tf.reduce_mean(tf.abs(real - fake)))
    return total * CHUNK / DIRECTIONS


def _sort(rows: tf.Tensor) -> tf.Tensor:
    """Each row, ascending."""
    # On a CPU tf.sort is a top_k, measured at ten times the time of numpy's.
    return tf.sort(rows) if "GPU" in rows.device else tf.convert_to_tensor(np.sort(rows))
