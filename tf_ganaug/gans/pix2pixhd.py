"""pix2pixHD: the losses, the image pool and one training step (Wang 2018; Liu 2019, section 2.1).

Source: NVIDIA/pix2pixHD models/pix2pixHD_model.py, models/networks.py, util/image_pool.py, train.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import keras
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.compiled import graph_function
from tf_ganaug.errors import InputError
from tf_ganaug.gans.critic_augmentation import Change, CriticAugmentation
from tf_ganaug.gans.perceptual import PerceptualLoss
from tf_ganaug.gans.spade import LinearDecay, Maps, all_scores, feature_matching, one_hot
from tf_ganaug.models.pix2pixhd import enhancer_variables
from tf_ganaug.random import fold, seed_weight, stream_seed
from tf_ganaug.steps import Learners, Share, Step


def least_squares(maps: Maps, target: float) -> tf.Tensor:
    """Mean (D - target)^2 over the patches, summed over the scales."""
    return tf.add_n([tf.reduce_mean(tf.square(scale[-1] - target)) for scale in maps])


def instance_edges(instances: tf.Tensor) -> tf.Tensor:
    """Instance ids (N, H, W) to (N, H, W, 1) float32: 1 where any of the four neighbours has another id."""
    down = tf.pad(instances[:, 1:] != instances[:, :-1], [[0, 0], [1, 1], [0, 0]])
    right = tf.pad(instances[:, :, 1:] != instances[:, :, :-1], [[0, 0], [0, 0], [1, 1]])
    edges = down[:, 1:] | down[:, :-1] | right[:, :, 1:] | right[:, :, :-1]
    return tf.cast(edges, tf.float32)[..., None]


class ImagePool(tf.Module):
    """Fakes of earlier steps, some of which the discriminator sees in the place of new ones.

    The first `size` fakes are stored and returned as they are. Of the later ones half are: the others take
    the place of a stored one, drawn at random, which is returned. A fake comes with its condition.

    Args:
        size: fakes kept.
        condition: shape (H, W, channels) of a condition of zeros and ones.
        image: shape (H, W, C) of a fake.
        seed: of the draws.
    """

    def __init__(self, size: int, condition: tuple[int, ...], image: tuple[int, ...], seed: int):
        super().__init__()
        self.size, self.seed = size, seed_weight(seed)
        self.conditions = tf.Variable(tf.zeros((size, *condition), tf.uint8), trainable=False)
        self.images = tf.Variable(tf.zeros((size, *image)), trainable=False)

    def query(self, condition: tf.Tensor, fakes: tf.Tensor, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The conditions and fakes to judge, (N, H, W, ...) as those that are given.

        Steps must come in order, with N alike: the n-th fake of step s is number s N + n of all.
        """
        chosen = []
        for n in range(fakes.shape[0]):  # one after the other: a fake may draw the one before it
            number = tf.cast(step, tf.int64) * fakes.shape[0] + n
            coin, slot = self._draw(number)
            filling = number < self.size
            slot = tf.where(filling, number, slot)
            old = tf.cast(self.conditions[slot], tf.float32), self.images[slot]
            new = condition[n], fakes[n]
            chosen.append([tf.where(coin & ~filling, stored, fresh) for stored, fresh in zip(old, new)])
            for variable, stored, fresh in zip((self.conditions, self.images), old, new):
                kept = tf.cast(tf.where(coin | filling, fresh, stored), variable.dtype)
                variable.scatter_nd_update([[slot]], [kept])
        conditions, images = zip(*chosen)
        return tf.stack(conditions), tf.stack(images)

    def _draw(self, number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Whether this fake changes places with a stored one, and with which."""
        seed = fold(self.seed, number)
        coin = tf.random.stateless_uniform((), stream_seed(seed, 0)) > 0.5
        return coin, tf.random.stateless_uniform((), stream_seed(seed, 1), 0, self.size, tf.int64)


class Pix2PixHD(tf.Module):
    """Both networks with their optimisers, and the compiled step of the published loop.

    A generator from `local_enhancer` is trained from coarse to fine: first a `global_generator` by a
    Pix2PixHD of its own at half the size, which `models.pix2pixhd.take_over` brings into enhancer and
    discriminator; then `frozen_epochs` in which only the enhancer's own part learns; then all of it.

    Args:
        generator: condition (N, H, W, channels) to images (N, H, W, C), as `models.pix2pixhd`. The condition
            is a channel per class, and with `edges` one more.
        discriminator: [condition, images] to `Maps`, as there.
        decay: the learning rate of both Adam optimisers as a function of the training's steps; in the
            original 2e-4 for 100 epochs, then 100 more down to 0 (50 and 50 for the enhancer).
        seed: of the image pool.
        beta_1: first moment's decay.
        beta_2: second moment's.
        feature_weight: of feature matching.
        perceptual: the VGG loss, which the original adds; None is without.
        perceptual_weight: of that.
        pool_size: fakes that the image pool keeps; 0, as in the original's settings, is without a pool.
        edges: whether the edges of instances are part of the condition. Recombined maps of classes alone have
            no instances (Liu 2019).
        frozen_epochs: in which the global part does not change; the original's scripts have 10.
        jit_compile: XLA.
        augmentation: of all that the discriminator sees; None is without.

    Raises:
        InputError: for frozen epochs of a generator that has no enhancer.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        decay: LinearDecay,
        seed: int,
        beta_1: float = 0.5,
        beta_2: float = 0.999,
        feature_weight: float = 10.0,
        perceptual: PerceptualLoss | None = None,
        perceptual_weight: float = 10.0,
        pool_size: int = 0,
        edges: bool = False,
        frozen_epochs: int = 0,
        jit_compile: bool = False,
        augmentation: CriticAugmentation | None = None,
    ):
        super().__init__()
        self.augmentation = augmentation or CriticAugmentation()
        self.generator, self.discriminator = generator, discriminator
        self.feature_weight = feature_weight
        self.perceptual, self.perceptual_weight = perceptual, perceptual_weight
        *size, channels = generator.input_shape[1:]
        self.edges, self.classes = edges, channels - edges
        self.frozen_steps = frozen_epochs * decay.epoch_steps
        self.pool = ImagePool(pool_size, (*size, channels), generator.output_shape[1:], seed) if pool_size else None
        # A fresh Adam takes over when all of the generator begins to learn, as in the original. It has made
        # no step by then, but its schedule goes on.
        rest = LinearDecay(decay.rate, decay.epoch_steps, decay.constant_epochs - frozen_epochs, decay.decay_epochs)
        self.generator_optimizer = backend.adam(rest, beta_1, beta_2)
        self.discriminator_optimizer = backend.adam(decay, beta_1, beta_2)
        self.enhancer_optimizer = backend.adam(decay, beta_1, beta_2) if frozen_epochs else None
        self._build_slots()
        self._frozen_step, self._whole_step = (
            Step(partial(self._gradients, frozen), partial(self._learners, frozen), 2, jit_compile)
            for frozen in (True, False)
        )
        maps = [tf.TensorSpec((None, *size), tf.uint8, "labels"), tf.TensorSpec((None, *size), tf.int32, "instances")]
        self.paint = graph_function(self._paint, maps[: 1 + edges], jit_compile=jit_compile)

    def _build_slots(self) -> None:
        # Slots must exist before a checkpoint is restored into them.
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)
        if self.enhancer_optimizer:
            variables = enhancer_variables(self.generator)
            if not variables:
                raise InputError("frozen epochs", "a local enhancer to train in them", "none", "choose 0 of them")
            self.enhancer_optimizer.build(variables)

    def parts(self) -> tf.train.Checkpoint:
        """What a checkpoint holds: networks, optimisers, image pool."""
        some = {"enhancer_optimizer": self.enhancer_optimizer, "pool": self.pool}
        return tf.train.Checkpoint(
            generator=self.generator,
            discriminator=self.discriminator,
            generator_optimizer=self.generator_optimizer,
            discriminator_optimizer=self.discriminator_optimizer,
            **{name: part for name, part in some.items() if part},
            **self.augmentation.parts(),
        )

    def _condition(self, labels: tf.Tensor, instances: tf.Tensor | None = None) -> tf.Tensor:
        condition = one_hot(labels, self.classes)
        return tf.concat([condition, instance_edges(instances)], -1) if self.edges else condition

    def painter(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """What `paint` does without instances, in float32, for export."""
        plain = backend.in_float32(self.generator)
        return lambda labels: plain(self._condition(labels, None), training=False)

    def _paint(self, labels: tf.Tensor, instances: tf.Tensor | None = None) -> tf.Tensor:
        """Class indices (N, H, W) uint8 to images (N, H, W, C) in [-1, 1].

        Args:
            labels: `IGNORE` has no class.
            instances: ids (N, H, W) int32; with `edges` only.
        """
        return self.generator(self._condition(labels, instances), training=False)

    def _judge(self, change: Change, *pairs: tuple[tf.Tensor, tf.Tensor]) -> list[Maps]:
        """The discriminator's maps of some (condition, images), changed alike and seen in one minibatch."""
        shown = [self.augmentation.paired(change, *pair) for pair in pairs]
        conditions, images = (tf.concat(part, 0) for part in zip(*shown))
        maps = self.discriminator([conditions, images], training=True)
        maps = maps if isinstance(maps[0], (list, tuple)) else [maps]  # Keras 3 takes a single scale out of its list
        shares = [[tf.split(layer, len(pairs)) for layer in scale] for scale in maps]
        return [[[layer[n] for layer in scale] for scale in shares] for n in range(len(pairs))]

    def step(
        self, labels: tf.Tensor, images: tf.Tensor, step: int, instances: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        """An Adam step of both networks, both from one pass made before.

        Args:
            labels: (N, H, W) uint8 class indices; `IGNORE` has no class.
            images: (N, H, W, C) float32 in [-1, 1].
            step: its number, from 0.
            instances: ids (N, H, W) int32; with `edges` only.

        Returns:
            `generator_gan_loss`, `generator_feature_loss` and, if there is one, `generator_perceptual_loss` with
            their weights; `discriminator_fake_loss` and `discriminator_real_loss`, of which the discriminator
            minimises half the sum.

        Raises:
            InputError: for an image pool where the minibatch is not computed at once.
        """
        train = self._frozen_step if step < self.frozen_steps else self._whole_step
        if self.pool and train.shares(images) > 1:
            expected = "0 where devices or parts share a minibatch: its fakes come one after the other"
            raise InputError("pool_size", expected, str(self.pool.size), "choose one device and no parts, or no pool")
        maps = (labels,) if instances is None else (labels, instances)
        return self.augmentation.follow(train(images, maps, tf.constant(step, tf.int64)), images.shape[0])

    def _learners(self, frozen: bool, _: tf.Tensor) -> Learners:
        optimizer = self.enhancer_optimizer if frozen else self.generator_optimizer
        learning = enhancer_variables(self.generator) if frozen else self.generator.trainable_variables
        return [(optimizer, learning), (self.discriminator_optimizer, self.discriminator.trainable_variables)]

    def _gradients(
        self, frozen: bool, share: Share, images: tf.Tensor, maps: tuple[tf.Tensor, ...], step: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], list]:
        condition = self._condition(*maps)
        (optimizer, learning), (_, judging) = self._learners(frozen, step)
        change = self.augmentation.drawn(share, images.shape[0] * share.of, step, 0)
        with tf.GradientTape(persistent=True) as tape:
            fakes = self.generator(condition, training=True)
            pairs = [(condition, fakes), (condition, images)]
            if self.pool:
                pairs.append(self.pool.query(condition, tf.stop_gradient(fakes), step))
            fake, real, *pooled = self._judge(change, *pairs)
            terms = {
                "generator_gan_loss": least_squares(fake, 1.0),
                "generator_feature_loss": self.feature_weight * feature_matching(fake, real),
            }
            if self.perceptual:
                terms["generator_perceptual_loss"] = self.perceptual_weight * self.perceptual(fakes, images)
            losses = {
                "discriminator_fake_loss": least_squares(pooled[0] if pooled else fake, 0.0),
                "discriminator_real_loss": least_squares(real, 1.0),
            }
            painted = backend.scale_loss(optimizer, tf.add_n(list(terms.values())))
            judged = backend.scale_loss(self.discriminator_optimizer, 0.5 * tf.add_n(list(losses.values())))
        # Gradients of both first: the generator's are those of the discriminator that judged.
        sign = self.augmentation.sign(all_scores(real), all_scores(fake), 0.5)
        return {**terms, **losses, **sign}, [tape.gradient(painted, learning), tape.gradient(judged, judging)]
