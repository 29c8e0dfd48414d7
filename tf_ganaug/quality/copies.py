"""The training image that a generated one is most like, and whether it is a copy of it (Bowles 2018, 3.2 and Figure 3).

A generator that has memorised a person shows that person more faithfully than any other, also moved by a few pixels,
mirrored, in another contrast or with noise. So an image is compared with every training image by what lies between fine
and coarse (a difference of two blurs, in which brightness has no say), by correlation (nor has contrast), in every
position within reach and mirrored. Its distance is relative: 1 - correlation with the person most like it, over that
with the person next like it. That is 0 for a copy and near 1 for whatever is about as like several persons: somebody
else, the same blurred, or a mean of several.

How often it is right, and of which images: docs/sampling.md. Of what two training persons share, such as an image that
is stored twice, it knows exact copies only; nor does it know copies that are turned, scaled or moved further.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter

from tf_ganaug.errors import InputError

#: An image is a copy below it: less than half as far from one person as from any other.
COPY = 0.5

#: Images are compared at no more pixels than that on the longer side, at no more points of it than the second.
SIDE, POINTS = 64, 32

#: Deviations of the two blurs whose difference is compared, in points.
FINE, COARSE = 0.75, 2.0

#: Pixels, of `SIDE`, by which an image may have been moved; an eighth of a smaller image.
REACH = 3

#: Images of either side that are compared at a time.
TILE = 2048

#: Differences of correlation below it are rounding.
ROUNDING = 1e-4


@dataclass(frozen=True)
class Nearest:
    """The training image that each of N images is most like.

    Attributes:
        numbers: (N,) int64, its position among the training images; of two that are as like the first.
        distances: (N,) float64 in [0, 1], how far it is, relative to the nearest of any other person.
    """

    numbers: np.ndarray
    distances: np.ndarray

    @property
    def copied(self) -> np.ndarray:
        """(N,) bool: which are copies."""
        return self.distances < COPY

    @property
    def share(self) -> float:
        """Of the images that are copies, in [0, 1]."""
        return float(self.copied.mean())


def origins(subjects: Sequence[str]) -> np.ndarray:
    """(N,) integers, which images are of one person; of a single person, each image is its own."""
    numbers = np.unique(subjects, return_inverse=True)[1]
    return numbers if numbers.any() else np.arange(len(numbers))


def nearest(
    images: Iterable[ArrayLike], training: Iterable[ArrayLike], origins: np.ndarray, own: np.ndarray | None = None
) -> Nearest:
    """Compares images with training images.

    Args:
        images: minibatches (N, H, W, C), finite, of any range; arrays or tensors.
        training: minibatches (M, H, W, C), likewise; gone through once for each `TILE` of images.
        origins: integers, one for each training image: which person it is of.
        own: one for each image, if they are training images themselves: compared with those of others.

    Raises:
        InputError: for images of another shape, without an image on either side, or where there are not two persons
            to compare with.
    """
    found, done = [], 0
    for tile in _tiles(map(_details, images)):
        leaders = _Leaders(len(tile))
        excluded = None if own is None else own[done : done + len(tile)]
        at = 0
        for others in _tiles(map(_details, training)):
            if others.shape[1:] != tile.shape[1:]:
                expected, shape = (" x ".join(map(str, one.shape[1:])) for one in (tile, others))
                raise InputError("training images", f"images of {expected}", shape, "compare images of a kind")
            leaders.meet(_correlation(tile, others), origins[at : at + len(others)], at, excluded)
            at += len(others)
        found.append(leaders.result())
        done += len(tile)
    if not done:
        raise InputError("nearest training images", "images to compare", "none", "generate some")
    return Nearest(*(np.concatenate(parts) for parts in zip(*found)))


class _Leaders:
    """Of each image, the training image most like it so far, and how like it is to any other person."""

    def __init__(self, count: int):
        self.best, self.second = np.full((2, count), -np.inf, np.float32)
        self.numbers, self.origins = np.zeros((2, count), np.int64) - 1

    def meet(self, correlation: np.ndarray, origins: np.ndarray, first: int, excluded: np.ndarray | None) -> None:
        """Goes on to (N, M) correlations with the training images from `first` on, of these persons."""
        if excluded is not None:
            correlation = np.where(excluded[:, None] == origins, -np.inf, correlation)
        top = correlation.argmax(1)
        peak = correlation[np.arange(len(top)), top]
        better = peak > self.best
        leader = np.where(better, origins[top], self.origins)
        # Who led before is a rival now, unless it is the same person.
        rival = np.where(better & (self.origins != leader), self.best, self.second)
        others = np.where(leader[:, None] == origins, -np.inf, correlation).max(1)
        self.second, self.origins = np.maximum(rival, others), leader
        self.best, self.numbers = np.where(better, peak, self.best), np.where(better, first + top, self.numbers)

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        """Numbers and relative distances."""
        if not np.isfinite(self.second).all():
            expected = "training images of two other persons at least"
            raise InputError("nearest training images", expected, "fewer", "compare with more training data")
        near, next_near = (np.maximum(1 - like.astype(np.float64), ROUNDING) for like in (self.best, self.second))
        return self.numbers, np.where(near > ROUNDING, near, 0) / next_near


def _details(images: ArrayLike) -> np.ndarray:
    """(N, H, W, C) to what is compared, at most `SIDE` pixels on the longer side; float32."""
    images = np.asarray(images, np.float32)
    longer = max(images.shape[1:3])
    if longer > SIDE:
        size = [max(1, round(SIDE * side / longer)) for side in images.shape[1:3]]
        images = tf.image.resize(images, size, "area").numpy()
    fine, coarse = (
        gaussian_filter(images, (0, step, step, 0), mode="nearest")
        for step in (_stride(images) * FINE, _stride(images) * COARSE)
    )
    return fine - coarse


def _stride(images: np.ndarray) -> int:
    return 2 if max(images.shape[1:3]) > POINTS else 1


def _tiles(batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The same images in minibatches of about `TILE`."""
    waiting: list[np.ndarray] = []
    for batch in batches:
        waiting.append(batch)
        if sum(map(len, waiting)) >= TILE:
            yield np.concatenate(waiting)
            waiting.clear()
    if waiting:
        yield np.concatenate(waiting)


def _correlation(images: np.ndarray, training: np.ndarray) -> np.ndarray:
    """(N, M) float32: of each image with each training image, the largest of all positions, mirrored or not."""
    reach = min(REACH, min(images.shape[1:3]) // 8)
    middle = tf.transpose(_windows(training, reach, reach, reach))
    best = None
    for turned in (images, images[:, :, ::-1]):
        for row in range(2 * reach + 1):
            for column in range(2 * reach + 1):
                found = _windows(turned, row, column, reach) @ middle
                best = found if best is None else tf.maximum(best, found)
    return best.numpy()


def _windows(images: np.ndarray, row: int, column: int, reach: int) -> tf.Tensor:
    """(N, D) of length 1: the points of each image from there on, without a margin of `reach` on each side."""
    height, width = (side - 2 * reach for side in images.shape[1:3])
    stride = _stride(images)
    points = images[:, row : row + height : stride, column : column + width : stride]
    return tf.math.l2_normalize(tf.constant(points.reshape(len(points), -1)), 1)
