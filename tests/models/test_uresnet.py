"""UResNet: parameters with the arithmetic, its elements and its transposed convolution against numpy."""

import math

import keras
import numpy as np
import pytest

from tf_ganaug import backend
from tf_ganaug.errors import InputError
from tf_ganaug.models import uresnet as module
from tf_ganaug.models.resnet import BatchNorm
from tf_ganaug.models.uresnet import uresnet

RNG = np.random.default_rng(0)


def element(maps_in, maps):
    """3 x 3 and 1 x 1 with biases, and one batch norm."""
    return (9 + 1) * maps_in * maps + 2 * maps + 2 * maps


def up(maps_in, maps):
    return 9 * maps_in * maps + maps


@pytest.mark.parametrize(("classes", "published"), [(3, 1_200_003), (2, 1_199_970)])
def test_parameters(classes, published):
    down_path = element(1, 32) + element(32, 64) + element(64, 128) + element(128, 256)
    up_path = up(256, 128) + 2 * element(128, 128)
    up_path += up(128, 64) + element(64, 64) + up(64, 32) + element(32, 32)
    model = uresnet(128, 128, channels=1, classes=classes)
    counted = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    assert counted == down_path + up_path + 32 * classes + classes == published
    assert sum(isinstance(layer, BatchNorm) for layer in model.layers) == 8
    assert not any(isinstance(layer, keras.layers.Concatenate) for layer in model.layers)


def plain_convolution(images, kernel):
    """`same` convolution as sums of shifted images, float64."""
    side = kernel.shape[0]
    around = side // 2
    padded = np.pad(images.astype(np.float64), [(0, 0), (around, around), (around, around), (0, 0)])
    height, width = images.shape[1:3]
    shifted = [(y, x) for y in range(side) for x in range(side)]
    return sum(padded[:, y : y + height, x : x + width] @ kernel[y, x] for y, x in shifted)


def test_an_element_normalises_once_after_the_sum():
    keras.utils.set_random_seed(1)
    inputs = keras.Input((6, 7, 3))
    model = keras.Model(inputs, module._element(inputs, 4))
    weights = [RNG.normal(size=weight.shape) for weight in model.trainable_weights]
    for weight, value in zip(model.trainable_weights, weights):
        weight.assign(value)
    images = RNG.normal(size=(2, 6, 7, 3)).astype(np.float32)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    norm = next(layer for layer in model.layers if isinstance(layer, BatchNorm))
    total = sum(plain_convolution(images, layer.kernel.numpy()) + layer.bias.numpy() for layer in convolutions)
    total = (total - total.mean((0, 1, 2))) / np.sqrt(total.var((0, 1, 2)) + 1e-5)
    expected = np.maximum(total * norm.gamma.numpy() + norm.beta.numpy(), 0)
    np.testing.assert_allclose(model(images, training=True), expected, atol=1e-4)
    assert {layer.kernel_size for layer in convolutions} == {(3, 3), (1, 1)}


def test_transposed_convolution_is_pytorchs():
    inputs = keras.Input((3, 4, 2))
    model = keras.Model(inputs, module._doubled(inputs, 3))
    kernel, bias = (weight.numpy() for weight in model.weights)
    images = RNG.normal(size=(1, 3, 4, 2)).astype(np.float32)
    expected = np.zeros((1, 6 + 2, 8 + 2, 3))
    for y, x, i, j in np.ndindex(3, 4, 3, 3):  # padding 1: row and column 0 fall outside
        expected[0, 2 * y + i, 2 * x + j] += kernel[i, j] @ images[0, y, x]
    np.testing.assert_allclose(model(images), expected[:, 1:7, 1:9] + bias, atol=1e-5)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_output_is_scores_at_the_input_size(policy):
    backend.set_precision(policy)
    try:
        model = uresnet(16, 24, channels=3, classes=4, filters=4)
    finally:
        backend.set_precision("float32")
    images = RNG.uniform(-1, 1, (2, 16, 24, 3)).astype(np.float32)
    model(images, training=True)
    logits = model(images, training=False)
    assert logits.shape == (2, 16, 24, 4) and logits.dtype == "float32"
    assert logits.numpy().min() < 0 < logits.numpy().max()


@pytest.mark.parametrize("size", [(20, 16), (16, 12)])
def test_sizes_refused(size):
    with pytest.raises(InputError, match="multiples of 8"):
        uresnet(*size, channels=1, classes=2, filters=2)
