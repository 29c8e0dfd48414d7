"""Layers that Keras lacks, or has in another form than the papers' code."""

from __future__ import annotations

import keras
import tensorflow as tf


@keras.utils.register_keras_serializable("tf_ganaug")
class BatchStatisticsNorm(keras.layers.Layer):
    """Batch normalisation by the batch's own statistics, with frozen statistics for sampling.

    `training=True` normalises by the minibatch's mean and variance over (N, H, W) and remembers
    nothing, as the WGAN-GP and pix2pix originals do, also when they sample. `training=False` uses
    `mean` and `variance`, which `gans.synthesizer.freeze_statistics` measures once training is over.
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
        mean, variance = self.batch_moments(inputs) if training else (self.mean, self.variance)
        scale = tf.math.rsqrt(variance + self.epsilon) * self.gamma
        return inputs * scale + (self.beta - mean * scale)

    @staticmethod
    def batch_moments(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Mean and (biased) variance over all axes but the last; x is float32."""
        return tf.nn.moments(x, axes=list(range(x.shape.rank - 1)))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        gamma = keras.initializers.serialize(self.gamma_initializer)
        return {**super().get_config(), "epsilon": self.epsilon, "gamma_initializer": gamma}


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
        mean, variance = tf.nn.moments(inputs, axes=[1, 2, 3], keepdims=True)
        scale = tf.math.rsqrt(variance + self.epsilon) * self.gamma
        return inputs * scale + (self.beta - mean * scale)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "epsilon": self.epsilon}
