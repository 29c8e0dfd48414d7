"""The nearest training image of a generated one, and which generated images are copies (Bowles 2018, 3.2 and Figure 3).

The distance is the root mean square difference over pixels and channels, at the networks' size and in the images' own
unit. What was moved, turned or mirrored is no longer near.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tf_ganaug.errors import InputError

#: A generated image is a copy below this quantile of the training images' distances to each other: of fresh real images
#: about as large a share would be.
QUANTILE = 0.05


@dataclass(frozen=True)
class Nearest:
    """The nearest training image of each of N images.

    Attributes:
        numbers: (N,) int64, its position among the training images; of two at equal distance the first.
        distances: (N,) float64, its root mean square difference.
    """

    numbers: np.ndarray
    distances: np.ndarray


@dataclass(frozen=True)
class Copies:
    """How near generated images are to training images, and training images to each other.

    Attributes:
        generated: the nearest training image of each generated one.
        training: the nearest of other origin of each training image asked for.
    """

    generated: Nearest
    training: Nearest

    @property
    def threshold(self) -> float:
        """The `QUANTILE` of the training images' distances, interpolated linearly."""
        return float(np.quantile(self.training.distances, QUANTILE))

    @property
    def copied(self) -> np.ndarray:
        """(N,) bool: generated images nearer to a training image than `threshold`."""
        return self.generated.distances < self.threshold

    @property
    def share(self) -> float:
        """Of the generated images that are copies, in [0, 1]."""
        return float(self.copied.mean())

    @property
    def strict_share(self) -> float:
        """Of the generated images nearer to a training image than any two training images are to each other.

        The threshold is the smallest of the training images' distances: 0 if two of them are equal.
        """
        return float(np.mean(self.generated.distances < self.training.distances.min()))


def find_copies(
    generated: Iterable[ArrayLike],
    training: Iterable[ArrayLike],
    origins: np.ndarray,
    some: Iterable[ArrayLike],
    some_origins: np.ndarray,
) -> Copies:
    """Compares generated images with training images, and some training images with those of other origin.

    Patches of one slice, or slices of one volume, are no measure of how far two training images lie apart. An origin
    says which belong together: the picture or the subject.

    Args:
        generated: minibatches (N, H, W, C) in [-1, 1].
        training: minibatches of all training images, likewise; gone through once for each minibatch of the others.
        origins: (R,) integers, of all training images.
        some: minibatches of training images to be compared with the others.
        some_origins: their (S,) origins.

    Raises:
        InputError: as of `nearest`.
    """
    return Copies(nearest(generated, training), nearest(some, training, some_origins, origins))


def nearest(
    images: Iterable[ArrayLike],
    training: Iterable[ArrayLike],
    image_origins: np.ndarray | None = None,
    origins: np.ndarray | None = None,
) -> Nearest:
    """The nearest training image of each image, among those of other origin if origins are given.

    In memory are two minibatches and their products. Candidates are ranked in float32, so that of two whose mean
    square differs by about 1e-7 of the images' own either may be found; the distance itself is exact, 0 for a copy.

    Args:
        images: minibatches (N, H, W, C), finite; arrays or tensors.
        training: minibatches (M, H, W, C), likewise; gone through once for each minibatch of images.
        image_origins: integers, one for each image.
        origins: one for each training image.

    Raises:
        InputError: for images of another shape, without an image on either side, or without a training image of
            another origin.
    """
    found, done = [], 0
    for batch in images:
        pixels = np.asarray(batch, np.float32)
        own = None if image_origins is None else image_origins[done : done + len(pixels)]
        found.append(_nearest(pixels, training, own, origins))
        done += len(pixels)
    if not done:
        raise InputError("nearest training images", "images to compare", "none", "generate some")
    numbers, distances = (np.concatenate(parts) for parts in zip(*found))
    if not np.isfinite(distances).all():
        raise InputError("nearest training images", "some of another origin", "none", "compare with more training data")
    return Nearest(numbers, distances)


def _nearest(
    images: np.ndarray, training: Iterable[ArrayLike], own: np.ndarray | None, origins: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and distances for one minibatch; infinite where no training image is allowed."""
    rows, flat = np.arange(len(images)), images.reshape(len(images), -1)
    numbers, distances = np.zeros(len(images), np.int64), np.full(len(images), np.inf)
    done = 0
    for batch in training:
        others = np.asarray(batch, np.float32)
        if others.shape[1:] != images.shape[1:]:
            expected, shape = (" x ".join(map(str, one.shape[1:])) for one in (images, others))
            raise InputError("nearest training images", f"images of {expected}", shape, "compare images of a kind")
        others = others.reshape(len(others), -1)
        # |a - b|^2 without |a|^2, which is the same for all b.
        scores = np.einsum("mp,mp->m", others, others) - 2.0 * flat @ others.T
        if own is not None:
            scores[own[:, None] == origins[done : done + len(others)]] = np.inf
        best = scores.argmin(1)
        found = np.sqrt(np.mean((flat - others[best]) ** 2, 1, dtype=np.float64))
        nearer = np.isfinite(scores[rows, best]) & (found < distances)
        numbers[nearer], distances[nearer] = done + best[nearer], found[nearer]
        done += len(others)
    return numbers, distances
