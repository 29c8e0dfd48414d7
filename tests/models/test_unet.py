"""The U-Nets of Neff 2018 and of Foroozandeh 2020."""

import math

import keras
import numpy as np
import pytest

from tf_ganaug import backend
from tf_ganaug.errors import InputError
from tf_ganaug.models.unet import foroozandeh_unet, neff_unet


def test_parameters_and_layers():
    model = neff_unet(64, 64, channels=1, classes=2)
    first = 9 * 1 * 64 + 64  # into the first level
    same = 9 * 64 * 64 + 64  # 64 maps to 64: the second of each level, and both of the lower levels
    joined = 9 * 128 * 64 + 64  # after a concatenation
    up = 4 * 64 * 64 + 64
    last = 64 * 2 + 2
    down_path = first + same + 4 * same
    up_path = 2 * (up + joined + same)
    counted = sum(math.prod(weight.shape) for weight in model.weights)
    assert counted == down_path + up_path + last == 439_746
    kinds = [type(layer) for layer in model.layers]
    assert keras.layers.BatchNormalization not in kinds
    assert kinds.count(keras.layers.MaxPooling2D) == 2


def test_output_is_scores_at_the_input_size():
    model = neff_unet(24, 40, channels=3, classes=4, levels=4, filters=4)
    logits = model(np.random.default_rng(0).uniform(-1, 1, (2, 24, 40, 3)))
    assert logits.shape == (2, 24, 40, 4)
    assert logits.dtype == "float32"
    assert logits.numpy().min() < 0 < logits.numpy().max()


def test_initial_weights_are_he_normal_and_not_truncated():
    model = neff_unet(32, 32, channels=1, classes=2)
    kernel = next(layer.kernel.numpy() for layer in model.layers[2:] if hasattr(layer, "kernel"))
    assert kernel.shape == (3, 3, 64, 64)
    deviation = math.sqrt(2 / (9 * 64))
    assert kernel.std() == pytest.approx(deviation, rel=0.02)
    assert np.abs(kernel).max() > 3 * deviation


@pytest.mark.parametrize(("height", "width"), [(30, 32), (32, 30), (0, 32)])
def test_sizes_refused(height, width):
    with pytest.raises(InputError, match="multiples of 4"):
        neff_unet(height, width, channels=1, classes=2, filters=2)


def convolution(maps, filters):
    """Kernel 3 x 3 and bias, then batch norm's scale, shift, mean and variance."""
    return 9 * maps * filters + filters + 4 * filters


def test_foroozandeh_parameters_and_layers():
    model = foroozandeh_unet(256, 256, channels=1, classes=7)
    down_path = sum(convolution(i, o) + convolution(o, o) for i, o in [(1, 64), (64, 128), (128, 256), (256, 512)])
    bridge = convolution(512, 1024)
    # Transposed convolution; then twice the filters after the concatenation; then one more.
    up_path = sum(2 * convolution(2 * o, o) + convolution(o, o) for o in (512, 256, 128, 64))
    last = 64 * 7 + 7
    counted = sum(math.prod(weight.shape) for weight in model.weights)
    assert counted == down_path + bridge + up_path + last == 25_097_671
    trainable = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    assert trainable == counted - 2 * (2 * 960 + 1024 + 3 * 960) == 25_086_023  # 960 = 64 + 128 + 256 + 512
    kinds = [type(layer) for layer in model.layers]
    assert kinds.count(keras.layers.Conv2DTranspose) == kinds.count(keras.layers.MaxPooling2D) == 4
    assert kinds.count(keras.layers.BatchNormalization) == 8 + 1 + 4 + 8
    joined = [layer.output.shape[1:] for layer in model.layers if isinstance(layer, keras.layers.Concatenate)]
    assert joined == [(32, 32, 1024), (64, 64, 512), (128, 128, 256), (256, 256, 128)]


def test_foroozandeh_order_of_layers():
    model = foroozandeh_unet(16, 16, channels=2, classes=3, levels=1, filters=4)
    kinds = [type(layer).__name__ for layer in model.layers]
    convolved = ["Conv2D", "BatchNormalization", "ReLU"]
    up = ["Conv2DTranspose", "BatchNormalization", "ReLU", "Concatenate"]
    assert kinds == ["InputLayer", *convolved * 2, "MaxPooling2D", *convolved, *up, *convolved * 2, "Conv2D"]
    bridge = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)][2]
    assert bridge.filters == 8 and bridge.output.shape[1:] == (8, 8, 8)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_foroozandeh_output_is_scores_and_training_moves_the_statistics(policy):
    backend.set_precision(policy)
    try:
        model = foroozandeh_unet(16, 32, channels=3, classes=4, levels=2, filters=4)
    finally:
        backend.set_precision("float32")
    images = np.random.default_rng(0).uniform(-1, 1, (2, 16, 32, 3)).astype(np.float32)
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert {norm.compute_dtype for norm in norms} == {"float32"}
    assert convolutions[0].compute_dtype == policy.removeprefix("mixed_")
    assert {(norm.epsilon, norm.momentum) for norm in norms} == {(1e-3, 0.99)}
    model(images, training=True)
    assert all(np.any(norm.moving_mean.numpy() != 0) for norm in norms)
    logits = model(images, training=False)
    assert logits.shape == (2, 16, 32, 4) and logits.dtype == "float32"
    assert logits.numpy().min() < 0 < logits.numpy().max()


def test_foroozandeh_sizes_refused():
    with pytest.raises(InputError, match="multiples of 16"):
        foroozandeh_unet(256, 240 + 8, channels=1, classes=2, filters=2)
