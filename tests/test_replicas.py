"""Two devices make the numbers of one, and a minibatch in parts those of a whole one where nothing is pooled."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug import backend, replicas
from tf_ganaug.data.cases import IGNORE, LabelSpec
from tf_ganaug.errors import InputError
from tf_ganaug.gans.pggan_schedule import ProgressiveSchedule
from tf_ganaug.gans.pix2pix import Pix2Pix
from tf_ganaug.gans.pix2pixhd import Pix2PixHD
from tf_ganaug.gans.progressive import ProgressiveGan
from tf_ganaug.gans.spade import LinearDecay, Spade
from tf_ganaug.gans.wgan_gp import WganGp
from tf_ganaug.models import dcgan, patch_discriminator, pggan, pix2pix, pix2pixhd, spade
from tf_ganaug.models.fcn8s import fcn8s
from tf_ganaug.models.layers import BatchNormalization
from tf_ganaug.models.pggan_layers import MinibatchDeviation
from tf_ganaug.models.pspnet import pspnet, rate_multipliers
from tf_ganaug.models.unet import foroozandeh_unet, neff_unet, ronneberger_unet
from tf_ganaug.models.uresnet import uresnet
from tf_ganaug.segment.deepmedic import patch_deepmedic
from tf_ganaug.segment.losses import auxiliary_cross_entropy, cross_entropy, weighted_dice_loss
from tf_ganaug.segment.rmsprop import deepmedic_rmsprop
from tf_ganaug.segment.train import Segmenter

SPEC = LabelSpec.from_names({0: "background", 1: "disc", 2: "square"})
CLASSES, BATCH = 3, 4

#: Minibatches of the progressive GAN's levels: four groups of the minibatch deviation, two, and one.
LEVELS = {4: 16, 8: 8, 16: 4}


@pytest.fixture(autouse=True)
def undivided():
    yield
    replicas.set_division()


def pairs(number: int, side: int, channels: int = 1, count: int = BATCH) -> tuple[tf.Tensor, tf.Tensor]:
    """Images and labels of noise, the first with ignored pixels, so that the devices count different numbers."""
    rng = np.random.default_rng(number)
    labels = rng.integers(0, CLASSES, (count, side, side)).astype(np.uint8)
    labels[0, :5] = IGNORE
    return tf.constant(rng.uniform(-1, 1, (count, side, side, channels)).astype(np.float32)), tf.constant(labels)


def wgan_gp(side=32):
    networks = dcgan.generator(side, side, 2, 4, 8), dcgan.critic(side, side, 2, 4)
    # The bias of the scores has no gradient but rounding errors, by whose sign Adam moves it; hence the low rate.
    gan = WganGp(*networks, BATCH, 1e-6, 0.5, 0.9, 10.0, seed=0)

    def step(number):
        place = tf.constant(number, tf.int64)
        return {**gan.generator_step(place), **gan.critic_step(pairs(number, side, 2)[0], place)}

    return step, networks, [gan.generator_optimizer, gan.critic_optimizer]


def progressive(side=16):
    widths = {"fmap_base": 64, "fmap_max": 8}
    networks = [pggan.generator(side, side, 2, latent_size=8, **widths) for _ in range(2)]
    networks.insert(1, pggan.critic(side, side, 2, **widths))
    # As there, next to no gradient.
    schedule = ProgressiveSchedule(side, 16, 16, 200, repeats=1, minibatch=LEVELS, learning_rate=1e-5)
    gan, shown = ProgressiveGan(*networks, schedule, seed=0), [0]

    def step(_):
        terms, count = gan.step(lambda position, batch: pairs(int(position), side, 2, batch)[0], shown[0])
        shown[0] += count
        return terms

    whole = [network.stable[-1] for network in networks]
    return step, whole, [gan.generator_optimizer, gan.critic_optimizer]


def painter(side=32):
    networks = (
        spade.generator(side, side, CLASSES, 1, ngf=2, upsamplings=2, hidden=4),
        patch_discriminator.discriminator(side, side, CLASSES, 1, ndf=4),
    )
    gan = Spade(*networks, 1e-5, 4e-5)
    return lambda n: gan.step(*pairs(n, side)[::-1]), networks, [gan.generator_optimizer, gan.discriminator_optimizer]


def lesion_painter(side=32):
    networks = pix2pix.generator(side, side, CLASSES, 1, 4), pix2pix.discriminator(side, side, CLASSES, 1, 4)
    gan = Pix2Pix(*networks, CLASSES, 0)

    def step(number):
        return gan.step(*pairs(number, side)[::-1], tf.constant(number, tf.int64))

    return step, networks, [gan.generator_optimizer, gan.discriminator_optimizer]


def photograph_painter(side=32):
    networks = (
        pix2pixhd.global_generator(side, side, CLASSES, 1, 4, downsamplings=2, blocks=1),
        pix2pixhd.discriminator(side, side, CLASSES, 1, 4, 2),
    )
    gan = Pix2PixHD(*networks, LinearDecay(2e-4, 1, 100, 100), seed=0)
    optimizers = [gan.generator_optimizer, gan.discriminator_optimizer]
    return lambda number: gan.step(*pairs(number, side)[::-1], number), networks, optimizers


def segmenter(model, loss=cross_entropy, optimizer=None):
    optimizer = optimizer or backend.adam(1e-3, 0.9, 0.999)
    made = Segmenter(model, loss, SPEC, optimizer, jit_compile=False)
    return lambda number: {"loss": made.train_step(*pairs(number, model.input_shape[1]))}, [model], [optimizer]


def street_segmenter(side=33):
    model = pspnet(side, side, 1, CLASSES, 26, 4, seed=1)
    rate = keras.optimizers.schedules.PolynomialDecay(1e-3, 100, 0.0, 0.9)
    return segmenter(model, auxiliary_cross_entropy, backend.sgd(rate, 0.9, 1e-4, rate_multipliers(model)))


def patch_segmenter(side=24):
    model, loss = patch_deepmedic(side, 1, CLASSES, [3], [4] * 8, [6, 6], 1)
    return segmenter(model, loss, deepmedic_rmsprop(1e-3))


def dice_segmenter(side=16):
    loss = partial(weighted_dice_loss, weights=np.float32([0.2, 0.3, 0.5]))
    return segmenter(foroozandeh_unet(side, side, 1, CLASSES, 2, 4), loss)


GANS: dict[str, Callable] = {
    "wgan_gp": wgan_gp,
    "pggan": progressive,
    "spade": painter,
    "pix2pix": lesion_painter,
    "pix2pixhd": photograph_painter,
}

SEGMENTERS: dict[str, Callable] = {
    "unet_neff": lambda: segmenter(neff_unet(16, 16, 1, CLASSES, 2, 4)),
    "unet": lambda: segmenter(ronneberger_unet(16, 16, 1, CLASSES, 3, 4, 1)),
    "unet_weighted_dice": dice_segmenter,
    "uresnet": lambda: segmenter(uresnet(16, 16, 1, CLASSES, 4)),
    "fcn8s": lambda: segmenter(fcn8s(32, 32, 1, CLASSES, 4, 8, True, (1.0, 1.0), False, 1)),
    "pspnet": street_segmenter,
    "deepmedic": patch_segmenter,
}

TRAININGS = {**GANS, **SEGMENTERS}


def trained(name: str, devices: int = 1, parts: int = 1, steps: int = 10, build: Callable | None = None):
    """The losses of each step, and weights and moments after the last."""
    replicas.set_division(devices, parts)
    backend.begin_networks(7)
    with replicas.on_all_devices(*(LEVELS.values() if name == "pggan" else [BATCH])):
        assert tf.distribute.get_strategy().num_replicas_in_sync == devices
        step, networks, optimizers = (build or TRAININGS[name])()
    losses = [{key: float(value) for key, value in step(number).items()} for number in range(steps)]
    weights = [weight for network in networks for weight in network.get_weights()]
    return losses, weights, [v.numpy() for optimizer in optimizers for v in optimizer.variables if len(v.shape)]


def difference(one: list[dict[str, float]], other: list[dict[str, float]]) -> float:
    """The largest relative difference of a loss."""
    return max(abs(a[key] - b[key]) / max(abs(a[key]), 1e-9) for a, b in zip(one, other) for key in a)


def off(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    """How far all numbers are from the others, by their norm: single ones may be no more than rounding errors."""
    one, other = (np.concatenate([array.ravel() for array in arrays]) for arrays in (one, other))
    return float(np.linalg.norm(one - other) / np.linalg.norm(one))


def require_alike(name: str, devices: int) -> None:
    one, two = trained(name), trained(name, devices)
    found = difference(one[0], two[0]), off(one[2], two[2])
    print(f"{name}: losses differ by {found[0]:.1e} at most, moments by {found[1]:.1e}")
    assert found[0] < 1e-5
    # Adam does not see a factor of the gradients; its moments do.
    assert found[1] < 1e-4


@pytest.mark.parametrize("name", ["wgan_gp", "uresnet"])
def test_two_devices_train_as_one(name):
    require_alike(name, 2)


@pytest.mark.long
@pytest.mark.parametrize("name", TRAININGS)
def test_every_training_is_the_same_on_two_devices(name, eager):
    require_alike(name, 2)
