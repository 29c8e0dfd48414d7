"""pix2pix's U-Net generator and PatchGAN, in the form of the TensorFlow port (Isola 2017; Karki 2020, 3.1).

Source: affinelayer/pix2pix-tensorflow pix2pix.py.
"""

from __future__ import annotations

import keras

from tf_ganaug.models.layers import BatchStatisticsNorm
from tf_ganaug.models.sizes import halvings, require_power_of_two

#: Standard deviation of the original's kernels, and of the scales of its norms around one.
DEVIATION = 0.02

#: The innermost decoders, which have dropout, and the share of values it drops.
DROPOUTS, DROPOUT_RATE = 3, 0.5

#: Of the shorter side: the PatchGAN makes 2 x 2 patches of it.
SMALLEST = 32


def _normal(mean: float = 0.0) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(mean, DEVIATION)


def _norm(x, name: str):
    return BatchStatisticsNorm(epsilon=1e-5, gamma_initializer=_normal(1.0), name=f"{name}.batch_normalization")(x)


def generator(height: int, width: int, condition_channels: int, image_channels: int, ngf: int = 64) -> keras.Model:
    """[condition, dropout gates] to images (N, height, width, image_channels) in [-1, 1].

    The condition (N, height, width, condition_channels) is halved until its shorter side is one pixel: 8
    levels at the original's 256. Smaller images have fewer, without the innermost, as the authors' own
    network for 128.

    What is random in the original, the dropout of the three innermost decoders, is an input here: gates
    (N, h, w, C) that multiply the decoders' maps. 0 drops a value, 2 keeps one where half of them are
    dropped, and gates of ones are no dropout. The model's inputs have their shapes.

    As in the port, the innermost map is normalised too. From a minibatch of one image, and with `training=True`,
    a map of one pixel keeps nothing of the image by that: the decoders see it through the other levels only.
    The authors' own code has no norm there.

    Args:
        height: power of two, at least 32.
        width: likewise.
        condition_channels: of the label maps.
        image_channels: of the images.
        ngf: feature maps of the first encoder; 64 in the original. At most 8 ngf further in.

    Raises:
        InputError: for a size the network cannot make.
    """
    require_power_of_two(height, width, SMALLEST)
    levels = halvings(height, width, smallest=1)
    condition = keras.Input((height, width, condition_channels), name="condition")
    encoded, x = [], condition
    for level in range(1, levels + 1):
        name = f"encoder_{level}"
        x = keras.layers.LeakyReLU(0.2)(x) if level > 1 else x
        # Kernel 4, stride 2, `same` on an even side pads one pixel at either end, as the original.
        conv = keras.layers.Conv2D(_maps(level, ngf), 4, 2, "same", kernel_initializer=_normal(), name=f"{name}.conv2d")
        x = _norm(conv(x), name) if level > 1 else conv(x)
        encoded.append(x)
    gates = []
    for level in range(levels, 0, -1):
        name = f"decoder_{level}"
        # The innermost map comes alone; the others together with the encoder's, before its activation.
        x = x if level == levels else keras.layers.Concatenate()([x, encoded[level - 1]])
        maps = _maps(level - 1, ngf) if level > 1 else image_channels
        conv = keras.layers.Conv2DTranspose(
            maps, 4, 2, "same", kernel_initializer=_normal(), name=f"{name}.conv2d_transpose"
        )
        x = conv(keras.layers.ReLU()(x))
        x = _norm(x, name) if level > 1 else x
        if levels - level < DROPOUTS:
            gates.append(keras.Input(x.shape[1:], name=f"{name}.dropout"))
            x = keras.layers.Multiply()([x, gates[-1]])
    images = keras.layers.Activation("tanh", dtype="float32")(x)
    return keras.Model([condition, *gates], images, name="generator")


def _maps(level: int, ngf: int) -> int:
    """Feature maps of an encoder: ngf, doubled at each level up to 8 ngf."""
    return ngf * min(8, 1 << (level - 1))


def discriminator(height: int, width: int, condition_channels: int, image_channels: int, ndf: int = 64) -> keras.Model:
    """[condition, images] to the probability that each 70 x 70 patch is real, (N, h, w, 1) float32.

    30 x 30 patches of 256 x 256 pixels; in general h = height / 8 - 2.

    Args:
        height: power of two, at least 32.
        width: likewise.
        condition_channels: of the label maps.
        image_channels: of the images.
        ndf: feature maps of the first layer; 64 in the original.

    Raises:
        InputError: for a size the network cannot take.
    """
    require_power_of_two(height, width, SMALLEST)
    condition = keras.Input((height, width, condition_channels), name="condition")
    images = keras.Input((height, width, image_channels), name="images")
    x = keras.layers.Concatenate()([condition, images])
    for layer, (maps, strides) in enumerate([(ndf, 2), (2 * ndf, 2), (4 * ndf, 2), (8 * ndf, 1)], 1):
        name = f"layer_{layer}"
        x = keras.layers.ZeroPadding2D(1)(x)
        x = keras.layers.Conv2D(maps, 4, strides, kernel_initializer=_normal(), name=f"{name}.conv2d")(x)
        x = keras.layers.LeakyReLU(0.2)(_norm(x, name) if layer > 1 else x)
    x = keras.layers.ZeroPadding2D(1)(x)
    last = keras.layers.Conv2D(1, 4, kernel_initializer=_normal(), dtype="float32", name="layer_5.conv2d")
    real = keras.layers.Activation("sigmoid", dtype="float32")(last(x))
    return keras.Model([condition, images], real, name="discriminator")
