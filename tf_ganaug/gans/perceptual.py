"""The perceptual loss on a VGG-19 whose weights the user supplies (Park 2019; Wang 2018)."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.errors import InputError, reading
from tf_ganaug.weight_files import require_bounded

#: The layers compared (relu1_1 to relu5_1 of the original) and their weights.
LAYERS = {
    "block1_conv1": 1 / 32,
    "block2_conv1": 1 / 16,
    "block3_conv1": 1 / 8,
    "block4_conv1": 1 / 4,
    "block5_conv1": 1.0,
}

#: The first filter of torchvision's VGG-19 (`features.0.weight[0]`: red, green, blue by row and column), to its printed
#: digits. No other weights begin so, and Keras' own have blue first.
TORCHVISION_FILTER = np.array(
    [
        [[-0.053474, -0.049257, -0.067942], [0.015314, 0.045068, 0.0021444], [0.036226, 0.019999, 0.019864]],
        [[0.017015, 0.055403, -0.0062293], [0.14165, 0.22705, 0.13758], [0.12, 0.2003, 0.092114]],
        [[-0.044885, 0.01268, -0.014497], [0.059742, 0.13955, 0.054102], [-0.00096141, 0.058304, -0.029663]],
    ]
)


def load_vgg19(weights: Path) -> keras.Model:
    """VGG-19 without top with the weights of a file, float32 whatever the policy.

    Its maps reach thousands, and their squares and the gradients of these do not fit into float16.

    Raises:
        InputError: if the file is missing or holds other weights.
    """
    with backend.float32():
        vgg = keras.applications.VGG19(include_top=False, weights=None)
    remedy = "name a file of Keras' VGG19(include_top=False)"
    with reading(weights, "VGG-19 weights without top (HDF5)", remedy), warnings.catch_warnings():
        # What a file lacks Keras 3 tells in warnings, and lets it stay random; here it is refused.
        warnings.filterwarnings("error", "Skipping nested container", UserWarning)
        require_bounded(weights)
        vgg.load_weights(str(weights))
    return vgg


def feature_model(vgg: keras.Model, layers: Iterable[str]) -> keras.Model:
    """Images to the maps of some layers, float32; not trained."""
    with backend.float32():
        features = keras.Model(vgg.input, [vgg.get_layer(name).output for name in layers])
    features.trainable = False
    return features


def is_torchvisions(vgg: keras.Model) -> bool:
    """Whether its weights are torchvision's, by the first filter."""
    first = np.asarray(vgg.get_layer("block1_conv1").get_weights()[0])[..., 0]  # rows, columns, channels
    return has_torchvisions_filter(first.transpose(2, 0, 1))


def has_torchvisions_filter(first: np.ndarray) -> bool:
    """Whether a first filter (channels, rows, columns) is that of torchvision's VGG-19."""
    return bool(np.allclose(first, TORCHVISION_FILTER, rtol=0, atol=1e-5))


class PerceptualLoss(tf.Module):
    """sum over `LAYERS` of weight x mean |VGG(fake) - VGG(real)|.

    As in the original, VGG receives the images in [-1, 1] as they are, RGB, although its weights were
    made for other numbers: the original's are torchvision's (ImageNet deviations, RGB), Keras' own
    come from Caffe (0 to 255 less the mean, BGR) and give another loss. `tf-ganaug convert-weights` brings
    torchvision's to the layout of Keras' `VGG19(include_top=False)`.

    Args:
        weights: HDF5 file of such weights.

    Raises:
        InputError: if the file is missing or holds other weights, Keras' own among them.

    Source: NVlabs/SPADE models/networks/loss.py.
    """

    def __init__(self, weights: Path):
        super().__init__()
        vgg = load_vgg19(weights)
        if not is_torchvisions(vgg):
            expected, found = (
                "torchvision's VGG-19 weights (RGB)",
                "others by the first filter, such as Keras' own (BGR)",
            )
            remedy = "convert torchvision's with tf-ganaug convert-weights vgg19"
            raise InputError(weights, expected, found, remedy)
        self.features = feature_model(vgg, LAYERS)

    def __call__(self, fakes: tf.Tensor, reals: tf.Tensor) -> tf.Tensor:
        """The loss of images (N, H, W, C) in [-1, 1], C 1 (repeated) or 3; no gradient reaches `reals`."""
        fakes, reals = (tf.repeat(x, 3, axis=-1) if x.shape[-1] == 1 else x for x in (fakes, reals))
        total = tf.constant(0.0)
        for weight, fake, real in zip(LAYERS.values(), self.features(fakes), self.features(reals)):
            total += weight * tf.reduce_mean(tf.abs(fake - tf.stop_gradient(real)))
        return total
