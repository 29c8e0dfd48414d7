"""A network's bits do not tell what its process trained before."""

from __future__ import annotations

import gc

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug import backend, replicas
from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.models.pspnet import pspnet
from tf_ganaug.reuse import Reuse
from tf_ganaug.segment.losses import auxiliary_cross_entropy
from tf_ganaug.segment.train import Segmenter

SPEC = LabelSpec.from_names({0: "background", 1: "disc"})
SHAPE = (16, 32, 3)


def new_pspnet(seed=3):
    backend.begin_networks(seed)
    return pspnet(*SHAPE, 2, 14, 1, seed=seed)


def new_segmenter(seed=3) -> Segmenter:
    backend.begin_networks(seed)
    with replicas.on_all_devices(16):
        model = pspnet(*SHAPE, 2, 14, 1, seed=seed)
        rate = keras.optimizers.schedules.PolynomialDecay(0.01, 100, 0.0, 0.9)
        optimizer = backend.sgd(rate, 0.9, 1e-4, [1.0] * len(model.trainable_variables))
        return Segmenter(model, auxiliary_cross_entropy, SPEC, optimizer, jit_compile=False)


def minibatch(number: int) -> tuple[tf.Tensor, tf.Tensor]:
    rng = np.random.default_rng(number)
    images = rng.uniform(-1, 1, (16, *SHAPE)).astype(np.float32)
    return tf.constant(images), tf.constant(rng.integers(0, 2, (16, *SHAPE[:2]), np.uint8))


def trained(segmenter: Segmenter) -> np.ndarray:
    """The weights of a PSPNet after four steps."""
    for number in range(4):
        segmenter.train_step(*minibatch(number))
    return np.concatenate([weight.ravel() for weight in segmenter.model.get_weights()])


def test_equal_bits_whatever_was_trained_before(deterministic):
    first = trained(new_segmenter())
    new_pspnet()  # a process that has made two networks before numbers their layers otherwise
    np.testing.assert_array_equal(trained(new_segmenter()), first)


@pytest.mark.parametrize("devices", [1, pytest.param(2, marks=pytest.mark.long)])
def test_one_compiled_step_gives_every_training_the_bits_of_its_own(deterministic, devices):
    replicas.set_division(devices)
    compiled, own = Reuse(), trained(new_segmenter(4))
    first = compiled(new_segmenter(3))
    assert not np.array_equal(trained(first), own)
    images, labels = minibatch(0)
    first.validation_step(images, labels)
    first.keep_if_best(0.0, 1.0)
    again = compiled(new_segmenter(4))
    assert again is first and float(again.best_dice.numpy()) == -1.0
    np.testing.assert_array_equal(trained(again), own)
    again.validation_step(images, labels)
    steps = again.train_step._at_once.function, again.validation_step
    assert [step.experimental_get_tracing_count() for step in steps] == [1, 1]


def test_networks_are_named_as_the_first_and_nothing_of_earlier_ones_is_kept():
    names = [layer.name for layer in new_pspnet().layers]
    before = len(gc.get_objects()) + gc.get_freeze_count()
    for _ in range(3):
        assert [layer.name for layer in new_pspnet().layers] == names
    assert len(gc.get_objects()) + gc.get_freeze_count() < before * 1.02


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_the_precision_stays(policy):
    backend.set_precision(policy)
    try:
        backend.begin_networks(1)
        assert keras.mixed_precision.global_policy().name == policy
        assert new_pspnet().layers[1].compute_dtype == ("bfloat16" if "bfloat16" in policy else "float32")
    finally:
        backend.set_precision("float32")


def test_a_network_goes_on_after_the_next_is_begun():
    first = new_pspnet()
    images = tf.random.stateless_normal((2, *SHAPE), [1, 2])
    expected = [x.numpy() for x in first(images, training=False)]
    new_pspnet()
    inner = keras.Model(first.input, first.layers[3].output)
    assert inner(images).shape[0] == 2
    for one, other in zip(expected, first(images, training=False)):
        np.testing.assert_array_equal(one, other)
