"""pix2pix: the losses and one training step (Isola 2017), for lesion masks as in Karki 2020, sections 3.1 and 4.2.

Source: affinelayer/pix2pix-tensorflow pix2pix.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import keras
import numpy as np
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.compiled import graph_function
from tf_ganaug.errors import InputError
from tf_ganaug.gans.critic_augmentation import CriticAugmentation
from tf_ganaug.gans.spade import one_hot
from tf_ganaug.models.layers import BatchStatisticsNorm
from tf_ganaug.models.pix2pix import DROPOUT_RATE
from tf_ganaug.random import fold, seed_weight, stream_seed
from tf_ganaug.steps import WHOLE, Learners, Share, Step

#: Added to a probability before its logarithm.
TINY = 1e-12

#: What a pair is enlarged to before it is cropped to its size again: 286 of 256 pixels.
ENLARGED = 286 / 256


def discriminator_loss(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """-mean[log D(x, y) + log(1 - D(x, G(x)))] of the patches' probabilities, each (N, h, w, 1)."""
    return -tf.reduce_mean(tf.math.log(real + TINY) + tf.math.log(1.0 - fake + TINY))


def generator_losses(fake: tf.Tensor, fakes: tf.Tensor, images: tf.Tensor) -> dict[str, tf.Tensor]:
    """-mean log D(x, G(x)), and mean |y - G(x)| without its weight.

    Args:
        fake: the patches' probabilities (N, h, w, 1) for the fakes.
        fakes: (N, H, W, C).
        images: likewise.
    """
    return {
        "generator_gan_loss": -tf.reduce_mean(tf.math.log(fake + TINY)),
        "generator_l1_loss": tf.reduce_mean(tf.abs(images - fakes)),
    }


def coded(labels: tf.Tensor, classes: int) -> tf.Tensor:
    """Class indices (N, H, W) to one channel (N, H, W, 1) float32: class k is 2 k / (classes - 1) - 1.

    Pixels of `IGNORE`, which one channel cannot tell from a class, are as those of class 0.
    """
    indices = tf.where(labels < classes, labels, tf.zeros_like(labels))
    return 2.0 / (classes - 1) * tf.cast(indices, tf.float32)[..., None] - 1.0


def _area_shares(size: int, larger: int) -> np.ndarray:
    """(larger, size): the share of every pixel in each of `larger` pixels that cover the same length."""
    edges, pixel = np.arange(larger + 1) * size / larger, np.arange(size)
    overlap = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return (np.maximum(overlap, 0.0) * larger / size).astype(np.float32)


def jitter(labels: tf.Tensor, images: tf.Tensor, seed: tf.Tensor, share: Share = WHOLE) -> tuple[tf.Tensor, tf.Tensor]:
    """The original's augmentation, drawn pair by pair: mirrored or not, enlarged 256 to 286, cropped to its size.

    Images are resized by area, as in the original; labels take the nearest pixel.

    Args:
        labels: (N, H, W) uint8.
        images: (N, H, W, C) float32.
        seed: (2,) int32; the same seed draws the same.
        share: of a minibatch, which these pairs are.
    """
    count, size = tf.shape(images)[0] * share.of, images.shape[1:3]
    mirrored = share.rows(tf.random.stateless_uniform((count, 1), stream_seed(seed, 0))) < 0.5
    places, shares = [], []
    for axis, side in enumerate(size, 1):
        larger = round(side * ENLARGED)
        first = tf.random.stateless_uniform((count, 1), stream_seed(seed, axis), 0, larger - side + 1, tf.int32)
        kept = share.rows(first) + tf.range(side)
        shares.append(tf.gather(_area_shares(side, larger), kept))
        places.append(tf.gather(((np.arange(larger) + 0.5) * side / larger).astype(np.int32), kept))
    places[1] = tf.where(mirrored, size[1] - 1 - places[1], places[1])
    shares[1] = tf.where(mirrored[..., None], shares[1][..., ::-1], shares[1])
    # As products of matrices, which run compiled on any device; area resizing has a kernel for CPUs only.
    images = tf.einsum("nyi,nijc,nxj->nyxc", shares[0], images, shares[1])
    labels = tf.gather(labels, places[0], axis=1, batch_dims=1)
    return tf.gather(labels, places[1], axis=2, batch_dims=1), images


class Pix2Pix(tf.Module):
    """Both networks with their optimisers, and the compiled step of the published loop.

    Everything random is drawn from (seed, step) or (seed, number of a sample): the same numbers always
    draw the same.

    Args:
        generator: [condition, dropout gates] to images (N, H, W, C), as `models.pix2pix`. Its condition
            has a channel per class, or one, in which classes are coded by their value (`coded`).
        discriminator: [condition, images] to patches' probabilities, as there.
        classes: of the labels, background included.
        seed: of dropout and jitter.
        learning_rate: of both Adam optimisers.
        beta_1: first moment's decay.
        beta_2: second moment's.
        l1_weight: of the L1 loss.
        jitter: whether each pair is mirrored, enlarged and cropped at random (`jitter`).
        jit_compile: XLA.
        augmentation: of all that the discriminator sees, after the jitter; None is without.

    Raises:
        InputError: if the condition's channels do not fit the classes.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        classes: int,
        seed: int,
        learning_rate: float = 2e-4,
        beta_1: float = 0.5,
        beta_2: float = 0.999,
        l1_weight: float = 100.0,
        jitter: bool = True,
        jit_compile: bool = False,
        augmentation: CriticAugmentation | None = None,
    ):
        super().__init__()
        self.augmentation = augmentation or CriticAugmentation()
        self.generator, self.discriminator = generator, discriminator
        self.classes, self.seed, self.l1_weight, self.jitter = classes, seed_weight(seed), l1_weight, jitter
        *size, channels = generator.inputs[0].shape[1:]
        if channels not in (1, classes):
            expected = f"{classes} (one per class) or 1 (coded) for {classes} classes"
            raise InputError("channels of the condition", expected, str(channels), "build the networks for the classes")
        self.encode = coded if channels == 1 else one_hot
        self.generator_optimizer = backend.adam(learning_rate, beta_1, beta_2)
        self.discriminator_optimizer = backend.adam(learning_rate, beta_1, beta_2)
        # Slots must exist before a checkpoint is restored into them.
        self.generator_optimizer.build(generator.trainable_variables)
        self.discriminator_optimizer.build(discriminator.trainable_variables)
        labels = tf.TensorSpec((None, *size), tf.uint8, "labels")
        kinds = [labels, tf.TensorSpec(generator.output_shape, tf.float32, "images"), tf.TensorSpec((), tf.int64)]
        self._step = Step(self._gradients, self._learners, 2, jit_compile, kinds=kinds)
        numbers = tf.TensorSpec((None,), tf.int32, "numbers")
        self.paint, self.paint_frozen = (
            graph_function(partial(self._paint, training=training), [labels, numbers], jit_compile=jit_compile)
            for training in (True, False)
        )
        self.paint_each = graph_function(self._paint_each, [labels, numbers])

    def parts(self) -> tf.train.Checkpoint:
        """What a checkpoint holds: both networks with frozen statistics, both optimisers, the seed."""
        return tf.train.Checkpoint(
            generator=self.generator,
            discriminator=self.discriminator,
            generator_optimizer=self.generator_optimizer,
            discriminator_optimizer=self.discriminator_optimizer,
            seed=self.seed,
            **self.augmentation.parts(),
        )

    def _gates(self, count: int | tf.Tensor, seed: tf.Tensor) -> list[tf.Tensor]:
        """The dropout of `count` images."""
        shapes = [gate.shape[1:] for gate in self.generator.inputs[1:]]
        drawn = [tf.random.stateless_uniform((count, *shape), stream_seed(seed, n)) for n, shape in enumerate(shapes)]
        return [tf.where(draw < DROPOUT_RATE, 0.0, 1.0 / (1.0 - DROPOUT_RATE)) for draw in drawn]

    def _paint(self, labels: tf.Tensor, numbers: tf.Tensor, training: bool) -> tf.Tensor:
        """Images of label maps, with dropout, which the original leaves on.

        `paint` normalises by the statistics of these N images, as the original: an image depends on the others,
        unless it is alone. `paint_frozen` normalises by those of `freeze_statistics`.

        Args:
            labels: (N, H, W) uint8 class indices.
            numbers: (N,) int32 that name each image's dropout: another number is another image.
            training: which of the two.

        Returns:
            (N, H, W, C) float32 in [-1, 1].
        """
        kinds = [tf.float32] * (len(self.generator.inputs) - 1)
        gates = tf.map_fn(lambda n: [gate[0] for gate in self._gates(1, fold(self.seed, n, 2))], numbers, kinds)
        return self.generator([self.encode(labels, self.classes), *gates], training=training)

    def _paint_each(self, labels: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
        """As `paint`, each image alone: normalised by its own statistics, as in training on single images."""

        def one(pair: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
            return self._paint(pair[0][None], pair[1][None], training=True)[0]

        return tf.map_fn(one, (labels, numbers), fn_output_signature=tf.float32)

    def freeze_statistics(self, minibatches: Iterable[tf.Tensor]) -> None:
        """Measures the generator's statistics, for painting without a minibatch's own; the training leaves them.

        They are those of minibatches in training mode, pooled. A norm whose minibatches are single values has only
        ever given its beta, and keeps to that.

        Args:
            minibatches: label maps (N, H, W) uint8, N as in training.
        """
        norms = [layer for layer in self.generator.layers if isinstance(layer, BatchStatisticsNorm)]
        inputs = keras.Model(self.generator.inputs, [layer.input for layer in norms])

        @graph_function(reduce_retracing=True)
        def moments(labels: tf.Tensor, number: tf.Tensor) -> list[tuple[tf.Tensor, tf.Tensor]]:
            gates = self._gates(tf.shape(labels)[0], fold(self.seed, number, 3))
            maps = inputs([self.encode(labels, self.classes), *gates], training=True)
            return [norm.batch_moments(tf.cast(x, tf.float32)) for norm, x in zip(norms, maps)]

        parts, most = [], 0
        for number, labels in enumerate(minibatches):
            parts.append(moments(tf.constant(labels), tf.constant(number)))
            most = max(most, len(labels))
        for norm, measured in zip(norms, zip(*parts)):
            norm.freeze(measured)
            if most * np.prod(norm.input.shape[1:3]) == 1:
                norm.variance.assign(np.full(norm.variance.shape, tf.float32.max))

    def step(self, labels: tf.Tensor, images: tf.Tensor, step: int | tf.Tensor) -> dict[str, tf.Tensor]:
        """An Adam step of both networks: the terms of `_gradients`."""
        return self.augmentation.follow(self._step(labels, images, step), images.shape[0])

    def _learners(self, _: tf.Tensor) -> Learners:
        """The discriminator's Adam makes its step first, then the generator's, both from one pass made before."""
        return [
            (self.discriminator_optimizer, self.discriminator.trainable_variables),
            (self.generator_optimizer, self.generator.trainable_variables),
        ]

    def _gradients(
        self, share: Share, labels: tf.Tensor, images: tf.Tensor, step: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], list]:
        """Of both networks.

        Args:
            share: of the minibatch, which these pairs are.
            labels: (N, H, W) uint8 class indices.
            images: (N, H, W, C) float32 in [-1, 1].
            step: its number, which names its dropout and jitter.

        Returns:
            `discriminator_loss`, `generator_gan_loss` and `generator_l1_loss`, the last without its weight; and the
            gradients.
        """
        if self.jitter:
            labels, images = jitter(labels, images, fold(self.seed, step, 0), share)
        condition = self.encode(labels, self.classes)
        count = tf.shape(labels)[0] * share.of
        gates = map(share.rows, self._gates(count, fold(self.seed, step, 1)))
        change = self.augmentation.drawn(share, count, step, 0)
        with tf.GradientTape(persistent=True) as tape:
            fakes = self.generator([condition, *gates], training=True)
            # Two passes, because the norms use each one's own statistics.
            real, fake = (
                self.discriminator([*self.augmentation.paired(change, condition, shown)], training=True)
                for shown in (images, fakes)
            )
            judged = discriminator_loss(real, fake)
            terms = generator_losses(fake, fakes, images)
            painted = terms["generator_gan_loss"] + self.l1_weight * terms["generator_l1_loss"]
            judged_scaled = backend.scale_loss(self.discriminator_optimizer, judged)
            painted_scaled = backend.scale_loss(self.generator_optimizer, painted)
        # Gradients of both first: the generator's are those of the discriminator that judged.
        sign = self.augmentation.sign(real, fake, 0.5)
        return {"discriminator_loss": judged, **terms, **sign}, [
            tape.gradient(judged_scaled, self.discriminator.trainable_variables),
            tape.gradient(painted_scaled, self.generator.trainable_variables),
        ]
