"""FCN score: how well a segmenter finds in a generated image what it was painted from (Karki 2020, section 3.2.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import keras
import numpy as np
import tensorflow as tf

from tf_ganaug.compiled import graph_function
from tf_ganaug.data.cases import IGNORE
from tf_ganaug.metrics import overlap


def fcn_scores(
    segmenter: keras.Model, batches: Iterable[tuple[tf.Tensor, tf.Tensor]], measured: Sequence[int]
) -> np.ndarray:
    """Dice of the segmenter's answer and the label map, image by image; their mean is a generator's score.

    One Dice for all classes but the background, as `detection.image_dice`: a pixel is found if its class
    is. An image with nothing in truth and answer has 1.

    Args:
        segmenter: images to logits (N, H, W, classes), trained on originals.
        batches: images (N, H, W, C) float32 in [-1, 1] with the label maps (N, H, W) uint8 they were painted from.
        measured: class indices that count.

    Returns:
        (images,) float64 in [0, 1].
    """
    shape = tf.TensorSpec(segmenter.input_shape, tf.float32)
    read = graph_function(lambda images: tf.argmax(segmenter(images, training=False), -1, tf.int32), [shape])
    classes = np.asarray(measured)
    scores = []
    for images, labels in batches:
        for truth, found in zip(np.asarray(labels)[..., None], read(images).numpy()[..., None]):
            scores.append(overlap(truth == classes, (found == classes) & (truth != IGNORE))["dice"])
    return np.array(scores)
