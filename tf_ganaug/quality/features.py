"""What pairs are compared by: how each class looks to a network, and where it lies.

A pair's features are two parts. The first is, for each class, the mean of a network's maps over the class' pixels: an
image that does not show what its label says is far from all that do. The second is the share of each class in each
field of a grid, as a square root, so that a small lesion counts beside a large organ. Both weigh the same: each is
divided by its deviation over the reference images. Naeem 2020 compares by networks of random weights too, where those
that are trained on photographs see nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.compiled import graph_function
from tf_ganaug.data.cases import IGNORE, LabelSpec

#: Fields a side of the grid.
GRID = 8

#: Numbers of a pair's first part at most; more maps are projected at random onto fewer.
NUMBERS = 16384

#: Filters of the layers of a network that has learned nothing, and its seed.
FILTERS, SEED = (32, 64, 128, 256), 0


@dataclass(frozen=True)
class Features:
    """Both parts of N pairs.

    Attributes:
        looks: (N, D) float32.
        places: (N, E) float32.
    """

    looks: np.ndarray
    places: np.ndarray

    def scaled_by(self, reference: Features) -> np.ndarray:
        """(N, D + E): each part less the reference's mean, over its deviation."""
        parts = []
        for own, others in ((self.looks, reference.looks), (self.places, reference.places)):
            middle = others.mean(0)
            deviation = np.sqrt(((others - middle) ** 2).sum(1).mean())
            parts.append((own - middle) / (deviation or 1.0))
        return np.concatenate(parts, 1)


def unlearned(channels: int) -> keras.Model:
    """A network of random weights, the same for all: images of any size to maps of a sixteenth of it, rounded up."""
    backend.begin_networks(SEED)
    images = x = keras.Input((None, None, channels))
    for filters in FILTERS:
        x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer="he_normal")(x)
        x = keras.layers.AveragePooling2D(2, padding="same")(x)
    return keras.Model(images, x, name="unlearned")


def deepest(network: keras.Model) -> keras.Model:
    """A segmenter up to its coarsest maps, the last of them."""
    found = [layer.output for layer in network.layers if len(getattr(layer.output, "shape", ())) == 4]
    sizes = [int(np.prod(maps.shape[1:3])) for maps in found]
    coarsest = len(sizes) - 1 - int(np.argmin(sizes[::-1]))
    return keras.Model(network.inputs, found[coarsest])


def features(network: keras.Model, pairs: Iterable[tuple[tf.Tensor, tf.Tensor]], spec: LabelSpec) -> Features:
    """Of all pairs of all minibatches.

    Pixels without a class, such as the padding around an image, count as background where there is one: a generator
    draws them as that.

    Args:
        network: images to maps (N, h, w, F).
        pairs: images (N, H, W, C) float32 in [-1, 1] with labels (N, H, W) uint8.
        spec: of the labels.
    """
    classes = len(spec.classes)

    @graph_function(reduce_retracing=True)
    def one(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        if spec.background is not None:
            labels = tf.where(labels == IGNORE, tf.cast(spec.background, tf.uint8), labels)
        shares = tf.one_hot(tf.cast(labels, tf.int32), classes)
        maps = _projected(tf.cast(network(images, training=False), tf.float32), classes)
        cells = tf.image.resize(shares, tf.shape(maps)[1:3], "area")
        sums = tf.einsum("nhwk,nhwf->nkf", cells, maps)
        means = tf.math.divide_no_nan(sums, tf.reduce_sum(cells, (1, 2))[..., None])
        places = tf.sqrt(tf.gather(tf.image.resize(shares, (GRID, GRID), "area"), spec.measured, axis=-1))
        return tuple(tf.reshape(part, (tf.shape(images)[0], -1)) for part in (means, places))

    looks, places = zip(*([part.numpy() for part in one(images, labels)] for images, labels in pairs))
    return Features(np.concatenate(looks), np.concatenate(places))


def _projected(maps: tf.Tensor, classes: int) -> tf.Tensor:
    """Maps, no more than keep a pair's features within `NUMBERS`; random directions keep distances nearly."""
    most = max(1, NUMBERS // classes)
    if maps.shape[-1] <= most:
        return maps
    return maps @ (tf.random.stateless_normal((maps.shape[-1], most), (SEED, classes)) / most**0.5)
