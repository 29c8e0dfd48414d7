"""The pix2pix of one part of the training data, which paints label maps (Karki 2020)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.data.pipeline import real_batches
from tf_ganaug.experiment.subset import Subset, chunks
from tf_ganaug.gans.critic_augmentation import CriticAugmentation
from tf_ganaug.gans.drawn_maps import DrawnMaps
from tf_ganaug.gans.pix2pix import Pix2Pix
from tf_ganaug.gans.previews import pair_previews, show_reals
from tf_ganaug.gans.synthesizer import Synthesizer
from tf_ganaug.gans.train import PREVIEWS, Schedule, train_gan
from tf_ganaug.generators.settings import PainterSettings
from tf_ganaug.models import pix2pix
from tf_ganaug.random import named_seed
from tf_ganaug.replicas import on_all_devices
from tf_ganaug.run import RunFolder, whole

#: Images painted in one call where each is normalised by itself.
BATCH = 32


class Pix2PixPainter:
    """The subset's pix2pix: run pix2pix-NAME, which keeps its generator after each of the settings' epochs.

    Args:
        subset: what it may see.
        copies: augmented pairs it also learns from, if any.
    """

    def __init__(self, subset: Subset, copies: Callable[[], Part] | None = None):
        self.subset, self.copies = subset, copies
        self.settings = subset.settings

    def iterations(self, epochs: int) -> int:
        """Of so many epochs over the subset."""
        return iterations(self.settings.painter, len(self.subset.rows), epochs)

    @property
    def seed(self) -> int:
        """Of its start and its draws."""
        return named_seed(self.settings.seed, f"pix2pix-{self.subset.name}")

    def new_gan(self) -> Pix2Pix:
        """The untrained networks."""
        s, seed = self.settings.painter, self.seed
        backend.begin_networks(seed)
        size, classes = self.settings.data.size, len(self.subset.spec.classes)
        condition, channels = (1 if s.coded else classes), self.subset.sized.images.shape[-1]
        with on_all_devices(s.batch):
            return Pix2Pix(
                pix2pix.generator(*size, condition, channels, s.ngf),
                pix2pix.discriminator(*size, condition, channels, s.ndf),
                classes,
                seed,
                s.learning_rate,
                s.beta_1,
                s.beta_2,
                s.l1_weight,
                s.jitter,
                self.settings.jit_compile,
                CriticAugmentation(
                    s.augment,
                    named_seed(seed, "augment"),
                    channels,
                    self.subset.mirrored,
                    self.iterations(max(s.epochs)) * s.batch,
                ),
            )

    # Training

    def trained(self) -> RunFolder:
        """The run of the finished training, which holds the generator of every candidate."""
        s = self.settings.painter
        run = self.subset.run("pix2pix", asdict(s))
        if not run.finished:
            gan, pairs = self.subset.compiled(self.new_gan(), "pix2pix"), len(self.subset.rows)
            seconds = self._train(run, gan)
            run.finish({"iterations": self.iterations(max(s.epochs)), "seconds": seconds, "training_pairs": pairs})
        return run

    def _train(self, run: RunFolder, gan: Pix2Pix) -> float:
        s, spec, rows = self.settings.painter, self.subset.spec, self.subset.rows
        pairs = Pairs([self.subset.real(rows), *self._copies()])
        shown = self.subset.pairs(rows[np.linspace(0, len(rows) - 1, min(PREVIEWS, len(rows))).astype(int)])
        show_reals(run, shown, spec)
        labels = shown.all_labels()
        preview = pair_previews(run, spec, lambda: (gan.paint_each(labels, tf.range(shown.count)), labels))
        candidates = {self.iterations(epochs): epochs for epochs in s.epochs}

        def look(step: int, name: str) -> dict[str, float]:
            if step in candidates:
                gan.generator.save_weights(_weights(run, candidates[step]))
            return preview(step, name)

        def iterate(start: int) -> Iterator[tuple[dict[str, tf.Tensor], int]]:
            batches = real_batches(pairs, s.batch, self.seed).batches(start)
            for step, (images, labels) in enumerate(batches, start):
                yield gan.step(labels, images, tf.constant(step, tf.int64)), s.batch

        end = max(candidates)
        looks = {*range(s.preview_every, end + 1, s.preview_every), *candidates}
        return train_gan(run, gan.parts(), iterate, look, Schedule(end, s.log_every, looks, s.checkpoint_every))

    def _copies(self) -> list[Part]:
        return [self.copies()] if self.copies else []

    def candidate(self, epochs: int) -> Pix2Pix:
        """The networks after so many epochs; only the generator has its weights."""
        run, gan, labels = self.trained(), self.new_gan(), self.subset.sized.labels
        gan.generator.load_weights(whole(_weights(run, epochs)))
        if not self.settings.painter.batch_statistics:
            gan.freeze_statistics(labels[rows] for rows in chunks(self.subset.rows, self.settings.painter.batch))
        return gan

    # Images

    def paint(self, gan: Pix2Pix, labels: np.ndarray, first: int = 0) -> np.ndarray:
        """Label maps (N, H, W) to images (N, H, W, C) in [-1, 1].

        With `batch_statistics` images are normalised as in training: in minibatches of that size.

        Args:
            gan: from `candidate`.
            labels: uint8 class indices.
            first: number of the first; an image's number names its dropout.
        """
        s = self.settings.painter
        paint, batch = self._alone(gan), BATCH
        if s.batch_statistics and s.batch > 1:
            paint, batch = gan.paint, s.batch
        return np.concatenate(
            [
                paint(tf.constant(labels[rows]), tf.constant(first + rows, tf.int32)).numpy()
                for rows in chunks(np.arange(len(labels)), batch)
            ]
        )

    def _alone(self, gan: Pix2Pix) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
        """The way to paint in which no image depends on another."""
        return gan.paint_each if self.settings.painter.batch_statistics else gan.paint_frozen

    def synthesizer(self, epochs: int, maps: np.ndarray) -> Synthesizer:
        """A candidate whose latents choose one of the label maps (N, H, W) and name the dropout of its image."""
        gan, drawn = self.candidate(epochs), DrawnMaps(maps)
        gan.generator = backend.in_float32(gan.generator)
        paint = self._alone(gan)

        def make(latents: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            labels, numbers = drawn.draw(latents)
            return paint(labels, numbers), labels

        data = self.subset
        return Synthesizer.from_function(make, drawn.LATENT_SIZE, data.spec, data.provenance)

    # Estimates and benchmark

    def step(self) -> Callable[[], int]:
        """A training step; see `Study.steps`."""
        gan, batch = self.new_gan(), self.settings.painter.batch
        images, labels = self.subset.pairs(self.subset.rows[:batch]).take(np.arange(min(batch, len(self.subset.rows))))

        def step() -> int:
            float(gan.step(labels, images, tf.constant(0, tf.int64))["generator_l1_loss"])
            return batch

        return step

    def painting(self) -> Callable[[], int]:
        """Painting some masks."""
        gan, labels = self.new_gan(), self.subset.sized.labels[self.subset.rows[:BATCH]]
        return lambda: len(self.paint(gan, labels))


def iterations(settings: PainterSettings, slices: int, epochs: int) -> int:
    """Of so many epochs over so many slices, and their copies where these are learnt from too."""
    return max(1, epochs * slices * (2 if settings.traditional else 1) // settings.batch)


def _weights(run: RunFolder, epochs: int) -> Path:
    return run.path / f"epochs{epochs:03d}.weights.h5"
