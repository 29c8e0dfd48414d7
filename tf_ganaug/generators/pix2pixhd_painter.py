"""pix2pixHD of one data set: trained once, from coarse to fine if asked, and asked for photographs of label maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.augment.standard import Augmentation
from tf_ganaug.data.pairs import Pairs
from tf_ganaug.data.pipeline import Minibatches, real_batches, zipped
from tf_ganaug.experiment.study import Training
from tf_ganaug.experiment.subset import Subset
from tf_ganaug.gans.critic_augmentation import CriticAugmentation
from tf_ganaug.gans.drawn_maps import DrawnMaps
from tf_ganaug.gans.perceptual import PerceptualLoss
from tf_ganaug.gans.pix2pixhd import Pix2PixHD
from tf_ganaug.gans.previews import pair_previews, show_reals
from tf_ganaug.gans.spade import LinearDecay
from tf_ganaug.gans.synthesizer import Synthesizer
from tf_ganaug.gans.train import PREVIEWS, Schedule, train_gan
from tf_ganaug.models import pix2pixhd
from tf_ganaug.random import named_seed
from tf_ganaug.replicas import on_all_devices
from tf_ganaug.run import RunFolder, whole

#: Label maps painted in one call; instance norm keeps them apart.
BATCH = 8


class PhotographPainter:
    """The pix2pixHD of a subset: run pix2pixhd-NAME.

    Args:
        subset: what it learns from.
        coarse: the painter at half the size whose networks a local enhancer begins with; None is a global
            generator alone.
        instances: (N, H, W) int32, ids of the instances of all sized cases, with `painter.edges`.
    """

    def __init__(self, subset: Subset, coarse: PhotographPainter | None = None, instances: np.ndarray | None = None):
        self.subset, self.coarse, self.instances = subset, coarse, instances
        self.settings = subset.settings

    @property
    def _epochs(self) -> tuple[int, int]:
        """At the full learning rate, and those in which it falls."""
        s = self.settings.painter
        return (s.enhancer_epochs, s.enhancer_epochs) if self.coarse else (s.epochs, s.decay_epochs)

    def iterations(self, images: int) -> int:
        """Of the training on so many images."""
        return sum(self._epochs) * self._epoch_steps(images)

    def _epoch_steps(self, images: int) -> int:
        return max(1, images // self.settings.painter.batch)

    def new_gan(self) -> Pix2PixHD:
        """The untrained networks."""
        s, seed = self.settings.painter, named_seed(self.settings.seed, f"pix2pixhd-{self.subset.name}")
        backend.begin_networks(seed)
        height, width, channels = self.subset.sized.images.shape[1:]
        shape = height, width, len(self.subset.spec.classes) + s.edges, channels
        images = self.iterations(len(self.subset.rows)) * s.batch
        with on_all_devices(s.batch):
            if self.coarse:
                generator = pix2pixhd.local_enhancer(*shape, s.ngf // 2, s.downsamplings, s.blocks)
            else:
                generator = pix2pixhd.global_generator(*shape, s.ngf, s.downsamplings, s.blocks)
            discriminator = pix2pixhd.discriminator(*shape, s.ndf, s.scales + bool(self.coarse))
            return Pix2PixHD(
                generator,
                discriminator,
                LinearDecay(s.learning_rate, self._epoch_steps(len(self.subset.rows)), *self._epochs),
                seed,
                s.beta_1,
                s.beta_2,
                perceptual=PerceptualLoss(Path(s.vgg19)) if s.vgg19 else None,
                pool_size=s.pool_size,
                edges=s.edges,
                frozen_epochs=s.frozen_epochs if self.coarse else 0,
                jit_compile=self.settings.jit_compile,
                augmentation=CriticAugmentation(
                    s.augment, named_seed(seed, "augment"), channels, self.subset.mirrored, images
                ),
            )

    @cached_property
    def trained(self) -> Pix2PixHD:
        """The networks, trained first if that is not done; of the discriminator a finished run keeps nothing."""
        run, path = self.subset.run("pix2pixhd", asdict(self.settings.painter)), self.subset.path("pix2pixhd")
        if not run.finished:
            iterations = self.iterations(len(self.subset.rows))
            learning = self._learning()
            seconds = self._train(run, learning, iterations)
            learning.generator.save_weights(path / "generator.weights.h5")
            learning.discriminator.save_weights(path / "discriminator.weights.h5")
            run.finish({"iterations": iterations, "seconds": seconds, "training_pairs": len(self.subset.rows)})
        gan = self.new_gan()
        gan.generator.load_weights(whole(path / "generator.weights.h5"))
        return gan

    def _learning(self) -> Pix2PixHD:
        """The networks at the start of a training."""
        gan = self.new_gan()
        if self.coarse:
            before = self.coarse.trained_with_discriminator()
            pix2pixhd.take_over(gan.generator, before.generator)
            pix2pixhd.take_over(gan.discriminator, before.discriminator)
        kind = self.subset.sized.images.shape[1:], self._epochs, self._epoch_steps(len(self.subset.rows))
        return self.subset.compiled(gan, kind)

    def trained_with_discriminator(self) -> Pix2PixHD:
        """`trained` with both networks' weights."""
        gan = self.trained
        gan.discriminator.load_weights(whole(self.subset.path("pix2pixhd") / "discriminator.weights.h5"))
        return gan

    def _train(self, run: RunFolder, gan: Pix2PixHD, iterations: int) -> float:
        s, rows = self.settings.painter, self.subset.rows
        shown = rows[np.linspace(0, len(rows) - 1, min(PREVIEWS, len(rows))).astype(int)]
        pairs = self.subset.pairs(shown)
        show_reals(run, pairs, self.subset.spec)
        condition = [pairs.all_labels(), *([] if self.instances is None else [tf.constant(self.instances[shown])])]
        look = pair_previews(run, self.subset.spec, lambda: (gan.paint(*condition), condition[0]))

        def iterate(start: int) -> Iterator[tuple[dict[str, tf.Tensor], int]]:
            for step, ((images, labels), *rest) in enumerate(self._batches().batches(start), start):
                yield gan.step(labels, images, step, rest[0][1] if rest else None), s.batch

        schedule = Schedule.regular(iterations, s.log_every, s.preview_every, s.checkpoint_every)
        return train_gan(run, gan.parts(), iterate, look, schedule)

    def _batches(self) -> Minibatches:
        """Endless minibatches: (images, labels), and with edges (images, instances) of the same pairs."""
        s = self.settings.painter
        seed = named_seed(self.settings.seed, f"pix2pixhd-batches-{self.subset.name}")
        mirrored = Augmentation(flip=s.flip)
        real = self.subset.real(self.subset.rows)
        kinds = [real] if self.instances is None else [real, replace(real, labels=self.instances)]
        # The same seed draws the same pairs and mirrors the same ones.
        parts = [Pairs([kind]) for kind in kinds]
        return zipped(*(real_batches(part, s.batch, seed, mirrored) for part in parts))

    def paint(self, labels: np.ndarray, instances: np.ndarray | None = None) -> np.ndarray:
        """Label maps (N, H, W) uint8 to images (N, H, W, C) in [-1, 1]; `instances` with edges only."""
        condition = [labels] if instances is None else [labels, instances]
        return self.trained.paint(*map(tf.constant, condition)).numpy()

    def synthesizer(self, maps: np.ndarray) -> Synthesizer:
        """The trained painter, without edges, whose latents choose one of the label maps (N, H, W)."""
        paint, drawn, data = self.trained.painter(), DrawnMaps(maps), self.subset

        def make(latents: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            labels, _ = drawn.draw(latents)
            return paint(labels), labels

        return Synthesizer.from_function(make, drawn.LATENT_SIZE, data.spec, data.provenance)

    # Estimates and benchmark

    def trainings(self, images: int) -> list[Training]:
        """The trainings on so many images, the coarser first."""
        own = Training(self.subset.path("pix2pixhd").name, self.iterations(images), self.subset.name, self.step)
        return [*(self.coarse.trainings(images) if self.coarse else []), own]

    def step(self) -> Callable[[], int]:
        """A training step on real images."""
        gan, batches = self.new_gan(), iter(self._batches().batches(0))

        def step() -> int:
            (images, labels), *rest = next(batches)
            terms = gan.step(labels, images, gan.frozen_steps, rest[0][1] if rest else None)
            float(terms["generator_gan_loss"])
            return images.shape[0]

        return step

    def painting(self) -> Callable[[], int]:
        """Photographs of some label maps, by untrained networks."""
        gan, rows = self.new_gan(), self.subset.rows[:BATCH]
        maps = [self.subset.sized.labels, *([] if self.instances is None else [self.instances])]
        condition = [tf.constant(one[rows]) for one in maps]
        return lambda: len(gan.paint(*condition).numpy())
