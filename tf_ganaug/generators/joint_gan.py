"""The WGAN-GP of one part of the training data, which makes images and labels together (Neff 2018)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.data.pipeline import real_batches
from tf_ganaug.experiment.subset import Subset
from tf_ganaug.gans.critic_augmentation import CriticAugmentation
from tf_ganaug.gans.joint import JointLayout
from tf_ganaug.gans.previews import pair_previews, show_reals
from tf_ganaug.gans.synthesizer import Synthesizer, freeze_statistics
from tf_ganaug.gans.train import PREVIEWS, Schedule, train_gan
from tf_ganaug.gans.wgan_gp import WganGp
from tf_ganaug.models import dcgan
from tf_ganaug.random import fold as fold_in
from tf_ganaug.random import named_seed
from tf_ganaug.replicas import on_all_devices
from tf_ganaug.run import RunFolder


class JointGan:
    """The subset's GAN: run gan-NAME, with the settings' group `gan`."""

    def __init__(self, subset: Subset):
        self.subset, self.settings = subset, subset.settings

    @property
    def layout(self) -> JointLayout:
        """How image and label share the generator's channels."""
        return JointLayout.of(self.subset.spec, threshold=self.settings.gan.threshold)

    @property
    def seed(self) -> int:
        """Of its start and its draws."""
        return named_seed(self.settings.seed, f"gan-{self.subset.name}")

    def new_gan(self) -> WganGp:
        """The untrained networks."""
        s, seed = self.settings.gan, self.seed
        backend.begin_networks(seed)
        height, width, channels = self.subset.sized.images.shape[1:]
        shape = height, width, channels + self.layout.channels
        with on_all_devices(s.batch):
            generator = dcgan.generator(*shape, s.dim, s.latent_size, s.he)
            critic = dcgan.critic(*shape, s.dim, s.negative_slope, s.he)
            return WganGp(
                generator,
                critic,
                s.batch,
                s.learning_rate,
                s.beta_1,
                s.beta_2,
                s.penalty_weight,
                seed,
                self.settings.jit_compile,
                CriticAugmentation(
                    s.augment,
                    named_seed(seed, "augment"),
                    channels,
                    self.subset.mirrored,
                    s.iterations * s.critic_steps * s.batch,
                ),
            )

    def synthesizer(self) -> Synthesizer:
        """The generator, trained first if that is not done."""
        run = self.subset.run("gan", asdict(self.settings.gan))
        if not run.finished:
            gan = self.subset.compiled(self.new_gan(), "gan")
            seconds = self._train(run, gan)
            if not self.settings.gan.batch_statistics:
                freeze_statistics(gan.generator, self.seed)
            self._wrapped(gan).save(run.path / "synthesizer")
            done = {"iterations": self.settings.gan.iterations, "seconds": seconds}
            run.finish({**done, "training_pairs": len(self.subset.rows)})
        return Synthesizer.load(run.path / "synthesizer")

    def _train(self, run: RunFolder, gan: WganGp) -> float:
        s, pairs = self.settings.gan, self.subset.pairs(self.subset.rows)
        schedule = Schedule.regular(s.iterations, s.log_every, s.preview_every, s.checkpoint_every)
        latents = tf.random.stateless_normal((PREVIEWS, gan.latent_size), fold_in(self.seed, 0, 3))
        # By the batch's own statistics, as training sees them.
        look = pair_previews(run, self.subset.spec, lambda: self.layout.separate(gan.generator(latents, training=True)))
        show_reals(run, pairs, self.subset.spec)

        reals = real_batches(pairs, s.batch, self.seed).map(self.layout.join)
        return train_gan(run, gan.parts(), lambda start: gan.iterations(reals, s.critic_steps, start), look, schedule)

    def step(self) -> Callable[[], int]:
        """A training step; see `Study.steps`."""
        gan, s, pairs = self.new_gan(), self.settings.gan, self.subset.pairs(self.subset.rows)
        # From the second iteration on, the first to have a generator step.
        iterations = gan.iterations(real_batches(pairs, s.batch, 0).map(self.layout.join), s.critic_steps, 1)

        def step() -> int:
            terms, images = next(iterations)
            float(terms["wasserstein"])
            return images

        return step

    def untrained(self) -> Synthesizer:
        """For the benchmark."""
        return self._wrapped(self.new_gan())

    def _wrapped(self, gan: WganGp) -> Synthesizer:
        own = self.settings.gan.batch_statistics
        return Synthesizer.from_generator(gan.generator, self.subset.spec, self.subset.provenance, self.layout, own)
