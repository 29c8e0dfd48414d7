"""Style transfer by optimisation of the image on VGG-19's features (Gatys 2016; the comparison of Liu 2019, 3.3)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from tf_ganaug.errors import InputError
from tf_ganaug.gans.perceptual import feature_model, is_torchvisions, load_vgg19

#: Layers whose Gram matrices are the style, each with the same weight, and the layer of the content (Gatys 2016, 3).
STYLE_LAYERS = ("block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block5_conv1")
CONTENT_LAYER = "block4_conv2"

#: Of Adam's moments.
BETAS = (0.9, 0.999)

#: Means of blue, green and red that Keras' VGG-19 takes its input without.
MEANS = (103.939, 116.779, 123.68)


class StyleTransfer(tf.Module):
    """Photographs in the style of others; every image of a minibatch is optimised for itself.

    The image begins as the content and follows Adam on

        sum (F - F content)^2 / 2 + style_weight sum over layers of sum (G - G style)^2 / (4 N^2 M^2) / 5,

    F the features (M places, N maps) and G their N x N inner products, float32 whatever the policy. Gatys uses L-BFGS.

    Args:
        weights: HDF5 file of Keras' `VGG19(include_top=False)`.
        iterations: of Adam.
        learning_rate: in grey values, 0 to 255.
        style_weight: against 1 for the content; 1e3 in the paper.

    Raises:
        InputError: if the file is missing or holds other weights, torchvision's among them.
    """

    def __init__(self, weights: Path, iterations: int, learning_rate: float, style_weight: float):
        super().__init__()
        vgg = load_vgg19(weights)
        if is_torchvisions(vgg):
            expected, found = "Keras' own VGG-19 weights (BGR)", "torchvision's (RGB), by the first filter"
            raise InputError(weights, expected, found, "name the file that Keras gives out")
        self.features = feature_model(vgg, (*STYLE_LAYERS, CONTENT_LAYER))
        self.iterations, self.learning_rate, self.style_weight = iterations, learning_rate, style_weight

    def __call__(self, contents: np.ndarray, styles: np.ndarray) -> np.ndarray:
        """Images (N, H, W, C) in [-1, 1] of the contents in the styles, all of one size; C 1 or 3.

        The same images give the same result.
        """
        contents, styles = (tf.constant(images, tf.float32) for images in (contents, styles))
        return self._optimised(contents, styles).numpy()

    @tf.function
    def _optimised(self, contents: tf.Tensor, styles: tf.Tensor) -> tf.Tensor:
        *styled, _ = self.features(_prepared(styles))
        *_, content = self.features(_prepared(contents))
        wanted = [_gram(features) for features in styled]
        images, mean, square = contents, tf.zeros_like(contents), tf.zeros_like(contents)
        for step in tf.range(1.0, self.iterations + 1.0):
            with tf.GradientTape() as tape:
                tape.watch(images)
                loss = self.loss(images, wanted, content)
            gradient = tape.gradient(loss, images)
            mean = BETAS[0] * mean + (1.0 - BETAS[0]) * gradient
            square = BETAS[1] * square + (1.0 - BETAS[1]) * tf.square(gradient)
            root = tf.sqrt(square / (1.0 - BETAS[1] ** step)) + 1e-12
            moved = images - self.learning_rate / 127.5 * mean / (1.0 - BETAS[0] ** step) / root
            images = tf.clip_by_value(moved, -1.0, 1.0)
        return images

    def loss(self, images: tf.Tensor, wanted: list[tf.Tensor], content: tf.Tensor) -> tf.Tensor:
        """Of images in [-1, 1] against Gram matrices by layer and the content's features; summed over the images."""
        *styled, contained = self.features(_prepared(images))
        total = tf.reduce_sum(tf.square(contained - content)) / 2.0
        for features, gram in zip(styled, wanted):
            _, height, width, maps = features.shape
            scale = 4.0 * (float(height * width) * maps) ** 2 * len(STYLE_LAYERS)
            total += self.style_weight * tf.reduce_sum(tf.square(_gram(features) - gram)) / scale
        return total


def _prepared(images: tf.Tensor) -> tf.Tensor:
    """Images (N, H, W, C) in [-1, 1] as VGG-19 takes them: blue, green, red less their means."""
    pixels = (tf.cast(images, tf.float32) + 1.0) * 127.5
    pixels = tf.repeat(pixels, 3, axis=-1) if pixels.shape[-1] == 1 else pixels
    return pixels[..., ::-1] - tf.constant(MEANS)


def _gram(features: tf.Tensor) -> tf.Tensor:
    """(N, H, W, maps) to (N, maps, maps)."""
    return tf.einsum("nhwi,nhwj->nij", features, features)
