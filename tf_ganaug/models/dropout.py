"""Dropout that a restarted training repeats."""

from __future__ import annotations

import keras
import tensorflow as tf

from tf_ganaug.random import fold


@keras.utils.register_keras_serializable("tf_ganaug")
class CountedDropout(keras.layers.Layer):
    """Dropout drawn from a seed and the number of training passes before, which is one of the layer's weights.

    A checkpoint of the network so holds all that the next draws need. Keras' own layer draws from a state
    which on the reference stack is in no checkpoint. Input and output of any one shape.

    Args:
        rate: share of the values that become 0 in training; the others are divided by 1 - rate.
        seed: of the draws; layers of one network need different ones.
    """

    def __init__(self, rate: float, seed: int, **kwargs):
        super().__init__(**kwargs)
        self.rate, self.seed = rate, seed

    def build(self, input_shape):
        self.passes = self.add_weight(name="passes", shape=(), dtype="int64", initializer="zeros", trainable=False)
        super().build(input_shape)

    def call(self, inputs, training=False):
        if not training:
            return inputs
        seed = fold(self.seed, self.passes)
        self.passes.assign(self.passes + 1)
        return tf.nn.experimental.stateless_dropout(inputs, self.rate, seed)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
