"""GoogLeNet: parameters as published, its maps and heads, local response normalisation."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug.models.googlenet import BLOCKS, LocalResponseNorm, googlenet

RNG = np.random.default_rng(0)

#: Channels into each block, and its parameters as published.
IN_AND_PARAMETERS = {
    "3a": (192, 163_696),
    "3b": (256, 388_736),
    "4a": (480, 376_176),
    "4b": (512, 449_160),
    "4c": (512, 510_104),
    "4d": (512, 605_376),
    "4e": (528, 868_352),
    "5a": (832, 1_043_456),
    "5b": (832, 1_444_080),
}


def numbers_of(layers):
    return sum(math.prod(weight.shape) for layer in layers for weight in layer.trainable_weights)


def block_count(maps_in, widths):
    one, three_reduced, three, five_reduced, five, pooled = widths
    convs = [(1, maps_in, n) for n in (one, three_reduced, five_reduced, pooled)]
    convs += [(9, three_reduced, three), (25, five_reduced, five)]
    return sum(area * a * b + b for area, a, b in convs)


def main_count(classes):
    """Stem, blocks and a dense layer on 1024 maps, all with bias."""
    stem = (49 * 3 * 64 + 64) + (64 * 64 + 64) + (9 * 64 * 192 + 192)
    return stem + sum(count for _, count in IN_AND_PARAMETERS.values()) + 1025 * classes


def auxiliary_count(maps_in, classes):
    """A 1 x 1 convolution to 128 maps of 4 x 4, a dense layer of 1024 and the answer."""
    return (maps_in * 128 + 128) + (2048 * 1024 + 1024) + 1025 * classes


def test_parameters_as_published():
    for name, (maps_in, count) in IN_AND_PARAMETERS.items():
        assert block_count(maps_in, BLOCKS[name]) == count
    assert main_count(1000) == 6_998_552
    assert main_count(2) == 6_998_552 - 998 * 1025 == 5_975_602
    assert (auxiliary_count(512, 1000), auxiliary_count(528, 1000)) == (3_188_840, 3_190_888)
    assert main_count(1000) + auxiliary_count(512, 1000) + auxiliary_count(528, 1000) == 13_378_280

    whole = googlenet(224, 224, 3, 1000)
    assert numbers_of(whole.layers) == 13_378_280
    auxiliary = [layer for layer in whole.layers if layer.name.startswith("auxiliary")]
    assert numbers_of(auxiliary) == 13_378_280 - 6_998_552
    for name, (_, count) in IN_AND_PARAMETERS.items():
        assert numbers_of(layer for layer in whole.layers if layer.name.startswith(f"{name}.")) == count
    assert numbers_of(googlenet(64, 64, 1, 2, auxiliary=False).layers) == 5_975_602


def test_maps():
    model = googlenet(64, 48, 1, 2, filters=4)
    sides = {"conv1": 112, "conv2": 56, "3a.1x1": 28, "4a.1x1": 14, "4e.1x1": 14, "5a.1x1": 7}
    sides |= {"auxiliary_4a.conv": 4, "auxiliary_4d.conv": 4}
    assert {name: model.get_layer(name).output.shape[1] for name in sides} == sides
    assert model.get_layer("conv1").output.shape[-1] == 4
    assert model.get_layer("5b.3x3").output.shape[-1] == 384 * 4 // 64


def test_heads_and_sizes():
    images = RNG.uniform(-1, 1, (2, 64, 48, 1)).astype(np.float32)
    model = googlenet(64, 48, 1, 2, filters=4)
    answers = model(images, training=False)
    assert [tuple(answer.shape) for answer in answers] == [(2, 2)] * 3
    main = keras.Model(model.input, model.outputs[0])
    np.testing.assert_allclose(main(images), answers[0], atol=1e-5)
    at_224 = googlenet(224, 224, 1, 2, filters=4)
    at_224.set_weights(model.get_weights())
    for one, two in zip(answers, at_224(tf.image.resize(images, (224, 224)), training=False)):
        np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-3)


def test_training_drops_by_the_published_rates():
    model = googlenet(32, 32, 1, 2, filters=1)
    rates = {layer.name: layer.rate for layer in model.layers if layer.name.endswith("dropout")}
    assert rates == {"main.dropout": 0.4, "auxiliary_4a.dropout": 0.7, "auxiliary_4d.dropout": 0.7}
    seeds = {layer.seed for layer in model.layers if layer.name.endswith("dropout")}
    assert len(seeds) == 3


def test_first_weights():
    model = googlenet(224, 224, 3, 2, filters=32, auxiliary=False)
    for layer in (layer for layer in model.layers if hasattr(layer, "kernel")):
        assert np.unique(layer.bias.numpy()) == pytest.approx(0 if layer.name == "main.classifier" else 0.2)
        limit = math.sqrt(3 / math.prod(layer.kernel.shape[:-1]))
        assert 0.9 * limit < np.abs(layer.kernel.numpy()).max() <= limit * (1 + 1e-6), layer.name


def test_local_response_norm():
    x = 100 * RNG.normal(size=(2, 3, 3, 7)).astype(np.float32)
    padded = np.pad(x, [(0, 0)] * 3 + [(2, 2)])
    around = sum(padded[..., n : n + 7] ** 2 for n in range(5))
    expected = x / (1 + 1e-4 / 5 * around) ** 0.75
    assert np.abs(expected - x).max() > 10
    np.testing.assert_allclose(LocalResponseNorm()(x), expected, rtol=1e-4)
