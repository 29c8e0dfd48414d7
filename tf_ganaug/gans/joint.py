"""Image and label as one image with more channels, and back (Neff 2018, III)."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from tf_ganaug.data.cases import IGNORE, LabelSpec


@dataclass(frozen=True)
class JointLayout:
    """Which channels follow those of the image.

    Two classes need one channel. More have one each, and where the data set has ignored ids one more
    for them, so that a generator learns where void lies and what it makes there is not counted either.

    Attributes:
        classes: of the labels.
        void: whether ignored pixels have a channel, the last one.
        threshold: the rule by which `separate` reads one channel per class. False: the largest channel.
            True: the channel above 0; a pixel with none or several above 0 is ignored.
    """

    classes: int
    void: bool = False
    threshold: bool = False

    @classmethod
    def of(cls, spec: LabelSpec, threshold: bool = False) -> JointLayout:
        """The layout for these classes."""
        return cls(len(spec.classes), bool(spec.ignored), threshold)

    @property
    def channels(self) -> int:
        """Channels that carry the label."""
        return 1 if self._single else self.classes + self.void

    @property
    def _single(self) -> bool:
        return self.classes == 2 and not self.void

    def join(self, images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Pairs to joint images in [-1, 1].

        Args:
            images: (N, H, W, C) float32 in [-1, 1].
            labels: (N, H, W) uint8 class indices or `IGNORE`.

        Returns:
            (N, H, W, C + channels) float32: 1 where the class is, -1 elsewhere.
        """
        wanted = [1] if self._single else [*range(self.classes), *([IGNORE] if self.void else [])]
        planes = tf.cast(labels[..., None] == tf.constant(wanted, tf.uint8), tf.float32) * 2.0 - 1.0
        return tf.concat([images, planes], -1)

    def separate(self, joint: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Joint images to images (N, H, W, C) and labels (N, H, W) uint8, `IGNORE` where void."""
        images, planes = joint[..., : -self.channels], joint[..., -self.channels :]
        if self._single:
            return images, tf.cast(planes[..., 0] > 0, tf.uint8)
        labels = tf.argmax(planes, -1)
        counted = labels < self.classes
        if self.threshold:
            counted &= tf.reduce_sum(tf.cast(planes > 0, tf.int32), -1) == 1
        return images, tf.where(counted, tf.cast(labels, tf.uint8), tf.constant(IGNORE, tf.uint8))
