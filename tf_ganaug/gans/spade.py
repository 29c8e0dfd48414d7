"""SPADE: the losses and one training step (Park 2019; Foroozandeh & Eklund 2020, section 3.3).

Source: NVlabs/SPADE models/networks/loss.py, models/pix2pix_model.py, trainers/pix2pix_trainer.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.compiled import graph_function
from tf_ganaug.gans.critic_augmentation import Change, CriticAugmentation
from tf_ganaug.gans.perceptual import PerceptualLoss
from tf_ganaug.steps import Share, Step

#: The discriminator's maps, by scale and layer; the last of each scale are the patches' scores.
Maps = Sequence[Sequence[tf.Tensor]]


def one_hot(labels: tf.Tensor, classes: int) -> tf.Tensor:
    """Class indices (N, H, W) to (N, H, W, classes) float32; `IGNORE` becomes zero in every channel."""
    return tf.one_hot(tf.cast(labels, tf.int32), classes)


def _scores(maps: Maps) -> list[tf.Tensor]:
    return [scale[-1] for scale in maps]


def all_scores(maps: Maps) -> tf.Tensor:
    """The scores of all patches, of all scales in one row, float32."""
    return tf.concat([tf.reshape(tf.cast(scores, tf.float32), [-1]) for scores in _scores(maps)], 0)


def _mean_over_scales(values: Sequence[tf.Tensor]) -> tf.Tensor:
    return tf.add_n(list(values)) / len(values)


def discriminator_losses(fakes: Maps, reals: Maps) -> dict[str, tf.Tensor]:
    """The hinge loss: mean relu(1 + D(fake)) and mean relu(1 - D(real)), each averaged over the scales.

    Their sum is what the discriminator minimises.
    """
    return {
        "discriminator_fake_loss": _mean_over_scales([tf.reduce_mean(tf.nn.relu(1.0 + s)) for s in _scores(fakes)]),
        "discriminator_real_loss": _mean_over_scales([tf.reduce_mean(tf.nn.relu(1.0 - s)) for s in _scores(reals)]),
    }


def generator_loss(fakes: Maps) -> tf.Tensor:
    """-mean D(fake), averaged over the scales."""
    return -_mean_over_scales([tf.reduce_mean(scores) for scores in _scores(fakes)])


def feature_matching(fakes: Maps, reals: Maps) -> tf.Tensor:
    """Mean |fake - real|, summed over all maps but the scores, averaged over the scales.

    No gradient reaches the real maps.
    """

    def distance(fake: tf.Tensor, real: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(tf.abs(tf.cast(fake, tf.float32) - tf.stop_gradient(tf.cast(real, tf.float32))))

    return _mean_over_scales([tf.add_n([*map(distance, f[:-1], r[:-1])]) for f, r in zip(fakes, reals)])


class LinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """The original's schedule, a function of an optimiser's steps: constant, then falling epoch by epoch.

    Epoch e (from 0) has rate (1 - max(0, e - constant_epochs) / decay_epochs): the first to be lower is the
    second after the constant ones, as in the original, and the rate would reach 0 in the one after the last.

    Args:
        rate: at the start.
        epoch_steps: steps in an epoch.
        constant_epochs: epochs at `rate`.
        decay_epochs: epochs after those, at least 1.
    """

    def __init__(self, rate: float, epoch_steps: int, constant_epochs: int, decay_epochs: int):
        self.rate, self.epoch_steps = rate, epoch_steps
        self.constant_epochs, self.decay_epochs = constant_epochs, decay_epochs

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        epoch = tf.cast(step // self.epoch_steps, tf.float32)
        fallen = tf.maximum(epoch - self.constant_epochs, 0.0) / self.decay_epochs
        return self.rate * tf.maximum(1.0 - fallen, 0.0)


class Spade(tf.Module):
    """Both networks with their optimisers, and the compiled step of the published loop.

    Nothing in a step is random but the augmentation of what the discriminator sees.

    Args:
        generator: one-hot labels (N, H, W, classes) to images (N, H, W, C), as `models.spade`.
        discriminator: [one-hot labels, images] to `Maps`, as `models.patch_discriminator`.
        generator_rate: learning rate of the generator's Adam, or its schedule (`LinearDecay`).
        discriminator_rate: of the discriminator's.
        beta_1: first moment's decay of both.
        beta_2: second moment's.
        feature_weight: of feature matching.
        perceptual: the VGG loss, which is then part of the generator's; None is without, as in
            Foroozandeh & Eklund (2020).
        perceptual_weight: of that.
        jit_compile: XLA.
        augmentation: of all that the discriminator sees; None is without.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        generator_rate: float | keras.optimizers.schedules.LearningRateSchedule = 1e-4,
        discriminator_rate: float | keras.optimizers.schedules.LearningRateSchedule = 4e-4,
        beta_1: float = 0.0,
        beta_2: float = 0.9,
        feature_weight: float = 10.0,
        perceptual: PerceptualLoss | None = None,
        perceptual_weight: float = 10.0,
        jit_compile: bool = False,
        augmentation: CriticAugmentation | None = None,
    ):
        super().__init__()
        self.augmentation = augmentation or CriticAugmentation()
        self.generator, self.discriminator = generator, discriminator
        self.feature_weight = feature_weight
        self.perceptual, self.perceptual_weight = perceptual, perceptual_weight
        *size, self.classes = generator.input_shape[1:]
        self.generator_optimizer = backend.adam(generator_rate, beta_1, beta_2)
        self.discriminator_optimizer = backend.adam(discriminator_rate, beta_1, beta_2)
        # Slots must exist before a checkpoint is restored into them.
        self.generator_optimizer.build(generator.trainable_variables)
        self.discriminator_optimizer.build(discriminator.trainable_variables)
        self._generator_step, self._discriminator_step = (
            Step(gradients, lambda _, network=network, of=of: [(of, network.trainable_variables)], 2, jit_compile)
            for gradients, network, of in (
                (self._generator_gradients, generator, self.generator_optimizer),
                (self._discriminator_gradients, discriminator, self.discriminator_optimizer),
            )
        )
        labels = tf.TensorSpec((None, *size), tf.uint8, "labels")
        self.paint = graph_function(self._paint, [labels], jit_compile=jit_compile)

    def parts(self) -> tf.train.Checkpoint:
        """What a checkpoint holds: networks with spectral vectors and running statistics, optimisers."""
        return tf.train.Checkpoint(
            generator=self.generator,
            discriminator=self.discriminator,
            generator_optimizer=self.generator_optimizer,
            discriminator_optimizer=self.discriminator_optimizer,
            **self.augmentation.parts(),
        )

    def _paint(self, labels: tf.Tensor) -> tf.Tensor:
        """Class indices (N, H, W) uint8 to images (N, H, W, C) in [-1, 1], by the running statistics."""
        return self.generator(one_hot(labels, self.classes), training=False)

    def _judge(self, change: Change, condition: tf.Tensor, fakes: tf.Tensor, reals: tf.Tensor) -> tuple[Maps, Maps]:
        """The discriminator's maps of fakes and reals, changed alike, which pass through it in one minibatch."""
        pairs = [self.augmentation.paired(change, condition, images) for images in (fakes, reals)]
        maps = self.discriminator([tf.concat(part, 0) for part in zip(*pairs)], training=True)
        halves = [[tf.split(layer, 2) for layer in scale] for scale in maps]
        return tuple([[layer[part] for layer in scale] for scale in halves] for part in (0, 1))

    def step(self, labels: tf.Tensor, images: tf.Tensor, step: int | tf.Tensor) -> dict[str, tf.Tensor]:
        """An Adam step of the generator, then one of the discriminator on the same minibatch.

        Args:
            labels: (N, H, W) uint8 class indices; `IGNORE` has no class.
            images: (N, H, W, C) float32 in [-1, 1].
            step: its number, which names its augmentation.

        Returns:
            The loss terms, with their weights: `generator_gan_loss`, `generator_feature_loss`,
            `generator_perceptual_loss` if there is one, `discriminator_fake_loss`, `discriminator_real_loss`.
        """
        step = tf.convert_to_tensor(step, tf.int64)
        terms = {**self._generator_step(labels, images, step), **self._discriminator_step(labels, images, step)}
        return self.augmentation.follow(terms, images.shape[0])

    def _generator_gradients(
        self, share: Share, labels: tf.Tensor, images: tf.Tensor, step: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], list]:
        condition = one_hot(labels, self.classes)
        change = self.augmentation.drawn(share, tf.shape(labels)[0] * share.of, step, 0)
        with tf.GradientTape() as tape:
            fakes = self.generator(condition, training=True)
            maps = self._judge(change, condition, fakes, images)
            terms = {
                "generator_gan_loss": generator_loss(maps[0]),
                "generator_feature_loss": self.feature_weight * feature_matching(*maps),
            }
            if self.perceptual:
                terms["generator_perceptual_loss"] = self.perceptual_weight * self.perceptual(fakes, images)
            loss = backend.scale_loss(self.generator_optimizer, tf.add_n(list(terms.values())))
        return terms, [tape.gradient(loss, self.generator.trainable_variables)]

    def _discriminator_gradients(
        self, share: Share, labels: tf.Tensor, images: tf.Tensor, step: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], list]:
        condition = one_hot(labels, self.classes)
        change = self.augmentation.drawn(share, tf.shape(labels)[0] * share.of, step, 1)
        # The original makes the fake anew, in training mode: the running statistics move a second time.
        fakes = self.generator(condition, training=True)
        with tf.GradientTape() as tape:
            fake, real = self._judge(change, condition, fakes, images)
            losses = discriminator_losses(fake, real)
            loss = backend.scale_loss(self.discriminator_optimizer, tf.add_n(list(losses.values())))
        # The hinge has its zero between both.
        sign = self.augmentation.sign(all_scores(real), all_scores(fake), 0.0)
        return {**losses, **sign}, [tape.gradient(loss, self.discriminator.trainable_variables)]
