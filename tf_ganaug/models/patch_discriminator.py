"""PatchGANs at several scales that judge an image together with its labels (SPADE; pix2pixHD's geometry)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tf_ganaug.models.layers import InstanceNorm
from tf_ganaug.models.spectral_norm import SpectralConv2D

#: Discriminators, each on half the resolution of the one before.
SCALES = 2

#: Number of the convolution that makes the patches' scores, after four of features.
SCORES = 4

#: The original's start of every kernel that has no spectral norm: Xavier, normal, gain 0.02. What the
#: original intends for the others does not reach them (`SpectralConv2D` says what they start as).
XAVIER_GAIN = 0.02


def xavier() -> keras.initializers.Initializer:
    """Normal with deviation 0.02 sqrt(2 / (fan in + fan out)), not truncated."""
    return keras.initializers.VarianceScaling(XAVIER_GAIN**2, "fan_avg", "untruncated_normal")


@keras.utils.register_keras_serializable("tf_ganaug")
class HalvingMean(keras.layers.Layer):
    """Mean over 3 x 3 at every second pixel, starting at the first; pixels outside are not counted.

    Input (N, H, W, C), output (N, ceil(H / 2), ceil(W / 2), C). PyTorch's average pooling with padding
    1 that the count excludes; Keras' `same` pooling would shift even sizes by a pixel.
    """

    def call(self, inputs):
        def pooled(x: tf.Tensor) -> tf.Tensor:
            return tf.nn.avg_pool2d(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), 3, 2, "VALID")

        return pooled(inputs) / pooled(tf.ones_like(inputs[:1, :, :, :1]))

    def compute_output_shape(self, input_shape):
        n, h, w, c = input_shape
        return (n, -(-h // 2), -(-w // 2), c)


#: Makes convolution `number` (0 to 4) of a scale, with its norm if it has one: (maps, scale, number, filters, strides)
#: to maps. The maps are padded already; the scores are number 4.
Convolve = Callable[[Any, int, int, int, int], Any]


def patch_gans(
    height: int, width: int, label_channels: int, image_channels: int, ndf: int, scales: int, convolve: Convolve
) -> keras.Model:
    """The geometry that SPADE and pix2pixHD share; `discriminator` says what goes in and comes out."""
    labels = keras.Input((height, width, label_channels), name="labels")
    images = keras.Input((height, width, image_channels), name="images")
    x = keras.layers.Concatenate()([labels, images])
    outputs = []
    for scale in range(scales):
        x = HalvingMean()(x) if scale else x
        outputs.append(_patch_gan(x, scale, ndf, convolve))
    return keras.Model([labels, images], outputs, name="discriminator")


def _patch_gan(x, scale: int, ndf: int, convolve: Convolve) -> list:
    """The maps of one PatchGAN: four of features, then the patches' scores."""
    maps = []
    for number, (filters, strides) in enumerate([(ndf, 2), (2 * ndf, 2), (4 * ndf, 2), (8 * ndf, 1)]):
        x = convolve(keras.layers.ZeroPadding2D(2)(x), scale, number, filters, strides)
        x = keras.layers.LeakyReLU(0.2)(x)
        maps.append(x)
    return [*maps, convolve(keras.layers.ZeroPadding2D(2)(x), scale, SCORES, 1, 1)]


def _convolve(x, scale: int, number: int, filters: int, strides: int):
    """SPADE's: the inner ones with spectral and instance norm and without a bias."""
    name = f"discriminator_{scale}.model{number}.0"
    if number in (0, SCORES):
        dtype = "float32" if number == SCORES else None
        return keras.layers.Conv2D(filters, 4, strides, kernel_initializer=xavier(), dtype=dtype, name=name)(x)
    x = SpectralConv2D(filters, 4, strides, padding="valid", use_bias=False, name=f"{name}.0")(x)
    return InstanceNorm(name=f"{name}.1")(x)


def discriminator(height: int, width: int, label_channels: int, image_channels: int, ndf: int = 64) -> keras.Model:
    """[labels (N, H, W, label_channels), images (N, H, W, image_channels)] to maps by scale and layer.

    The outputs are a list by scale, the full resolution first, of lists of five maps: four of features
    after the leaky ReLU, and last the patches' scores, float32, without an activation. Each patch is
    70 pixels wide. Sides go 256, 129, 65, 33, 34, 35.

    Args:
        height: of the images.
        width: of the images.
        label_channels: of the one-hot label maps.
        image_channels: of the images.
        ndf: feature maps of the first layer; 64 in the original.

    Source: NVlabs/SPADE models/networks/discriminator.py.
    """
    return patch_gans(height, width, label_channels, image_channels, ndf, SCALES, _convolve)
