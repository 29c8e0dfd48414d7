"""Training of the progressive GAN: losses, steps and the published order of both (Karras 2018).

Source: progressive_growing_of_gans loss.py, train.py and tfutil.py; Foroozandeh 2020, section 3.2, for
label maps.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import keras
import tensorflow as tf

from tf_ganaug import backend, replicas
from tf_ganaug.compiled import graph_function
from tf_ganaug.errors import InputError
from tf_ganaug.gans.critic_augmentation import Change, CriticAugmentation, unchanged
from tf_ganaug.gans.pggan_reals import reals_at_level
from tf_ganaug.gans.pggan_schedule import ProgressiveSchedule, Stage
from tf_ganaug.gans.wgan_gp import generator_loss, gradient_norms
from tf_ganaug.models.pggan import ProgressiveNetwork
from tf_ganaug.random import fold, seed_weight
from tf_ganaug.steps import Learners, Share, Step

#: From the number of reals shown before (int64 scalar) and a count to the next reals, (count, H, W, C)
#: float32 in [-1, 1] at full size. The same numbers give the same reals.
RealSource = Callable[[tf.Tensor, int], tf.Tensor]


def critic_loss(
    critic: keras.Model,
    reals: tf.Tensor,
    fakes: tf.Tensor,
    mix: tf.Tensor,
    penalty_weight: float = 10.0,
    drift_weight: float = 1e-3,
    changes: tuple[Change, Change, Change] = (unchanged,) * 3,
) -> dict[str, tf.Tensor]:
    """E[D(fake)] - E[D(real)] + penalty_weight E[(norm of the gradient - 1)^2] + drift_weight E[D(real)^2].

    Reals, fakes and mixtures have a pass each, because a score depends on its minibatch.

    Args:
        critic: (N, H, W, C) to (N,).
        reals: (N, H, W, C) about [-1, 1].
        fakes: of the same shape.
        mix: (N, 1, 1, 1) in [0, 1), one number per sample: x = real + mix (fake - real).
        penalty_weight: lambda of the paper.
        drift_weight: epsilon_drift of the paper.
        changes: of reals, fakes and their mixtures, before the critic sees them.

    Returns:
        Scalars `critic_loss`, `wasserstein` (the estimate E[D(real)] - E[D(fake)]), `penalty` and
        `drift` (both unweighted) and `gradient_norm`, and the vectors `scores_real` and `scores_fake`, each (N,).
    """
    real, fake, mixed = changes
    scores_real, scores_fake = critic(real(reals), training=True), critic(fake(fakes), training=True)
    norms = gradient_norms(critic, reals + mix * (fakes - reals), mixed)
    wasserstein = tf.reduce_mean(scores_real) - tf.reduce_mean(scores_fake)
    penalty, drift = tf.reduce_mean(tf.square(norms - 1.0)), tf.reduce_mean(tf.square(scores_real))
    return {
        "critic_loss": penalty_weight * penalty + drift_weight * drift - wasserstein,
        "wasserstein": wasserstein,
        "penalty": penalty,
        "drift": drift,
        "gradient_norm": tf.reduce_mean(norms),
        "scores_real": scores_real,
        "scores_fake": scores_fake,
    }


def reset_adam(optimizer: keras.optimizers.Optimizer) -> None:
    """Forgets moments and step count; a loss scale stays."""
    adam = getattr(optimizer, "inner_optimizer", optimizer)
    rate = float(adam.learning_rate.numpy())
    for variable in adam.variables:
        variable.assign(tf.zeros(variable.shape, variable.dtype))
    adam.learning_rate = rate  # one of its variables on the current stack


class ProgressiveGan(tf.Module):
    """The networks at all levels with their optimisers, and the published loop.

    Everything random is drawn from (seed, images shown). Only the levels in use are computed and
    moved; each of them, and each fade, is a compiled step of its own.

    Args:
        generator: latents (N, latent size) to images (N, H, W, C).
        critic: images to scores (N,).
        average: like the generator; takes its weights, then follows them. Samples are made by it.
        schedule: images shown to level of detail, minibatch and learning rate.
        penalty_weight: lambda; 10 published.
        drift_weight: epsilon_drift; 0.001 published.
        beta_1: of both Adam optimisers; 0 published.
        beta_2: likewise; 0.99 published.
        average_decay: per critic step; 0.999 published.
        round_levels: see `reals_at_level`.
        seed: of latents and mixes.
        jit_compile: XLA.
        augmentation: of all that the critic sees; None is without.

    Raises:
        InputError: if schedule and networks do not fit.
    """

    def __init__(
        self,
        generator: ProgressiveNetwork,
        critic: ProgressiveNetwork,
        average: ProgressiveNetwork,
        schedule: ProgressiveSchedule,
        seed: int,
        penalty_weight: float = 10.0,
        drift_weight: float = 1e-3,
        beta_1: float = 0.0,
        beta_2: float = 0.99,
        average_decay: float = 0.999,
        round_levels: int | None = None,
        jit_compile: bool = False,
        augmentation: CriticAugmentation | None = None,
    ):
        super().__init__()
        self.augmentation = augmentation or CriticAugmentation()
        self.generator, self.critic, self.average = generator, critic, average
        self.schedule, self.seed, self.round_levels = schedule, seed_weight(seed), round_levels
        self.penalty_weight, self.drift_weight, self.average_decay = penalty_weight, drift_weight, average_decay
        self.latent_size = generator.stable[0].input_shape[-1]
        self._require_fit()
        for ours, theirs in zip(average.trainable_variables, generator.trainable_variables):
            ours.assign(theirs)
        self.lod = tf.Variable(float(schedule.levels), dtype=tf.float64, trainable=False, name="lod")
        self.generator_optimizer = backend.adam(schedule.learning_rate, beta_1, beta_2)
        self.critic_optimizer = backend.adam(schedule.learning_rate, beta_1, beta_2)
        # Slots must exist before a checkpoint is restored into them.
        self.generator_optimizer.build(generator.trainable_variables)
        self.critic_optimizer.build(critic.trainable_variables)
        # One graph per (coarse, fine): both are Python numbers.
        self.critic_step = Step(self._critic_gradients, self._critic_learns, 1, jit_compile, self._follow)
        self.generator_step = Step(self._generator_gradients, self._generator_learns, 0, jit_compile)
        self._compiled_sample = graph_function(self._sample, reduce_retracing=True)

    def _require_fit(self) -> None:
        levels = self.schedule.levels
        for name, network in (("generator", self.generator), ("critic", self.critic), ("average", self.average)):
            if network.top != levels:
                expected = f"{levels + 1} levels, from 4 to {self.schedule.resolution} pixels"
                raise InputError(f"the {name}", expected, str(network.top + 1), "build both for one size")
        group = self.critic.stable[0].get_layer("MinibatchDeviation").group
        for resolution in (4 << level for level in range(levels + 1)):
            count = replicas.sharing(self.schedule.minibatch[resolution])
            if count > group and count % group:
                expected = f"at most {group} or a multiple of {group}"
                raise InputError(f"minibatch at {resolution} pixels", expected, str(count), "mend it")

    def parts(self) -> tf.train.Checkpoint:
        """What a checkpoint holds: all levels of the networks, both optimisers, the level of detail, the seed."""
        networks = {"generator": self.generator, "critic": self.critic, "average": self.average}
        return tf.train.Checkpoint(
            **{name: tf.train.Checkpoint(stable=n.stable, fading=n.fading) for name, n in networks.items()},
            generator_optimizer=self.generator_optimizer,
            critic_optimizer=self.critic_optimizer,
            lod=self.lod,
            seed=self.seed,
            **self.augmentation.parts(),
        )

    def step(self, reals: RealSource, shown: int) -> tuple[dict[str, tf.Tensor], int]:
        """One look at the schedule, then its pairs of a critic step and a generator step.

        Args:
            reals: where real images come from.
            shown: real images shown before.

        Returns:
            The means of the terms of `critic_loss` and of `generator_loss`, with `lod`; and how many
            reals were shown.
        """
        stage = self.schedule.at(shown)
        self._enter(stage)
        levels, pairs = self._levels(), []
        for pair in range(self.schedule.repeats):
            position = tf.constant(shown + pair * stage.minibatch, tf.int64)
            terms = self.critic_step(reals(position, stage.minibatch), position, *levels)
            terms = self.augmentation.follow(terms, stage.minibatch)
            loss = self.generator_step(stage.minibatch, position, *levels)
            pairs.append({**terms, "generator_loss": loss})
        means = {name: tf.add_n([terms[name] for terms in pairs]) / len(pairs) for name in pairs[0]}
        return {**means, "lod": tf.constant(stage.lod)}, len(pairs) * stage.minibatch

    def sample(self, latents: tf.Tensor) -> tf.Tensor:
        """Images of the average generator at the current level of detail, every pixel repeated to full size.

        Args:
            latents: (N, latent size).

        Returns:
            (N, H, W, C) float32, about [-1, 1].
        """
        return self._compiled_sample(tf.convert_to_tensor(latents, tf.float32), *self._levels())

    def sampler(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """What `sample` does at the current level of detail, in float32, for export."""
        coarse, fine = self._levels()
        plain = backend.in_float32(self.average.view(coarse, fine))
        return lambda latents: self._full_size(plain(latents, training=False), fine)

    def latents(self, count: int, position: tf.Tensor, stream: int) -> tf.Tensor:
        """(count, latent size) ~ N(0, 1), a function of seed, images shown and stream."""
        return tf.random.stateless_normal((count, self.latent_size), fold(self.seed, position, stream))

    def _levels(self) -> tuple[int, int]:
        """The coarser and the finer level in use; equal where none fades."""
        lod, top = float(self.lod.numpy()), self.generator.top
        return top - math.ceil(lod), top - math.floor(lod)

    def enter_lod(self, lod: float) -> None:
        """Sets the level of detail of all networks, as `step` does; samples are made there."""
        self.lod.assign(lod)
        for network in (self.generator, self.critic, self.average):
            network.fade.fraction.assign(lod % 1.0)

    def _enter(self, stage: Stage) -> None:
        before = self._levels()
        self.enter_lod(stage.lod)
        levels = self._levels()
        for optimizer in (self.generator_optimizer, self.critic_optimizer):
            optimizer.learning_rate = stage.learning_rate
            if levels != before:
                reset_adam(optimizer)

    def _critic_gradients(
        self, share: Share, reals: tf.Tensor, position: tf.Tensor, coarse: int, fine: int
    ) -> tuple[dict[str, tf.Tensor], list]:
        """On full-size reals (N, H, W, C)."""
        generator, critic = self.generator.view(coarse, fine), self.critic.view(coarse, fine)
        count = reals.shape[0] * share.of
        fraction = None if coarse == fine else tf.convert_to_tensor(self.critic.fade.fraction)
        reals = reals_at_level(reals, self.critic.top - fine, fraction, self.round_levels)
        fakes = generator(share.rows(self.latents(count, position, 0)), training=True)
        mix = share.rows(tf.random.stateless_uniform((count, 1, 1, 1), fold(self.seed, position, 1)))
        changes = tuple(self.augmentation.drawn(share, count, position, stream) for stream in range(3))
        with tf.GradientTape() as tape:
            terms = critic_loss(critic, reals, fakes, mix, self.penalty_weight, self.drift_weight, changes)
            loss = backend.scale_loss(self.critic_optimizer, terms["critic_loss"])
        sign = self.augmentation.sign(terms.pop("scores_real"), terms.pop("scores_fake"))
        return {**terms, **sign}, [tape.gradient(loss, critic.trainable_variables)]

    def _critic_learns(self, _: tf.Tensor, coarse: int, fine: int) -> Learners:
        return [(self.critic_optimizer, self.critic.view(coarse, fine).trainable_variables)]

    def _follow(self, _: tf.Tensor, coarse: int, fine: int) -> None:
        """One step of the average. The original makes it with the critic's: it sees the generator before its own."""
        generator, average = (network.view(coarse, fine) for network in (self.generator, self.average))
        for mean, value in zip(average.trainable_variables, generator.trainable_variables):
            mean.assign(value + (mean - value) * self.average_decay)

    def _generator_gradients(
        self, share: Share, count: int, position: tf.Tensor, coarse: int, fine: int
    ) -> tuple[tf.Tensor, list]:
        """Of fresh fakes; the loss."""
        generator, critic = self.generator.view(coarse, fine), self.critic.view(coarse, fine)
        change = self.augmentation.drawn(share, count, position, 3)
        with tf.GradientTape() as tape:
            fakes = generator(share.rows(self.latents(count, position, 2)), training=True)
            loss = generator_loss(critic, change(fakes))
            scaled = backend.scale_loss(self.generator_optimizer, loss)
        return loss, [tape.gradient(scaled, generator.trainable_variables)]

    def _generator_learns(self, _: tf.Tensor, coarse: int, fine: int) -> Learners:
        return [(self.generator_optimizer, self.generator.view(coarse, fine).trainable_variables)]

    def _sample(self, latents: tf.Tensor, coarse: int, fine: int) -> tf.Tensor:
        return self._full_size(self.average.view(coarse, fine)(latents, training=False), fine)

    def _full_size(self, images: tf.Tensor, fine: int) -> tf.Tensor:
        times = 1 << (self.average.top - fine)
        return tf.repeat(tf.repeat(images, times, axis=1), times, axis=2)
