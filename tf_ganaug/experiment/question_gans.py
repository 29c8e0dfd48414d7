"""The five kinds of generators on one part of any data; each ends as a Synthesizer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tf_ganaug.experiment.chain_maps import MapMaker
from tf_ganaug.experiment.chain_paint import Painter
from tf_ganaug.experiment.joint_gan import JointGan
from tf_ganaug.experiment.joint_pggan import JointPggan, schedule_of
from tf_ganaug.experiment.lesion_paint import LesionPainter
from tf_ganaug.experiment.recombination_paint import PhotographPainter
from tf_ganaug.experiment.study import Training
from tf_ganaug.experiment.subset import Subset
from tf_ganaug.gans.synthesizer import Synthesizer
from tf_ganaug.run import RunFolder


class Generator:
    """The GAN of a subset, of the kind that the settings name.

    Args:
        subset: what it learns from; its settings are `question_settings.Settings`.
        maps: label maps (M, H, W) that a label-conditional GAN paints; None for those of the subset.
    """

    def __init__(self, subset: Subset, maps: np.ndarray | None = None):
        self.subset, self.settings, self.maps = subset, subset.settings, maps

    @property
    def run_names(self) -> list[str]:
        """The folders of its trainings, the one with the synthesizer last."""
        kinds = {
            "wgan_gp": ["gan"],
            "pggan_joint": ["pggan"],
            "pggan_spade": ["pggan", "spade"],
            "pix2pix": ["pix2pix"],
            "pix2pixhd": ["pix2pixhd"],
        }
        return [f"{kind}-{self.subset.name}" for kind in kinds[self.settings.gan]]

    @property
    def path(self) -> Path:
        """The run folder with the synthesizer."""
        return self.subset.folder / self.run_names[-1]

    def synthesizer(self) -> Synthesizer:
        """Makes pairs from noise; trained first if that is not done."""
        place = self.path / "synthesizer"
        if not ((self.path / "result.json").exists() and (place / "metadata.json").exists()):
            made = self._makers[self.settings.gan]()
            if not (place / "metadata.json").exists():
                made.save(place)
        return Synthesizer.load(place)

    @property
    def _makers(self) -> dict[str, Callable[[], Synthesizer]]:
        return {
            "wgan_gp": lambda: JointGan(self._with(gan=self.settings.wgan_gp)).synthesizer(),
            "pggan_joint": self._joint_pggan,
            "pggan_spade": lambda: self._chain().synthesizer(),
            "pix2pix": lambda: self._pix2pix().synthesizer(self._pix2pix_epochs, self._maps),
            "pix2pixhd": lambda: self._pix2pixhd().synthesizer(self._maps),
        }

    def trainings(self, few: Generator) -> list[Training]:
        """Those of its trainings that are not finished, timed on few images."""
        s, slices, names = self.settings, len(self.subset.rows), self.run_names
        if s.gan == "pggan_spade":
            painter, timed = self._chain(), few._chain()
            iterations = painter.iterations(self.subset.name, slices)
            found = [*timed.maker.trainings(names[0]), Training(names[1], iterations, "spade", timed.step)]
        elif s.gan == "wgan_gp":
            found = [Training(names[0], s.wgan_gp.iterations, s.gan, JointGan(few._with(gan=s.wgan_gp)).step)]
        elif s.gan == "pggan_joint":
            # At full size, which a part of them has.
            count = sum(1 for _ in schedule_of(min(s.data.size), s.pggan_joint).positions())
            found = [Training(names[0], count, s.gan, few._new_joint_pggan().step)]
        elif s.gan == "pix2pix":
            count = self._pix2pix().iterations(self._pix2pix_epochs)
            found = [Training(names[0], count, s.gan, few._pix2pix().step)]
        else:
            found = [Training(names[0], self._pix2pixhd().iterations(slices), s.gan, few._pix2pixhd().step)]
        done = {name for name in names if (self.subset.folder / name / "result.json").exists()}
        return [training for training in found if training.name.split(" at ")[0] not in done]

    def _with(self, **groups: Any) -> Subset:
        """The subset with settings as the experiment of one paper names them."""
        s = self.settings
        common = {"seed": s.seed, "data": s.data, "jit_compile": s.jit_compile}
        return replace(self.subset, settings=SimpleNamespace(**common, **groups))

    @property
    def _maps(self) -> np.ndarray:
        return self.subset.sized.labels[self.subset.rows] if self.maps is None else self.maps

    def _epochs(self, epochs: int, batch: int) -> int:
        """So many, or as many as `most_gan_iterations` allow."""
        most = self.settings.most_gan_iterations
        each = max(1, len(self.subset.rows) // batch)
        return epochs if most is None else max(1, min(epochs, math.ceil(most / each)))

    def _new_joint_pggan(self) -> JointPggan:
        s, data = self.settings, self.subset
        pairs = data.pairs(data.rows)
        return JointPggan(data.path("pggan"), pairs, data.spec, data.provenance, s.pggan_joint, s.seed, s.jit_compile)

    def _joint_pggan(self) -> Synthesizer:
        gan = self._new_joint_pggan()
        run = RunFolder(gan.path, {"subset": self.subset.name, "pggan": asdict(gan.settings)})
        made, seconds = gan.train(run)
        run.finish({"iterations": len(gan.positions), "seconds": seconds, "training_pairs": gan.pairs.count})
        return made

    def _chain(self) -> Painter:
        s = self.settings.spade
        epochs = self._epochs(s.epochs, s.batch)
        spade = replace(s, epochs=epochs, reduced_epochs=epochs)
        subset = self._with(pggan=self.settings.pggan_maps, spade=spade)
        return Painter(subset, MapMaker(subset))

    @property
    def _pix2pix_epochs(self) -> int:
        s = self.settings.pix2pix
        return self._epochs(max(s.epochs), s.batch)

    def _pix2pix(self) -> LesionPainter:
        s = replace(self.settings.pix2pix, epochs=[self._pix2pix_epochs])
        return LesionPainter(self._with(painter=s), None)

    def _pix2pixhd(self) -> PhotographPainter:
        s = self.settings.pix2pixhd
        constant, falling = (self._epochs(epochs, 2 * s.batch) for epochs in (s.epochs, s.decay_epochs))
        return PhotographPainter(self._with(painter=replace(s, epochs=constant, decay_epochs=falling)))
