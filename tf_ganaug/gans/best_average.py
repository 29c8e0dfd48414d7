"""The progressive GAN's best average weights by a measure taken at every tick (Foroozandeh 2020, section 3.2)."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import tensorflow as tf

from tf_ganaug.files import replacing
from tf_ganaug.gans.progressive import ProgressiveGan


class BestAverage(tf.Module):
    """Remembers the average generator where a distance was lowest; belongs into the GAN's checkpoints.

    Args:
        gan: whose average is remembered.
    """

    def __init__(self, gan: ProgressiveGan):
        super().__init__()
        self._gan = gan
        self.weights = [tf.Variable(v, trainable=False) for v in gan.average.trainable_variables]
        self.lod = tf.Variable(gan.lod, trainable=False)
        self.distance = tf.Variable(math.inf, trainable=False)
        self.images = tf.Variable(0, dtype=tf.int64, trainable=False)

    def keep_if_best(self, distance: float, images: int) -> bool:
        """Remembers the average as it is if the distance is a new minimum."""
        if not distance < float(self.distance):
            return False
        for kept, weight in zip(self.weights, self._gan.average.trainable_variables):
            kept.assign(weight)
        self.lod.assign(self._gan.lod)
        self.distance.assign(distance)
        self.images.assign(images)
        return True

    def save(self, path: Path) -> None:
        """Writes the remembered weights, whole or not at all."""
        arrays = {f"w{number}": weight.numpy() for number, weight in enumerate(self.weights)}
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, lod=self.lod.numpy(), **arrays)

    def restore(self, path: Path) -> None:
        """Gives the GAN's average the weights that `save` wrote, and their level of detail."""
        with np.load(path) as stored:
            for number, weight in enumerate(self._gan.average.trainable_variables):
                weight.assign(stored[f"w{number}"])
            self._gan.enter_lod(float(stored["lod"]))
