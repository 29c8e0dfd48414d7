"""A progressive GAN that makes images and labels together (Bowles 2018), of any pairs of one size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.data.grids import pair_grid
from tf_ganaug.data.pairs import Pairs
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.gans.critic_augmentation import CriticAugmentation
from tf_ganaug.gans.label_channels import LabelChannels
from tf_ganaug.gans.pggan_schedule import ProgressiveSchedule
from tf_ganaug.gans.previews import show_reals
from tf_ganaug.gans.progressive import ProgressiveGan
from tf_ganaug.gans.synthesizer import Synthesizer
from tf_ganaug.gans.train import PREVIEWS, Schedule, train_gan
from tf_ganaug.generators.settings import PatchGanSettings
from tf_ganaug.models import pggan
from tf_ganaug.random import named_seed
from tf_ganaug.replicas import on_all_devices
from tf_ganaug.reuse import Reuse
from tf_ganaug.run import RunFolder

#: Steps from -1 to 1 to which the original's data tool rounds every level of detail.
BYTES = 256


def schedule_of(size: int, settings: PatchGanSettings) -> ProgressiveSchedule:
    """In images shown, for the smaller side of the images."""
    minibatch = {4 << level: count for level, count in enumerate(settings.minibatch)}
    images = settings.stable_images, settings.fade_images, settings.total_images
    return ProgressiveSchedule(size, *images, settings.repeats, minibatch, settings.learning_rate)


class JointPggan:
    """The GAN of some pairs, in one run folder.

    Args:
        path: of the run folder; its name and the seed give the GAN's own seed.
        pairs: real ones; sides are powers of two.
        spec: classes of the labels.
        provenance: of the training images.
        settings: of the GAN.
        seed: of the experiment.
        jit_compile: XLA.
        mirrored: whether left and right are alike, so that mirrored pairs may be shown.
        compiled: of the experiment's generators.
    """

    def __init__(
        self,
        path: Path,
        pairs: Pairs,
        spec: LabelSpec,
        provenance: Provenance,
        settings: PatchGanSettings,
        seed: int,
        jit_compile: bool,
        mirrored: bool,
        compiled: Reuse,
    ):
        self.path, self.pairs, self.spec, self.provenance = path, pairs, spec, provenance
        self.settings, self.jit_compile, self.mirrored = settings, jit_compile, mirrored
        self.compiled = compiled
        self.seed = named_seed(seed, path.name)
        self.schedule = schedule_of(min(pairs.shape[:2]), settings)
        self.layout = LabelChannels(len(spec.classes), settings.label_channels == "coded")

    def new(self) -> ProgressiveGan:
        """The untrained GAN."""
        s = self.settings
        backend.begin_networks(self.seed)
        height, width, channels = self.pairs.shape
        shape, widths = (height, width, channels + self.layout.channels), (s.fmap_base, s.fmap_max)
        with on_all_devices(*self.schedule.minibatches):
            return ProgressiveGan(
                pggan.generator(*shape, *widths, s.latent_size, s.noise),
                pggan.critic(*shape, *widths, fused_scale=s.fused_scale),
                pggan.generator(*shape, *widths, s.latent_size, s.noise),
                self.schedule,
                self.seed,
                average_decay=s.average_decay,
                round_levels=BYTES,
                jit_compile=self.jit_compile,
                augmentation=CriticAugmentation(
                    s.augment, named_seed(self.seed, "augment"), channels, self.mirrored, s.total_images
                ),
            )

    def reals(self, position: tf.Tensor, count: int) -> tf.Tensor:
        """The next real pairs as joint images, as the GAN's `RealSource`."""
        # Where the images are: a pair must not move them to another device.
        with tf.device("CPU:0"):
            return self.layout.join(*self.pairs.draw_at(self.seed, position, count))

    @cached_property
    def positions(self) -> list[int]:
        """Images shown before each iteration."""
        return list(self.schedule.positions())

    def train(self, run: RunFolder) -> tuple[Synthesizer, float]:
        """Trains, or continues, and writes the synthesizer; also returns the seconds of training."""
        gan = self.compiled(self.new(), ("pggan", self.pairs.shape))
        seconds = self._train(run, gan)
        made = self._synthesizer(gan)
        made.save(run.path / "synthesizer")
        return made, seconds

    def _train(self, run: RunFolder, gan: ProgressiveGan) -> float:
        s = self.settings
        show_reals(run, self.pairs, self.spec)
        latents = gan.latents(PREVIEWS, tf.constant(0), 3)

        def look(step: int, name: str) -> dict[str, float]:
            images, labels = self.layout.separate(gan.sample(latents))
            run.picture(step, "fakes", pair_grid(images.numpy(), labels.numpy(), self.spec, run.path / f"{name}.png"))
            return {}

        def iterate(start: int) -> Iterator[tuple[dict[str, tf.Tensor], int]]:
            for shown in self.positions[start:]:
                yield gan.step(self.reals, shown)

        schedule = Schedule.regular(len(self.positions), s.log_every, s.preview_every, s.checkpoint_every)
        seconds = train_gan(run, tf.train.Checkpoint(gan=gan.parts()), iterate, look, schedule)
        gan.enter_lod(float(gan.lod.numpy()))  # that of the checkpoint, where all iterations were done before
        return seconds

    def _synthesizer(self, gan: ProgressiveGan) -> Synthesizer:
        sample = gan.sampler()

        def make(latents: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return self.layout.separate(sample(latents))

        return Synthesizer.from_function(make, gan.latent_size, self.spec, self.provenance)

    def step(self) -> Callable[[], int]:
        """For the benchmark: a look at the schedule with its steps, at the full size without a fade."""
        gan = self.new()
        shown = self.schedule.levels * (self.schedule.stable_images + self.schedule.fade_images)

        def step() -> int:
            terms, images = gan.step(self.reals, shown)
            float(terms["wasserstein"])
            return images

        return step
