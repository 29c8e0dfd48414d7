"""The progressive GAN of one fraction of the data, and the synthetic patches it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tf_ganaug.data.cases import IGNORE, LabelSpec
from tf_ganaug.data.pairs import Part
from tf_ganaug.data.patches import Patches
from tf_ganaug.experiment.patch_settings import Settings
from tf_ganaug.files import replacing, replacing_folder
from tf_ganaug.gans.pggan_reals import from_labels, to_labels
from tf_ganaug.gans.pggan_schedule import ProgressiveSchedule
from tf_ganaug.gans.previews import show_reals
from tf_ganaug.gans.progressive import ProgressiveGan
from tf_ganaug.gans.synthesizer import Provenance, Synthesizer
from tf_ganaug.gans.train import PREVIEWS, Schedule, train_gan
from tf_ganaug.grids import pair_grid
from tf_ganaug.models import pggan
from tf_ganaug.random import fold, named_seed
from tf_ganaug.run import RunFolder

#: Steps from -1 to 1 to which the original's data tool rounds every level of detail.
BYTES = 256

#: Synthetic patches made at once.
BATCH = 32


@dataclass(frozen=True)
class LabelChannels:
    """The label as channels that follow those of the image, all in [-1, 1].

    Attributes:
        classes: of the labels, background included, which is class 0.
        coded: one channel with the classes at equal steps. Else one channel for each class but the background, 1
            where the class is; a pixel is of the class whose channel is largest, or background if none is above 0.

    What no measure counts (`IGNORE`) is background to the GAN.
    """

    classes: int
    coded: bool

    @property
    def channels(self) -> int:
        """How many they are."""
        return 1 if self.coded else self.classes - 1

    def join(self, images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Images (N, H, W, C) and class indices (N, H, W) uint8 to (N, H, W, C + channels) float32."""
        if self.coded:
            known = tf.where(labels == IGNORE, tf.zeros_like(labels), labels)
            return tf.concat([images, from_labels(known, self.classes)], -1)
        classes = tf.range(1, self.classes)
        planes = tf.cast(tf.cast(labels, tf.int32)[..., None] == classes, tf.float32)
        return tf.concat([images, 2.0 * planes - 1.0], -1)

    def separate(self, joint: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Joint images to images (N, H, W, C) and labels (N, H, W) uint8."""
        images, planes = joint[..., : -self.channels], joint[..., -self.channels :]
        if self.coded:
            return images, to_labels(planes, self.classes)
        return images, tf.cast(tf.argmax(tf.pad(planes, [(0, 0)] * 3 + [(1, 0)]), -1), tf.uint8)


def gan_schedule(settings: Settings) -> ProgressiveSchedule:
    """In images shown."""
    s = settings.gan
    minibatch = {4 << level: count for level, count in enumerate(s.minibatch)}
    images = s.stable_images, s.fade_images, s.total_images
    return ProgressiveSchedule(settings.patches.size, *images, s.repeats, minibatch, s.learning_rate)


class PatchGan:
    """The GAN of some patches and its synthetic patches, made once, in one run folder.

    The first n of the synthetic patches are those added where n are asked for.

    Args:
        path: of the run folder.
        patches: real ones; the segmenters' own.
        spec: classes of the labels.
        provenance: of the training images.
        settings: of the experiment.
        most: synthetic patches that are written.
    """

    def __init__(
        self, path: Path, patches: Patches, spec: LabelSpec, provenance: Provenance, settings: Settings, most: int
    ):
        self.path, self.patches, self.spec, self.provenance = path, patches, spec, provenance
        self.settings, self.most = settings, most
        self.seed = named_seed(settings.seed, path.name)
        self.schedule = gan_schedule(settings)
        self.layout = LabelChannels(len(spec.classes), settings.gan.label_channels == "coded")

    def new(self) -> ProgressiveGan:
        """The untrained GAN."""
        s = self.settings.gan
        keras.utils.set_random_seed(self.seed)
        shape = self.patches.size, self.patches.size, self.patches.images.shape[-1] + self.layout.channels
        widths = s.fmap_base, s.fmap_max
        return ProgressiveGan(
            pggan.generator(*shape, *widths, s.latent_size, s.noise),
            pggan.critic(*shape, *widths, fused_scale=s.fused_scale),
            pggan.generator(*shape, *widths, s.latent_size, s.noise),
            self.schedule,
            self.seed,
            average_decay=s.average_decay,
            round_levels=BYTES,
            jit_compile=self.settings.jit_compile,
        )

    def reals(self, position: tf.Tensor, count: int) -> tf.Tensor:
        """The next real patches with their labels, as the GAN's `RealSource`."""
        # Where the images are: a patch must not move them to another device.
        with tf.device("CPU:0"):
            return self.layout.join(*self.patches.draw_at(self.seed, position, count))

    def make(self) -> dict:
        """The run's result; trains the GAN and writes its synthetic patches first if that is not done."""
        s = self.settings
        options = {"patches": asdict(s.patches), "gan": asdict(s.gan), "most": self.most}
        run = RunFolder(self.path, {"name": self.path.name, **options})
        if not run.finished:
            self._make(run)
        return run.result()

    def _make(self, run: RunFolder) -> None:
        gan = self.new()
        positions = list(self.schedule.positions())
        seconds = self._train(run, gan, positions)
        synthesizer = self._synthesizer(gan)
        with replacing_folder(run.path / "synthesizer") as place:
            synthesizer.save(place)
        self._write(run.path, synthesizer)
        classes = np.bincount(np.load(run.path / "labels.npy", mmap_mode="r").ravel(), minlength=len(self.spec.classes))
        shares = dict(zip(self.spec.names, (classes / classes.sum()).tolist()))
        run.finish({"iterations": len(positions), "seconds": seconds, "patches": self.most, "class_shares": shares})

    def _train(self, run: RunFolder, gan: ProgressiveGan, positions: list[int]) -> float:
        s = self.settings.gan
        show_reals(run, self.patches, self.spec)
        latents = gan.latents(PREVIEWS, tf.constant(0), 3)

        def look(step: int, name: str) -> dict[str, float]:
            images, labels = self.layout.separate(gan.sample(latents))
            run.picture(step, "fakes", pair_grid(images.numpy(), labels.numpy(), self.spec, run.path / f"{name}.png"))
            return {}

        def iterate(start: int) -> Iterator[tuple[dict[str, tf.Tensor], int]]:
            for shown in positions[start:]:
                yield gan.step(self.reals, shown)

        schedule = Schedule.regular(len(positions), s.log_every, s.preview_every, s.checkpoint_every)
        seconds = train_gan(run, tf.train.Checkpoint(gan=gan.parts()), iterate, look, schedule)
        gan.enter_lod(float(gan.lod))  # that of the checkpoint, where all iterations were done before
        return seconds

    def _synthesizer(self, gan: ProgressiveGan) -> Synthesizer:
        network, sample = gan.sampling_model()

        def make(latents: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return self.layout.separate(sample(latents))

        return Synthesizer.from_function(make, [network], gan.latent_size, self.spec, self.provenance)

    def generated(self, synthesizer: Synthesizer) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Images in the stored type and labels, `BATCH` at a time without end; a patch depends on its number alone."""
        seed, number = named_seed(self.seed, "patches"), 0
        while True:
            latents = tf.random.stateless_normal((BATCH, synthesizer.latent_size), fold(seed, number))
            images, labels = synthesizer.pairs(latents)
            yield self.provenance.to_stored(images.numpy()), labels.numpy()
            number += 1

    def _write(self, path: Path, synthesizer: Synthesizer) -> None:
        side = (self.most, self.patches.size, self.patches.size)
        shape = *side, self.patches.images.shape[-1]
        with replacing(path / "images.npy") as first, replacing(path / "labels.npy") as second:
            images = np.lib.format.open_memmap(first, "w+", np.dtype(self.provenance.dtype), shape)
            labels = np.lib.format.open_memmap(second, "w+", np.uint8, side)
            begins = tqdm(range(0, self.most, BATCH), f"{path.name} patches", unit=f"{BATCH} patches", disable=None)
            for begin, (pixels, classes) in zip(begins, self.generated(synthesizer)):
                count = min(BATCH, self.most - begin)
                images[begin : begin + count], labels[begin : begin + count] = pixels[:count], classes[:count]
            images.flush()
            labels.flush()

    def part(self, count: int) -> Part:
        """The first `count` synthetic patches of a finished run."""
        images, labels = (np.load(self.path / f"{name}.npy", mmap_mode="r") for name in ("images", "labels"))
        ranges = np.tile(np.float32([self.provenance.low, self.provenance.high]), (count, 1))
        return Part(images, labels, np.arange(count), ranges)

    def step(self) -> Callable[[], int]:
        """For the benchmark: a look at the schedule with its steps, at the full size without a fade."""
        gan = self.new()
        shown = self.schedule.levels * (self.schedule.stable_images + self.schedule.fade_images)

        def step() -> int:
            terms, images = gan.step(self.reals, shown)
            float(terms["wasserstein"])
            return images

        return step
