"""A question on any data: segmenters with and without the pairs of one GAN, on fractions of the training subjects."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from tf_ganaug.augment.standard import Augmentation
from tf_ganaug.data.cache import SizedCases, sized_cases
from tf_ganaug.data.cases import Case, Dataset
from tf_ganaug.data.judgement import require_fit
from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.data.pipeline import Minibatches, joined_batches, one_after_the_other, real_batches
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.data.splits import Split, by_shares, nested, select
from tf_ganaug.experiment.study import Study, Training
from tf_ganaug.experiment.subset import Subset
from tf_ganaug.frames import read_frame, write_frame
from tf_ganaug.question.generator import Generator
from tf_ganaug.question.networks import counted_pixels, new_segmenter, whole_network
from tf_ganaug.question.pool import Pool
from tf_ganaug.question.settings import Settings
from tf_ganaug.random import named_seed
from tf_ganaug.run import RunFolder, whole
from tf_ganaug.segment.predict import evaluate, predictions
from tf_ganaug.segment.train import Patience, Segmenter, train_segmenter


@dataclass(frozen=True)
class QuestionTask:
    """One segmenter.

    Attributes:
        fraction: of the training subjects.
        generated: whether it also learns from generated pairs.
        repeat: number of the seed; with and without generated pairs a repeat starts from the same weights.
    """

    fraction: float
    generated: bool
    repeat: int

    @property
    def arm(self) -> str:
        """Name in tables: "gan" or "real"."""
        return "gan" if self.generated else "real"


class QuestionStudy(Study):
    """The GAN of each fraction, its pool, and the segmenters.

    Args:
        folder: of the question.
        dataset: every case labelled.
        settings: of the question.
        maps: label maps (M, H, W) uint8 class indices at the frame's size that a label-conditional GAN paints; None
            for those of its training images.
        generated: pairs made elsewhere, in place of this study's own GAN.
    """

    def __init__(
        self,
        folder: Path,
        dataset: Dataset,
        settings: Settings,
        maps: np.ndarray | None = None,
        generated: Dataset | None = None,
    ):
        super().__init__(folder, dataset, settings)
        self.maps, self.generated = maps, generated

    @contextmanager
    def at_work(self, asked: dict[str, Any]) -> Iterator[None]:
        """As of `Study`, after the judgement that `check-data` makes.

        Raises:
            InputError: if nothing can be trained on the data.
        """
        with super().at_work(asked):
            require_fit(self.dataset, np.flatnonzero(self.sized.drawn.any(axis=0)[: len(self.spec.classes)]).tolist())
            yield

    def on(self, folder: Path, dataset: Dataset) -> QuestionStudy:
        """See `Study.on`."""
        return QuestionStudy(folder, dataset, self.settings, self.maps, self.generated)

    # Data

    @cached_property
    def sized(self) -> SizedCases:
        """All cases in the networks' frame."""
        return self.framed(self.dataset)

    def framed(self, dataset: Dataset) -> SizedCases:
        """The cases of any data set in the networks' frame."""
        percentiles = self.settings.data.percentiles
        return sized_cases(dataset, self.height, self.width, percentiles, self.folder / "cache", padded=True)

    def draw_splits(self) -> list[Split]:
        """Shares of the subjects, in a seeded order."""
        subjects, parts = (case.subject for case in self.dataset.cases), self.settings.data.parts
        return [by_shares(subjects, parts, named_seed(self.settings.seed, "splits"), self.dataset.name)]

    def training_cases(self, fraction: float) -> list[Case]:
        """Those of a fraction of the training subjects, rounded up; fractions are nested."""
        cases = self.cases(0, "train")
        seed = named_seed(self.settings.seed, "fraction")
        return select(cases, nested((case.subject for case in cases), fraction, seed))

    @cached_property
    def copied_cases(self) -> list[str]:
        """Validation and test cases whose image in the frame is also one of the training cases'; none of one value."""

        def digests(*parts: str) -> dict[str, bytes]:
            cases = [case for part in parts for case in self.cases(0, part)]
            rows = zip(cases, self.sized.rows(cases))
            images = {case.id: self.sized.images[row] for case, row in rows}
            return {name: hashlib.sha256(image).digest() for name, image in images.items() if np.ptp(image)}

        training = set(digests("train").values())
        return [name for name, digest in digests("validation", "test").items() if digest in training]

    def subset(self, fraction: float) -> Subset:
        """What everything of a fraction may see."""
        cases = self.training_cases(fraction)
        rows = self.sized.rows(cases)
        provenance = self.provenance(cases, *self.median_range(rows))
        return Subset(self.folder, f"{fraction:g}", self.sized, rows, self.spec, provenance, self.settings, True)

    def provenance(
        self, cases: list[Case], low: float | tuple[float, ...], high: float | tuple[float, ...]
    ) -> Provenance:
        """As that of `Study`, of images that had a range of their own each."""
        return replace(super().provenance(cases, low, high), percentiles=tuple(self.settings.data.percentiles))

    # Generated pairs

    def generator(self, fraction: float) -> Generator:
        """The fraction's GAN, trained or not."""
        return Generator(self.subset(fraction), self.maps)

    def pool(self, fraction: float) -> Pool:
        """Its pairs, made or not."""
        held = self.sized.rows(self.cases(0, "validation"))
        return Pool(self.generator(fraction), partial(self.model, QuestionTask(fraction, False, 0)), held)

    def made(self, fraction: float) -> Part:
        """The fraction's generated pairs, made first if that is not done; or those made elsewhere."""
        if self.generated is None:
            return self.pool(fraction).part()
        sized = self.framed(replace(self.generated, sequences=self.dataset.sequences))
        return Part(sized.images, sized.labels, np.arange(len(sized.cases)), sized.ranges)

    # Segmenters

    def name(self, task: QuestionTask) -> str:
        """Of the task's run folder."""
        return f"{self.settings.segmenter}-{task.fraction:g}-{task.arm}-repeat{task.repeat}"

    def segmenter(self, task: QuestionTask) -> dict:
        """The task's result, trained and evaluated first if that is not done.

        `cases.csv` beside it has every measure of every validation and test image.
        """
        s = self.settings
        options = {"task": asdict(task), "training": asdict(s.training), "mix": s.mix if task.generated else None}
        run = RunFolder(self.folder / self.name(task), options)
        if not run.finished:
            segmenter, batches = self.new_segmenter(task), self.batches(task)
            t = s.training
            patience = Patience(t.iterations, 0, t.iterations, t.validate_every, t.log_every, t.checkpoint_every)
            held = self.held_pairs(self.cases(0, "validation"))
            trained = train_segmenter(run, segmenter, batches, held, patience)
            write_frame(run.path / "cases.csv", self._measure(whole_network(segmenter)))
            run.finish(asdict(trained))
        return run.result()

    def new_segmenter(self, task: QuestionTask) -> Segmenter:
        """Untrained; both arms of a repeat start from the same weights."""
        data, classes = self.subset(task.fraction), len(self.spec.classes)
        pixels = counted_pixels(self.sized.labels, data.rows, classes)
        seed = named_seed(self.settings.seed, f"segmenter-repeat{task.repeat}")
        return new_segmenter(self.settings, self.spec, self.dataset.channels, pixels, seed)

    def batches(self, task: QuestionTask) -> Minibatches:
        """The task's minibatches, one for each iteration; all arms show as many images."""
        s, data = self.settings, self.subset(task.fraction)
        seed = named_seed(s.seed, f"batches-repeat{task.repeat}")
        real, batch = data.pairs(data.rows), s.training.batch
        moved = Augmentation(**asdict(s.augmentation))
        change = moved if moved != Augmentation() else None
        if not task.generated:
            return real_batches(real, batch, seed, change)
        made = self.made(task.fraction)
        if s.mix == "add":
            both = Pairs([data.real(data.rows), made])
            return real_batches(both, batch, seed, change)
        pool = Pairs([made])
        if s.mix == "pretrain":
            half = s.training.iterations // 2
            return one_after_the_other(pool, real, half, batch, seed, change)
        generated = min(batch - 1, max(1, round(batch * s.pool.amount / (1 + s.pool.amount))))
        sources = [(real, batch - generated), (pool, generated)]
        return joined_batches(sources, seed, change)

    def held_pairs(self, cases: Sequence[Case]) -> Pairs:
        """Whole images, each with its own range."""
        return Pairs.of(self.sized, cases)

    def model(self, task: QuestionTask) -> keras.Model:
        """The task's network with its best weights, trained first if that is not done."""
        self.segmenter(task)
        segmenter = self.new_segmenter(task)
        segmenter.model.load_weights(whole(self.folder / self.name(task) / "best.weights.h5"))
        segmenter.carry_over()
        return whole_network(segmenter)

    def _measure(self, model: keras.Model) -> pd.DataFrame:
        parts = {part: self.cases(0, part) for part in ("validation", "test")}
        frames = [
            evaluate(self._predictions(model, cases), self.spec).assign(part=part) for part, cases in parts.items()
        ]
        return pd.concat(frames, ignore_index=True)

    def _predictions(self, model: keras.Model, cases: Sequence[Case]) -> Iterator:
        return predictions(model, self.held_pairs(cases), cases, self.spec, self.settings.training.batch, padded=True)

    def predict(self, task: QuestionTask, cases: Sequence[Case]) -> Iterator[tuple[Case, np.ndarray, np.ndarray]]:
        """Case, truth and prediction at native size, by a task's best weights."""
        return self._predictions(self.model(task), cases)

    def measures(self, task: QuestionTask) -> pd.DataFrame:
        """cases.csv of a finished task, with its fraction, arm and repeat."""
        frame = read_frame(whole(self.folder / self.name(task) / "cases.csv"))
        return frame.assign(fraction=task.fraction, arm=task.arm, repeat=task.repeat)

    # Estimates

    @property
    def tasks(self) -> list[QuestionTask]:
        """All segmenters of the question, those of one fraction after each other."""
        s = self.settings
        return [
            QuestionTask(fraction, generated, repeat)
            for fraction in s.fractions
            for generated in (False, True)
            for repeat in range(s.repeats)
        ]

    def trainings(self) -> list[Training]:
        """The GANs and segmenters that are not finished."""
        few, iterations = self.few, self.settings.training.iterations
        found = []
        for fraction in [] if self.generated else self.settings.fractions:
            # Without this study's own cache, which an estimate must not fill.
            subset = replace(few.subset(1.0), name=f"{fraction:g}")
            found += Generator(subset, self.maps, len(self.training_cases(fraction))).trainings()
        names = [self.name(task) for task in self.tasks]
        found += [Training(name, iterations, "segmenter", few.segmenter_step) for name in names]
        return [training for training in found if not self.finished(training.name.split(" at ")[0])]

    def segmenter_step(self) -> Callable[[], int]:
        """A training step on real images."""
        task = QuestionTask(1.0, False, 0)
        segmenter, batches = self.new_segmenter(task), self.batches(task).batches(0)

        def step() -> int:
            images, labels = next(batches)
            float(segmenter.train_step(images, labels))
            return images.shape[0]

        return step
