"""Pictures moved by projective transforms, which turn, scale, shear and shift in one sampling."""

from __future__ import annotations

import tensorflow as tf


def sample(pictures: tf.Tensor, transforms: tf.Tensor, interpolation: str, outside: float) -> tf.Tensor:
    """Pictures (N, H, W, C) of their own type: pixel (x, y) comes from (a x + b y + c, d x + e y + f).

    Args:
        pictures: (N, H, W, C).
        transforms: (N, 8) float32: a, b, c, d, e, f, 0, 0.
        interpolation: "BILINEAR" or "NEAREST".
        outside: value where a pixel comes from outside the picture.
    """
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=transforms,
        output_shape=tf.shape(pictures)[1:3],
        fill_value=outside,
        interpolation=interpolation,
        fill_mode="CONSTANT",
    )
