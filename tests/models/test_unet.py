"""The U-Nets of Neff 2018, of Foroozandeh 2020 and of Ronneberger 2015."""

import math

import keras
import numpy as np
import pytest

from tf_ganaug import backend
from tf_ganaug.errors import InputError
from tf_ganaug.models.dropout import CountedDropout
from tf_ganaug.models.unet import foroozandeh_unet, neff_unet, ronneberger_unet


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
    assert sum(issubclass(kind, keras.layers.BatchNormalization) for kind in kinds) == 8 + 1 + 4 + 8
    joined = [layer.output.shape[1:] for layer in model.layers if isinstance(layer, keras.layers.Concatenate)]
    assert joined == [(32, 32, 1024), (64, 64, 512), (128, 128, 256), (256, 256, 128)]


@pytest.mark.parametrize("truncated", [True, False])
def test_foroozandeh_initial_weights_are_he_normal(truncated):
    """Truncated as Keras' own `he_normal`: within two deviations of a normal distribution that has less variance."""
    keras.utils.set_random_seed(0)
    model = foroozandeh_unet(16, 16, channels=8, classes=3, levels=1, filters=64, truncated=truncated)
    kernel = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)).kernel.numpy()
    deviation = math.sqrt(2 / (9 * 8))
    assert kernel.std() == pytest.approx(deviation, rel=0.03)
    assert (np.abs(kernel).max() <= 2 * deviation / 0.8796) == truncated


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


@pytest.mark.parametrize(
    ("channels", "classes", "filters", "published"),
    [(1, 2, 64, 31_030_658), (3, 3, 64, 31_031_875), (1, 1, 64, 31_030_593), (1, 2, 32, 7_759_554)],
)
def test_ronneberger_parameters(channels, classes, filters, published):
    maps = [filters << level for level in range(5)]
    down_path = sum(9 * i * o + o + 9 * o * o + o for i, o in zip([channels, *maps], maps))
    # Transposed 2 x 2 convolution to half the maps; 3 x 3 after the concatenation, and once more.
    up_path = sum(4 * 2 * o * o + o + 9 * 2 * o * o + o + 9 * o * o + o for o in maps[:-1])
    assert down_path + up_path + filters * classes + classes == published
    if filters == 32 or classes == 1:  # the widest is built once
        model = ronneberger_unet(32, 32, channels, classes, filters=filters)
        assert sum(math.prod(weight.shape) for weight in model.trainable_weights) == published


def test_ronneberger_order_of_layers():
    model = ronneberger_unet(16, 16, channels=2, classes=3, levels=3, filters=4)
    kinds = [type(layer).__name__ for layer in model.layers]
    twice = ["Conv2D", "Conv2D"]
    down_path = [*twice, "MaxPooling2D", *twice, "CountedDropout", "MaxPooling2D", *twice, "CountedDropout"]
    up = ["Conv2DTranspose", "Concatenate", *twice]
    assert kinds == ["InputLayer", *down_path, *up, *up, "Conv2D"]
    upper, lowest = (layer for layer in model.layers if isinstance(layer, CountedDropout))
    assert upper.output.shape[1:] == (8, 8, 8) and lowest.output.shape[1:] == (4, 4, 16)
    assert upper.seed != lowest.seed and upper.rate == lowest.rate == 0.5
    first, _ = (layer for layer in model.layers if isinstance(layer, keras.layers.Concatenate))
    # The enlarged map comes first; the skip is what dropout left.
    assert first.input[0].shape[1:] == (8, 8, 8)
    assert first.input[1] is upper.output
    up = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2DTranspose))
    assert first.input[0] is up.output and up.activation is keras.activations.linear


def test_ronneberger_initial_weights_are_he_normal():
    model = ronneberger_unet(8, 8, channels=1, classes=2, levels=3, filters=64)
    for layer in (layer for layer in model.layers[2:] if hasattr(layer, "kernel")):
        kernel = layer.kernel.numpy()
        up = isinstance(layer, keras.layers.Conv2DTranspose)
        # Numbers in a result: all maps at one of the four places, or at all nine.
        inputs = kernel.shape[3] if up else math.prod(kernel.shape[:3])
        assert kernel.std() == pytest.approx(math.sqrt(2 / inputs), rel=0.15 if layer.filters == 2 else 0.03)
        assert not layer.bias.numpy().any()


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_ronneberger_output_is_scores_at_the_input_size(policy):
    backend.set_precision(policy)
    try:
        model = ronneberger_unet(16, 32, channels=3, classes=4, filters=4)
    finally:
        backend.set_precision("float32")
    images = np.random.default_rng(0).uniform(-1, 1, (2, 16, 32, 3)).astype(np.float32)
    logits = model(images, training=False)
    assert logits.shape == (2, 16, 32, 4) and logits.dtype == "float32"
    assert np.abs(model(images, training=True) - logits).max() > 1e-3  # dropout
    np.testing.assert_array_equal(model(images, training=False), logits)


def test_ronneberger_sizes_refused():
    with pytest.raises(InputError, match="multiples of 16"):
        ronneberger_unet(128, 120, channels=1, classes=2, filters=2)
