"""A question on any data: segmenters with and without generated pairs, with and without ordinary augmentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
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
from tf_ganaug.data.leaks import names_alike, require_unseen
from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.data.pipeline import PairChange
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.data.sides import mirrors
from tf_ganaug.data.splits import Split, by_shares, nested, select
from tf_ganaug.experiment.study import Study, Training
from tf_ganaug.experiment.subset import Subset
from tf_ganaug.frames import read_frame, write_frame
from tf_ganaug.models.pspnet import without_auxiliary
from tf_ganaug.question.feed import Feed, iterations_of, mixed_feed, real_feed, real_share
from tf_ganaug.question.generator import Generator
from tf_ganaug.question.networks import counted_pixels, new_segmenter
from tf_ganaug.question.pool import Pool
from tf_ganaug.question.settings import Settings
from tf_ganaug.question.tasks import QuestionTask, all_tasks
from tf_ganaug.random import named_seed
from tf_ganaug.run import RunFolder, read_result, whole
from tf_ganaug.segment.predict import evaluate, predictions
from tf_ganaug.segment.train import Patience, Segmenter, train_segmenter


class QuestionStudy(Study):
    """The GANs of each fraction, their pools, and the segmenters.

    Args:
        folder: of the question.
        dataset: every case labelled.
        settings: of the question.
        maps: label maps (M, H, W) uint8 class indices at the frame's size that a label-conditional GAN paints; None
            for those of its training images.
        generated: pairs made elsewhere, in place of this study's own GAN.
        remarks: what its reader must know of the data, a line each.
    """

    def __init__(
        self,
        folder: Path,
        dataset: Dataset,
        settings: Settings,
        maps: np.ndarray | None = None,
        generated: Dataset | None = None,
        remarks: Sequence[str] = (),
    ):
        super().__init__(folder, dataset, settings)
        self.maps, self.generated, self.remarks = maps, generated, remarks

    def on(self, folder: Path, dataset: Dataset) -> QuestionStudy:
        """See `Study.on`."""
        return QuestionStudy(folder, dataset, self.settings, self.maps, self.generated, self.remarks)

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

    @contextmanager
    def at_work(self, asked: dict[str, Any]) -> Iterator[None]:
        """As of `Study`, after the judgement that `check-data` makes.

        Raises:
            InputError: also if nothing can be trained on the data; or an image that validates or tests was seen by the
                generator of pairs made elsewhere, or is one of these.
        """
        with super().at_work(asked):
            drawn = np.flatnonzero(self.sized.drawn.any(axis=0)[: len(self.spec.classes)]).tolist()
            require_fit(self.dataset, drawn, self.sized.digests)
            self._require_unseen()
            yield

    def digests(self, part: str) -> dict[str, str]:
        """Case to digest of its image, of a part."""
        cases = self.cases(0, part)
        return {case.id: self.sized.digests[row] for case, row in zip(cases, self.sized.rows(cases))}

    def _require_unseen(self) -> None:
        if self.generated is not None:
            held, made_on = {**self.digests("validation"), **self.digests("test")}, self.generated.generated
            require_unseen(f"pairs {self.generated.name}", self._sized_generated.digests, held)
            require_unseen(f"the generator of {self.generated.name}", made_on.digests if made_on else (), held)

    @cached_property
    def notes(self) -> list[str]:
        """What its reader must know of where data and pairs are from."""
        found = [*self.remarks]
        if self.generated is not None and self.generated.generated is None:
            found.append(
                f"WARNING: {self.generated.name} has no provenance.json: nothing says which subjects its generator saw."
            )
        elif self.generated is not None:
            split = self.splits[0]
            found += names_alike(self.generated.generated, self.dataset.name, [*split.validation, *split.test])
        return found

    def subset(self, fraction: float, kind: str = "", number: int = 0) -> Subset:
        """What everything of a fraction may see, with the settings of a GAN: kind "" is the first kind.

        Its name ends in the kind where there are several, and in the number from the second GAN on. Where left and
        right differ, no GAN is shown mirrored images.
        """
        cases, s = self.training_cases(fraction), self.settings
        rows = self.sized.rows(cases)
        provenance = self.provenance(cases, *self.median_range(rows))
        kind = kind or s.kinds[0]
        name = self._subset_name(fraction, kind, number)
        seed = named_seed(s.seed, f"gan{number}") if number else s.seed
        mirrored = mirrors(self.dataset)
        if not mirrored:
            s = replace(s, pix2pix=replace(s.pix2pix, jitter=False), pix2pixhd=replace(s.pix2pixhd, flip=False))
        s = replace(s, gan=kind, seed=seed)
        return Subset(self.folder, name, self.sized, rows, self.spec, provenance, s, True, mirrored, self.compiled)

    def _subset_name(self, fraction: float, kind: str, number: int) -> str:
        return f"{fraction:g}" + f"-{kind}" * (len(self.settings.kinds) > 1) + f"-gan{number + 1}" * (number > 0)

    def provenance(
        self, cases: list[Case], low: float | tuple[float, ...], high: float | tuple[float, ...]
    ) -> Provenance:
        """As that of `Study`, of images that had a range of their own each."""
        return replace(super().provenance(cases, low, high), percentiles=tuple(self.settings.data.percentiles))

    # Generated pairs

    @property
    def generators(self) -> list[tuple[str, int]]:
        """Kind and number of each fraction's GANs."""
        s = self.settings
        return [(kind, number) for kind in s.kinds for number in range(s.gans or s.repeats)]

    def generator(self, fraction: float, kind: str = "", number: int = 0) -> Generator:
        """A GAN of the fraction, trained or not."""
        return Generator(self.subset(fraction, kind, number), self.maps)

    def pool(self, fraction: float, kind: str = "", number: int = 0) -> Pool:
        """Its pairs, made or not."""
        reader = partial(self.model, QuestionTask(fraction, "real", 0))
        return Pool(self.generator(fraction, kind, number), reader)

    def made(self, fraction: float, kind: str = "", number: int = 0) -> Part:
        """A GAN's generated pairs, made first if that is not done; or those made elsewhere."""
        if self.generated is None:
            return self.pool(fraction, kind, number).part()
        sized = self._sized_generated
        return Part(sized.images, sized.labels, np.arange(len(sized.cases)), sized.ranges)

    @cached_property
    def _sized_generated(self) -> SizedCases:
        """Pairs made elsewhere, in the networks' frame."""
        return self.framed(replace(self.generated, sequences=self.dataset.sequences))

    # Segmenters

    def name(self, task: QuestionTask) -> str:
        """Of the task's run folder."""
        kind = f"-{task.kind}" * (task.generated and len(self.settings.kinds) > 1)
        return f"{self.settings.segmenter}-{task.fraction:g}-{task.arm}{kind}-repeat{task.repeat}"

    def segmenter(self, task: QuestionTask) -> dict:
        """The task's result, trained and evaluated first if that is not done.

        `cases.csv` beside it has every measure of every validation and test image.
        """
        s = self.settings
        options = {"task": asdict(task), "training": asdict(s.training), "mix": s.mix if task.generated else None}
        run = RunFolder(self.folder / self.name(task), options)
        if not run.finished:
            feed = self.feed(task)
            fresh, t = self.new_segmenter(task, feed.iterations), s.training
            segmenter = self.compiled(fresh, (task.fraction, feed.iterations))
            patience = Patience(feed.iterations, 0, feed.iterations, t.validate_every, t.log_every, t.checkpoint_every)
            cases = self.cases(0, "validation")
            subjects = np.unique([case.subject for case in cases], return_inverse=True)[1]
            trained = train_segmenter(run, segmenter, feed.minibatches, self.held_pairs(cases), patience, subjects)
            write_frame(run.path / "cases.csv", self._measure(segmenter.whole))
            run.finish({**asdict(trained), "real_share": feed.real_share})
        return run.result()

    def result(self, task: QuestionTask) -> dict:
        """What a finished task came to: `segment.train.Trained`, and the `real_share` of the images it was shown."""
        return read_result(self.folder / self.name(task))

    def new_segmenter(self, task: QuestionTask, iterations: int | None = None) -> Segmenter:
        """Untrained, for so many iterations; all arms of a repeat start from the same weights."""
        data, classes, s = self.subset(task.fraction), len(self.spec.classes), self.settings
        pixels = counted_pixels(self.sized.labels, data.rows, classes)
        seed = named_seed(s.seed, f"segmenter-repeat{task.repeat}")
        if iterations is not None:
            s = replace(s, training=replace(s.training, iterations=iterations))
        return new_segmenter(s, self.spec, self.dataset.channels, pixels, seed)

    @property
    def ordinary(self) -> Augmentation:
        """The ordinary augmentation of these data: mirrored only where left and right are alike."""
        moved = Augmentation(**asdict(self.settings.augmentation))
        return replace(moved, flip=moved.flip and mirrors(self.dataset))

    def feed(self, task: QuestionTask) -> Feed:
        """The task's endless minibatches."""
        s, data = self.settings, self.subset(task.fraction)
        seed = named_seed(s.seed, f"batches-repeat{task.repeat}")
        change: PairChange | None = self.ordinary if task.moved else None
        real = data.real(data.rows)
        if not task.generated:
            return real_feed(s, Pairs([real]), seed, change)
        return mixed_feed(s, real, self.made(task.fraction, task.kind, max(0, task.gan)), seed, change)

    def held_pairs(self, cases: Sequence[Case]) -> Pairs:
        """Whole images, each with its own range."""
        return Pairs.of(self.sized, cases)

    def model(self, task: QuestionTask) -> keras.Model:
        """The task's network with its best weights, trained first if that is not done; see `loaded`."""
        self.segmenter(task)
        network = self.loaded(self.name(task), partial(self.new_segmenter, task))
        return without_auxiliary(network) if len(network.outputs) > 1 else network

    def _measure(self, model: keras.Model) -> pd.DataFrame:
        parts = {part: self.cases(0, part) for part in ("validation", "test")}
        frames = [
            evaluate(self._predictions(model, cases), self.spec).assign(part=part) for part, cases in parts.items()
        ]
        return pd.concat(frames, ignore_index=True)

    def _predictions(self, model: keras.Model, cases: Sequence[Case]) -> Iterator:
        return predictions(model, self.held_pairs(cases), cases, self.spec, self.settings.training.batch, padded=True)

    def predict(self, task: QuestionTask, cases: Sequence[Case]) -> list[tuple[Case, np.ndarray, np.ndarray]]:
        """Case, truth and prediction at native size, by a task's best weights."""
        self.segmenter(task)
        return list(self._predictions(self.loaded(self.name(task), partial(self.new_segmenter, task)), cases))

    def measures(self, task: QuestionTask) -> pd.DataFrame:
        """cases.csv of a finished task, with its fraction, kind and number of the GAN, arm and repeat."""
        frame = read_frame(whole(self.folder / self.name(task) / "cases.csv"))
        return frame.assign(**asdict(task))

    # Estimates

    @property
    def tasks(self) -> list[QuestionTask]:
        """All segmenters of the question."""
        return all_tasks(self.settings)

    def trainings(self) -> list[Training]:
        """The GANs and segmenters that are not finished."""
        few, s = self.few, self.settings
        found = []
        for fraction in [] if self.generated else s.fractions:
            for kind, number in self.generators if any(task.generated for task in self.tasks) else ():
                # Without this study's own cache, which an estimate must not fill.
                subset = replace(few.subset(1.0, kind, number), name=self._subset_name(fraction, kind, number))
                *early, last = Generator(subset, self.maps, len(self.training_cases(fraction))).trainings()
                pool = s.pool.amount * s.pool.oversample * len(self.training_cases(fraction))
                found += [*early, replace(last, files=round(pool) * self.pair_bytes)]
        mixed = iterations_of(s, real_share(s, s.pool.amount))
        for task in self.tasks:
            iterations = mixed if task.generated else s.training.iterations
            found.append(Training(self.name(task), iterations, f"segmenter {task.moved}", few.step_of(task)))
        return [training for training in found if not self.finished(training.name.split(" at ")[0])]

    def step_of(self, task: QuestionTask) -> Callable[[], Callable[[], int]]:
        """From nothing to a training step on real images, augmented as the task's are."""

        def build() -> Callable[[], int]:
            real = replace(task, fraction=1.0, arm="ordinary" if task.moved else "real", kind="", gan=-1)
            segmenter, batches = self.new_segmenter(real), self.feed(real).minibatches.batches(0)

            def step() -> int:
                images, labels = next(batches)
                float(segmenter.train_step(images, labels))
                return images.shape[0]

            return step

        return build
