"""The seven segmenters for whole images of any data, untrained."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import keras
import numpy as np

from tf_ganaug import backend
from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.models.fcn8s import fcn8s
from tf_ganaug.models.pspnet import pspnet, rate_multipliers
from tf_ganaug.models.unet import foroozandeh_unet, neff_unet, ronneberger_unet
from tf_ganaug.models.uresnet import uresnet
from tf_ganaug.question.settings import Settings
from tf_ganaug.replicas import on_all_devices
from tf_ganaug.segment.deepmedic import falling_rate, patch_deepmedic
from tf_ganaug.segment.losses import auxiliary_cross_entropy, class_weights, cross_entropy, weighted_dice_loss
from tf_ganaug.segment.rmsprop import deepmedic_rmsprop
from tf_ganaug.segment.train import Loss, Segmenter
from tf_ganaug.segment.whole import tiled

#: Sides of the frame must be multiples of these.
FACTORS = {"uresnet": 8, "fcn8s": 32}


def factor(settings: Settings) -> int:
    """What the frame's sides must be multiples of, for the settings' segmenter."""
    name = settings.segmenter
    levels = {
        "unet_neff": settings.width.unet_neff_levels - 1,
        "unet": settings.width.unet_levels - 1,
        "unet_weighted_dice": settings.width.unet_weighted_dice_levels,
    }
    return 1 << levels[name] if name in levels else FACTORS.get(name, 1)


def new_segmenter(settings: Settings, spec: LabelSpec, channels: int, pixels: np.ndarray, seed: int) -> Segmenter:
    """An untrained segmenter of the settings' kind.

    Args:
        settings: of the question.
        spec: classes of the labels.
        channels: of the images.
        pixels: (classes,) of each class in the real training images, for the weighted Dice loss.
        seed: of the weights.
    """
    backend.begin_networks(seed)
    shape = (*settings.data.size, channels, len(spec.classes))
    rate = getattr(settings.rate, settings.segmenter)
    make = _deepmedic if settings.segmenter == "deepmedic" else _pspnet if settings.segmenter == "pspnet" else _adam
    with on_all_devices(settings.training.batch):
        model, whole, loss, optimizer = make(settings, shape, rate, pixels, seed)
        return Segmenter(model, loss, spec, optimizer, settings.jit_compile, keep="dice", whole=whole)


def _adam(settings: Settings, shape: tuple, rate: float, pixels: np.ndarray, seed: int) -> tuple:
    w = settings.width
    build: dict[str, Callable[[], keras.Model]] = {
        "unet_neff": lambda: neff_unet(*shape, w.unet_neff_levels, w.unet_neff),
        "unet": lambda: ronneberger_unet(*shape, w.unet_levels, w.unet, seed),
        "unet_weighted_dice": lambda: foroozandeh_unet(*shape, w.unet_weighted_dice_levels, w.unet_weighted_dice),
        "uresnet": lambda: uresnet(*shape, w.uresnet),
        "fcn8s": lambda: fcn8s(*shape, w.fcn8s, w.fcn8s_fc, True, (1.0, 1.0), False, seed % 2**31),
    }
    loss: Loss = cross_entropy
    if settings.segmenter == "unet_weighted_dice":
        loss = partial(weighted_dice_loss, weights=class_weights(pixels))
    return build[settings.segmenter](), None, loss, backend.adam(rate, 0.9, 0.999)


def _deepmedic(settings: Settings, shape: tuple, rate: float, pixels: np.ndarray, seed: int) -> tuple:
    w, steps = settings.width, settings.training.iterations
    halvings = sorted({max(1, steps * part // 8) for part in (5, 6, 7)})
    model, loss = patch_deepmedic(min(shape[:2]), *shape[2:], [3], w.deepmedic, w.deepmedic_fc, seed)
    return model, tiled(model, *shape[:2]), loss, deepmedic_rmsprop(falling_rate(rate, halvings), True)


def _pspnet(settings: Settings, shape: tuple, rate: float, pixels: np.ndarray, seed: int) -> tuple:
    w = settings.width
    model = pspnet(*shape, w.pspnet_layers, w.pspnet, seed=seed)
    falling = keras.optimizers.schedules.PolynomialDecay(rate, settings.training.iterations, 0.0, 0.9)
    return model, None, auxiliary_cross_entropy, backend.sgd(falling, 0.9, 1e-4, rate_multipliers(model))


def counted_pixels(labels: np.ndarray, rows: np.ndarray, classes: int) -> np.ndarray:
    """(classes,) pixels of each class in some label maps (N, H, W)."""
    counts = sum(np.bincount(labels[row].ravel(), minlength=256) for row in rows)
    return np.asarray(counts)[:classes]
