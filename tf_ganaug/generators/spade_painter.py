"""Second half of a chain: SPADE learns to paint label maps, and paints those that the screen kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

import numpy as np
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.data.arrays import NewArray
from tf_ganaug.data.mapped import open_array
from tf_ganaug.data.pipeline import real_batches
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.subset import Subset
from tf_ganaug.files import replacing
from tf_ganaug.gans.critic_augmentation import CriticAugmentation
from tf_ganaug.gans.perceptual import PerceptualLoss
from tf_ganaug.gans.pggan_reals import to_labels
from tf_ganaug.gans.previews import pair_previews, show_reals
from tf_ganaug.gans.spade import LinearDecay, Spade, one_hot
from tf_ganaug.gans.synthesizer import Synthesizer
from tf_ganaug.gans.train import PREVIEWS, Schedule, train_gan
from tf_ganaug.generators.map_maker import BATCH, MapMaker, progress
from tf_ganaug.models import spade
from tf_ganaug.models.patch_discriminator import discriminator
from tf_ganaug.random import named_seed
from tf_ganaug.replicas import on_all_devices
from tf_ganaug.run import RunFolder, whole


class Painter:
    """The chain's SPADE and its images: runs spade-NAME and images-NAME.

    Args:
        data: what the chain may see.
        maker: of its label maps.
    """

    def __init__(self, data: Subset, maker: MapMaker):
        self.data, self.maker, self.settings = data, maker, data.settings

    @property
    def epoch_steps(self) -> int:
        """Minibatches in an epoch; the original drops an incomplete last one."""
        return max(1, len(self.data.rows) // self.settings.spade.batch)

    def iterations(self, chain: str, slices: int) -> int:
        """Of a chain's training: as many more epochs on fewer slices as show as many images (3.3)."""
        s = self.settings.spade
        epochs = s.epochs if chain == "full" else s.reduced_epochs
        return (epochs + s.decay_epochs) * max(1, slices // s.batch)

    @property
    def _fall(self) -> tuple[int, int]:
        """Steps in an epoch, and epochs before the learning rates fall, where they do."""
        s = self.settings.spade
        return self.epoch_steps, s.epochs if self.data.name == "full" else s.reduced_epochs

    def new_spade(self) -> Spade:
        """The untrained networks."""
        s, seed = self.settings.spade, named_seed(self.settings.seed, f"spade-{self.data.name}")
        backend.begin_networks(seed)
        size, classes = self.settings.data.size, len(self.data.spec.classes)
        channels = self.data.sized.images.shape[-1]

        def rate(value: float) -> float | LinearDecay:
            return LinearDecay(value, *self._fall, s.decay_epochs) if s.decay_epochs else value

        shown = self.iterations(self.data.name, len(self.data.rows)) * s.batch
        with on_all_devices(s.batch):
            return Spade(
                spade.generator(*size, classes, channels, s.ngf, s.upsamplings, s.hidden),
                discriminator(*size, classes, channels, s.ndf),
                rate(s.generator_rate),
                rate(s.discriminator_rate),
                s.beta_1,
                s.beta_2,
                perceptual=PerceptualLoss(Path(s.vgg19)) if s.vgg19 else None,
                jit_compile=self.settings.jit_compile,
                augmentation=CriticAugmentation(
                    s.augment, named_seed(seed, "augment"), channels, self.data.mirrored, shown
                ),
            )

    @cached_property
    def trained(self) -> Spade:
        """SPADE at the end of its training, trained first if that is not done (3.3: the final weights)."""
        run = self.data.run("spade", asdict(self.settings.spade))
        if not run.finished:
            iterations = self.iterations(self.data.name, len(self.data.rows))
            kind = "spade", self._fall if self.settings.spade.decay_epochs else None
            learning = self.data.compiled(self.new_spade(), kind)
            seconds = self._train(run, learning, iterations)
            learning.generator.save_weights(run.path / "generator.weights.h5")
            run.finish({"iterations": iterations, "seconds": seconds, "training_pairs": len(self.data.rows)})
        gan = self.new_spade()
        gan.generator.load_weights(whole(run.path / "generator.weights.h5"))
        return gan

    def _train(self, run: RunFolder, gan: Spade, iterations: int) -> float:
        s, spec = self.settings.spade, self.data.spec
        pairs = self.data.pairs(self.data.rows)
        seed = named_seed(self.settings.seed, f"spade-batches-{self.data.name}")
        # Slices that show something: the first of a volume are black.
        shown = self.data.pairs(self.maker.filled[:PREVIEWS])
        show_reals(run, shown, spec)
        labels = shown.all_labels()
        look = pair_previews(run, spec, lambda: (gan.paint(labels), labels))

        def iterate(start: int) -> Iterator[tuple[dict[str, tf.Tensor], int]]:
            for step, (images, labels) in enumerate(real_batches(pairs, s.batch, seed).batches(start), start):
                yield gan.step(labels, images, step), s.batch

        schedule = Schedule.regular(iterations, s.log_every, s.preview_every, s.checkpoint_every)
        return train_gan(run, gan.parts(), iterate, look, schedule)

    def images(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """The first `count` kept maps and their images, painted first if that is not done.

        Returns:
            Images (count, H, W, C) in the stored type and range, memory-mapped, and labels (count, H, W).

        Raises:
            InputError: if the screen kept fewer.
        """
        maps = self.maker.maps()
        kept = maps.screen.kept
        if len(kept) < count:
            raise InputError(
                self.data.path("maps"),
                f"{count} label maps after the screen",
                f"{len(kept)} of {len(maps.labels)}",
                "raise screen.maps, or screen.threshold",
            )
        run = self.data.run("images", {"count": count})
        path = run.path / "images.npy"
        if not run.finished:
            stored = self.data.sized.images
            shape = (count, *stored.shape[1:])
            with replacing(path) as temporary, NewArray(temporary, stored.dtype, shape) as images:
                for painted in progress(self._painted(kept[:count]), count, path.parent.name):
                    images.append(self.data.provenance.to_stored(painted))
            self.synthesizer()
            run.finish({"images": count})
        return open_array(whole(path)), maps.labels[kept[:count]]

    def _painted(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        labels = self.maker.maps().labels
        for first in range(0, len(rows), BATCH):
            yield self.paint(labels[rows[first : first + BATCH]])

    def paint(self, labels: np.ndarray) -> np.ndarray:
        """Label maps (N, H, W) to images (N, H, W, C) in [-1, 1]."""
        return self.trained.paint(tf.constant(labels)).numpy()

    def synthesizer(self) -> Synthesizer:
        """Both GANs as one way from noise to pairs; not screened."""
        place = self.data.path("spade") / "synthesizer"
        if not (place / "metadata.json").exists():
            pggan, painter = self.maker.trained_pggan(), backend.in_float32(self.trained.generator)
            draw = pggan.sampler()
            classes = len(self.data.spec.classes)

            def make(latents: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                labels = to_labels(draw(latents), classes)
                return painter(one_hot(labels, classes), training=False), labels

            made = Synthesizer.from_function(make, pggan.latent_size, self.data.spec, self.data.provenance)
            made.save(place)
        return Synthesizer.load(place)

    def step(self) -> Callable[[], int]:
        """A training step on the first slices; see `Study.steps`."""
        gan, batch = self.new_spade(), self.settings.spade.batch
        images, labels = self.data.pairs(self.data.rows[:batch]).take(np.arange(min(batch, len(self.data.rows))))

        def step() -> int:
            float(gan.step(labels, images, 0)["generator_gan_loss"])
            return batch

        return step

    def painting(self) -> Callable[[], int]:
        """Painting a minibatch of label maps."""
        gan = self.new_spade()
        labels = tf.constant(self.data.sized.labels[self.data.rows[:BATCH]])
        return lambda: len(gan.paint(labels).numpy())
