"""The progressive GAN of one fraction of the data, and the synthetic patches it makes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tf_ganaug.data.arrays import NewArray
from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.data.mapped import open_array
from tf_ganaug.data.pairs import Part
from tf_ganaug.data.patches import Patches
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.files import replacing
from tf_ganaug.gans.synthesizer import Synthesizer
from tf_ganaug.generators.joint_pggan import JointPggan
from tf_ganaug.papers.bowles2018.settings import Settings
from tf_ganaug.random import fold, named_seed
from tf_ganaug.reuse import Reuse
from tf_ganaug.run import RunFolder, whole

#: Synthetic patches made at once.
BATCH = 32


class PatchGan(JointPggan):
    """The GAN of some patches and its synthetic patches, made once, in one run folder.

    The first n of the synthetic patches are those added where n are asked for.

    Args:
        path: of the run folder.
        patches: real ones; the segmenters' own.
        spec: classes of the labels.
        provenance: of the training images.
        settings: of the experiment.
        most: synthetic patches that are written.
        mirrored: as of `JointPggan`.
        compiled: likewise.
    """

    def __init__(
        self,
        path: Path,
        patches: Patches,
        spec: LabelSpec,
        provenance: Provenance,
        settings: Settings,
        most: int,
        mirrored: bool,
        compiled: Reuse,
    ):
        own = settings.gan, settings.seed, settings.jit_compile
        super().__init__(path, patches, spec, provenance, *own, mirrored, compiled)
        self.most = most
        self.options = {"patches": asdict(settings.patches), "gan": asdict(settings.gan), "most": most}

    def make(self) -> dict:
        """The run's result; trains the GAN and writes its synthetic patches first if that is not done."""
        run = RunFolder(self.path, {"name": self.path.name, **self.options})
        if not run.finished:
            synthesizer, seconds = self.train(run)
            self._write(run.path, synthesizer)
            labels = open_array(run.path / "labels.npy")
            classes = np.bincount(labels.ravel(), minlength=len(self.spec.classes))
            shares = dict(zip(self.spec.names, (classes / classes.sum()).tolist()))
            done = {"iterations": len(self.positions), "seconds": seconds}
            run.finish({**done, "patches": self.most, "class_shares": shares})
        return run.result()

    def generated(self, synthesizer: Synthesizer) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Images in the stored type and labels, `BATCH` at a time without end; a patch depends on its number alone."""
        seed, number = named_seed(self.seed, "patches"), 0
        while True:
            latents = tf.random.stateless_normal((BATCH, synthesizer.latent_size), fold(seed, number))
            images, labels = synthesizer.pairs(latents)
            yield self.provenance.to_stored(images.numpy()), labels.numpy()
            number += 1

    def _write(self, path: Path, synthesizer: Synthesizer) -> None:
        side = (self.most, *self.pairs.shape[:2])
        with (
            replacing(path / "images.npy") as first,
            replacing(path / "labels.npy") as second,
            NewArray(first, self.provenance.dtype, (*side, self.pairs.shape[-1])) as images,
            NewArray(second, np.uint8, side) as labels,
        ):
            begins = tqdm(range(0, self.most, BATCH), f"{path.name} patches", unit=f"{BATCH} patches", disable=None)
            for begin, (pixels, classes) in zip(begins, self.generated(synthesizer)):
                count = min(BATCH, self.most - begin)
                images.append(pixels[:count])
                labels.append(classes[:count])

    def part(self, count: int) -> Part:
        """The first `count` synthetic patches of a finished run."""
        images, labels = (open_array(whole(self.path / f"{name}.npy")) for name in ("images", "labels"))
        return Part(images, labels, np.arange(count), self.provenance.ranges(count))
