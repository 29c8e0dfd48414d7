"""UResNet (Guerrero 2018): a U-Net of residual elements whose skips are added."""

from __future__ import annotations

import keras

from tf_ganaug.models.resnet import BatchNorm
from tf_ganaug.models.sizes import require_multiple
from tf_ganaug.models.unet import he_normal


def _element(x, maps: int):
    """A residual element: 3 x 3 and 1 x 1 convolutions of the same map, added, normalised, ReLU."""
    convolved = [keras.layers.Conv2D(maps, size, padding="same", kernel_initializer=he_normal())(x) for size in (3, 1)]
    return keras.layers.ReLU()(BatchNorm()(keras.layers.Add()(convolved)))


def _doubled(x, maps: int):
    """PyTorch's 3 x 3 transposed convolution with a stride of 2, padding 1 and output padding 1."""
    x = keras.layers.Conv2DTranspose(maps, 3, strides=2, kernel_initializer=he_normal())(x)
    # Keras' `same` would drop the last row and column instead.
    return x[:, 1:, 1:]


def uresnet(height: int, width: int, channels: int, classes: int, filters: int = 32) -> keras.Model:
    """Images (N, height, width, channels) to logits (N, height, width, classes), float32.

    Four residual elements on the way down, with max pooling between them; on the way up a transposed
    convolution, the sum with the map of the same size, and an element, three times, with one element more
    before the first sum. The last convolution is 1 x 1.

    The authors published no code. Of the versions that others published this is the better supported one:
    eight elements, one batch norm after the sum of an element, no ReLU after the sums with skips
    (docs/bowles2018.md). He initialisation, as nothing is known of theirs.

    Args:
        height: multiple of 8.
        width: likewise.
        channels: of the images.
        classes: of the labels, background included.
        filters: of the first element; each coarser level has twice as many.

    Raises:
        InputError: for a size that cannot be halved three times.
    """
    require_multiple(height, width, 8)
    images = keras.Input((height, width, channels), name="images")
    x, skips = images, []
    for level in range(3):
        x = _element(x, filters << level)
        skips.append(x)
        x = keras.layers.MaxPooling2D(2)(x)
    x = _element(x, filters << 3)
    for level, skip in reversed(list(enumerate(skips))):
        x = _doubled(x, filters << level)
        x = _element(x, filters << level) if level == 2 else x
        x = _element(keras.layers.Add()([x, skip]), filters << level)
    logits = keras.layers.Conv2D(classes, 1, kernel_initializer=he_normal(), dtype="float32")(x)
    return keras.Model(images, logits, name="uresnet")
