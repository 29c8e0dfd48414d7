"""Standard augmentation: image and label of a pair moved together, inside tf.data (Neff 2018, IV)."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.random import stream_seed

#: Displacements are drawn at this many by this many points, over the whole image.
CONTROL_POINTS = 5

#: Pixel settings are meant at this size and shrink or grow with the image's longer side.
REFERENCE_SIZE = 256


@dataclass(frozen=True)
class Augmentation:
    """Standard deviations of the normal draws; all zero and no flip leaves a pair as it is.

    Attributes:
        shift: added to the intensities, which lie in [-1, 1].
        scale: of the factor around one.
        translation: pixels at 256 x 256, rows and columns drawn apart.
        elastic: pixels at 256 x 256, of each control point's displacement.
        flip: mirror left and right in half of the draws.
    """

    shift: float = 0.0
    scale: float = 0.0
    translation: float = 0.0
    elastic: float = 0.0
    flip: bool = False

    @property
    def moves(self) -> bool:
        """Whether pixels change place other than by the flip."""
        return self.translation > 0 or self.elastic > 0

    def __call__(self, images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Changes pairs as `augment` does: an augmentation is a `data.pipeline.PairChange`."""
        return augment(images, labels, self, seed)


def augment(
    images: tf.Tensor, labels: tf.Tensor, settings: Augmentation, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws one change per pair of a whole minibatch.

    The image is sampled bilinearly, once, whatever moves it; the label by the nearest pixel of the
    same flow. Places outside the image take the nearest edge pixel of both.

    Args:
        images: (N, H, W, C) float32.
        labels: (N, H, W) uint8.
        settings: how much.
        seed: (2,) int32; the same seed draws the same.

    Returns:
        Both, changed; intensities may leave [-1, 1].
    """
    if settings.flip:
        images, labels = _flip(images, labels, stream_seed(seed, 0))
    if settings.moves:
        flow = _flow(images, settings, seed)
        images = backend.dense_image_warp(images, flow)
        labels = gather_nearest(labels, flow)
    count = tf.shape(images)[0]
    if settings.scale:
        images *= 1.0 + tf.random.stateless_normal((count, 1, 1, 1), stream_seed(seed, 3), stddev=settings.scale)
    if settings.shift:
        images += tf.random.stateless_normal((count, 1, 1, 1), stream_seed(seed, 4), stddev=settings.shift)
    return images, labels


def gather_nearest(labels: tf.Tensor, flow: tf.Tensor) -> tf.Tensor:
    """labels[n, y - flow y, x - flow x] at rounded positions, clamped to the image.

    Args:
        labels: (N, H, W) of any type.
        flow: (N, H, W, 2) float32, pixels, (row, column).
    """
    height, width = tf.shape(labels)[1], tf.shape(labels)[2]
    grid = tf.stack(tf.meshgrid(tf.range(height), tf.range(width), indexing="ij"), -1)
    place = tf.cast(tf.round(tf.cast(grid, tf.float32) - flow), tf.int32)
    return tf.gather_nd(labels, tf.clip_by_value(place, 0, [height - 1, width - 1]), batch_dims=1)


def _flip(images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    mirrored = tf.random.stateless_uniform((tf.shape(images)[0], 1, 1), seed) < 0.5
    images = tf.where(mirrored[..., None], images[:, :, ::-1], images)
    return images, tf.where(mirrored, labels[:, :, ::-1], labels)


def _flow(images: tf.Tensor, settings: Augmentation, seed: tf.Tensor) -> tf.Tensor:
    """(N, H, W, 2): a translation per sample plus a smooth surface through the control points."""
    count, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
    pixel = max(height, width) / REFERENCE_SIZE
    flow = tf.zeros((count, 1, 1, 2))
    if settings.translation:
        deviation = settings.translation * pixel
        flow += tf.random.stateless_normal((count, 1, 1, 2), stream_seed(seed, 1), stddev=deviation)
    if settings.elastic:
        shape = (count, CONTROL_POINTS, CONTROL_POINTS, 2)
        points = tf.random.stateless_normal(shape, stream_seed(seed, 2), stddev=settings.elastic * pixel)
        flow += tf.image.resize(points, (height, width), "bicubic")
    return tf.broadcast_to(flow, (count, height, width, 2))
