"""Image and label as one image with more channels, and back (Neff 2018, III)."""

from __future__ import annotations

import tensorflow as tf

from tf_ganaug.data.cases import IGNORE


def label_channels(classes: int) -> int:
    """Channels that carry the label: one for two classes, else one per class."""
    return 1 if classes == 2 else classes


def join(images: tf.Tensor, labels: tf.Tensor, classes: int) -> tf.Tensor:
    """Pairs to joint images in [-1, 1]; ignored pixels belong to no class.

    Args:
        images: (N, H, W, C) float32 in [-1, 1].
        labels: (N, H, W) uint8 class indices or `IGNORE`.
        classes: their number.

    Returns:
        (N, H, W, C + label_channels(classes)) float32: 1 where the class is, -1 elsewhere.
    """
    labels = tf.cast(labels, tf.int32)
    known = tf.where(labels == IGNORE, -1, labels)
    wanted = tf.range(classes)[-label_channels(classes) :]
    planes = tf.cast(known[..., None] == wanted, tf.float32) * 2.0 - 1.0
    return tf.concat([images, planes], -1)


def separate(joint: tf.Tensor, classes: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Joint images to images (N, H, W, C) and labels (N, H, W) uint8.

    Two classes: the one label channel thresholded at 0. More: the largest label channel.
    """
    channels = joint.shape[-1] - label_channels(classes)
    planes = joint[..., channels:]
    labels = planes[..., 0] > 0 if classes == 2 else tf.argmax(planes, -1)
    return joint[..., :channels], tf.cast(labels, tf.uint8)
