"""Refuses generated pairs whose image is a copy of a training image of the generator (distance: `quality.copies`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tensorflow as tf

from tf_ganaug.data.cache import SizedCases, sized_cases
from tf_ganaug.data.cases import Case, Dataset
from tf_ganaug.data.pairs import normalise
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.errors import InputError
from tf_ganaug.quality.copies import TILE, Nearest, nearest, origins

#: Images read at a time: as many as have this many numbers, within limits.
NUMBERS, FEWEST = 1 << 24, 16

#: Pairs that may be refused for each that is asked for: 90 % of twenty draws.
MOST_REFUSED = 18


class TrainingImages:
    """The images a generator was trained on, at its size and in its unit; goes through them as often as asked.

    Args:
        sized: the images, all of them training images.
        ranges: (N, 2) or (N, 2, C), the stored values of each that became -1 and 1.
    """

    def __init__(self, sized: SizedCases, ranges: np.ndarray):
        self.sized, self.ranges = sized, ranges

    @property
    def cases(self) -> tuple[Case, ...]:
        """In the order of the images."""
        return self.sized.cases

    def __iter__(self) -> Iterator[np.ndarray]:
        """Minibatches (N, H, W, C) in [-1, 1]."""
        for first in range(0, len(self.cases), self.batch):
            rows = slice(first, first + self.batch)
            yield normalise(tf.constant(self.sized.images[rows]), tf.constant(self.ranges[rows])).numpy()

    @property
    def batch(self) -> int:
        """Images read at a time."""
        return int(np.clip(NUMBERS // np.prod(self.sized.images.shape[1:]), FEWEST, TILE))

    @property
    def origins(self) -> np.ndarray:
        """(N,) which images are of one subject."""
        return origins([case.subject for case in self.cases])


@contextmanager
def training_images(dataset: Dataset, provenance: Provenance, shape: Sequence[int]) -> Iterator[TrainingImages]:
    """The training images as the generator saw them; on disk while the block lasts, a minibatch in memory.

    Args:
        dataset: has the training cases, under the ids they had.
        provenance: of the generator.
        shape: (H, W, C) of its images.

    Raises:
        InputError: if the data set lacks training cases, or the generator was trained on something other than
            whole images: patches, or windowed intensities.
    """
    wanted = set(provenance.cases)
    cases = tuple(case for case in dataset.cases if case.id in wanted)
    if len(cases) < len(wanted) or not cases:
        lacking = sorted(wanted - {case.id for case in cases})
        expected = f"the {len(wanted)} training cases of the generator ({provenance.dataset})"
        found = f"{len(cases)} of them, without {', '.join(lacking[:5]) or 'any'}"
        raise InputError(dataset.name, expected, found, "name the data it was trained on")
    with TemporaryDirectory() as place:
        ends = provenance.percentiles or (0.0, 100.0)
        sized = sized_cases(replace(dataset, cases=cases), *shape[:2], ends, Path(place), provenance.padded)
        if (sized.images.shape[1:], sized.images.dtype) != (tuple(shape), np.dtype(provenance.dtype)):
            expected = f"{shape[-1]} channels of {provenance.dtype}"
            found = f"{sized.images.shape[-1]} of {sized.images.dtype}"
            raise InputError(dataset.name, expected, found, "name the data as the generator was trained on them")
        require_whole(dataset.name, sized, sized.cases, provenance)
        yield TrainingImages(sized, sized.ranges if provenance.percentiles else provenance.ranges(len(cases)))


def require_whole(source: str, sized: SizedCases, cases: Sequence[Case], provenance: Provenance) -> None:
    """Checks by spacing that the generator's images show what its whole training images show.

    Raises:
        InputError: naming the `source` of the cases, if they do not.
    """
    spacing = sized.spacing(cases)
    if not np.allclose(spacing, provenance.spacing, rtol=1e-3):
        expected = f"whole images at {' x '.join(map(str, sized.images.shape[1:3]))} pixels, of {_millimetres(spacing)}"
        remedy = "a generator of patches, or of other spacing, cannot be compared with whole images"
        raise InputError(source, expected, f"{_millimetres(provenance.spacing)} in the generator", remedy)


def _millimetres(spacing: Sequence[float]) -> str:
    return " x ".join(f"{side:.3g}" for side in spacing) + " mm"


@dataclass(frozen=True)
class Kept:
    """Some of the pairs that were drawn.

    Attributes:
        images: (N, H, W, C) float32 in [-1, 1].
        labels: (N, H, W) uint8 class indices.
        numbers: (N,) of each pair among all that were drawn.
        nearest: the training image most like each.
    """

    images: np.ndarray
    labels: np.ndarray
    numbers: np.ndarray
    nearest: Nearest


def keep_distant(
    chunks: Iterable[tuple[np.ndarray, np.ndarray]], training: TrainingImages, distance: float, count: int
) -> Iterator[Kept]:
    """The first `count` pairs that lie at least `distance` from the training images, in the order drawn.

    Whether a pair is kept depends on the pair alone.

    Args:
        chunks: without end, images (N, H, W, C) in [-1, 1] and labels.
        training: to keep away from.
        distance: relative, in [0, 1]: as of `Nearest`.
        count: of pairs to keep.

    Raises:
        InputError: when `MOST_REFUSED` times `count` pairs have been refused.
    """
    kept = drawn = 0
    for images, labels in _gathered(chunks, min(count, training.batch)):
        found = nearest([images], training, training.origins)
        far = np.flatnonzero(found.distances >= distance)[: count - kept]
        if len(far):
            yield Kept(images[far], labels[far], drawn + far, Nearest(found.numbers[far], found.distances[far]))
        kept, drawn = kept + len(far), drawn + len(images)
        if kept == count:
            return
        if drawn - kept > MOST_REFUSED * count:
            found = f"{drawn - kept} of {drawn} pairs nearer to one than {distance:.4g}"
            remedy = "choose a smaller --min-distance, or train on more data or for a shorter time"
            raise InputError("--min-distance", "pairs that differ from the training images", found, remedy)


def _gathered(chunks: Iterable[tuple[np.ndarray, np.ndarray]], batch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """`batch` pairs or more at a time, so that the training images are gone through less often."""
    waiting: list[tuple[np.ndarray, np.ndarray]] = []
    for chunk in chunks:
        waiting.append(chunk)
        if sum(len(labels) for _, labels in waiting) >= batch:
            images, labels = map(np.concatenate, zip(*waiting))
            waiting.clear()
            yield images, labels
