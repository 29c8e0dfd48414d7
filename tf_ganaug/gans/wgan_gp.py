"""WGAN-GP: the losses and one training iteration (Gulrajani 2017; Neff 2018, section II.B).

Source: improved_wgan_training gan_64x64.py, MODE wgan-gp.
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.data.pipeline import Minibatches
from tf_ganaug.gans.critic_augmentation import Change, CriticAugmentation, unchanged
from tf_ganaug.random import fold, seed_weight
from tf_ganaug.steps import Share, Step

#: Added under the square root of the gradient norm, whose own gradient is infinite at 0.
TINY = 1e-12

#: Brings float16 input gradients into the format's range; float32 and bfloat16 do not need it.
FLOAT16_SCALE = 128.0


def gradient_norms(critic: keras.Model, images: tf.Tensor, change: Change = unchanged) -> tf.Tensor:
    """Euclidean norm of each score's gradient by its own image, over all pixels and channels.

    Args:
        critic: (N, H, W, C) to (N,).
        images: (N, H, W, C) float32, or float64 as the critic.
        change: of what the critic sees; the gradient is by the images before it, as in Karras 2020.

    Returns:
        (N,) of the images' type.
    """
    scale = FLOAT16_SCALE if critic.compute_dtype == "float16" else 1.0
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(critic(change(images), training=True)) * scale
    gradient = tape.gradient(total, images) / scale
    return tf.sqrt(tf.reduce_sum(tf.square(gradient), axis=[1, 2, 3]) + TINY)


def critic_loss(
    critic: keras.Model,
    reals: tf.Tensor,
    fakes: tf.Tensor,
    mix: tf.Tensor,
    penalty_weight: float = 10.0,
    changes: tuple[Change, Change, Change] = (unchanged,) * 3,
) -> dict[str, tf.Tensor]:
    """E[D(fake)] - E[D(real)] + penalty_weight E[(norm of the gradient - 1)^2].

    Reals and fakes share one pass, which is exact because nothing in the critic mixes samples.

    Args:
        critic: (N, H, W, C) to (N,).
        reals: (N, H, W, C) in [-1, 1].
        fakes: of the same shape.
        mix: (N, 1, 1, 1) in [0, 1), one number per sample: x = real + mix (fake - real).
        penalty_weight: lambda of the paper.
        changes: of reals, fakes and their mixtures, before the critic sees them.

    Returns:
        Scalars `critic_loss`, `wasserstein` (the estimate E[D(real)] - E[D(fake)]), `penalty`
        (unweighted) and `gradient_norm`, and the vectors `scores_real`, `scores_fake` and
        `gradient_norms`, each (N,).
    """
    real, fake, mixed = changes
    scores_real, scores_fake = tf.split(critic(tf.concat([real(reals), fake(fakes)], 0), training=True), 2)
    norms = gradient_norms(critic, reals + mix * (fakes - reals), mixed)
    wasserstein = tf.reduce_mean(scores_real) - tf.reduce_mean(scores_fake)
    penalty = tf.reduce_mean(tf.square(norms - 1.0))
    return {
        "critic_loss": penalty_weight * penalty - wasserstein,
        "wasserstein": wasserstein,
        "penalty": penalty,
        "gradient_norm": tf.reduce_mean(norms),
        "scores_real": scores_real,
        "scores_fake": scores_fake,
        "gradient_norms": norms,
    }


def generator_loss(critic: keras.Model, fakes: tf.Tensor) -> tf.Tensor:
    """-E[D(fake)]."""
    return -tf.reduce_mean(critic(fakes, training=True))


class WganGp(tf.Module):
    """Both networks with their optimisers, and the two compiled steps of the published loop.

    Everything random in a step is drawn from (seed, step): the same step always does the same.

    Args:
        generator: latents (N, latent size) to images (N, H, W, C).
        critic: images to scores (N,).
        batch: minibatch of the generator step; the critic step's is that of its reals.
        learning_rate: of both Adam optimisers.
        beta_1: first moment's decay.
        beta_2: second moment's decay.
        penalty_weight: lambda.
        seed: of latents and mixes.
        jit_compile: XLA; three to five times slower on a CPU.
        augmentation: of all that the critic sees; None is without.
    """

    def __init__(
        self,
        generator: keras.Model,
        critic: keras.Model,
        batch: int,
        learning_rate: float,
        beta_1: float,
        beta_2: float,
        penalty_weight: float,
        seed: int,
        jit_compile: bool = False,
        augmentation: CriticAugmentation | None = None,
    ):
        super().__init__()
        self.augmentation = augmentation or CriticAugmentation()
        self.generator, self.critic = generator, critic
        self.batch, self.penalty_weight, self.seed = batch, penalty_weight, seed_weight(seed)
        self.latent_size = generator.input_shape[-1]
        self.generator_optimizer = backend.adam(learning_rate, beta_1, beta_2)
        self.critic_optimizer = backend.adam(learning_rate, beta_1, beta_2)
        # Slots must exist before a checkpoint is restored into them.
        self.generator_optimizer.build(generator.trainable_variables)
        self.critic_optimizer.build(critic.trainable_variables)
        self.critic_step = Step(
            self._critic_gradients, lambda *_: [(self.critic_optimizer, critic.trainable_variables)], 1, jit_compile
        )
        self._generator_step = Step(
            self._generator_gradients,
            lambda *_: [(self.generator_optimizer, generator.trainable_variables)],
            0,
            jit_compile,
        )

    def parts(self) -> tf.train.Checkpoint:
        """What a checkpoint holds: both networks and both optimisers, the seed, and the augmentation."""
        return tf.train.Checkpoint(
            generator=self.generator,
            critic=self.critic,
            generator_optimizer=self.generator_optimizer,
            critic_optimizer=self.critic_optimizer,
            seed=self.seed,
            **self.augmentation.parts(),
        )

    def iterations(
        self, reals: Minibatches, critic_steps: int, start: int
    ) -> Iterator[tuple[dict[str, tf.Tensor], int]]:
        """The published loop from iteration `start` on, for `gans.train.train_gan`.

        An iteration is a generator step (none in the first), then the critic steps, each on a fresh
        real minibatch and fresh noise. It yields the last critic step's terms and the generator's loss.

        Args:
            reals: the minibatch of each critic step.
            critic_steps: for one generator step.
            start: number of the first iteration.
        """
        step = start * critic_steps
        batches = reals.batches(step)
        while True:
            terms = self.generator_step(tf.constant(step // critic_steps, tf.int64)) if step else {}
            images = 0
            for _ in range(critic_steps):
                minibatch = next(batches)
                images += minibatch.shape[0]
                critic_terms = self.critic_step(minibatch, tf.constant(step, tf.int64))
                critic_terms = self.augmentation.follow(critic_terms, minibatch.shape[0])
                step += 1
            yield {**terms, **critic_terms}, images

    def latents(self, count: int, step: tf.Tensor, stream: int) -> tf.Tensor:
        """(count, latent size) ~ N(0, 1), a function of seed, step and stream."""
        return tf.random.stateless_normal((count, self.latent_size), fold(self.seed, step, stream))

    def generator_step(self, step: tf.Tensor) -> dict[str, tf.Tensor]:
        """One Adam step of the generator: its loss."""
        return self._generator_step(self.batch, step)

    def _critic_gradients(self, share: Share, reals: tf.Tensor, step: tf.Tensor) -> tuple[dict[str, tf.Tensor], list]:
        """On reals (N, H, W, C) and as many fresh fakes."""
        count = reals.shape[0] * share.of
        fakes = self.generator(share.rows(self.latents(count, step, 0)), training=True)
        mix = share.rows(tf.random.stateless_uniform((count, 1, 1, 1), fold(self.seed, step, 1)))
        changes = tuple(self.augmentation.drawn(share, count, step, stream) for stream in range(3))
        with tf.GradientTape() as tape:
            terms = critic_loss(self.critic, reals, fakes, mix, self.penalty_weight, changes)
            loss = backend.scale_loss(self.critic_optimizer, terms["critic_loss"])
        gradients = tape.gradient(loss, self.critic.trainable_variables)
        means = {name: tf.reduce_mean(value) for name, value in terms.items() if name != "gradient_norms"}
        sign = self.augmentation.sign(terms["scores_real"], terms["scores_fake"])
        return {**means, **sign}, [gradients]

    def _generator_gradients(self, share: Share, count: int, step: tf.Tensor) -> tuple[dict[str, tf.Tensor], list]:
        change = self.augmentation.drawn(share, count, step, 3)
        with tf.GradientTape() as tape:
            fakes = self.generator(share.rows(self.latents(count, step, 2)), training=True)
            loss = generator_loss(self.critic, change(fakes))
            scaled = backend.scale_loss(self.generator_optimizer, loss)
        return {"generator_loss": loss}, [tape.gradient(scaled, self.generator.trainable_variables)]
