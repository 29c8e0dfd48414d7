"""One step of each GAN compiled by XLA, as a GPU may run it, gives the numbers of the same step without XLA."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.gans.pggan_schedule import ProgressiveSchedule
from tf_ganaug.gans.pix2pix import Pix2Pix
from tf_ganaug.gans.pix2pixhd import Pix2PixHD
from tf_ganaug.gans.progressive import ProgressiveGan
from tf_ganaug.gans.spade import LinearDecay, Spade
from tf_ganaug.gans.wgan_gp import WganGp
from tf_ganaug.models import dcgan, patch_discriminator, pggan, pix2pix, pix2pixhd, spade

SIDE, BATCH, CLASSES = 32, 4, 3
RNG = np.random.default_rng(0)
LABELS = tf.constant(RNG.integers(0, CLASSES, (BATCH, SIDE, SIDE)).astype(np.uint8))
IMAGES = tf.constant(RNG.uniform(-1, 1, (BATCH, SIDE, SIDE, 1)).astype(np.float32))
JOINT = tf.repeat(IMAGES, 2, -1)


def wgan_gp(xla: bool):
    networks = dcgan.generator(SIDE, SIDE, 2, 4), dcgan.critic(SIDE, SIDE, 2, 4)
    gan = WganGp(*networks, BATCH, 1e-3, 0.5, 0.9, 10.0, seed=0, jit_compile=xla)
    number = tf.constant(1, tf.int64)
    return networks, lambda: {**gan.critic_step(JOINT, number), **gan.generator_step(number)}


def progressive(xla: bool):
    widths = {"fmap_base": 64, "fmap_max": 8}
    generator, average = (pggan.generator(SIDE, SIDE, 2, **widths) for _ in range(2))
    critic = pggan.critic(SIDE, SIDE, 2, **widths)
    schedule = ProgressiveSchedule(SIDE, 100, 100, 1000, repeats=1, minibatch=dict.fromkeys((4, 8, 16, 32), BATCH))
    gan = ProgressiveGan(generator, critic, average, schedule, seed=0, jit_compile=xla)
    # Inside the fade from 8 to 16 pixels of 32.
    return (generator, critic, average), lambda: gan.step(lambda *_: JOINT, 350)[0]


def spade_step(xla: bool):
    generator = spade.generator(SIDE, SIDE, CLASSES, 1, ngf=4, upsamplings=2, hidden=4)
    discriminator = patch_discriminator.discriminator(SIDE, SIDE, CLASSES, 1, ndf=4)
    gan = Spade(generator, discriminator, jit_compile=xla)
    return (generator, discriminator), lambda: gan.step(LABELS, IMAGES, 0)


def pix2pix_step(xla: bool):
    networks = pix2pix.generator(SIDE, SIDE, CLASSES, 1, 4), pix2pix.discriminator(SIDE, SIDE, CLASSES, 1, 4)
    gan = Pix2Pix(*networks, CLASSES, 0, jit_compile=xla)
    return networks, lambda: gan.step(LABELS, IMAGES, tf.constant(1, tf.int64))


def pix2pixhd_step(xla: bool):
    generator = pix2pixhd.global_generator(SIDE, SIDE, CLASSES, 1, 4, downsamplings=2, blocks=1)
    discriminator = pix2pixhd.discriminator(SIDE, SIDE, CLASSES, 1, 4, scales=1)
    gan = Pix2PixHD(generator, discriminator, LinearDecay(2e-4, 1, 100, 100), seed=0, jit_compile=xla)
    return (generator, discriminator), lambda: gan.step(LABELS, IMAGES, 1)


def numbers(shape, seed, low=0.0, high=1.0, dtype=tf.float32):
    """(shape) in [low, high), by integers that are the same with XLA and without."""
    shape = tf.convert_to_tensor(shape, tf.int32)
    places = tf.reshape(tf.range(tf.reduce_prod(shape)), shape) + seed[0] * 7919 + seed[1] * 104729
    mixed = tf.bitwise.bitwise_and((places * 1103515245 + 12345) * 69069 + 1, (1 << 30) - 1) // (1 << 14)
    return tf.cast(low + tf.cast(high - low, tf.float32) * tf.cast(mixed, tf.float32) / (1 << 16), dtype)


def draw_without_a_generator(patched: pytest.MonkeyPatch) -> None:
    """XLA has a random generator of its own, so that a step compiled by it draws other numbers."""
    patched.setattr(tf.random, "stateless_uniform", numbers)
    patched.setattr(tf.random, "stateless_normal", lambda shape, seed: 3.4 * (numbers(shape, seed) - 0.5))
    patched.setattr(tf.random.experimental, "stateless_fold_in", lambda seed, n: seed * 31 + tf.stack([n, n + 1]))


def two_steps(build, xla: bool) -> tuple[list[float], np.ndarray]:
    """What the steps tell, and how far all weights moved."""
    backend.begin_networks(0)
    networks, step = build(xla)
    variables = [variable for network in networks for variable in network.trainable_variables]
    before = [variable.numpy() for variable in variables]
    with pytest.MonkeyPatch.context() as patched:
        draw_without_a_generator(patched)
        told = [float(value) for _ in range(2) for _, value in sorted(step().items())]
    return told, np.concatenate([(after.numpy() - start).ravel() for after, start in zip(variables, before)])


LATER = [
    pytest.param(build, marks=pytest.mark.long) for build in (pix2pix_step, progressive, spade_step, pix2pixhd_step)
]


@pytest.mark.parametrize("build", [wgan_gp, *LATER])
def test_a_step_compiled_by_xla_is_the_same(build):
    (told, moved), (expected, expected_moved) = (two_steps(build, xla) for xla in (True, False))
    # The second step's losses are of weights that the first has changed.
    assert told == pytest.approx(expected, rel=2e-3, abs=1e-3)
    # Adam's first step is the gradient's sign, which rounding decides where a gradient is 0, as before a norm.
    assert np.linalg.norm(moved - expected_moved) < 0.2 * np.linalg.norm(expected_moved)
