"""DeepMedic's cost: cross-entropy of the pixels it classifies, and the penalty on its kernels.

Source: deepmedic/deepmedic neuralnet/cost_functions.py, trainer.py.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from tf_ganaug import replicas
from tf_ganaug.data.cases import IGNORE

#: Factors of the sums of the kernels' magnitudes and squares.
L1_WEIGHT, L2_WEIGHT = 1e-6, 1e-4


def central(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """The part of labels (N, H, W) that logits (N, h, w, classes) of the images' centre belong to, (N, h, w)."""
    top, left = ((whole - part) // 2 for whole, part in zip(labels.shape[1:], logits.shape[1:3]))
    return labels[:, top : top + logits.shape[1], left : left + logits.shape[2]]


def central_cross_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """The mean of -log(p + 1e-6) over the classified pixels that are not ignored; p is the label's softmax.

    Args:
        labels: (N, H, W) uint8 class indices or `IGNORE`.
        logits: (N, h, w, classes) float32, of the centre.

    Returns:
        A scalar; 0 if every pixel is ignored.
    """
    labels = central(labels, logits)
    counted = tf.cast(labels != IGNORE, tf.float32)
    # An ignored pixel has no class, so that its p would be 0.
    p = tf.reduce_sum(tf.nn.softmax(logits) * tf.one_hot(tf.cast(labels, tf.int32), logits.shape[-1]), -1)
    sums = tf.reduce_sum(tf.math.log(p + 1e-6) * counted), tf.reduce_sum(counted)
    return -tf.math.divide_no_nan(*map(replicas.total, sums))


def kernel_penalty(model: keras.Model) -> tf.Tensor:
    """1e-6 of the sum of |w| plus 1e-4 of the sum of w^2, over the convolutions' kernels only; a scalar."""
    kernels = [layer.kernel for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    magnitudes, squares = (tf.add_n([tf.reduce_sum(f(kernel)) for kernel in kernels]) for f in (tf.abs, tf.square))
    return L1_WEIGHT * magnitudes + L2_WEIGHT * squares
