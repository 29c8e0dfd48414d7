"""Image and label as one image for a progressive GAN (Bowles 2018, 2)."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from tf_ganaug.data.cases import IGNORE
from tf_ganaug.gans.pggan_reals import from_labels, to_labels


@dataclass(frozen=True)
class LabelChannels:
    """The label as channels that follow those of the image, all in [-1, 1].

    Attributes:
        classes: of the labels, background included, which is class 0.
        coded: one channel with the classes at equal steps. Else one channel for each class but the background, 1
            where the class is; a pixel is of the class whose channel is largest, or background if none is above 0.

    What no measure counts (`IGNORE`) is background to the GAN.
    """

    classes: int
    coded: bool

    @property
    def channels(self) -> int:
        """How many they are."""
        return 1 if self.coded else self.classes - 1

    def join(self, images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Images (N, H, W, C) and class indices (N, H, W) uint8 to (N, H, W, C + channels) float32."""
        if self.coded:
            known = tf.where(labels == IGNORE, tf.zeros_like(labels), labels)
            return tf.concat([images, from_labels(known, self.classes)], -1)
        classes = tf.range(1, self.classes)
        planes = tf.cast(tf.cast(labels, tf.int32)[..., None] == classes, tf.float32)
        return tf.concat([images, 2.0 * planes - 1.0], -1)

    def separate(self, joint: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Joint images to images (N, H, W, C) and labels (N, H, W) uint8."""
        images, planes = joint[..., : -self.channels], joint[..., -self.channels :]
        if self.coded:
            return images, to_labels(planes, self.classes)
        return images, tf.cast(tf.argmax(tf.pad(planes, [(0, 0)] * 3 + [(1, 0)]), -1), tf.uint8)
