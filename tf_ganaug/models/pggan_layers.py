"""Layers of the progressive GAN: equalised learning rate, pixel norm, minibatch deviation, fading.

Source: progressive_growing_of_gans networks.py (Karras 2018, sections 2 to 4).
"""

from __future__ import annotations

import math

import keras
import tensorflow as tf

from tf_ganaug import replicas

#: He's gain for (leaky) ReLU, the original's default.
HE_GAIN = math.sqrt(2.0)

#: Pixels of the finer map from which a resampling convolution is faster with a stride (measured on a CPU).
STRIDED_FROM = 32 * 32


def nearest_double(images: tf.Tensor) -> tf.Tensor:
    """(N, H, W, C) to (N, 2H, 2W, C), every pixel repeated; differentiable under XLA, unlike a resize."""
    return tf.repeat(tf.repeat(images, 2, axis=1), 2, axis=2)


def _four_taps(kernel: tf.Tensor) -> tf.Tensor:
    """The sum of the four copies of a (k, k, in, out) kernel that shifts by one pixel make, k + 1 wide."""
    wide = tf.pad(kernel, [[1, 1], [1, 1], [0, 0], [0, 0]])
    return wide[1:, 1:] + wide[:-1, 1:] + wide[1:, :-1] + wide[:-1, :-1]


@keras.utils.register_keras_serializable("tf_ganaug")
class EqualizedDense(keras.layers.Layer):
    """A dense layer whose weights are N(0, 1) and are scaled by gain / sqrt(fan in) at run time.

    Input (N, features), output (N, *shape). There is one bias per channel, the last axis of `shape`,
    as the original has in the generator's first layer.
    """

    def __init__(self, shape: tuple[int, ...], gain: float = HE_GAIN, **kwargs):
        super().__init__(**kwargs)
        self.shape, self.gain = tuple(shape), gain

    def build(self, input_shape):
        fan_in = int(input_shape[-1])
        self.scale = self.gain / math.sqrt(fan_in)
        normal = keras.initializers.RandomNormal(0.0, 1.0)
        self.kernel = self.add_weight(name="kernel", shape=(fan_in, math.prod(self.shape)), initializer=normal)
        self.bias = self.add_weight(name="bias", shape=self.shape[-1:], initializer="zeros")
        super().build(input_shape)

    def call(self, inputs):
        return tf.reshape(tf.matmul(inputs, self.kernel * self.scale), (-1, *self.shape)) + self.bias

    def compute_output_shape(self, input_shape):
        return (input_shape[0], *self.shape)

    def get_config(self):
        return {**super().get_config(), "shape": self.shape, "gain": self.gain}


@keras.utils.register_keras_serializable("tf_ganaug")
class EqualizedConv2D(keras.layers.Layer):
    """A `same` convolution whose weights are N(0, 1) and are scaled by gain / sqrt(fan in) at run time.

    Input (N, H, W, C), output (N, H, W, filters).
    """

    def __init__(self, filters: int, kernel_size: int = 3, gain: float = HE_GAIN, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.gain = filters, kernel_size, gain

    def build(self, input_shape):
        shape = (self.kernel_size, self.kernel_size, int(input_shape[-1]), self.filters)
        self.scale = self.gain / math.sqrt(math.prod(shape[:3]))
        normal = keras.initializers.RandomNormal(0.0, 1.0)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=normal)
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")
        super().build(input_shape)

    def call(self, inputs):
        return self.convolve(inputs, self.kernel * self.scale) + self.bias

    def convolve(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """The convolution without its bias."""
        return tf.nn.conv2d(inputs, kernel, 1, "SAME")

    def compute_output_shape(self, input_shape):
        return (*input_shape[:3], self.filters)

    def get_config(self):
        config = {"filters": self.filters, "kernel_size": self.kernel_size, "gain": self.gain}
        return {**super().get_config(), **config}


@keras.utils.register_keras_serializable("tf_ganaug")
class UpConv2D(EqualizedConv2D):
    """Every pixel doubled, then the convolution: (N, H, W, C) to (N, 2H, 2W, filters)."""

    def convolve(self, inputs, kernel):
        height, width = inputs.shape[1:3]
        if 4 * height * width < STRIDED_FROM:
            return super().convolve(nearest_double(inputs), kernel)
        # The same sums: a stride of 2 meets each of the four equal pixels' taps at once.
        kernel = tf.transpose(_four_taps(kernel[::-1, ::-1]), (0, 1, 3, 2))
        shape = (tf.shape(inputs)[0], 2 * height, 2 * width, self.filters)
        return tf.nn.conv2d_transpose(inputs, kernel, shape, 2, "SAME")

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        return (batch, 2 * height, 2 * width, self.filters)


@keras.utils.register_keras_serializable("tf_ganaug")
class DownConv2D(EqualizedConv2D):
    """The convolution, the mean of 2 x 2 pixels, then the bias: (N, H, W, C) to (N, H / 2, W / 2, filters)."""

    def convolve(self, inputs, kernel):
        height, width = inputs.shape[1:3]
        if height * width < STRIDED_FROM:
            return tf.nn.avg_pool2d(super().convolve(inputs, kernel), 2, 2, "VALID")
        return tf.nn.conv2d(inputs, _four_taps(kernel) / 4, 2, "SAME")

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        return (batch, height // 2, width // 2, self.filters)


@keras.utils.register_keras_serializable("tf_ganaug")
class NearestDouble(keras.layers.Layer):
    """`nearest_double` as a layer."""

    def call(self, inputs):
        return nearest_double(inputs)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, 2 * height, 2 * width, channels)


@keras.utils.register_keras_serializable("tf_ganaug")
class PixelNorm(keras.layers.Layer):
    """x / sqrt(mean of x^2 over the channels + 1e-8), float32 inside whatever the precision policy.

    Input and output (..., C).
    """

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})

    def call(self, inputs):
        return inputs * tf.math.rsqrt(tf.reduce_mean(tf.square(inputs), axis=-1, keepdims=True) + 1e-8)

    def compute_output_shape(self, input_shape):
        return input_shape


@keras.utils.register_keras_serializable("tf_ganaug")
class MinibatchDeviation(keras.layers.Layer):
    """Appends a map with the deviation among a group of samples, averaged over pixels and channels.

    Sample i belongs to group i mod (N / group). float32 inside whatever the precision policy.
    Input (N, H, W, C), output (N, H, W, C + 1).

    Args:
        group: samples in a group; a smaller minibatch is one group, a larger one a multiple of it.
    """

    def __init__(self, group: int = 4, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.group = group

    def call(self, inputs):
        if replicas.pooled() > 1:
            return self._of_all_devices(inputs)
        batch, (height, width, channels) = tf.shape(inputs)[0], inputs.shape[1:]
        group = tf.minimum(self.group, batch)
        groups = tf.reshape(inputs, (group, -1, height, width, channels))
        variance = tf.reduce_mean(tf.square(groups - tf.reduce_mean(groups, 0, keepdims=True)), 0)
        deviation = tf.reduce_mean(tf.sqrt(variance + 1e-8), axis=[1, 2, 3], keepdims=True)
        return tf.concat([inputs, tf.tile(deviation, (group, height, width, 1))], -1)

    def _of_all_devices(self, inputs: tf.Tensor) -> tf.Tensor:
        """The same groups, whose samples are on several devices: each has every so many-th of the minibatch."""
        devices, (height, width, _) = replicas.pooled(), inputs.shape[1:]
        samples = tf.range(replicas.number(), devices * tf.shape(inputs)[0], devices)
        batch = devices * tf.size(samples)
        group = tf.minimum(self.group, batch)
        member = tf.one_hot(samples % (batch // group), batch // group)

        def mean(values: tf.Tensor) -> tf.Tensor:
            """Of each sample's group, for each sample."""
            sums = replicas.total(tf.einsum("ng,nhwc->ghwc", member, values))
            return tf.einsum("ng,ghwc->nhwc", member, sums) / tf.cast(group, tf.float32)

        deviation = tf.sqrt(mean(tf.square(inputs - mean(inputs))) + 1e-8)
        deviation = tf.reduce_mean(deviation, axis=[1, 2, 3], keepdims=True)
        return tf.concat([inputs, tf.tile(deviation, (1, height, width, 1))], -1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:3], input_shape[3] + 1)

    def get_config(self):
        return {**super().get_config(), "group": self.group}


@keras.utils.register_keras_serializable("tf_ganaug")
class Fade(keras.layers.Layer):
    """[fine, coarse] to fine + fraction (coarse - fine), as a new level is faded in.

    `fraction` is a float32 scalar in [0, 1] that no optimiser moves; the training schedule sets it.
    """

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})

    def build(self, input_shape):
        self.fraction = self.add_weight(name="fraction", shape=(), initializer="zeros", trainable=False)
        super().build(input_shape)

    def call(self, inputs):
        fine, coarse = inputs
        return fine + (coarse - fine) * self.fraction

    def compute_output_shape(self, input_shape):
        return input_shape[0]
