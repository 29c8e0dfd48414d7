"""PSPNet, the segmenter of Liu 2019, section 3 (Zhao 2017).

Source: hszhao/semseg model/pspnet.py, tool/train.py.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from tf_ganaug.models.dropout import CountedDropout
from tf_ganaug.models.resnet import ImageNetInput, backbone_layers, conv, dilated_resnet, normed

#: Sides of the grids that the maps are pooled to.
BINS = (1, 2, 3, 6)

#: Share of the maps that the heads drop.
DROPOUT_RATE = 0.1

#: How many times the backbone's learning rate all other layers have.
NEW_LAYERS_RATE = 10.0


class _Separable(keras.layers.Layer):
    """Maps whose rows and columns are weighted sums of the input's: float32 whatever the policy."""

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})

    def output_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the output."""
        raise NotImplementedError

    def shares(self, size: int, wanted: int) -> np.ndarray:
        """(wanted, size) float32: the share of every row (column) of the input in each of the output."""
        raise NotImplementedError

    def call(self, inputs):
        size = tuple(inputs.shape[1:3])
        rows, columns = (self.shares(*sides) for sides in zip(size, self.output_size(size)))
        return tf.einsum("yi,nijc,xj->nyxc", rows, inputs, columns)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.output_size(input_shape[1:3]), input_shape[3])


@keras.utils.register_keras_serializable("tf_ganaug")
class AdaptiveMean(_Separable):
    """Means over a grid of bins x bins; where the side is no multiple of them, bins overlap by a pixel.

    Bin b of n pixels goes from floor(b n / bins) to ceil((b + 1) n / bins). Input (N, H, W, C), output
    (N, bins, bins, C).
    """

    def __init__(self, bins: int, **kwargs):
        super().__init__(**kwargs)
        self.bins = bins

    def output_size(self, size: tuple[int, int]) -> tuple[int, int]:
        return (self.bins, self.bins)

    def shares(self, size: int, wanted: int) -> np.ndarray:
        bins, pixels = np.arange(wanted)[:, None], np.arange(size)
        inside = (pixels >= bins * size // wanted) & (pixels < -(-(bins + 1) * size // wanted))
        return (inside / inside.sum(1, keepdims=True)).astype(np.float32)

    def get_config(self):
        return {**super().get_config(), "bins": self.bins}


@keras.utils.register_keras_serializable("tf_ganaug")
class AlignedBilinear(_Separable):
    """Bilinear resize with aligned corners. Input (N, h, w, C), output (N, height, width, C)."""

    def __init__(self, height: int, width: int, **kwargs):
        super().__init__(**kwargs)
        self.height, self.width = height, width

    def output_size(self, size: tuple[int, int]) -> tuple[int, int]:
        return (self.height, self.width)

    def shares(self, size: int, wanted: int) -> np.ndarray:
        places = np.linspace(0, size - 1, wanted)[:, None]
        return np.maximum(1.0 - np.abs(places - np.arange(size)), 0.0).astype(np.float32)

    def get_config(self):
        return {**super().get_config(), "height": self.height, "width": self.width}


def _uniform() -> keras.initializers.Initializer:
    """PyTorch's own start of a convolution, which the layers beside the backbone have."""
    return keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")


def _pyramid(x):
    """The maps beside themselves pooled to each grid, reduced to a quarter as many and enlarged again."""
    size, maps = x.shape[1:3], x.shape[-1]
    levels = [x]
    for number, bins in enumerate(BINS):
        name = f"ppm.features.{number}"
        y = conv(AdaptiveMean(bins)(x), maps // len(BINS), 1, f"{name}.1", initializer=_uniform())
        levels.append(AlignedBilinear(*size)(normed(y, f"{name}.2")))
    return keras.layers.Concatenate()(levels)


def _head(x, filters: int, classes: int, size: tuple[int, int], seed: int, name: str):
    """Scores of the classes at the size of the image."""
    x = normed(conv(x, filters, 3, f"{name}.0", initializer=_uniform()), f"{name}.1")
    x = CountedDropout(DROPOUT_RATE, seed, whole_maps=True, name=f"{name}.3")(x)
    bound = filters**-0.5
    scores = keras.layers.Conv2D(
        classes,
        1,
        kernel_initializer=_uniform(),
        bias_initializer=keras.initializers.RandomUniform(-bound, bound),
        dtype="float32",
        name=f"{name}.4",
    )(x)
    return AlignedBilinear(*size)(scores)


def pspnet(
    height: int,
    width: int,
    channels: int,
    classes: int,
    layers: int = 50,
    filters: int = 64,
    imagenet_input: bool = False,
    seed: int = 0,
) -> keras.Model:
    """Images (N, height, width, channels) to two logits (N, height, width, classes), float32.

    The first are the network's; the second, of the auxiliary head, are for training only, where
    `segment.losses.auxiliary_cross_entropy` takes both. `without_auxiliary` is the network to test.

    The original takes sides of 8 k + 1. Others are padded by zeros (the mean colour, with `imagenet_input`) on
    both sides up to the next such, and the logits are cropped.

    In training the coarsest grid has one value per image and map: its batch norm needs some images, and with
    a single one erases it.

    Args:
        height: any.
        width: any.
        channels: of the images.
        classes: of the labels.
        layers: of the ResNet; 50 or 101 in the original, 26 for small images, 14 for tests.
        filters: of the first convolution; 64 in the original.
        imagenet_input: whether images in [-1, 1] (1 or 3 channels) become what the authors' ImageNet weights
            (`resnet.load_backbone`) were trained on.
        seed: of dropout.

    Raises:
        InputError: for another number of layers.
    """
    images = keras.Input((height, width, channels), name="images")
    x = ImageNetInput()(images) if imagenet_input else images
    above, left = (-(side - 1) % 8 // 2 for side in (height, width))
    below, right = (-(side - 1) % 8 - before for side, before in ((height, above), (width, left)))
    if above + below + left + right:
        x = keras.layers.ZeroPadding2D(((above, below), (left, right)))(x)
    size = x.shape[1:3]
    third, fourth = dilated_resnet(x, layers, filters)
    logits = _head(_pyramid(fourth), 8 * filters, classes, size, 2 * seed, "cls")
    auxiliary = _head(third, 4 * filters, classes, size, 2 * seed + 1, "aux")
    outputs = [y[:, above : above + height, left : left + width] for y in (logits, auxiliary)]
    return keras.Model(images, outputs, name="pspnet")


def without_auxiliary(model: keras.Model) -> keras.Model:
    """The network to test: images to logits, with the weights of `model`."""
    return keras.Model(model.input, model.outputs[0], name="pspnet")


def rate_multipliers(model: keras.Model) -> list[float]:
    """Of the learning rate, for `model.trainable_variables`: 1 for the backbone, 10 for what is new."""
    backbone = {id(variable) for layer in backbone_layers(model) for variable in layer.trainable_variables}
    return [1.0 if id(variable) in backbone else NEW_LAYERS_RATE for variable in model.trainable_variables]
