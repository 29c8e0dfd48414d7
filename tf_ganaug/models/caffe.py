"""The pixel values of networks that were made in Caffe."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf


@keras.utils.register_keras_serializable("tf_ganaug")
class CaffeInput(keras.layers.Layer):
    """Images in [-1, 1] as Caffe's networks for ImageNet take them: 0 to 255, channels BGR, less their means.

    Input (N, H, W, C), C 1 (repeated) or 3 (RGB); output (N, H, W, 3), float32 whatever the policy.

    Args:
        means: of blue, green and red.
    """

    def __init__(self, means: Sequence[float], **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.means = tuple(means)

    def call(self, inputs):
        pixels = (inputs + 1.0) * 127.5
        blue_first = tf.repeat(pixels, 3, axis=-1) if inputs.shape[-1] == 1 else pixels[..., ::-1]
        return blue_first - tf.constant(self.means)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 3)

    def get_config(self):
        return {**super().get_config(), "means": self.means}
