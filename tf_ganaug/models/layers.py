"""Layers that Keras lacks, or has in another form than the papers' code.

The norms take the mean away before they scale. `x * scale + (shift - mean * scale)`, as TensorFlow and Keras have it,
is the difference of two large numbers where the variance is small: with none, as on a single pixel, rounding times 316.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from tf_ganaug import backend, replicas


def exact_moments(
    x: tf.Tensor, axes: Sequence[int], pooled: Callable[[tf.Tensor], tf.Tensor] = tf.identity
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """`x` less its exact mean, that mean and the biased variance, both with the axes kept.

    Args:
        x: float32.
        axes: of the mean.
        pooled: makes the mean over all replicas of a mean over one's part of a minibatch.
    """

    def mean(values: tf.Tensor) -> tf.Tensor:
        return pooled(tf.reduce_mean(values, axes, keepdims=True))

    # A mean is off by some roundings, which the scale makes large. What it leaves is small, and has an exact one. The
    # variance is summed as the originals sum it: in another order single units flip against their stored gradients.
    rough = tf.stop_gradient(mean(x))
    left = x - rough
    rest = mean(left)
    centred = left - rest
    return centred, rough + rest, mean(tf.square(centred))


@keras.utils.register_keras_serializable("tf_ganaug")
class BatchStatisticsNorm(keras.layers.Layer):
    """Batch normalisation by the batch's own statistics, with frozen statistics for sampling.

    `training=True` normalises by the minibatch's mean and variance over (N, H, W) and remembers
    nothing, as the WGAN-GP and pix2pix originals do, also when they sample. `training=False` uses
    `mean` and `variance`, which `freeze` sets once training is over.
    Statistics are computed in float32 whatever the precision policy.

    Input and output (N, H, W, C). Source: improved_wgan_training tflib/ops/batchnorm.py.
    """

    def __init__(self, epsilon: float = 1e-5, gamma_initializer="ones", **kwargs):
        # A float32 layer: Keras would otherwise round weights and statistics through the half type.
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.epsilon = epsilon
        self.gamma_initializer = keras.initializers.get(gamma_initializer)

    def build(self, input_shape):
        shape = (int(input_shape[-1]),)
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer=self.gamma_initializer)
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros")
        self.mean = self.add_weight(name="mean", shape=shape, initializer="zeros", trainable=False)
        self.variance = self.add_weight(name="variance", shape=shape, initializer="ones", trainable=False)
        super().build(input_shape)

    def call(self, inputs, training=False):
        if training:
            centred, _, variance = exact_moments(inputs, range(inputs.shape.rank - 1), replicas.mean)
        else:
            centred, variance = inputs - self.mean, self.variance
        return centred * (tf.math.rsqrt(variance + self.epsilon) * self.gamma) + self.beta

    @staticmethod
    def batch_moments(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Mean and (biased) variance over all axes but the last; x is float32."""
        _, mean, variance = exact_moments(x, range(x.shape.rank - 1))
        return tf.reshape(mean, [-1]), tf.reshape(variance, [-1])

    def freeze(self, moments: Sequence[tuple[tf.Tensor, tf.Tensor]]) -> None:
        """Sets `mean` and `variance` to those of all values of some minibatches, which count alike.

        Args:
            moments: what `batch_moments` gave of each minibatch.
        """
        means, variances = (np.asarray(column, np.float64) for column in zip(*moments))
        self.mean.assign(means.mean(0))
        # E[x^2] - E[x]^2 would cancel where the mean is large.
        self.variance.assign(variances.mean(0) + means.var(0))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        gamma = keras.initializers.serialize(self.gamma_initializer)
        return {**super().get_config(), "epsilon": self.epsilon, "gamma_initializer": gamma}


@keras.utils.register_keras_serializable("tf_ganaug")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' own, whose statistics are those of all devices' rows.

    As there, the reference stack keeps the unbiased variance and the current one the biased.
    """

    def add_weight(self, *args, **kwargs):
        if not kwargs.get("trainable", True):
            kwargs["aggregation"] = backend.MEAN_OF_REPLICAS
        return super().add_weight(*args, **kwargs)

    def call(self, inputs, training=False):
        if not training or replicas.together() == 1:
            return super().call(inputs, training=training)
        centred, mean, variance = exact_moments(inputs, [0, 1, 2], replicas.mean)
        kept = unbiased(variance, inputs) if backend.REFERENCE_STACK else variance
        for running, now in ((self.moving_mean, mean), (self.moving_variance, kept)):
            running.assign(self.momentum * running + (1.0 - self.momentum) * tf.reshape(now, [-1]))
        return centred * (tf.math.rsqrt(variance + self.epsilon) * self.gamma) + self.beta


def unbiased(variance: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """The biased variance over (N, H, W) of x and of the other devices' as the unbiased one."""
    values = tf.cast(tf.reduce_prod(tf.shape(x)[:3]) * replicas.pooled(), tf.float32)
    return variance * values / (values - 1.0)


@keras.utils.register_keras_serializable("tf_ganaug")
class ImageLayerNorm(keras.layers.Layer):
    """Layer normalisation over (H, W, C) of each sample, one scale and one shift per channel.

    Keras' own layer would create H x W x C scales. Twice differentiable, for the gradient penalty;
    float32 inside whatever the precision policy. Input and output (N, H, W, C).
    Source: improved_wgan_training tflib/ops/layernorm.py.
    """

    def __init__(self, epsilon: float = 1e-5, **kwargs):
        # A float32 layer: Keras would otherwise round weights and statistics through the half type.
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.epsilon = epsilon

    def build(self, input_shape):
        shape = (int(input_shape[-1]),)
        self.gamma = self.add_weight(name="gamma", shape=shape, initializer="ones")
        self.beta = self.add_weight(name="beta", shape=shape, initializer="zeros")
        super().build(input_shape)

    def call(self, inputs):
        centred, _, variance = exact_moments(inputs, [1, 2, 3])
        return centred * (tf.math.rsqrt(variance + self.epsilon) * self.gamma) + self.beta

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.utils.register_keras_serializable("tf_ganaug")
class InstanceNorm(keras.layers.Layer):
    """Instance normalisation: (x - mean) / sqrt(variance + 1e-5) over (H, W) of each sample and channel.

    No parameters, no running statistics, the same when sampling; float32 inside whatever the precision policy.
    Input and output (N, H, W, C). Source: torch.nn.InstanceNorm2d without affine parameters.
    """

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})

    def call(self, inputs):
        centred, _, variance = exact_moments(inputs, [1, 2])
        return centred * tf.math.rsqrt(variance + 1e-5)

    def compute_output_shape(self, input_shape):
        return input_shape
