"""DeepMedic as it is trained on patches: its inputs, its loss and the fall of its rate."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from tf_ganaug.data.wmh import SPAN
from tf_ganaug.models.deepmedic import deepmedic
from tf_ganaug.segment.deepmedic_cost import central_cross_entropy, kernel_penalty
from tf_ganaug.segment.train import Loss


def patch_deepmedic(
    size: int,
    channels: int,
    classes: int,
    subsample_factors: Sequence[int],
    feature_maps: Sequence[int],
    fc_feature_maps: Sequence[int],
    seed: int,
) -> tuple[keras.Model, Loss]:
    """DeepMedic of patches in [-1, 1], and its loss.

    Args:
        size: of the patches, pixels a side.
        channels: of the images.
        classes: of the labels.
        subsample_factors: as in `models.deepmedic`, likewise the next two.
        feature_maps: of the convolutions.
        fc_feature_maps: of the layers after them.
        seed: of the weights.
    """
    images = keras.Input((size, size, channels), name="images")
    network = deepmedic(size, size, channels, classes, subsample_factors, feature_maps, tuple(fc_feature_maps), seed)
    # The network expects standard deviations from the mean, of which [-1, 1] stands for `SPAN`.
    standard = keras.layers.Rescaling((SPAN[1] - SPAN[0]) / 2, sum(SPAN) / 2, dtype="float32")(images)

    def loss(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        return central_cross_entropy(labels, logits) + kernel_penalty(network)

    return keras.Model(images, network(standard), name="deepmedic"), loss


def falling_rate(rate: float, halvings: Sequence[int]) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """A rate that is halved after each of these iterations."""
    if not halvings:
        return rate
    rates = [rate / 2**number for number in range(len(halvings) + 1)]
    return keras.optimizers.schedules.PiecewiseConstantDecay(list(halvings), rates)
