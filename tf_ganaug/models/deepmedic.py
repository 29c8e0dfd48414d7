"""DeepMedic (Kamnitsas 2017) in two dimensions, for images of any size.

Source: deepmedic/deepmedic v0.8.4 neuralnet/cnn3d.py, pathways.py, blocks.py, layers.py, ops.py and
dataManagement/sampling.py, with kernels 3 x 3 x 1. Bowles 2018 changed it only to take 128 x 128 patches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from tf_ganaug import backend, replicas
from tf_ganaug.errors import InputError
from tf_ganaug.models.dropout import CountedDropout
from tf_ganaug.models.layers import exact_moments
from tf_ganaug.models.unet import he_normal

#: Feature maps of the eight 3 x 3 convolutions of a pathway, as published.
PATHWAY_MAPS = (30, 30, 40, 40, 40, 40, 50, 50)

#: Dropped before the second and third convolution of the common part; the original's rate.
DROPPED = 0.5

#: Minibatches whose statistics batch norm averages for prediction; the original's number.
WINDOW = 60


@keras.utils.register_keras_serializable("tf_ganaug")
class WindowBatchNorm(keras.layers.Layer):
    """Batch normalisation that predicts by the plain mean of the last `WINDOW` minibatches' statistics.

    `training=True` normalises by mean and (biased) variance over (N, H, W), which then replace the oldest in
    the window; `training=False` uses the window's means. The window starts as `WINDOW` times mean 0 and
    variance 1. Epsilon is the smallest normal float32. float32 whatever the precision policy.
    Input and output (N, H, W, C).
    """

    def __init__(self, **kwargs):
        # A float32 layer: Keras would otherwise round weights and statistics through the half type.
        super().__init__(**{**kwargs, "dtype": "float32"})

    def build(self, input_shape):
        maps = int(input_shape[-1])
        self.gamma = self.add_weight(name="gamma", shape=(maps,), initializer="ones")
        self.beta = self.add_weight(name="beta", shape=(maps,), initializer="zeros")
        self.means = backend.add_statistic(self, "means", (WINDOW, maps), "zeros")
        self.variances = backend.add_statistic(self, "variances", (WINDOW, maps), "ones")
        super().build(input_shape)

    def call(self, inputs, training=False):
        windows = tf.convert_to_tensor(self.means), tf.convert_to_tensor(self.variances)
        if training:
            centred, mean, variance = exact_moments(inputs, [0, 1, 2], replicas.mean)
            for variable, window, now in zip((self.means, self.variances), windows, (mean, variance)):
                variable.assign(tf.concat([window[1:], now[0, 0]], 0))
        else:
            mean, variance = (tf.reduce_mean(window, 0) for window in windows)
            centred = inputs - mean
        # With next to no epsilon the scale can be huge: a map all of one value has to be exactly 0 by now.
        return centred * (self.gamma * tf.math.rsqrt(variance + np.finfo(np.float32).tiny)) + self.beta

    def compute_output_shape(self, input_shape):
        return input_shape


@keras.utils.register_keras_serializable("tf_ganaug")
class Bias(keras.layers.Layer):
    """x + one trained number per channel, from 0. Input and output (N, H, W, C)."""

    def build(self, input_shape):
        self.bias = self.add_weight(name="bias", shape=(int(input_shape[-1]),), initializer="zeros")
        super().build(input_shape)

    def call(self, inputs):
        return inputs + tf.cast(self.bias, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape


@keras.utils.register_keras_serializable("tf_ganaug")
class LowResolution(keras.layers.Layer):
    """Every `factor`-th pixel of an image and of its surroundings, which the image does not have.

    The pick starts at the image's first pixel and is no mean. (factor - 1) reach // factor pixels before it, and
    as many after it as the pathway needs, take the mean of the image's four corner pixels, channel by
    channel. That is what the original's getImagePartFromSubsampledImageForTraining does with a segment
    that is the whole image.

    Input (N, H, W, C), output (N, h, w, C) with h = ceil((H - 2 reach) / factor) + 2 reach; float32
    whatever the policy.

    Args:
        factor: 2 or more.
        reach: pixels that the pathway needs on every side of each of its results.
    """

    def __init__(self, factor: int, reach: int, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.factor, self.reach = factor, reach

    def call(self, inputs):
        height, width = inputs.shape[1:3]
        corners = tf.reduce_mean(inputs[:, :: height - 1, :: width - 1], [1, 2], keepdims=True)
        picked = inputs[:, :: self.factor, :: self.factor]
        before = (self.factor - 1) * self.reach // self.factor
        around = [(before, self.side(whole) - before - part) for whole, part in zip((height, width), picked.shape[1:3])]
        inside = np.pad(np.ones(picked.shape[1:3], bool), around)[..., None]
        return tf.where(inside, tf.pad(picked, [(0, 0), *around, (0, 0)]), corners)

    def side(self, length: int) -> int:
        """Pixels of the output along a side of `length` pixels of the input."""
        return math.ceil((length - 2 * self.reach) / self.factor) + 2 * self.reach

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, self.side(height), self.side(width), channels)

    def get_config(self):
        return {**super().get_config(), "factor": self.factor, "reach": self.reach}


@keras.utils.register_keras_serializable("tf_ganaug")
class Repeat(keras.layers.Layer):
    """Every pixel repeated `factor` times both ways, then cropped at the end: (N, h, w, C) to (N, height, width, C)."""

    def __init__(self, factor: int, height: int, width: int, **kwargs):
        super().__init__(**kwargs)
        self.factor, self.height, self.width = factor, height, width

    def call(self, inputs):
        repeated = tf.repeat(tf.repeat(inputs, self.factor, axis=1), self.factor, axis=2)
        return repeated[:, : self.height, : self.width]

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.height, self.width, input_shape[3])

    def get_config(self):
        return {**super().get_config(), "factor": self.factor, "height": self.height, "width": self.width}


@keras.utils.register_keras_serializable("tf_ganaug")
class MirrorPad(keras.layers.Layer):
    """One pixel more on every side, which repeats the edge. (N, H, W, C) to (N, H + 2, W + 2, C)."""

    def call(self, inputs):
        return tf.pad(inputs, [(0, 0), (1, 1), (1, 1), (0, 0)], "SYMMETRIC")

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, height + 2, width + 2, channels)


@keras.utils.register_keras_serializable("tf_ganaug")
class AddEarlier(keras.layers.Layer):
    """[deep, earlier] to deep + the centre of earlier, its channels filled up with zeros or cut off at C.

    Inputs (N, h, w, C) and (N, H, W, c); output (N, h, w, C).
    """

    def call(self, inputs):
        deep, earlier = inputs
        height, width, maps = deep.shape[1:]
        top, left = ((whole - part) // 2 for whole, part in zip(earlier.shape[1:3], (height, width)))
        centre = earlier[:, top : top + height, left : left + width, :maps]
        return deep + tf.pad(centre, [(0, 0), (0, 0), (0, 0), (0, maps - centre.shape[3])])

    def compute_output_shape(self, input_shape):
        return input_shape[0]


def _convolved(x, maps: int, name: str, size: int, **kwargs):
    """The convolution of a block; without bias, for what is added comes before it."""
    convolution = keras.layers.Conv2D(
        maps, size, use_bias=False, kernel_initializer=he_normal(), name=f"{name}.conv", **kwargs
    )
    return convolution(x)


def _activated(x, name: str):
    """Batch norm and PReLU, which every block but a pathway's first has before its convolution."""
    start = keras.initializers.Constant(0.01)
    prelu = keras.layers.PReLU(alpha_initializer=start, shared_axes=(1, 2), name=f"{name}.prelu")
    return prelu(WindowBatchNorm(name=f"{name}.bn")(x))


def _dropped(x, seed: int, name: str):
    """Dropout as the original's: training does not enlarge what is left, so prediction shrinks everything."""
    return keras.layers.Rescaling(1.0 - DROPPED)(CountedDropout(DROPPED, seed, name=f"{name}.dropout")(x))


def _pathway(x, maps: Sequence[int], name: str):
    """3 x 3 convolutions without padding; two at a time, from the third on, are added to what they began with."""
    blocks = [x]
    for number, filters in enumerate(maps):
        block = f"{name}.{number}"
        x = Bias(name=f"{block}.bias")(x) if number == 0 else _activated(x, block)
        x = _convolved(x, filters, block, 3)
        if number in range(3, len(maps), 2):
            x = AddEarlier()([x, blocks[number - 1]])
        blocks.append(x)
    return x


def deepmedic(
    height: int,
    width: int,
    channels: int,
    classes: int,
    subsample_factors: Sequence[int] = (3,),
    feature_maps: Sequence[int] = PATHWAY_MAPS,
    fc_feature_maps: tuple[int, int] = (150, 150),
    seed: int = 0,
) -> keras.Model:
    """Images (N, height, width, channels) to logits (N, height - 16, width - 16, classes) of their centre, float32.

    The pathway at full resolution sees the image, one more for each of the factors sees every `factor`-th
    pixel of the image and its surroundings (`LowResolution`). What all find is joined and classified. The
    margin is the number of feature maps' convolutions on every side, 8 as published. The image is all
    there is: what lies around it takes the mean of its corners.

    The defaults are the model of 2017 (v0.6, one pathway at a third of the resolution); since v0.7 there
    are `subsample_factors=(3, 5)` and `fc_feature_maps=(250, 250)`. A network of another size takes its
    weights as they are.

    Args:
        height: at least one more than both margins.
        width: likewise.
        channels: of the images, which should have mean 0 and deviation about 1.
        classes: of the labels, background included.
        subsample_factors: of the pathways at lower resolution.
        feature_maps: of a pathway's convolutions.
        fc_feature_maps: of the common part's first two convolutions.
        seed: of dropout.

    Raises:
        InputError: for a size that leaves no pixel to classify.
    """
    reach = len(feature_maps)
    if min(height, width) <= 2 * reach:
        remedy = "choose a larger 'size' or pad the images"
        raise InputError(
            f"image size {height} x {width}", f"more than {2 * reach} pixels", str(min(height, width)), remedy
        )
    images = keras.Input((height, width, channels), name="images")
    pathways = [_pathway(images, feature_maps, "normal")]
    _, height, width, _ = pathways[0].shape
    for factor in subsample_factors:
        x = LowResolution(factor, reach, name=f"sub{factor}.input")(images)
        pathways.append(Repeat(factor, height, width)(_pathway(x, feature_maps, f"sub{factor}")))
    joined = keras.layers.Concatenate()(pathways)

    x = _convolved(MirrorPad()(_activated(joined, "fc.0")), fc_feature_maps[0], "fc.0", 3)
    x = _convolved(_dropped(_activated(x, "fc.1"), seed, "fc.1"), fc_feature_maps[1], "fc.1", 1)
    x = AddEarlier()([x, joined])
    x = _dropped(_activated(x, "fc.2"), seed + 1, "fc.2")
    logits = Bias(name="softmax.bias", dtype="float32")(_convolved(x, classes, "fc.2", 1, dtype="float32"))
    return keras.Model(images, logits, name="deepmedic")
