"""The VGG loss, on a VGG-19 with random weights but for the first filter, in a file as the user supplies it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.errors import InputError
from tf_ganaug.gans.perceptual import TORCHVISION_FILTER, PerceptualLoss

RNG = np.random.default_rng(0)
WEIGHTS = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1]


@pytest.fixture(scope="module")
def vgg():
    keras.utils.set_random_seed(1)
    network = keras.applications.VGG19(include_top=False, weights=None)
    kernel, bias = network.get_layer("block1_conv1").get_weights()
    kernel[..., 0] = TORCHVISION_FILTER.transpose(1, 2, 0)  # what the weights are known by
    network.get_layer("block1_conv1").set_weights([kernel, bias])
    return network


@pytest.fixture(scope="module")
def loss(vgg, tmp_path_factory):
    path = tmp_path_factory.mktemp("vgg") / "vgg19.weights.h5"
    vgg.save_weights(path)
    return PerceptualLoss(path)


def expected_loss(vgg, fakes, reals):
    """By plain numpy on the network's own maps; the first of them by hand, as a convolution."""
    layers = [f"block{n}_conv1" for n in range(1, 6)]
    maps = keras.Model(vgg.input, [vgg.get_layer(name).output for name in layers])
    pairs = [(a.numpy(), b.numpy()) for a, b in zip(maps(fakes), maps(reals))]
    kernel, bias = (weight.numpy() for weight in vgg.get_layer(layers[0]).weights)
    padded = np.pad(fakes, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    first = np.maximum(np.einsum("nyxcij,ijco->nyxo", windows, kernel) + bias, 0)
    np.testing.assert_allclose(pairs[0][0], first, atol=1e-4)
    return sum(weight * np.abs(a - b).mean() for weight, (a, b) in zip(WEIGHTS, pairs))


def test_loss_is_the_weighted_distance_of_five_maps(vgg, loss):
    fakes, reals = RNG.uniform(-1, 1, (2, 2, 32, 48, 3)).astype(np.float32)
    expected = expected_loss(vgg, fakes, reals)
    assert float(loss(tf.constant(fakes), tf.constant(reals))) == pytest.approx(expected, rel=1e-4)
    assert float(loss(tf.constant(reals), tf.constant(reals))) == 0


def test_one_channel_is_repeated(vgg, loss):
    fakes, reals = RNG.uniform(-1, 1, (2, 1, 32, 32, 1)).astype(np.float32)
    expected = expected_loss(vgg, fakes.repeat(3, -1), reals.repeat(3, -1))
    assert float(loss(tf.constant(fakes), tf.constant(reals))) == pytest.approx(expected, rel=1e-4)


def test_gradient_reaches_the_fakes_only(loss):
    fakes, reals = map(tf.constant, RNG.uniform(-1, 1, (2, 1, 32, 32, 3)).astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch([fakes, reals])
        total = loss(fakes, reals)
    by_fakes, by_reals = tape.gradient(total, [fakes, reals])
    assert by_reals is None
    assert np.isfinite(by_fakes).all() and np.any(by_fakes)
    assert not loss.features.trainable_variables


def test_half_precision_leaves_the_loss_in_float32(vgg, loss, tmp_path):
    """Maps beyond float16's 65504, as trained weights make them, and no rounding to its 11 bits."""
    fakes, reals = RNG.uniform(-1, 1, (2, 1, 32, 32, 3)).astype(np.float32)
    expected = float(loss(tf.constant(fakes), tf.constant(reals)))
    second = vgg.get_layer("block1_conv2")
    kernel, bias = second.get_weights()
    backend.set_precision("mixed_float16")
    try:
        vgg.save_weights(tmp_path / "vgg19.weights.h5")
        same = PerceptualLoss(tmp_path / "vgg19.weights.h5")
        second.set_weights([1e6 * kernel, bias])
        vgg.save_weights(tmp_path / "large.weights.h5")
        large = PerceptualLoss(tmp_path / "large.weights.h5")
        assert keras.mixed_precision.global_policy().name == "mixed_float16"
    finally:
        backend.set_precision("float32")
        second.set_weights([kernel, bias])
    assert float(same(tf.constant(fakes), tf.constant(reals))) == pytest.approx(expected, rel=1e-6)
    fakes = tf.constant(fakes)
    with tf.GradientTape() as tape:
        tape.watch(fakes)
        total = large(fakes, tf.constant(reals))
    assert total > 1e3 and np.isfinite(tape.gradient(total, fakes)).all()


def test_weights_of_another_order_of_colours_are_refused(vgg, tmp_path):
    kernel, bias = vgg.get_layer("block1_conv1").get_weights()
    try:
        vgg.get_layer("block1_conv1").set_weights([kernel[:, :, ::-1], bias])
        vgg.save_weights(tmp_path / "bgr.weights.h5")
    finally:
        vgg.get_layer("block1_conv1").set_weights([kernel, bias])
    with pytest.raises(InputError, match=r"bgr\.weights\.h5: expected torchvision's VGG-19 weights .* convert"):
        PerceptualLoss(tmp_path / "bgr.weights.h5")


def test_files_that_are_none_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"none\.h5: expected VGG-19 weights without top"):
        PerceptualLoss(tmp_path / "none.h5")
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(b"no weights")
    with pytest.raises(InputError, match=r"damaged\.h5: expected VGG-19 weights without top"):
        PerceptualLoss(damaged)
    other = tmp_path / "other.weights.h5"
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]).save_weights(other)
    with pytest.raises(InputError, match=r"other\.weights\.h5: expected VGG-19 weights without top"):
        PerceptualLoss(other)
