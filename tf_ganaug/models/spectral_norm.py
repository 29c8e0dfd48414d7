"""Spectral normalisation in the form of the SPADE authors (Miyato 2018 as in PyTorch)."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from tf_ganaug import backend

#: Least norm a vector of the power iteration is divided by, as in PyTorch.
TINY = 1e-12


def unit_vector(shape: Sequence[int], dtype: str | None = None) -> tf.Tensor:
    """A random direction: a standard normal vector of this shape, divided by its norm."""
    return _normalised(keras.initializers.RandomNormal(stddev=1.0)(shape, dtype))


def _normalised(vector: tf.Tensor) -> tf.Tensor:
    return vector / tf.maximum(tf.norm(vector), TINY)


@keras.utils.register_keras_serializable("tf_ganaug")
class SpectralConv2D(keras.layers.Layer):
    """Convolution by W / sigma, where sigma is the largest singular value of W, outputs x everything else.

    The raw W is what is kept and trained. Every pass with `training=True` does one power iteration,
    v = normalise(W^T u), u = normalise(W v), and sigma = u . W v; u and v are constants, but the
    gradient flows through sigma. A pass with `training=False` uses the stored u and v with the
    present W. Keras' and tensorflow-addons' layers write W / sigma over W and lose that gradient.

    Input (N, H, W, C), output (N, H', W', filters). sigma is computed in float32; the convolution runs
    in the compute type of the precision policy. Replicas iterate alike, because they share W and u.

    Weights start as PyTorch's own: W uniform on +-1 / sqrt(fan in); the bias is zero, u and v random
    directions. Before the first training pass sigma is therefore not yet a singular value.

    Args:
        filters: output channels.
        kernel_size: side of the square kernel.
        strides: of the convolution.
        padding: "same" or "valid".
        use_bias: whether to add a bias.

    Source: torch/nn/utils/spectral_norm.py, as NVlabs/SPADE uses it.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        strides: int = 1,
        padding: str = "same",
        use_bias: bool = True,
        **kwargs,
    ):
        # A float32 layer: Keras would otherwise round u, v and W through the half type.
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.filters, self.kernel_size, self.strides = filters, kernel_size, strides
        self.padding, self.use_bias = padding, use_bias
        self.conv_dtype = keras.mixed_precision.global_policy().compute_dtype

    def build(self, input_shape):
        channels = int(input_shape[-1])
        shape = (self.kernel_size, self.kernel_size, channels, self.filters)
        initializer = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=initializer)
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")
        self.u = backend.add_statistic(self, "u", (self.filters,), unit_vector)
        self.v = backend.add_statistic(self, "v", (self.kernel_size**2 * channels,), unit_vector)
        super().build(input_shape)

    def call(self, inputs, training=False):
        kernel = self.kernel / self.sigma(training)
        inputs, kernel = (tf.cast(x, self.conv_dtype) for x in (inputs, kernel))
        outputs = tf.nn.conv2d(inputs, kernel, self.strides, self.padding.upper())
        return tf.nn.bias_add(outputs, tf.cast(self.bias, self.conv_dtype)) if self.use_bias else outputs

    def sigma(self, training: bool) -> tf.Tensor:
        """The estimate of the largest singular value, after a power iteration if `training`."""
        matrix = tf.reshape(self.kernel, (-1, self.filters))  # everything else x outputs
        u, v = tf.convert_to_tensor(self.u), tf.convert_to_tensor(self.v)
        if training:
            constant = tf.stop_gradient(matrix)
            v = _normalised(tf.linalg.matvec(constant, u))
            u = _normalised(tf.linalg.matvec(constant, v, transpose_a=True))
            self.u.assign(u)
            self.v.assign(v)
        return tf.tensordot(u, tf.linalg.matvec(matrix, v, transpose_a=True), 1)

    def compute_output_shape(self, input_shape):
        def side(length):
            if length is None:
                return None
            return -(-(length if self.padding == "same" else length - self.kernel_size + 1) // self.strides)

        return (input_shape[0], side(input_shape[1]), side(input_shape[2]), self.filters)

    def get_config(self):
        names = ("filters", "kernel_size", "strides", "padding", "use_bias")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
