"""First half of a chain: a progressive GAN learns label maps, draws many, and a screen sorts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property, partial

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tf_ganaug import backend
from tf_ganaug.data.arrays import NewArray
from tf_ganaug.data.mapped import open_array
from tf_ganaug.data.provenance import require_finite
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.study import Training
from tf_ganaug.experiment.subset import Subset
from tf_ganaug.files import replacing
from tf_ganaug.gans.best_average import BestAverage
from tf_ganaug.gans.critic_augmentation import CriticAugmentation
from tf_ganaug.gans.pggan_reals import from_labels, to_labels
from tf_ganaug.gans.pggan_schedule import ProgressiveSchedule
from tf_ganaug.gans.previews import label_previews, show_real_labels
from tf_ganaug.gans.progressive import ProgressiveGan
from tf_ganaug.gans.train import PREVIEWS, Schedule, train_gan
from tf_ganaug.models import pggan
from tf_ganaug.quality.swd import SlicedWasserstein
from tf_ganaug.quality.zscore import Reference, Screen, find_threshold, screen
from tf_ganaug.random import fold as fold_in
from tf_ganaug.random import named_seed
from tf_ganaug.replicas import on_all_devices
from tf_ganaug.run import RunFolder, read_result, whole

#: Label maps made, screened or painted at once.
BATCH = 32


@dataclass(frozen=True)
class Maps:
    """A chain's generated label maps.

    Attributes:
        labels: (N, H, W) uint8 class indices, memory-mapped.
        norms: (N,) of their z-scores.
        real_norms: of the real maps.
        screen: which of them stay.
    """

    labels: np.ndarray
    norms: np.ndarray
    real_norms: np.ndarray
    screen: Screen


class MapMaker:
    """The chain's progressive GAN and its label maps, each made once: runs pggan-NAME and maps-NAME."""

    def __init__(self, data: Subset):
        self.data, self.settings = data, data.settings
        self.classes = len(data.spec.classes)

    @cached_property
    def filled(self) -> np.ndarray:
        """Rows of the slices whose label map is not empty: those the progressive GAN learns from (3.2)."""
        kept = [row for row in self.data.rows if self.data.sized.labels[row].any()]
        if not kept:
            dataset = self.data.provenance.dataset
            raise InputError(dataset, "label maps that are not empty", "none", "add labelled slices")
        return np.array(kept)

    @property
    def seed(self) -> int:
        """Of the progressive GAN's start and its draws."""
        return named_seed(self.settings.seed, f"pggan-{self.data.name}")

    def new_pggan(self) -> ProgressiveGan:
        """The untrained progressive GAN."""
        s, seed = self.settings.pggan, self.seed
        backend.begin_networks(seed)
        size = tuple(self.settings.data.size)
        widths = s.fmap_base, s.fmap_max
        with on_all_devices(*self.schedule.minibatches):
            return ProgressiveGan(
                pggan.generator(*size, 1, *widths, s.latent_size),
                pggan.critic(*size, 1, *widths, fused_scale=s.fused_scale),
                pggan.generator(*size, 1, *widths, s.latent_size),
                self.schedule,
                seed,
                average_decay=s.average_decay,
                round_levels=self.classes if s.round_levels else None,
                jit_compile=self.settings.jit_compile,
                # A label map has no colours.
                augmentation=CriticAugmentation(
                    s.augment, named_seed(seed, "augment"), 0, self.data.mirrored, s.total_images
                ),
            )

    @property
    def schedule(self) -> ProgressiveSchedule:
        """The progressive GAN's, in images shown."""
        s = self.settings.pggan
        return ProgressiveSchedule(
            min(self.settings.data.size),
            s.stable_images,
            s.fade_images,
            s.total_images,
            s.repeats,
            minibatch={4 << level: batch for level, batch in enumerate(s.minibatch)},
            tick_images={4 << level: images for level, images in enumerate(s.tick_images)},
            learning_rate=s.learning_rate,
        )

    def result(self, kind: str) -> dict:
        """What the finished run "pggan" or "maps" came to."""
        return read_result(self.data.path(kind))

    def trained_pggan(self) -> ProgressiveGan:
        """The progressive GAN with its best average weights, trained first if that is not done.

        Not to be used any more after the next chain's.
        """
        run = self.data.run("pggan", asdict(self.settings.pggan))
        gan = self.data.compiled(self.new_pggan(), "pggan")
        best = BestAverage(gan)
        if not run.finished:
            positions = list(self.schedule.positions())
            seconds = self._train(run, gan, best, positions)
            best.save(run.path / "best.npz")
            run.finish(
                {
                    "iterations": len(positions),
                    "seconds": seconds,
                    "images": self._shown(positions, len(positions)),
                    "best_images": int(best.images),
                    "swd": float(best.distance),
                    "maps": len(self.filled),
                    "empty": len(self.data.rows) - len(self.filled),
                }
            )
        best.restore(whole(run.path / "best.npz"))
        return gan

    def _train(self, run: RunFolder, gan: ProgressiveGan, best: BestAverage, positions: list[int]) -> float:
        s, labels, spec = self.settings.pggan, self.data.sized.labels, self.data.spec
        pairs = self.data.pairs(self.filled)
        metric = SlicedWasserstein(self._real_batches(), s.swd_images, self.seed)
        show_real_labels(run, labels[self.filled[:PREVIEWS]], spec)
        latents = gan.latents(PREVIEWS, tf.constant(0), 3)
        preview = label_previews(run, spec, lambda: to_labels(gan.sample(latents), self.classes))
        seed = named_seed(self.seed, "swd")

        def source(shown: tf.Tensor, count: int) -> tf.Tensor:
            return from_labels(pairs.draw_at(self.seed, shown, count)[1], self.classes)

        def look(step: int, name: str) -> dict[str, float]:
            preview(step, name)
            if not step:
                return {}
            distances = metric(self.generated(gan, s.swd_images, seed))
            best.keep_if_best(distances[metric.name], self._shown(positions, step))
            return distances

        def iterate(start: int) -> Iterator[tuple[dict[str, tf.Tensor], int]]:
            for shown in positions[start:]:
                yield gan.step(source, shown)

        schedule = Schedule(len(positions), s.log_every, self.schedule.ticks(), s.checkpoint_every)
        return train_gan(run, tf.train.Checkpoint(gan=gan.parts(), best=best), iterate, look, schedule)

    def _shown(self, positions: list[int], iterations: int) -> int:
        """Images shown after so many iterations."""
        last = positions[iterations - 1]
        return last + self.schedule.repeats * self.schedule.at(last).minibatch

    def _real_batches(self) -> Iterator[np.ndarray]:
        """Real maps (N, H, W, 1) again and again, for the sliced Wasserstein distance."""
        while True:
            for first in range(0, len(self.filled), BATCH):
                yield self.data.sized.labels[self.filled[first : first + BATCH], ..., None]

    def generated(self, gan: ProgressiveGan, count: int, seed: int) -> Iterator[np.ndarray]:
        """Rounded maps (N, H, W, 1) uint8 of the average generator; map n depends on seed and n alone.

        Raises:
            InputError: for a map that is not finite.
        """
        for first in range(0, count, BATCH):
            latents = tf.random.stateless_normal((BATCH, gan.latent_size), fold_in(seed, first // BATCH))
            images = gan.sample(latents)
            require_finite(images.numpy(), f"{self.data.path('pggan')}, label maps")
            yield to_labels(images, self.classes)[: count - first, ..., None].numpy()

    def maps(self) -> Maps:
        """The generated label maps, made and screened first if that is not done."""
        s = self.settings.screen
        run = self.data.run("maps", asdict(s))
        path = run.path / "labels.npy"
        if not run.finished:
            gan = self.trained_pggan()
            shape = (s.maps, *self.settings.data.size)
            with replacing(path) as temporary, NewArray(temporary, np.uint8, shape) as labels:
                made = self.generated(gan, s.maps, named_seed(self.settings.seed, f"pool-{self.data.name}"))
                for maps in progress(made, s.maps, run.path.name):
                    labels.append(maps[..., 0])
            self._screen(run, open_array(path))
        with np.load(whole(run.path / "norms.npz")) as stored:
            norms, real_norms = stored["synthetic"], stored["real"]
        screened = screen(real_norms, norms, run.result()["threshold"])
        return Maps(open_array(whole(path)), norms, real_norms, screened)

    def _screen(self, run: RunFolder, labels: np.ndarray) -> None:
        """Section 3.4, against all real maps of the chain, the empty ones too."""
        s = self.settings.screen
        rows, stored = self.data.rows, self.data.sized.labels

        def real() -> Iterator[np.ndarray]:
            return (stored[rows[first : first + BATCH]] for first in range(0, len(rows), BATCH))

        reference = Reference.from_maps(real())
        real_norms = np.concatenate([reference.norms(maps) for maps in real()])
        norms = np.concatenate([reference.norms(labels[n : n + BATCH]) for n in range(0, len(labels), BATCH)])
        with replacing(run.path / "norms.npz") as temporary, temporary.open("wb") as file:
            np.savez(file, synthetic=norms, real=real_norms)
        threshold = s.threshold if s.threshold is not None else find_threshold(real_norms, norms, s.real_share)
        found = screen(real_norms, norms, threshold)
        run.finish(
            {
                "threshold": threshold,
                "maps": len(labels),
                "removed": len(found.removed),
                "removed_share": found.synthetic_share,
                "real_share": found.real_share,
            }
        )

    # Estimates and benchmark

    def trainings(self, name: str) -> list[Training]:
        """The progressive GAN's training, one entry per resolution, for an estimate of its time."""
        sizes = Counter(self.schedule.at(shown).resolution for shown in self.schedule.positions())
        return [
            Training(f"{name} at {size} pixels", count, ("pggan", size), partial(self.step, size))
            for size, count in sizes.items()
        ]

    def steps(self) -> dict[str, Callable[[], Callable[[], int]]]:
        """For the benchmark: the steps at each level."""
        sizes = [4 << level for level in range(self.schedule.levels + 1)]
        found = {f"progressive GAN step at {size} pixels": partial(self.step, size) for size in sizes}
        return {**found, "progressive GAN, label maps": self.drawing}

    def step(self, size: int) -> Callable[[], int]:
        """A look at the schedule with its steps, while no level fades in."""
        gan, pairs = self._untrained, self.data.pairs(self.filled)
        cycle = self.schedule.stable_images + self.schedule.fade_images
        shown = cycle * (size.bit_length() - 3)

        def source(position: tf.Tensor, count: int) -> tf.Tensor:
            return from_labels(pairs.draw_at(0, position, count)[1], self.classes)

        def step() -> int:
            terms, images = gan.step(source, shown)
            float(terms["wasserstein"])
            return images

        return step

    @cached_property
    def _untrained(self) -> ProgressiveGan:
        # Of all levels, which an estimate looks at one after the other.
        return self.new_pggan()

    def drawing(self) -> Callable[[], int]:
        """A minibatch of label maps at full size."""
        gan = self._untrained
        gan.enter_lod(0.0)
        return lambda: len(next(self.generated(gan, BATCH, 0)))


def progress(batches: Iterable, count: int, name: str) -> Iterator:
    """The batches, with a progress bar over `count` maps."""
    with tqdm(total=count, desc=name, unit="map", disable=None) as bar:
        for batch in batches:
            yield batch
            bar.update(len(batch))
