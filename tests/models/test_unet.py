"""The U-Net of Neff 2018."""

import math

import keras
import numpy as np
import pytest

from tf_ganaug.errors import InputError
from tf_ganaug.models.unet import neff_unet


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
