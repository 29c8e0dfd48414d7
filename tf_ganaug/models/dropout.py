"""Dropout that a restarted training repeats."""

from __future__ import annotations

import keras
import tensorflow as tf

from tf_ganaug import backend, replicas
from tf_ganaug.random import stream_seed


@keras.utils.register_keras_serializable("tf_ganaug")
class CountedDropout(keras.layers.Layer):
    """Dropout drawn from a seed and the number of training passes before, which are the layer's weights.

    A checkpoint of the network so holds all that the next draws need, and a compiled step serves any seed. Keras' own
    layer draws from a state which on the reference stack is in no checkpoint. Input and output of any one shape.

    Args:
        rate: share of the values that become 0 in training; the others are divided by 1 - rate.
        seed: of the draws; layers of one network need different ones.
        whole_maps: whether a draw is for all of a feature map: the input is (N, H, W, C).
    """

    def __init__(self, rate: float, seed: int, whole_maps: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.rate, self.seed, self.whole_maps = rate, seed, whole_maps

    def build(self, input_shape):
        self.passes = backend.add_count(self, "passes")
        self.start = backend.add_count(self, "seed", self.seed & 0x7FFFFFFF)
        super().build(input_shape)

    def call(self, inputs, training=False):
        if not training:
            return inputs
        seed = stream_seed(tf.stack([tf.cast(self.start, tf.int32), 0]), self.passes)
        self.passes.assign(self.passes + 1)
        shape = tf.shape(inputs)
        draws = tf.stack([shape[0], 1, 1, shape[3]]) if self.whole_maps else shape
        devices = replicas.together()
        if devices == 1:
            return tf.nn.experimental.stateless_dropout(inputs, self.rate, seed, noise_shape=draws)
        # Drawn for the rows of all devices, as one would.
        gates = tf.ones(tf.concat([[devices * draws[0]], draws[1:]], 0), inputs.dtype)
        gates = tf.nn.experimental.stateless_dropout(gates, self.rate, seed)
        return inputs * gates[replicas.number() :: devices]

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "whole_maps": self.whole_maps}
