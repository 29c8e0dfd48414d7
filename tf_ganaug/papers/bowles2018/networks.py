"""The three segmenters of Bowles 2018, section 2, trained on patches and validated on whole slices."""

from __future__ import annotations

from functools import partial

import keras

from tf_ganaug import backend
from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.models.unet import ronneberger_unet
from tf_ganaug.models.uresnet import uresnet
from tf_ganaug.papers.bowles2018.settings import DeepMedicSettings, Settings, UResNetSettings
from tf_ganaug.random import named_seed
from tf_ganaug.replicas import on_all_devices
from tf_ganaug.segment.deepmedic import falling_rate, patch_deepmedic
from tf_ganaug.segment.losses import cross_entropy
from tf_ganaug.segment.rmsprop import deepmedic_rmsprop
from tf_ganaug.segment.train import Segmenter
from tf_ganaug.segment.whole import extended, tiled

#: As the paper's tables name them, with the name of their settings.
NETWORKS = {"UNet": "unet", "UResNet": "uresnet", "DeepMedic": "deepmedic"}


def training_of(settings: Settings, network: str) -> UResNetSettings | DeepMedicSettings:
    """The settings of a network of `NETWORKS`."""
    return getattr(settings, NETWORKS[network])


def new_segmenter(
    settings: Settings, network: str, spec: LabelSpec, channels: int, repeat: int, iterations: int
) -> Segmenter:
    """Untrained, for so many iterations; all trainings of one network and repeat start from the same weights.

    The validation with the highest mean Dice over whole slices keeps its weights (section 2).
    """
    seed = named_seed(settings.seed, f"{network}-repeat{repeat}")
    backend.begin_networks(seed)
    build = partial(_deepmedic, iterations) if network == "DeepMedic" else partial(_unet, network)
    with on_all_devices(training_of(settings, network).batch):
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


def _deepmedic(iterations: int, settings: Settings, channels: int, classes: int, seed: int) -> tuple:
    s = settings.deepmedic
    form = s.subsample_factors, s.feature_maps, s.fc_feature_maps
    rate = falling_rate(s.learning_rate, [halving * iterations // s.iterations for halving in s.halvings])
    model, loss = patch_deepmedic(settings.patches.size, channels, classes, *form, seed)
    return model, tiled(model, *settings.data.size), loss, deepmedic_rmsprop(rate, s.normalised)
