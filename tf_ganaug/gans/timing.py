"""One timed training step of each GAN, with narrow networks on noise: whether they run here, and how fast."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np
import tensorflow as tf

from tf_ganaug.gans.pggan_schedule import ProgressiveSchedule
from tf_ganaug.gans.pix2pix import Pix2Pix
from tf_ganaug.gans.pix2pixhd import Pix2PixHD
from tf_ganaug.gans.progressive import ProgressiveGan
from tf_ganaug.gans.spade import LinearDecay, Spade
from tf_ganaug.gans.wgan_gp import WganGp
from tf_ganaug.models import dcgan, patch_discriminator, pggan, pix2pix, pix2pixhd, spade

#: Pixels a side, images in a minibatch, classes of the label maps, and what the feature maps are multiples of.
SIDE, BATCH, CLASSES, WIDTH = 64, 4, 3, 8

#: Steps whose mean is taken, after one that compiles.
ROUNDS = 3

#: Takes the number of a step; returns one of its losses.
Step = Callable[[int], tf.Tensor]


def step_seconds(name: str) -> float:
    """Seconds of a step of one of `GANS`."""
    step = GANS[name]()
    float(step(0))
    start = perf_counter()
    for number in range(1, 1 + ROUNDS):
        float(step(number))  # waits for the device
    return (perf_counter() - start) / ROUNDS


def _noise() -> tuple[tf.Tensor, tf.Tensor]:
    """Labels (N, H, W) uint8 and images (N, H, W, 1) in [-1, 1]."""
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (BATCH, SIDE, SIDE, 1)).astype(np.float32)
    return tf.constant(rng.integers(0, CLASSES, (BATCH, SIDE, SIDE)).astype(np.uint8)), tf.constant(images)


def _wgan_gp() -> Step:
    channels = 1 + CLASSES
    gan = WganGp(
        dcgan.generator(SIDE, SIDE, channels, WIDTH),
        dcgan.critic(SIDE, SIDE, channels, WIDTH),
        BATCH,
        learning_rate=1e-4,
        beta_1=0.5,
        beta_2=0.9,
        penalty_weight=10.0,
        seed=0,
    )
    reals = tf.repeat(_noise()[1], channels, -1)

    def step(number: int) -> tf.Tensor:
        position = tf.constant(number, tf.int64)
        gan.generator_step(position)
        return gan.critic_step(reals, position)["critic_loss"]

    return step


def _progressive() -> Step:
    channels, widths = 1 + CLASSES, {"fmap_base": SIDE // 2 * WIDTH, "fmap_max": 4 * WIDTH}
    generator, average = (pggan.generator(SIDE, SIDE, channels, **widths) for _ in range(2))
    minibatch = {4 << level: BATCH for level in range(generator.top + 1)}
    schedule = ProgressiveSchedule(SIDE, 1, 0, 1, repeats=1, minibatch=minibatch)
    gan = ProgressiveGan(generator, pggan.critic(SIDE, SIDE, channels, **widths), average, schedule, seed=0)
    reals = tf.repeat(_noise()[1], channels, -1)
    # Beyond the schedule's images all levels have grown.
    return lambda number: gan.step(lambda *_: reals, 1000 + number * BATCH)[0]["critic_loss"]


def _spade() -> Step:
    gan = Spade(
        spade.generator(SIDE, SIDE, CLASSES, 1, ngf=WIDTH, upsamplings=3, hidden=2 * WIDTH),
        patch_discriminator.discriminator(SIDE, SIDE, CLASSES, 1, ndf=WIDTH),
    )
    labels, images = _noise()
    return lambda number: gan.step(labels, images, number)["generator_gan_loss"]


def _pix2pix() -> Step:
    gan = Pix2Pix(
        pix2pix.generator(SIDE, SIDE, CLASSES, 1, WIDTH),
        pix2pix.discriminator(SIDE, SIDE, CLASSES, 1, WIDTH),
        CLASSES,
        0,
    )
    labels, images = _noise()
    return lambda number: gan.step(labels, images, tf.constant(number, tf.int64))["generator_gan_loss"]


def _pix2pixhd() -> Step:
    gan = Pix2PixHD(
        pix2pixhd.global_generator(SIDE, SIDE, CLASSES, 1, WIDTH, blocks=2),
        pix2pixhd.discriminator(SIDE, SIDE, CLASSES, 1, WIDTH),
        LinearDecay(2e-4, 1, 100, 100),
        seed=0,
    )
    labels, images = _noise()
    return lambda number: gan.step(labels, images, number)["generator_gan_loss"]


GANS: dict[str, Callable[[], Step]] = {
    "WGAN-GP": _wgan_gp,
    "progressive GAN": _progressive,
    "SPADE": _spade,
    "pix2pix": _pix2pix,
    "pix2pixHD": _pix2pixhd,
}
