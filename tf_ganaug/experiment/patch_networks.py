"""The three segmenters of Bowles 2018, section 2, trained on patches and validated on whole slices."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import keras
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.data.wmh import SPAN
from tf_ganaug.experiment.patch_settings import DeepMedicSettings, Settings, UResNetSettings
from tf_ganaug.models.deepmedic import deepmedic
from tf_ganaug.models.unet import ronneberger_unet
from tf_ganaug.models.uresnet import uresnet
from tf_ganaug.random import named_seed
from tf_ganaug.segment.deepmedic_cost import central_cross_entropy, kernel_penalty
from tf_ganaug.segment.losses import cross_entropy
from tf_ganaug.segment.rmsprop import deepmedic_rmsprop
from tf_ganaug.segment.train import Loss, Segmenter
from tf_ganaug.segment.whole import extended, tiled

#: As the paper's tables name them, with the name of their settings.
NETWORKS = {"UNet": "unet", "UResNet": "uresnet", "DeepMedic": "deepmedic"}


def training_of(settings: Settings, network: str) -> UResNetSettings | DeepMedicSettings:
    """The settings of a network of `NETWORKS`."""
    return getattr(settings, NETWORKS[network])


def new_segmenter(settings: Settings, network: str, spec: LabelSpec, channels: int, repeat: int) -> Segmenter:
    """Untrained; all trainings of one network and repeat start from the same weights.

    The validation with the highest mean Dice over whole slices keeps its weights (section 2).
    """
    seed = named_seed(settings.seed, f"{network}-repeat{repeat}")
    keras.utils.set_random_seed(seed)
    build = _deepmedic if network == "DeepMedic" else partial(_unet, network)
    model, whole, loss, optimizer = build(settings, channels, len(spec.classes), seed)
    return Segmenter(model, loss, spec, optimizer, settings.jit_compile, keep="dice", whole=whole)


def _unet(network: str, settings: Settings, channels: int, classes: int, seed: int) -> tuple:
    s, size = training_of(settings, network), settings.patches.size
    coarsest = 8 if network == "UResNet" else 1 << settings.unet.levels - 1

    def build(height: int, width: int) -> keras.Model:
        if network == "UResNet":
            return uresnet(height, width, channels, classes, s.filters)
        return ronneberger_unet(height, width, channels, classes, s.levels, s.filters, seed)

    height, width = settings.data.size
    whole = extended(build(*(-(-side // coarsest) * coarsest for side in (height, width))), height, width)
    return build(size, size), whole, cross_entropy, backend.adam(s.learning_rate, s.beta_1, s.beta_2)


def _deepmedic(settings: Settings, channels: int, classes: int, seed: int) -> tuple:
    return new_deepmedic(settings.deepmedic, settings.patches.size, settings.data.size, channels, classes, seed)


def new_deepmedic(
    s: DeepMedicSettings, size: int, whole: Sequence[int], channels: int, classes: int, seed: int
) -> tuple[keras.Model, keras.Model, Loss, keras.optimizers.Optimizer]:
    """DeepMedic of patches, the same of whole images, its loss and its optimiser.

    Args:
        s: without `batch` and what says when training ends.
        size: of the patches, pixels a side.
        whole: (height, width) of whole images.
        channels: of the images.
        classes: of the labels.
        seed: of the weights.
    """
    images = keras.Input((size, size, channels), name="images")
    network = deepmedic(
        size, size, channels, classes, s.subsample_factors, s.feature_maps, tuple(s.fc_feature_maps), seed
    )
    # The network expects standard deviations from the mean, of which [-1, 1] stands for `SPAN`.
    standard = keras.layers.Rescaling((SPAN[1] - SPAN[0]) / 2, sum(SPAN) / 2, dtype="float32")(images)
    model = keras.Model(images, network(standard), name="deepmedic")

    def loss(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        return central_cross_entropy(labels, logits) + kernel_penalty(network)

    rates = [s.learning_rate / 2**number for number in range(len(s.halvings) + 1)]
    rate = keras.optimizers.schedules.PiecewiseConstantDecay(list(s.halvings), rates) if s.halvings else rates[0]
    return model, tiled(model, *whole), loss, deepmedic_rmsprop(rate, s.normalised)
