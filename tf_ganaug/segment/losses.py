"""Segmentation losses and the Dice measured during training."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from tf_ganaug.data.cases import IGNORE


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor, axes: Sequence[int] | None = None) -> tf.Tensor:
    """Softmax cross-entropy, the mean over all pixels that are not ignored.

    Args:
        labels: (N, H, W) uint8 class indices or `IGNORE`.
        logits: (N, H, W, classes) float32.
        axes: of the mean; None for a scalar, (1, 2) for one number per sample.

    Returns:
        The mean; 0 where every pixel is ignored.
    """
    counted = labels != IGNORE
    safe = tf.where(counted, tf.cast(labels, tf.int32), 0)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(safe, logits)
    weights = tf.cast(counted, tf.float32)
    return tf.math.divide_no_nan(tf.reduce_sum(losses * weights, axes), tf.reduce_sum(weights, axes))


def dice_counts(labels: tf.Tensor, logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Twice the intersection, and the sum of both sizes, per sample and class but the background.

    Args:
        labels: (N, H, W) uint8 class indices or `IGNORE`.
        logits: (N, H, W, classes).

    Returns:
        Two (N, classes - 1) float32.
    """
    classes = tf.range(1, logits.shape[-1])
    counted = (labels != IGNORE)[..., None]
    truth = tf.cast(labels, tf.int32)[..., None] == classes
    predicted = (tf.argmax(logits, -1, tf.int32)[..., None] == classes) & counted
    both = tf.reduce_sum(tf.cast(truth & predicted, tf.float32), [1, 2])
    sizes = tf.reduce_sum(tf.cast(truth, tf.float32) + tf.cast(predicted, tf.float32), [1, 2])
    return 2.0 * both, sizes
