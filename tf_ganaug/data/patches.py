"""Patches of the training images at native resolution: always the same number, cut when asked for (Bowles 2018)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tf_ganaug.data.cache import SizedCases
from tf_ganaug.data.cases import Case
from tf_ganaug.data.pairs import Pairs, normalise
from tf_ganaug.errors import InputError
from tf_ganaug.random import fold


class Patches(Pairs):
    """`count` patches, each of which is a function of the seed and its number.

    Patch n is cut from image n mod the number of images, at a place drawn uniformly from those where it lies
    inside, turned about its centre by an angle drawn uniformly, and mirrored left and right in half of the
    draws. Place, angle and mirror belong to the patch and stay. The image is sampled bilinearly where it is
    turned, the label by the nearest pixel. Where an image ends, or is smaller than the patch, its edge is
    repeated, image and label alike.

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

    Attributes:
        smaller: names of the images smaller than a patch.

    Raises:
        InputError: without an image, for one without pixels, or of another type than the first.
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
    ):
        _require_alike(images, names)
        self.size, self.count, self.turned = size, count, rotation > 0
        # A square turned by 45 degrees reaches furthest; one pixel more is for the bilinear neighbour.
        angle = math.radians(min(rotation, 45.0))
        self.margin = math.ceil((math.cos(angle) + math.sin(angle) - 1) * size / 2) + 1 if self.turned else 0
        sides = np.array([image.shape[:2] for image in images])
        self.smaller = tuple(name for name, side in zip(names, sides) if side.min() < size)
        whole = np.maximum(sides, size)
        padded = [_padded(image, whole.max(0), size, self.margin) for image in images]
        covered = [_padded(label, whole.max(0), size, self.margin) for label in labels]
        uniform = tf.random.stateless_uniform((count, 4), fold(seed, 0)).numpy()
        number = np.arange(count) % len(images)
        places = np.floor(uniform[:, :2] * (whole[number] - size + 1))
        # tf.data runs on the CPU, where these are gathered from.
        with tf.device("CPU:0"):
            self.images, self.labels = tf.constant(np.stack(padded)), tf.constant(np.stack(covered))
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
        labels = sized.labels[rows] if view is None else view[sized.labels[rows]]
        names = [case.id for case in cases]
        return cls(sized.images[rows], labels, sized.ranges[rows], names, size, count, seed, rotation)

    def take(self, positions: tf.Tensor | np.ndarray) -> tuple[tf.Tensor, tf.Tensor]:
        """Images (N, size, size, C) float32, normalised, and labels (N, size, size) uint8 of these numbers."""
        places = tf.gather(self.places, positions)
        images, labels = self._cut(places)
        mirrored = tf.gather(self.mirrored, positions)
        if not self.turned:
            images, labels = (_mirrored(pixels, mirrored) for pixels in (images, labels))
        images = normalise(images, tf.gather(self.ranges, places[:, 0]))
        if self.turned:
            images, labels = _turned(images, labels, tf.gather(self.angles, positions), mirrored, self.size)
        return images, labels

    def draw_at(self, seed: int, first: tf.Tensor, batch: int) -> tuple[tf.Tensor, tf.Tensor]:
        """As that of `Pairs`, with orders of which only the part needed is computed."""
        numbers = tf.cast(first, tf.int64) + tf.range(batch, dtype=tf.int64)
        epoch, number = numbers // self.count, numbers % self.count
        positions = number
        for later in range(-(-batch // self.count) + 1):  # as many epochs as a minibatch can touch
            order = fold(seed, epoch[0] + later, 2)
            shuffled = tf.random.experimental.index_shuffle(number, order, tf.constant(self.count - 1, tf.int64))
            positions = tf.where(epoch == epoch[0] + later, shuffled, positions)
        return self.take(positions)

    @tf.function(reduce_retracing=True)
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

    def take(self, positions: tf.Tensor | np.ndarray) -> tuple[tf.Tensor, tf.Tensor]:
        """As that of `Patches`."""
        positions = tf.convert_to_tensor(positions)
        real, other = positions < self.patches.count, positions - self.patches.count
        # Both are read for all positions, which costs less than to part and join them again.
        first = self.patches.take(tf.where(real, positions, tf.zeros_like(positions)))
        second = self.added.take(tf.maximum(other, tf.zeros_like(other)))
        return tuple(
            tf.where(tf.reshape(real, (-1, *[1] * (mine.shape.rank - 1))), mine, theirs)
            for mine, theirs in zip(first, second)
        )

    draw_at = Patches.draw_at


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
