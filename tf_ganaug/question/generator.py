"""The five kinds of generators on one part of any data; each ends as a Synthesizer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tf_ganaug.experiment.study import Training
from tf_ganaug.experiment.subset import Subset
from tf_ganaug.gans.synthesizer import Synthesizer
from tf_ganaug.generators.joint_gan import JointGan
from tf_ganaug.generators.joint_pggan import JointPggan, schedule_of
from tf_ganaug.generators.map_maker import MapMaker
from tf_ganaug.generators.pix2pix_painter import Pix2PixPainter
from tf_ganaug.generators.pix2pix_painter import iterations as iterations_of
from tf_ganaug.generators.pix2pixhd_painter import PhotographPainter
from tf_ganaug.generators.spade_painter import Painter
from tf_ganaug.run import RunFolder


class Generator:
    """The GAN of a subset, of the kind that the settings name.

    Args:
        subset: what it learns from; its settings are `question_settings.Settings`.
        maps: label maps (M, H, W) that a label-conditional GAN paints; None for those of the subset.
        slices: images that epochs are counted over; None for those of the subset, which an estimate has not all.
    """

    def __init__(self, subset: Subset, maps: np.ndarray | None = None, slices: int | None = None):
        self.subset, self.settings, self.maps = subset, subset.settings, maps
        self.slices = len(subset.rows) if slices is None else slices

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

    @property
    def images_shown(self) -> int:
        """Real images that its trainings are shown, each counted as often as it is."""
        s, each = self.settings, self.slices
        if s.gan == "wgan_gp":
            return s.wgan_gp.iterations * s.wgan_gp.critic_steps * s.wgan_gp.batch
        if s.gan == "pggan_joint":
            return s.pggan_joint.total_images
        if s.gan == "pggan_spade":
            return s.pggan_maps.total_images + each * self._epochs(s.spade.epochs, s.spade.batch)
        if s.gan == "pix2pix":
            return each * self._pix2pix_epochs
        t = s.pix2pixhd
        return each * sum(self._epochs(epochs, 2 * t.batch) for epochs in (t.epochs, t.decay_epochs))

    @property
    def augments(self) -> dict[str, str]:
        """Its trainings whose critics see augmented pairs, and how: by name of their settings' group."""
        groups = ("pggan_maps", "spade") if self.settings.gan == "pggan_spade" else (self.settings.gan,)
        kinds = {name: getattr(self.settings, name).augment for name in groups}
        return {name: kind for name, kind in kinds.items() if kind != "none"}

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

    def trainings(self) -> list[Training]:
        """Those of the GAN, the names as in `run_names`, for an estimate of their time."""
        s, names = self.settings, self.run_names
        if s.gan == "pggan_spade":
            painter = self._chain()
            iterations = painter.iterations(self.subset.name, self.slices)
            return [*painter.maker.trainings(names[0]), Training(names[1], iterations, "spade", painter.step)]
        if s.gan == "wgan_gp":
            return [Training(names[0], s.wgan_gp.iterations, s.gan, JointGan(self._with(gan=s.wgan_gp)).step)]
        if s.gan == "pggan_joint":
            # At full size, which a part of them has.
            count = sum(1 for _ in schedule_of(min(s.data.size), s.pggan_joint).positions())
            return [Training(names[0], count, s.gan, self._new_joint_pggan().step)]
        if s.gan == "pix2pix":
            count = iterations_of(s.pix2pix, self.slices, self._pix2pix_epochs)
            return [Training(names[0], count, s.gan, self._pix2pix().step)]
        painter = self._pix2pixhd()
        return [Training(names[0], painter.iterations(self.slices), s.gan, painter.step)]

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
        each = max(1, self.slices // batch)
        return epochs if most is None else max(1, min(epochs, math.ceil(most / each)))

    def _new_joint_pggan(self) -> JointPggan:
        s, data = self.settings, self.subset
        pairs = data.pairs(data.rows)
        common = s.pggan_joint, s.seed, s.jit_compile, data.mirrored, data.compiled
        return JointPggan(data.path("pggan"), pairs, data.spec, data.provenance, *common)

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

    def _pix2pix(self) -> Pix2PixPainter:
        s = replace(self.settings.pix2pix, epochs=[self._pix2pix_epochs])
        return Pix2PixPainter(self._with(painter=s))

    def _pix2pixhd(self) -> PhotographPainter:
        s = self.settings.pix2pixhd
        constant, falling = (self._epochs(epochs, 2 * s.batch) for epochs in (s.epochs, s.decay_epochs))
        return PhotographPainter(self._with(painter=replace(s, epochs=constant, decay_epochs=falling)))
