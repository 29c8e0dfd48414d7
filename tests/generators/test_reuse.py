"""One compiled step serves several generators of a kind, and none of them shows it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug import replicas
from tf_ganaug.question.generator import Generator
from tf_ganaug.reuse import Reuse

pytestmark = pytest.mark.usefixtures("deterministic")


def made(subset, kind: str, seed: int, folder, compiled: Reuse) -> tuple[np.ndarray, np.ndarray]:
    """Eight pairs of a generator that is trained in the folder."""
    settings = replace(subset.settings, gan=kind, seed=seed)
    own = replace(subset, folder=folder, settings=settings, compiled=compiled)
    synthesizer = Generator(own).synthesizer()
    latents = tf.random.stateless_normal((8, synthesizer.latent_size), [1, 2])
    images, labels = synthesizer.pairs(latents)
    return images.numpy(), labels.numpy()


def require_the_same(subset, kind: str, folder) -> Reuse:
    """A generator alone in its process, and after another."""
    alone = made(subset, kind, 1, folder / "alone", Reuse())
    compiled = Reuse()
    other = made(subset, kind, 2, folder / "other", compiled)
    assert not np.array_equal(other[0], alone[0])
    for found, expected in zip(made(subset, kind, 1, folder / "again", compiled), alone):
        np.testing.assert_array_equal(found, expected)
    return compiled


@pytest.mark.long
@pytest.mark.parametrize("devices", [1, 2])
def test_a_step_is_compiled_once(subset, devices, tmp_path):
    replicas.set_division(devices)
    (gan,) = require_the_same(subset, "wgan_gp", tmp_path)._kept.values()
    assert gan.critic_step._at_once.function.experimental_get_tracing_count() == 1


@pytest.mark.long
@pytest.mark.parametrize("kind", ["pggan_joint", "pggan_spade", "pix2pix", "pix2pixhd"])
def test_a_generator_is_the_same_whatever_was_trained_before_in_its_place(subset, kind, tmp_path, eager):
    require_the_same(subset, kind, tmp_path)
