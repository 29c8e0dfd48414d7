"""The two-scale PatchGAN that judges an image together with its labels (SPADE; pix2pixHD's geometry)."""

from __future__ import annotations

import keras
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.models.spectral_norm import SpectralConv2D

#: Discriminators, each on half the resolution of the one before.
SCALES = 2

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


def _patch_gan(x, name: str, ndf: int) -> list:
    """The maps of one PatchGAN: four of features, then the patches' scores."""
    maps = []
    for number, (filters, strides) in enumerate([(ndf, 2), (2 * ndf, 2), (4 * ndf, 2), (8 * ndf, 1)]):
        x = keras.layers.ZeroPadding2D(2)(x)
        if number == 0:
            conv = keras.layers.Conv2D(filters, 4, strides, kernel_initializer=xavier(), name=f"{name}.model0.0")
            x = conv(x)
        else:
            part = f"{name}.model{number}.0"
            x = SpectralConv2D(filters, 4, strides, padding="valid", use_bias=False, name=f"{part}.0")(x)
            x = backend.instance_norm(name=f"{part}.1")(x)
        x = keras.layers.LeakyReLU(0.2)(x)
        maps.append(x)
    x = keras.layers.ZeroPadding2D(2)(x)
    scores = keras.layers.Conv2D(1, 4, kernel_initializer=xavier(), dtype="float32", name=f"{name}.model4.0")
    return [*maps, scores(x)]


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
    labels = keras.Input((height, width, label_channels), name="labels")
    images = keras.Input((height, width, image_channels), name="images")
    x = keras.layers.Concatenate()([labels, images])
    outputs = [_patch_gan(x, "discriminator_0", ndf)]
    for scale in range(1, SCALES):
        x = HalvingMean()(x)
        outputs.append(_patch_gan(x, f"discriminator_{scale}", ndf))
    return keras.Model([labels, images], outputs, name="discriminator")
