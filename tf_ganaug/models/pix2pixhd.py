"""pix2pixHD's generators and discriminator: label maps to photographs (Wang 2018; Liu 2019, section 2.1).

Source: NVIDIA/pix2pixHD models/networks.py; without the encoder of instances' features.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from tf_ganaug.errors import InputError
from tf_ganaug.models.layers import InstanceNorm
from tf_ganaug.models.patch_discriminator import SCORES, HalvingMean, patch_gans
from tf_ganaug.models.sizes import require_multiple

#: Standard deviation of every kernel at the start.
DEVIATION = 0.02

#: The enhancer's residual blocks.
ENHANCER_BLOCKS = 3


@keras.utils.register_keras_serializable("tf_ganaug")
class ReflectionPad(keras.layers.Layer):
    """Pads rows and columns by mirroring, without repeating the edge.

    Input (N, H, W, C), H and W above `width`; output (N, H + 2 width, W + 2 width, C).
    """

    def __init__(self, width: int, **kwargs):
        super().__init__(**kwargs)
        self.width = width

    def call(self, inputs):
        around = [self.width, self.width]
        return tf.pad(inputs, [[0, 0], around, around, [0, 0]], "REFLECT")

    def compute_output_shape(self, input_shape):
        n, h, w, c = input_shape
        return (n, h + 2 * self.width, w + 2 * self.width, c)

    def get_config(self):
        return {**super().get_config(), "width": self.width}


def _weights(fan_in: int) -> dict:
    """Initialisers: the original draws kernels and leaves biases as PyTorch does, +-1 / sqrt(fan in)."""
    bound = fan_in**-0.5
    return {
        "kernel_initializer": keras.initializers.RandomNormal(stddev=DEVIATION),
        "bias_initializer": keras.initializers.RandomUniform(-bound, bound),
    }


def _conv(x, filters: int, size: int, strides: int, name: str, dtype: str | None = None):
    start = _weights(size * size * x.shape[-1])
    return keras.layers.Conv2D(filters, size, strides, dtype=dtype, name=name, **start)(x)


def _normed(x, name: str):
    """Instance norm and ReLU after the convolution `name`, whose bias it makes redundant, as in the original."""
    return keras.layers.ReLU()(InstanceNorm(name=f"{name}.norm")(x))


def _stem(x, filters: int, name: str):
    return _normed(_conv(ReflectionPad(3)(x), filters, 7, 1, name), name)


def _halved(x, filters: int, name: str):
    # Keras' `same` would shift even sizes by a pixel.
    return _normed(_conv(keras.layers.ZeroPadding2D(1)(x), filters, 3, 2, name), name)


def _doubled(x, filters: int, name: str):
    """PyTorch's transposed convolution with padding 1 and output padding 1."""
    # PyTorch counts the output maps as fan in here.
    conv = keras.layers.Conv2DTranspose(filters, 3, 2, name=name, **_weights(9 * filters))
    return _normed(keras.layers.Cropping2D(((1, 0), (1, 0)))(conv(x)), name)


def _residual(x, name: str):
    """Two convolutions added to their input; no ReLU after the sum."""
    maps = x.shape[-1]
    first, second = f"{name}.conv_block.1", f"{name}.conv_block.5"
    y = _normed(_conv(ReflectionPad(1)(x), maps, 3, 1, first), first)
    y = _conv(ReflectionPad(1)(y), maps, 3, 1, second)
    return keras.layers.Add()([x, InstanceNorm(name=f"{second}.norm")(y)])


def _picture(x, channels: int, name: str):
    x = _conv(ReflectionPad(3)(x), channels, 7, 1, name)
    return keras.layers.Activation("tanh", dtype="float32")(x)


def _global_maps(x, ngf: int, downsamplings: int, blocks: int):
    """The global generator without its last convolution, and that one's place in the original."""
    x = _stem(x, ngf, "model.1")
    place = 4
    for level in range(1, downsamplings + 1):
        x = _halved(x, ngf << level, f"model.{place}")
        place += 3
    for _ in range(blocks):
        x = _residual(x, f"model.{place}")
        place += 1
    for level in reversed(range(downsamplings)):
        x = _doubled(x, ngf << level, f"model.{place}")
        place += 3
    return x, place + 1


def _require(height: int, width: int, halvings: int) -> None:
    """Sides that halve evenly down to at least 2 pixels, which the innermost padding mirrors."""
    require_multiple(height, width, 1 << halvings)
    smallest = max(2 << halvings, 4)
    if min(height, width) < smallest:
        expected = f"at least {smallest} pixels for {halvings} halvings"
        raise InputError(f"image size {height} x {width}", expected, str(min(height, width)), "choose fewer")


def global_generator(
    height: int,
    width: int,
    label_channels: int,
    image_channels: int,
    ngf: int = 64,
    downsamplings: int = 4,
    blocks: int = 9,
) -> keras.Model:
    """Label maps (N, height, width, label_channels) to images (N, height, width, image_channels) in [-1, 1].

    Args:
        height: multiple of 2^downsamplings, at least twice that.
        width: likewise.
        label_channels: classes, and one more where there are edges of instances.
        image_channels: of the images.
        ngf: feature maps at full resolution; 64 in the original. They double at every halving.
        downsamplings: halvings; 4 in the original's training.
        blocks: residual blocks at the lowest resolution; 9 in the original.

    Raises:
        InputError: for a size the network cannot have.
    """
    _require(height, width, downsamplings)
    labels = keras.Input((height, width, label_channels), name="labels")
    x, place = _global_maps(labels, ngf, downsamplings, blocks)
    return keras.Model(labels, _picture(x, image_channels, f"model.{place}"), name="generator")


def local_enhancer(
    height: int,
    width: int,
    label_channels: int,
    image_channels: int,
    ngf: int = 32,
    downsamplings: int = 4,
    blocks: int = 9,
) -> keras.Model:
    """The global generator at half resolution, refined at full resolution; in and out as `global_generator`.

    Its global part is that of `global_generator(height / 2, width / 2, ..., 2 ngf, downsamplings, blocks)`
    without the last convolution: `take_over` brings a trained one in.

    Args:
        height: multiple of 2^(downsamplings + 1), at least twice that.
        width: likewise.
        label_channels: see `global_generator`.
        image_channels: of the images.
        ngf: feature maps at full resolution; 32 in the original.
        downsamplings: halvings of the global part.
        blocks: residual blocks of the global part.

    Raises:
        InputError: for a size the network cannot have.
    """
    _require(height, width, downsamplings + 1)
    labels = keras.Input((height, width, label_channels), name="labels")
    coarse, _ = _global_maps(HalvingMean()(labels), 2 * ngf, downsamplings, blocks)
    x = _halved(_stem(labels, ngf, "model1_1.1"), 2 * ngf, "model1_1.4")
    x = keras.layers.Add()([x, coarse])
    for number in range(ENHANCER_BLOCKS):
        x = _residual(x, f"model1_2.{number}")
    x = _doubled(x, ngf, f"model1_2.{ENHANCER_BLOCKS}")
    return keras.Model(labels, _picture(x, image_channels, f"model1_2.{ENHANCER_BLOCKS + 4}"), name="generator")


def enhancer_variables(generator: keras.Model) -> list[tf.Variable]:
    """What `local_enhancer` trains while its global part is frozen; none in a `global_generator`."""
    local = [layer for layer in generator.layers if layer.name.startswith("model1_")]
    return [variable for layer in local for variable in layer.trainable_variables]


def take_over(network: keras.Model, coarse: keras.Model) -> None:
    """Copies the weights of the layers that two networks share by name, as the original loads a coarser training's.

    From a `global_generator` into a `local_enhancer` this is all but the last convolution. A discriminator's
    scales are counted from the coarsest: one with a scale more than the coarse one keeps its start there.

    Raises:
        InputError: if shared layers differ in shape.
    """
    names = {layer.name for layer in coarse.layers if layer.weights}
    for layer in (layer for layer in network.layers if layer.name in names):
        weights = coarse.get_layer(layer.name).get_weights()
        shapes = [[tuple(weight.shape) for weight in one] for one in (layer.get_weights(), weights)]
        if shapes[0] != shapes[1]:
            remedy = "train both with the same widths, depths and channels"
            raise InputError(f"layer {layer.name}", f"weights {shapes[0]}", f"{shapes[1]} in the coarser", remedy)
        layer.set_weights(weights)


def discriminator(
    height: int, width: int, label_channels: int, image_channels: int, ndf: int = 64, scales: int = 2
) -> keras.Model:
    """[labels (N, H, W, label_channels), images (N, H, W, image_channels)] to maps by scale and layer.

    As `patch_discriminator.discriminator`, without spectral norm and with a bias everywhere.

    Args:
        height: of the images.
        width: of the images.
        label_channels: of the label maps.
        image_channels: of the images.
        ndf: feature maps of the first layer; 64 in the original.
        scales: PatchGANs, each on half the resolution of the one before; 2 in the original, and 3 for the
            enhancer's 2048 x 1024.
    """

    def convolve(x, scale: int, number: int, filters: int, strides: int):
        name = f"scale{scales - 1 - scale}_layer{number}.0"
        x = _conv(x, filters, 4, strides, name, "float32" if number == SCORES else None)
        return x if number in (0, SCORES) else InstanceNorm(name=f"{name}.norm")(x)

    return patch_gans(height, width, label_channels, image_channels, ndf, scales, convolve)
