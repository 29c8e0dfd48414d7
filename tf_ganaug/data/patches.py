"""Patches of the training images at native resolution: always the same number, cut when asked for (Bowles 2018)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tf_ganaug.compiled import graph_function
from tf_ganaug.data.cache import SizedCases
from tf_ganaug.data.cases import Case
from tf_ganaug.data.pairs import Pairs, Part, normalise
from tf_ganaug.errors import InputError
from tf_ganaug.random import fold


class Patches(Pairs):
    """`count` patches, each of which is a function of the seed and its number.

    Patch n is cut from image n mod the number of images, at a place drawn uniformly from those where it lies
    inside, turned about its centre by an angle drawn uniformly, and mirrored left and right in half of the
    draws. Place, angle and mirror belong to the patch and stay. The image is sampled bilinearly where it is
    turned, the label by the nearest pixel. Where an image ends, or is smaller than the patch, its edge is
    repeated, image and label alike. A share of the patches, evenly among the others, may lie on a class instead: about
    a pixel drawn from those of an image that have one, each such image in turn.

    Only the images are in memory, as stored integers; every method of `Pairs` cuts its patches anew.

    Args:
        images: of one type and number of channels, (h, w, C) as stored, each of its own size.
        labels: (h, w) uint8 class indices of each.
        ranges: (len(images), 2) float32, the stored values that become -1 and 1.
        names: of the images, for errors.
        size: of a patch, pixels.
        count: of patches; 80,000 in Bowles 2018.
        seed: of all draws.
        rotation: largest angle in degrees either way, at most 180.
        on_classes: share of the patches that lie on a class, 0 to 1; half in DeepMedic's own sampling.
        classes: class indices that count as such.

    Attributes:
        smaller: names of the images smaller than a patch.

    Raises:
        InputError: without an image, for one without pixels, of another type than the first, or if patches are to lie
            on a class and no image has one.
    """

    def __init__(
        self,
        images: Sequence[np.ndarray],
        labels: Sequence[np.ndarray],
        ranges: np.ndarray,
        names: Sequence[str],
        size: int,
        count: int,
        seed: int,
        rotation: float = 0.0,
        on_classes: float = 0.0,
        classes: Sequence[int] = (),
    ):
        _require_alike(images, names)
        self.size, self.count, self.turned = size, count, rotation > 0
        # A square turned by 45 degrees reaches furthest; one pixel more is for the bilinear neighbour.
        angle = math.radians(min(rotation, 45.0))
        self.margin = math.ceil((math.cos(angle) + math.sin(angle) - 1) * size / 2) + 1 if self.turned else 0
        sides = np.array([image.shape[:2] for image in images])
        self.smaller = tuple(name for name, side in zip(names, sides) if side.min() < size)
        whole = np.maximum(sides, size)
        uniform = tf.random.stateless_uniform((count, 4), fold(seed, 0)).numpy()
        number = np.arange(count) % len(images)
        places = np.floor(uniform[:, :2] * (whole[number] - size + 1))
        chosen = np.flatnonzero(np.diff(np.floor(np.arange(count + 1) * on_classes)))
        if len(chosen):
            number[chosen], places[chosen] = _on_classes(labels, classes, size, uniform[chosen, 0])
        # tf.data runs on the CPU, where these are gathered from.
        with tf.device("CPU:0"):
            self.images, self.labels = (
                tf.constant(_stacked(pixels, whole.max(0), size, self.margin)) for pixels in (images, labels)
            )
            self.ranges = tf.constant(np.asarray(ranges, np.float32))
            self.places = tf.constant(np.column_stack([number, places]), tf.int32)
            self.mirrored = tf.constant(uniform[:, 2] < 0.5)
            self.angles = tf.constant((2 * uniform[:, 3] - 1) * math.radians(rotation), tf.float32)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(size, size, C) of a patch."""
        return self.size, self.size, self.images.shape[-1]

    @classmethod
    def of(
        cls,
        sized: SizedCases,
        cases: Sequence[Case],
        size: int,
        count: int,
        seed: int,
        rotation: float = 0.0,
        view: np.ndarray | None = None,
    ) -> Patches:
        """The patches of some cases, whose stored class indices `view` may change to others."""
        rows = sized.rows(cases)
        images = [sized.images[row] for row in rows]
        labels = [sized.labels[row] if view is None else view[sized.labels[row]] for row in rows]
        names = [case.id for case in cases]
        return cls(images, labels, sized.ranges[rows], names, size, count, seed, rotation)

    def read(self, positions: tf.Tensor | np.ndarray) -> tuple[tf.Tensor, ...]:
        """As that of `Pairs`: patches with their margins, and how each is turned and mirrored."""
        with tf.device("CPU:0"):
            places = tf.gather(self.places, positions)
            images, labels = self._cut(places)
            ranges = tf.gather(self.ranges, places[:, 0])
            return images, labels, ranges, tf.gather(self.mirrored, positions), tf.gather(self.angles, positions)

    def finish(self, images, labels, ranges, mirrored, angles) -> tuple[tf.Tensor, tf.Tensor]:
        """Images (N, size, size, C) float32, normalised, and labels (N, size, size) uint8 of what `read` gave."""
        if self.turned:
            return _turned(normalise(images, ranges), labels, angles, mirrored, self.size)
        images, labels = (_mirrored(pixels, mirrored) for pixels in (images, labels))
        return normalise(images, ranges), labels

    def part(self, count: int) -> Part:
        """The first patches in memory, normalised: their ranges are -1 and 1."""
        images, labels = (pixels.numpy() for pixels in self.take(tf.range(count)))
        return Part(images, labels, np.arange(count), np.tile(np.float32([-1, 1]), (count, 1)))

    @graph_function(reduce_retracing=True)
    def _cut(self, places: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Stored values and labels with the margin, (N, side, side, C) and (N, side, side)."""
        side = self.size + 2 * self.margin
        channels = self.images.shape[-1]

        def one(place: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            image = tf.slice(self.images, tf.concat([place, [0]], 0), (1, side, side, channels))
            return image[0], tf.slice(self.labels, place, (1, side, side))[0]

        # Whole rows are copied: ten times as fast as to gather pixels.
        return tf.map_fn(one, places, fn_output_signature=(self.images.dtype, self.labels.dtype))


class Joined(Pairs):
    """Patches, and after them other pairs of their size: generated ones, added to the real ones (Bowles 2018, 2).

    Args:
        patches: first, none of them replaced.
        added: with numbers from patches.count on.
    """

    def __init__(self, patches: Patches, added: Pairs):
        self.patches, self.added, self.count = patches, added, patches.count + added.count

    @property
    def shape(self) -> tuple[int, int, int]:
        """(size, size, C) of a patch."""
        return self.patches.shape

    def read(self, positions: tf.Tensor | np.ndarray) -> tuple[tf.Tensor, ...]:
        """As that of `Patches`, then that of the others; both for all positions, which costs less than to part them."""
        positions = tf.cast(positions, tf.int64)
        real, other = positions < self.patches.count, positions - self.patches.count
        first = self.patches.read(tf.where(real, positions, tf.zeros_like(positions)))
        return real, *first, *self.added.read(tf.maximum(other, tf.zeros_like(other)))

    def finish(self, real: tf.Tensor, *stored: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """As that of `Patches`."""
        first, second = self.patches.finish(*stored[:5]), self.added.finish(*stored[5:])
        return tuple(
            tf.where(tf.reshape(real, (-1, *[1] * (mine.shape.rank - 1))), mine, theirs)
            for mine, theirs in zip(first, second)
        )


def _on_classes(
    labels: Sequence[np.ndarray], classes: Sequence[int], size: int, uniform: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Image and corner (row, column) of patches about a pixel that has a class; the images that have one in turn.

    Args:
        labels: (h, w) class indices of each image.
        classes: that count.
        size: of a patch.
        uniform: of each patch, in [0, 1), by which its pixel is drawn.
    """
    found = {number: np.argwhere(np.isin(label, classes)) for number, label in enumerate(labels)}
    having = [number for number, pixels in found.items() if len(pixels)]
    if not having:
        expected, remedy = "an image with a class, for patches to lie on", "set it to 0, or add labelled images"
        raise InputError("patches.on_classes", expected, f"none of {len(labels)}", remedy)
    numbers = np.resize(having, len(uniform))
    pixels = np.array([found[number][int(draw * len(found[number]))] for number, draw in zip(numbers, uniform)])
    sides = np.array([labels[number].shape for number in numbers])
    # As `_padded` lays what is smaller than a patch.
    corners = pixels + np.maximum(size - sides, 0) // 2 - size // 2
    return numbers, np.clip(corners, 0, np.maximum(sides, size) - size)


def _require_alike(images: Sequence[np.ndarray], names: Sequence[str]) -> None:
    if not len(images):
        raise InputError("training images", "at least one to cut patches from", "none", "choose a larger fraction")
    first = images[0]
    for image, name in zip(images, names):
        if not image.size:
            raise InputError(name, "an image with pixels", f"shape {image.shape}", "leave it out")
        kind, expected = (f"{x.shape[-1]} channels of {x.dtype}" for x in (image, first))
        if kind != expected:
            raise InputError(name, f"{expected} as in {names[0]}", kind, "store all images in one type")


def _stacked(arrays: Sequence[np.ndarray], whole: np.ndarray, size: int, margin: int) -> np.ndarray:
    """All of them `_padded`, in one array."""
    stacked = np.empty((len(arrays), *(whole + 2 * margin), *arrays[0].shape[2:]), arrays[0].dtype)
    for place, pixels in zip(stacked, arrays):
        place[...] = _padded(pixels, whole, size, margin)
    return stacked


def _padded(pixels: np.ndarray, whole: np.ndarray, size: int, margin: int) -> np.ndarray:
    """(h, w, ...) to whole + 2 margin, the edges repeated; what is smaller than a patch lies in its centre."""
    around = []
    for length, longest in zip(pixels.shape, whole):
        before = margin + max(size - length, 0) // 2
        around.append((before, longest + 2 * margin - before - length))
    return np.pad(pixels, [*around, *[(0, 0)] * (pixels.ndim - 2)], mode="edge")


def _mirrored(pixels: tf.Tensor, where: tf.Tensor) -> tf.Tensor:
    """(N, H, W, ...), left and right exchanged where the (N,) booleans are true."""
    return tf.where(tf.reshape(where, (-1, *[1] * (pixels.shape.rank - 1))), pixels[:, :, ::-1], pixels)


def _turned(
    images: tf.Tensor, labels: tf.Tensor, angles: tf.Tensor, mirrored: tf.Tensor, size: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """The central size x size pixels of both, turned about the centre by (N,) radians, then mirrored."""
    cosine, sine, side = tf.cos(angles), tf.sin(angles), tf.where(mirrored, -1.0, 1.0)
    inner, outer = (size - 1) / 2, (images.shape[1] - 1) / 2
    zero = tf.zeros_like(angles)
    # Place (x, y) of the result comes from outer + R (side (x - inner), y - inner).
    rows = [
        *(cosine * side, -sine, outer - inner * (cosine * side - sine)),
        *(sine * side, cosine, outer - inner * (sine * side + cosine)),
        *(zero, zero),
    ]

    def sampled(pixels: tf.Tensor, interpolation: str) -> tf.Tensor:
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=pixels,
            transforms=tf.stack(rows, 1),
            output_shape=(size, size),
            fill_value=0.0,
            interpolation=interpolation,
            fill_mode="NEAREST",
        )

    return sampled(images, "BILINEAR"), sampled(labels[..., None], "NEAREST")[..., 0]
