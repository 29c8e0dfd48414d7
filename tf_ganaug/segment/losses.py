"""Segmentation losses and the Dice measured during training."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tf_ganaug import replicas
from tf_ganaug.data.cases import IGNORE

#: Of PSPNet's auxiliary loss (Zhao 2017; hszhao/semseg tool/train.py).
AUXILIARY_WEIGHT = 0.4


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor, weights: np.ndarray | None = None) -> tf.Tensor:
    """Softmax cross-entropy, the mean over all pixels of the minibatch that are not ignored.

    Args:
        labels: (N, H, W) uint8 class indices or `IGNORE`.
        logits: (N, H, W, classes) float32.
        weights: (classes,) float32, of each class's pixels in sum and mean; None: all alike.

    Returns:
        A scalar; 0 if every pixel is ignored.
    """
    counted = labels != IGNORE
    safe = tf.where(counted, tf.cast(labels, tf.int32), 0)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(safe, logits)
    parts = tf.cast(counted, tf.float32)
    if weights is not None:
        parts *= tf.gather(weights, safe)
    return tf.math.divide_no_nan(replicas.total(tf.reduce_sum(losses * parts)), replicas.total(tf.reduce_sum(parts)))


def auxiliary_cross_entropy(labels: tf.Tensor, logits: Sequence[tf.Tensor]) -> tf.Tensor:
    """The network's cross-entropy plus `AUXILIARY_WEIGHT` times its auxiliary head's (PSPNet).

    Args:
        labels: (N, H, W) uint8 class indices or `IGNORE`.
        logits: of the network and of its auxiliary head, each (N, H, W, classes) float32.

    Returns:
        A scalar; 0 if every pixel is ignored.
    """
    main, auxiliary = logits
    return cross_entropy(labels, main) + AUXILIARY_WEIGHT * cross_entropy(labels, auxiliary)


def dice_counts(labels: tf.Tensor, logits: tf.Tensor, measured: Sequence[int]) -> tuple[tf.Tensor, tf.Tensor]:
    """Twice the intersection, and the sum of both sizes, per sample and class.

    Args:
        labels: (N, H, W) uint8 class indices or `IGNORE`.
        logits: (N, H, W, classes).
        measured: class indices.

    Returns:
        Two (N, len(measured)) float32.
    """
    classes = tf.constant(measured, tf.int32)
    counted = (labels != IGNORE)[..., None]
    truth = tf.cast(labels, tf.int32)[..., None] == classes
    predicted = (tf.argmax(logits, -1, tf.int32)[..., None] == classes) & counted
    both = tf.reduce_sum(tf.cast(truth & predicted, tf.float32), [1, 2])
    sizes = tf.reduce_sum(tf.cast(truth, tf.float32) + tf.cast(predicted, tf.float32), [1, 2])
    return 2.0 * both, sizes


def mean_dice(twice: np.ndarray, sizes: np.ndarray, empty: float = math.nan) -> float:
    """Mean over units, images or subjects, of the mean over the classes that one or its prediction has.

    A class that is in neither has no Dice: were it to count 1, a network that finds nothing would be among the best
    where images have few of many classes.

    Args:
        twice: (N, classes) twice the intersections in pixels.
        sizes: (N, classes) pixels of truth and prediction.
        empty: Dice of a unit without any class; NaN leaves such units out, unless all are such: then 1.
    """
    counted = np.count_nonzero(sizes, 1)
    total = np.divide(twice, sizes, out=np.zeros_like(sizes), where=sizes > 0).sum(1)
    dice = np.divide(total, counted, out=np.full(len(sizes), empty), where=counted > 0)
    return 1.0 if np.isnan(dice).all() else float(np.nanmean(dice))


def foreground_dice(twice: np.ndarray, sizes: np.ndarray) -> float:
    """Mean over images of one Dice of all their classes together (Karki 2020, 4.1), as `quality.detection.image_dice`.

    Args:
        twice: see `mean_dice`.
        sizes: likewise; an image without any class in truth and prediction has 1.
    """
    whole = sizes.sum(1)
    return float(np.divide(twice.sum(1), whole, out=np.ones(len(whole)), where=whole > 0).mean())


def class_weights(pixels: np.ndarray) -> np.ndarray:
    """Weight of each class in the weighted Dice: the inverse of its pixels, scaled to a sum of 1.

    Foroozandeh 2020 states only that the weights were calculated over the training set. With these
    every class has the same part in the loss, which is close to the mean of 1 - Dice over the classes,
    as the numbers of Table 1 suggest; docs/foroozandeh2020.md.

    Args:
        pixels: (classes,), of each class in the training set.

    Returns:
        (classes,) float32; 0 for a class that does not occur.
    """
    pixels = np.asarray(pixels, np.float64)
    inverse = np.divide(1.0, pixels, out=np.zeros_like(pixels), where=pixels > 0)
    return (inverse / inverse.sum()).astype(np.float32)


def weighted_dice_counts(labels: tf.Tensor, logits: tf.Tensor, weights: np.ndarray) -> tuple[tf.Tensor, tf.Tensor]:
    """Twice the weighted intersection, and the weighted sum of both sizes, over the whole minibatch.

    For the loss over a set, add both up over its minibatches: 1 - sum of the first / sum of the second.

    Args:
        labels: (N, H, W) uint8 class indices or `IGNORE`.
        logits: (N, H, W, classes).
        weights: (classes,), see `class_weights`.

    Returns:
        Two float32 scalars.
    """
    truth = tf.one_hot(tf.cast(labels, tf.int32), logits.shape[-1])
    counted = tf.cast(labels != IGNORE, tf.float32)[..., None]
    predicted = tf.nn.softmax(tf.cast(logits, tf.float32)) * counted
    both, sizes = (tf.reduce_sum(part, [0, 1, 2]) for part in (truth * predicted, truth + predicted))
    both, sizes = (replicas.total(tf.reduce_sum(weights * part)) for part in (both, sizes))
    return 2.0 * both, sizes


def weighted_dice_loss(labels: tf.Tensor, logits: tf.Tensor, weights: np.ndarray) -> tf.Tensor:
    """1 - 2 sum_c w_c sum t_c p_c / sum_c w_c sum (t_c + p_c), over the pixels of the whole minibatch.

    t is the one-hot label and p the softmax. The generalised Dice loss (Sudre 2017) with fixed weights,
    in the form in which Foroozandeh's group published it (Cirillo, Abramian, Eklund 2020, Vox2Vox,
    losses.py); Foroozandeh 2020, section 3.1, prints no formula.

    Args:
        labels: (N, H, W) uint8 class indices or `IGNORE`.
        logits: (N, H, W, classes).
        weights: (classes,), see `class_weights`; their scale does not matter.

    Returns:
        A float32 scalar in [0, 1]; 0 if nothing counts.
    """
    twice, sizes = weighted_dice_counts(labels, logits, weights)
    return tf.math.divide_no_nan(sizes - twice, sizes)
