"""Networks of patches on whole images."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf


@keras.utils.register_keras_serializable("tf_ganaug")
class Extend(keras.layers.Layer):
    """The last row and column repeated: (N, H, W, C) to (N, height, width, C)."""

    def __init__(self, height: int, width: int, **kwargs):
        super().__init__(**kwargs)
        self.height, self.width = height, width

    def call(self, inputs):
        rows, columns = (
            np.minimum(np.arange(whole), part - 1) for whole, part in zip((self.height, self.width), inputs.shape[1:3])
        )
        return tf.gather(tf.gather(inputs, rows, axis=1), columns, axis=2)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.height, self.width, input_shape[3])

    def get_config(self):
        return {**super().get_config(), "height": self.height, "width": self.width}


def starts(length: int, step: int) -> np.ndarray:
    """Where segments of `step` pixels begin that cover `length` pixels; the last ends with it and may overlap."""
    return np.minimum(np.arange(0, length, step), max(length - step, 0))


@keras.utils.register_keras_serializable("tf_ganaug")
class Tiles(keras.layers.Layer):
    """Overlapping tiles whose centres cover the image: (N, H, W, C) to (N x tiles, size, size, C).

    Outside the image lies its mirror image, without the edge pixel again, as DeepMedic pads whole images.

    Args:
        size: of a tile, pixels a side.
        step: of the centre that a network classifies.
    """

    def __init__(self, size: int, step: int, **kwargs):
        super().__init__(**kwargs)
        self.size, self.step = size, step

    def _places(self, length: int) -> np.ndarray:
        """(tiles, size) the pixels of each tile along a side of `length` pixels."""
        margin = (self.size - self.step) // 2
        around = np.pad(np.arange(length), (margin, margin + self.size), mode="reflect")
        return around[starts(length, self.step)[:, None] + np.arange(self.size)]

    def call(self, inputs):
        rows, columns = (self._places(length) for length in inputs.shape[1:3])
        tiles = tf.gather(tf.gather(inputs, rows, axis=1), columns, axis=3)
        return tf.reshape(tf.transpose(tiles, (0, 1, 3, 2, 4, 5)), (-1, self.size, self.size, inputs.shape[3]))

    def compute_output_shape(self, input_shape):
        return (None, self.size, self.size, input_shape[3])

    def get_config(self):
        return {**super().get_config(), "size": self.size, "step": self.step}


@keras.utils.register_keras_serializable("tf_ganaug")
class Stitch(keras.layers.Layer):
    """The centres of `Tiles` put together: (N x tiles, step, step, C) to (N, height, width, C)."""

    def __init__(self, height: int, width: int, **kwargs):
        super().__init__(**kwargs)
        self.height, self.width = height, width

    def call(self, inputs):
        step, maps = inputs.shape[2:]
        down, across = (starts(length, step) for length in (self.height, self.width))
        parted = tf.reshape(inputs, (-1, len(down), len(across), step, step, maps))
        joined = tf.reshape(tf.transpose(parted, (0, 1, 3, 2, 4, 5)), (-1, len(down) * step, len(across) * step, maps))
        rows, columns = (_kept(length, step) for length in (self.height, self.width))
        return tf.gather(tf.gather(joined, rows, axis=1), columns, axis=2)

    def compute_output_shape(self, input_shape):
        return (None, self.height, self.width, input_shape[3])

    def get_config(self):
        return {**super().get_config(), "height": self.height, "width": self.width}


def _kept(length: int, step: int) -> np.ndarray:
    """(length,) which of the joined centres' pixels each pixel is."""
    pixels = np.arange(length)
    tile = pixels // step
    return tile * step + pixels - starts(length, step)[tile]


def extended(network: keras.Model, height: int, width: int) -> keras.Model:
    """A network at a size of its own for images (N, height, width, C) no larger: extended, and the logits cropped."""
    if tuple(network.input_shape[1:3]) == (height, width):
        return network
    images = keras.Input((height, width, network.input_shape[3]), name="images")
    logits = network(Extend(*network.input_shape[1:3])(images))
    return keras.Model(images, logits[:, :height, :width], name=network.name)


def tiled(network: keras.Model, height: int, width: int) -> keras.Model:
    """A network that classifies the centre of square tiles, for images (N, height, width, C) and all their pixels."""
    size, step = network.input_shape[1], network.output_shape[1]
    images = keras.Input((height, width, network.input_shape[3]), name="images")
    logits = Stitch(height, width, dtype="float32")(network(Tiles(size, step, dtype="float32")(images)))
    return keras.Model(images, logits, name=network.name)
