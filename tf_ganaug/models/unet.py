"""U-Nets."""

from __future__ import annotations

from functools import partial

import keras

from tf_ganaug.models.dropout import CountedDropout
from tf_ganaug.models.layers import BatchNormalization
from tf_ganaug.models.sizes import require_multiple


def neff_unet(height: int, width: int, channels: int, classes: int, levels: int = 3, filters: int = 64) -> keras.Model:
    """The U-Net of Neff 2018, section IV: the same number of filters everywhere, no batch norm.

    A level is two 3 x 3 convolutions; between levels the map is halved by max pooling and doubled by
    a 2 x 2 transposed convolution, whose result is concatenated with the map of the same size. Every
    layer but the last is followed by ReLU; He initialisation. What the paper leaves open is listed in
    docs/neff2018.md.

    Args:
        height: multiple of 2^(levels - 1).
        width: multiple of 2^(levels - 1).
        channels: of the images.
        classes: of the labels, background included.
        levels: resolutions, the lowest included.
        filters: of every convolution.

    Returns:
        Images (N, height, width, channels) in [-1, 1] to logits (N, height, width, classes), float32.

    Raises:
        InputError: for a size that cannot be halved levels - 1 times.
    """
    require_multiple(height, width, 1 << (levels - 1))

    def convolutions(x):
        for _ in range(2):
            x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer=he_normal())(x)
        return x

    images = keras.Input((height, width, channels), name="images")
    x, skips = images, []
    for level in range(levels):
        x = convolutions(x)
        if level < levels - 1:
            skips.append(x)
            x = keras.layers.MaxPooling2D(2)(x)
    for skip in reversed(skips):
        x = keras.layers.Conv2DTranspose(filters, 2, strides=2, activation="relu", kernel_initializer=he_normal())(x)
        x = convolutions(keras.layers.Concatenate()([skip, x]))
    logits = keras.layers.Conv2D(classes, 1, kernel_initializer=he_normal(), dtype="float32")(x)
    return keras.Model(images, logits, name="neff_unet")


def foroozandeh_unet(
    height: int,
    width: int,
    channels: int,
    classes: int,
    levels: int = 4,
    filters: int = 64,
    truncated: bool = True,
) -> keras.Model:
    """The U-Net of Foroozandeh 2020, section 3.1: filters double at each level, batch norm everywhere.

    A level is two convolutions on the way down and two on the way up; between levels the map is halved
    by max pooling and doubled by a 3 x 3 transposed convolution, whose result is concatenated with the
    map of the same size. The bridge below the last level is one convolution. Every convolution but the
    last, and every transposed one, is followed by batch norm; He initialisation.

    Chosen where the section is silent: convolutions 3 x 3, the last 1 x 1; ReLU after each batch norm;
    transposed convolutions with the filters of the level they lead to; biases, and the constants of
    batch norm, as in Keras' defaults.

    Args:
        height: multiple of 2^levels.
        width: multiple of 2^levels.
        channels: of the images.
        classes: of the labels, background included.
        levels: with two convolutions each way, the bridge not counted.
        filters: of the first level's convolutions.
        truncated: initial weights by Keras' own `he_normal`, as the authors used Keras; else not truncated (He 2015).

    Returns:
        Images (N, height, width, channels) to logits (N, height, width, classes), float32. The softmax
        of the section is in the loss.

    Raises:
        InputError: for a size that cannot be halved `levels` times.
    """
    require_multiple(height, width, 1 << levels)

    start = partial(he_normal, truncated)

    def normalised(x):
        # A float32 layer: Keras would otherwise round weights and statistics through the half type.
        x = BatchNormalization(momentum=0.99, epsilon=1e-3, dtype="float32")(x)
        return keras.layers.ReLU()(x)

    def convolution(x, maps):
        return normalised(keras.layers.Conv2D(maps, 3, padding="same", kernel_initializer=start())(x))

    def doubled(x, maps):
        up = keras.layers.Conv2DTranspose(maps, 3, strides=2, padding="same", kernel_initializer=start())
        return normalised(up(x))

    images = keras.Input((height, width, channels), name="images")
    x, skips = images, []
    for level in range(levels):
        x = convolution(convolution(x, filters << level), filters << level)
        skips.append(x)
        x = keras.layers.MaxPooling2D(2)(x)
    x = convolution(x, filters << levels)
    for level, skip in reversed(list(enumerate(skips))):
        x = keras.layers.Concatenate()([skip, doubled(x, filters << level)])
        x = convolution(convolution(x, filters << level), filters << level)
    logits = keras.layers.Conv2D(classes, 1, kernel_initializer=start(), dtype="float32")(x)
    return keras.Model(images, logits, name="foroozandeh_unet")


def ronneberger_unet(
    height: int, width: int, channels: int, classes: int, levels: int = 5, filters: int = 64, seed: int = 0
) -> keras.Model:
    """The original U-Net (Ronneberger 2015), with `same` padding instead of none.

    A level is two 3 x 3 convolutions with ReLU; between levels the map is halved by max pooling, and doubled
    by a 2 x 2 transposed convolution that halves the filters. Its result comes before the map of the same
    size in the concatenation. Half of the values are dropped after the convolutions of the two coarsest
    levels, for the upper one in its skip too. He initialisation; no batch norm. The published weights have
    a ReLU after each transposed convolution, the paper does not.

    Args:
        height: multiple of 2^(levels - 1).
        width: likewise.
        channels: of the images.
        classes: of the labels, background included.
        levels: resolutions, the lowest included.
        filters: of the first level; each coarser one has twice as many.
        seed: of dropout.

    Returns:
        Images (N, height, width, channels) to logits (N, height, width, classes), float32.

    Raises:
        InputError: for a size that cannot be halved levels - 1 times.
    """
    require_multiple(height, width, 1 << (levels - 1))

    def convolutions(x, level):
        for _ in range(2):
            maps = filters << level
            x = keras.layers.Conv2D(maps, 3, padding="same", activation="relu", kernel_initializer=he_normal())(x)
        return x

    images = keras.Input((height, width, channels), name="images")
    x, skips = images, []
    for level in range(levels):
        x = convolutions(x, level)
        if level >= levels - 2:
            x = CountedDropout(0.5, seed + level)(x)
        if level < levels - 1:
            skips.append(x)
            x = keras.layers.MaxPooling2D(2)(x)
    for level, skip in reversed(list(enumerate(skips))):
        # He's rule, too: a result has 2 x filters weights, where Keras counts 4 x filters.
        start = keras.initializers.VarianceScaling(4.0, "fan_in", "untruncated_normal")
        x = keras.layers.Conv2DTranspose(filters << level, 2, strides=2, kernel_initializer=start)(x)
        x = convolutions(keras.layers.Concatenate()([x, skip]), level)
    logits = keras.layers.Conv2D(classes, 1, kernel_initializer=he_normal(), dtype="float32")(x)
    return keras.Model(images, logits, name="ronneberger_unet")


def he_normal(truncated: bool = False) -> keras.initializers.Initializer:
    """He 2015: normal with variance 2 / fan in; truncated it is Keras' own `he_normal`, of the same variance."""
    return keras.initializers.VarianceScaling(2.0, "fan_in", "truncated_normal" if truncated else "untruncated_normal")
