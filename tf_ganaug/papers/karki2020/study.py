"""Karki's experiment: lesion-conditional GANs on few patients, and FCN-8s on what they and tradition add."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import cached_property, partial
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.augment.traditional import traditional_copies
from tf_ganaug.data.cases import Case
from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.data.pipeline import Minibatches, real_batches
from tf_ganaug.data.sides import mirrors
from tf_ganaug.data.splits import Split
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.study import Study, Training
from tf_ganaug.experiment.subset import Subset, chunks, extremes
from tf_ganaug.frames import read_frame, write_frame
from tf_ganaug.generators.pix2pix_painter import iterations
from tf_ganaug.models.fcn8s import fcn8s
from tf_ganaug.models.vgg16 import load_vgg16
from tf_ganaug.papers.karki2020.candidates import LesionPainter
from tf_ganaug.papers.karki2020.judge import LesionJudge
from tf_ganaug.papers.karki2020.tasks import LesionTask
from tf_ganaug.quality.diagnosis import Sets
from tf_ganaug.random import named_seed
from tf_ganaug.replicas import on_all_devices
from tf_ganaug.run import RunFolder, whole
from tf_ganaug.segment.losses import cross_entropy, foreground_dice
from tf_ganaug.segment.predict import evaluate, predictions
from tf_ganaug.segment.train import Patience, Segmenter, train_segmenter

log = logging.getLogger("tf_ganaug")

#: Of all patients, those tested, and of the others those that validate: 660 of 2,777, and 6,000 of 32,000 slices.
TEST_SHARE, VALIDATION_SHARE = 660 / 2777, 6 / 32


class LesionStudy(Study):
    """The GANs and segmenters of every share of the patients.

    The settings have `data`, `painter`, `judge` and `segmenter`, and `shares`.
    """

    def make(self, name: str) -> None:
        """Makes the run of this folder's name unless it is finished.

        Raises:
            ValueError: for a name that no run has.
        """
        if self.finished(name):
            return
        painters = {f"{share:g}": painter for share, painter in self.painters.items()}
        kind, _, share = name.partition("-")
        if kind == "pix2pix":
            painters[share].trained()
        elif kind == "images":
            _ = painters[share].table
        else:
            self.segmenter(LesionTask.named(name, (*self.settings.shares, 1.0)))

    # Patients

    def draw_splits(self) -> list[Split]:
        """One split by patient, in a random order that every subset is the start of."""
        order = self._shuffled({case.subject for case in self.dataset.cases})
        test = max(1, round(TEST_SHARE * len(order)))
        validation = max(1, round(VALIDATION_SHARE * (len(order) - test)))
        held = test + validation
        if len(order) <= held:
            raise InputError(self.dataset.name, "at least 3 patients", str(len(order)), "add patients")
        return [Split(tuple(order[held:]), tuple(order[:validation]), tuple(order[validation:held]))]

    def _shuffled(self, subjects: set[str]) -> list[str]:
        return np.random.default_rng(named_seed(self.settings.seed, "splits")).permutation(sorted(subjects)).tolist()

    @cached_property
    def patients(self) -> list[str]:
        """All training patients in a random order; a share takes the first of them, so that subsets are nested."""
        return self._shuffled(set(self.splits[0].train))

    def training_cases(self, share: float) -> list[Case]:
        """All slices of a share of the training patients.

        Raises:
            InputError: if the share leaves no patient.
        """
        chosen = set(self.patients[: round(share * len(self.patients))])
        if not chosen:
            found = f"{share:g} of {len(self.patients)} training patients"
            raise InputError("shares", "at least one patient in every share", found, "choose a larger share")
        return [case for case in self.dataset.cases if case.subject in chosen]

    @cached_property
    def window(self) -> tuple[float, float]:
        """The least and the largest stored value of the training part: -1 and 1 in every arm."""
        return extremes(self.sized.images, self.sized.rows(self.training_cases(1.0)))

    def subset(self, share: float) -> Subset:
        """What everything of one share may see."""
        cases = self.training_cases(share)
        rows, provenance = self.sized.rows(cases), self.provenance(cases, *self.window)
        kept = self.sized, rows, self.spec, provenance, self.settings
        return Subset(self.folder, f"{share:g}", *kept, mirrored=mirrors(self.dataset), compiled=self.compiled)

    def pixels(self, share: float) -> np.ndarray:
        """(classes,) of each class in the slices of a share."""
        counts = sum(np.bincount(self.sized.labels[p].ravel(), minlength=256) for p in chunks(self.subset(share).rows))
        return counts[: len(self.spec.classes)]

    def absent(self, share: float) -> list[str]:
        """The classes that no slice of a share has."""
        pixels = self.pixels(share)
        return [self.spec.names[number] for number in self.spec.measured if not pixels[number]]

    def class_weights(self, share: float) -> np.ndarray | None:
        """(classes,) float32, of the loss; None where all pixels count alike. A class that is absent counts nothing."""
        if not self.settings.segmenter.balance:
            return None
        pixels = self.pixels(share).astype(np.float64)
        parts = np.divide(pixels.sum(), pixels, out=np.zeros_like(pixels), where=pixels > 0)
        return np.float32(parts**self.settings.segmenter.balance)

    # Generators

    @cached_property
    def painters(self) -> dict[float, LesionPainter]:
        """Each share's pix2pix."""
        found = {}
        for share in self.settings.shares:
            subset = self.subset(share)
            copies = partial(self.copies, subset) if self.settings.painter.traditional else None
            judge = LesionJudge(subset, self.judged(subset), partial(self._model, self.reader_task(share)))
            found[share] = LesionPainter(subset, judge, copies)
        return found

    def judged(self, subset: Subset) -> Subset:
        """The slices whose masks a subset's candidates paint to be judged: its own, or those that validate."""
        if self.settings.judge.masks == "training":
            return subset
        return replace(subset, rows=self.sized.rows(self.cases(0, "validation")))

    def reader_task(self, share: float) -> LesionTask:
        """The segmenter that reads generated images: without augmentation, of the arm's or of all patients."""
        return LesionTask(1.0 if self.settings.judge.reader == "all" else share)

    def copies(self, subset: Subset) -> Part:
        """A traditionally augmented copy of every slice of a subset."""
        seed, made = named_seed(self.settings.seed, "traditional"), []
        for rows in chunks(subset.rows, 64):
            images = subset.provenance.from_stored(subset.sized.images[rows])
            copied, labels = traditional_copies(tf.constant(images), tf.constant(subset.sized.labels[rows]), seed, rows)
            made.append((subset.provenance.to_stored(copied.numpy()), labels.numpy()))
        images, labels = (np.concatenate(column) for column in zip(*made))
        return subset.part(images, labels, np.arange(len(labels)))

    def made_pairs(self) -> Iterator[tuple[str, Callable[[], Sets]]]:
        """The GANs that have painted, by the names of their run folders, each with its images of its training masks."""
        for share in self.settings.shares:
            if self.finished(f"images-{share:g}"):
                yield f"pix2pix-{share:g}", partial(self._sets, share)

    def _sets(self, share: float) -> Sets:
        subset = self.subset(share)
        return self.sets(self.painted_part(share), self.training_cases(share), subset.real)

    def painted_part(self, share: float) -> Part:
        """An image of each mask of a share's slices."""
        subset, images = self.subset(share), self.painters[share].images()
        return subset.part(images, self.sized.labels[subset.rows], np.arange(len(images)))

    # Segmenters

    def parts(self, task: LesionTask) -> list[Part]:
        """The task's training slices: the originals, and for each an image of its mask, a copy, or both."""
        subset = self.subset(task.share)
        parts = [subset.real(subset.rows)]
        if task.generated:
            parts.append(self.painted_part(task.share))
        if task.traditional:
            parts.append(self.copies(subset))
        return parts

    def segmenter(self, task: LesionTask) -> dict:
        """The task's result, trained and evaluated first if that is not done.

        `cases.csv` beside it has every measure of every test slice.
        """
        run = RunFolder(self.folder / task.name, {"task": asdict(task), "segmenter": asdict(self.settings.segmenter)})
        if not run.finished:
            pairs = Pairs(self.parts(task))
            for name in self.absent(task.share):
                run.say(f"warning: no slice of these patients has the class {name}")
                log.warning("%s: no slice of these patients has the class %s", task.name, name)
            segmenter = self.compiled(self.new_segmenter(task, run), task.share)
            held = self.held_pairs("validation")
            trained = train_segmenter(run, segmenter, self.batches(task, pairs), held, self.patience(task))
            found = self._predictions(segmenter.model, self.cases(0, "test"))
            write_frame(run.path / "cases.csv", evaluate(found, self.spec, distances=False))
            run.finish({**asdict(trained), "slices": pairs.count})
        return run.result()

    def patience(self, task: LesionTask) -> Patience:
        """When the task's training ends."""
        s, times = self.settings.segmenter, self.times(task)
        most = None if s.max_iterations is None else times * s.max_iterations
        every = s.validate_every, s.log_every, s.checkpoint_every
        return Patience(times * s.min_iterations, times * s.more_iterations, most, *every)

    def times(self, task: LesionTask) -> int:
        """How much longer than of the original slices alone the training is."""
        return 1 if self.settings.equal_steps else 1 + task.generated + task.traditional

    def batches(self, task: LesionTask, pairs: Pairs) -> Minibatches:
        """The task's minibatches, one for each iteration."""
        seed = named_seed(self.settings.seed, f"batches-repeat{task.repeat}")
        return real_batches(pairs, self.settings.segmenter.batch, seed)

    def new_segmenter(self, task: LesionTask, run: RunFolder | None = None) -> Segmenter:
        """Untrained, or with VGG-16's weights; all tasks of one repeat start from the same."""
        s, seed = self.settings.segmenter, named_seed(self.settings.seed, f"fcn8s-repeat{task.repeat}")
        backend.begin_networks(seed)
        pretrained = s.vgg16 != "random"
        with on_all_devices(s.batch):
            model = fcn8s(
                *self.settings.data.size,
                self.dataset.channels,
                len(self.spec.classes),
                s.filters,
                s.fc_filters,
                s.aligned,
                tuple(s.pool_scales) if pretrained else (1.0, 1.0),
                caffe_input=pretrained,
                seed=seed % 2**31,
            )
            if pretrained and not load_vgg16(model, Path(s.vgg16)) and run is not None:
                run.say(f"{s.vgg16} has no top: fc6 and fc7 start from random weights")
            optimizer = backend.adam(s.learning_rate, s.beta_1, s.beta_2)
            loss = partial(cross_entropy, weights=self.class_weights(task.share))
            jit = self.settings.jit_compile
            return Segmenter(model, loss, self.spec, optimizer, jit, keep="dice", dice=foreground_dice)

    def held_pairs(self, part: str) -> Pairs:
        """The "validation" or "test" slices, the same for every share."""
        return self.subset(1.0).pairs(self.sized.rows(self.cases(0, part)))

    def _model(self, task: LesionTask) -> keras.Model:
        """A task's network with its best weights, see `loaded`; it is trained first if that is not done."""
        self.segmenter(task)
        return self.loaded(task.name, partial(self.new_segmenter, task))

    def _predictions(self, model: keras.Model, cases: Sequence[Case]) -> Iterator:
        pairs = self.subset(1.0).pairs(self.sized.rows(cases))
        return predictions(model, pairs, cases, self.spec, self.settings.segmenter.batch)

    def predict(self, task: LesionTask, cases: Sequence[Case]) -> list[tuple[Case, np.ndarray, np.ndarray]]:
        """Case, truth and prediction at native size, by a task's best weights; it is trained first if need be."""
        return list(self._predictions(self._model(task), cases))

    def measures(self, task: LesionTask) -> pd.DataFrame:
        """cases.csv of a finished task, with the columns of a run."""
        frame = read_frame(whole(self.folder / task.name / "cases.csv"))
        return frame.assign(fold=0, repeat=task.repeat)

    # Estimates and benchmark

    def trainings(self, shares: Sequence[float], tasks: Sequence[LesionTask]) -> list[Training]:
        """Those of the shares' GANs and of these segmenters that are not finished."""
        s = self.settings.painter
        slices = {share: len(self.training_cases(share)) for share in shares}
        found = [
            Training(
                f"pix2pix-{share:g}",
                iterations(s, count, max(s.epochs)),
                "pix2pix",
                self.few.painting_step,
                count * len(s.epochs) * self.pair_bytes,
            )
            for share, count in slices.items()
        ]
        least = self.settings.segmenter.least_iterations
        found += [Training(task.name, self.times(task) * least, "fcn8s", self.few.segmenter_step) for task in tasks]
        return [training for training in found if not self.finished(training.name)]

    def steps(self) -> dict[str, Callable[[], Callable[[], int]]]:
        """For the benchmark: name of a step to what builds it; a step returns how many images it took."""
        return {
            "pix2pix step": self.few.painting_step,
            "pix2pix, painting": self.few.painting,
            "FCN-8s step": self.few.segmenter_step,
            "traditional copies": self.few.copying,
        }

    def painting_step(self) -> Callable[[], int]:
        """A training step of a pix2pix."""
        return LesionPainter(self.subset(1.0), None).step()

    def painting(self) -> Callable[[], int]:
        """The images of some masks."""
        return LesionPainter(self.subset(1.0), None).painting()

    def copying(self) -> Callable[[], int]:
        """Traditional copies of some slices."""
        return lambda: len(self.copies(self.subset(1.0)).rows)

    def segmenter_step(self) -> Callable[[], int]:
        """A training step of FCN-8s."""
        task = LesionTask(1.0)
        segmenter, batches = self.new_segmenter(task), self.batches(task, Pairs(self.parts(task))).batches(0)

        def step() -> int:
            images, labels = next(batches)
            float(segmenter.train_step(images, labels))
            return images.shape[0]

        return step
