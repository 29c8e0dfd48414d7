"""Label maps as images of the progressive GAN, and real images as a level of detail sees them.

Source: progressive_growing_of_gans train.py process_reals and dataset_tool.py; Foroozandeh 2020,
section 3.2, for the range of label maps.
"""

from __future__ import annotations

import tensorflow as tf

from tf_ganaug.models.pggan_layers import nearest_double


def from_labels(labels: tf.Tensor, classes: int) -> tf.Tensor:
    """Class indices 0 to classes - 1 as equal steps from -1 to 1.

    Args:
        labels: (N, H, W) integers.
        classes: their number, at least 2.

    Returns:
        (N, H, W, 1) float32.
    """
    return tf.cast(labels, tf.float32)[..., None] * (2.0 / (classes - 1)) - 1.0


def to_labels(images: tf.Tensor, classes: int) -> tf.Tensor:
    """The nearest class index of every pixel; what lies outside [-1, 1] is clipped.

    Args:
        images: (N, H, W, 1) float32.
        classes: their number, at least 2, at most 256.

    Returns:
        (N, H, W) uint8.
    """
    return tf.cast(tf.clip_by_value(_steps(images[..., 0], classes), 0.0, classes - 1.0), tf.uint8)


def _steps(images: tf.Tensor, values: int) -> tf.Tensor:
    """[-1, 1] to the nearest of 0, 1, ..., values - 1, as float32."""
    return tf.round((images + 1.0) * ((values - 1) / 2.0))


def reals_at_level(
    images: tf.Tensor, halvings: int, fraction: tf.Tensor | None = None, round_levels: int | None = None
) -> tf.Tensor:
    """Full-size reals as the networks see them.

    Args:
        images: (N, H, W, C) float32 in [-1, 1].
        halvings: how often they are halved, by means of 2 x 2 pixels.
        fraction: share of the next coarser level while this one fades in; None if it does not.
        round_levels: rounds the means to this many equal steps from -1 to 1, as the original's data
            tool does: classes of a label map, 256 for images of bytes. None leaves the means.

    Returns:
        (N, H / 2^halvings, W / 2^halvings, C) float32.
    """
    window = 1 << halvings
    if round_levels is None:
        images = tf.nn.avg_pool2d(images, window, window, "VALID")
    else:
        # Whole numbers first: their means are exact, so halves round (to even) as in the original.
        means = tf.nn.avg_pool2d(_steps(images, round_levels), window, window, "VALID")
        images = tf.round(means) * (2.0 / (round_levels - 1)) - 1.0
    if fraction is None:
        return images
    coarse = nearest_double(tf.nn.avg_pool2d(images, 2, 2, "VALID"))
    return images + (coarse - images) * fraction
