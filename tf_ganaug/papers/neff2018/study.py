"""Neff's two experiments: a joint GAN for each fold, and segmenters fed by it on the fly."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import cached_property, partial
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.augment.standard import Augmentation
from tf_ganaug.data.cases import Case
from tf_ganaug.data.pairs import Pairs
from tf_ganaug.data.pipeline import Minibatches, training_batches
from tf_ganaug.data.sides import mirrors
from tf_ganaug.experiment.study import Study, Training
from tf_ganaug.experiment.subset import Subset
from tf_ganaug.frames import read_frame, write_frame
from tf_ganaug.gans.synthesizer import Synthesizer
from tf_ganaug.generators.joint_gan import JointGan
from tf_ganaug.models.unet import neff_unet
from tf_ganaug.papers.neff2018.tasks import SegmenterTask
from tf_ganaug.quality.diagnosis import Sets
from tf_ganaug.random import named_seed
from tf_ganaug.replicas import on_all_devices
from tf_ganaug.run import RunFolder, whole
from tf_ganaug.segment.losses import cross_entropy
from tf_ganaug.segment.predict import evaluate, predictions
from tf_ganaug.segment.train import Patience, Segmenter, train_segmenter

#: Pairs of a GAN that its diagnosis is of.
DIAGNOSED = 500


class JointStudy(Study):
    """A WGAN-GP for each fold, and U-Nets trained on real and generated pairs.

    The settings have the groups `data`, `gan` and `segmenter` and the numbers `folds` and `seed`.
    """

    def make(self, name: str) -> None:
        """Makes the run of this folder's name, a fold's GAN or a segmenter, unless it is finished.

        Raises:
            ValueError: for a name that no run has.
        """
        if self.finished(name):
            return
        fold = re.fullmatch(r"gan-fold(\d+)", name)
        if fold:
            self.synthesizer(int(fold[1]))
        else:
            self.segmenter(SegmenterTask.named(name))

    # Generators

    def gan_path(self, fold: int) -> Path:
        """The run folder of the fold's GAN."""
        return self.folder / f"gan-fold{fold}"

    def gan(self, fold: int, cases: Sequence[Case]) -> JointGan:
        """A GAN of some of the fold's training cases."""
        return JointGan(self.subset(fold, cases))

    def subset(self, fold: int, cases: Sequence[Case]) -> Subset:
        """What a GAN of the fold may see."""
        rows = self.sized.rows(cases)
        provenance = self.provenance(cases, *self.median_range(rows))
        provenance = replace(provenance, percentiles=tuple(self.settings.data.percentiles))
        kept = self.sized, rows, self.spec, provenance, self.settings
        return Subset(self.folder, f"fold{fold}", *kept, True, mirrors(self.dataset), self.compiled)

    def synthesizer(self, fold: int) -> Synthesizer:
        """The fold's generator, trained on its training cases first if that is not done."""
        if fold not in self._synthesizers:
            self._synthesizers[fold] = self.gan(fold, self.cases(fold, "train")).synthesizer()
        return self._synthesizers[fold]

    def made_pairs(self) -> Iterator[tuple[str, Callable[[], Sets]]]:
        """The finished GANs by the names of their run folders, each with pairs to be compared with real ones."""
        for fold in range(self.settings.folds_used):
            if self.finished(self.gan_path(fold).name):
                yield self.gan_path(fold).name, partial(self._sets, fold)

    def _sets(self, fold: int) -> Sets:
        training, synthesizer = self.cases(fold, "train"), self.synthesizer(fold)
        images, labels = synthesizer.draw(DIAGNOSED, named_seed(self.settings.seed, f"diagnosis-fold{fold}"))
        subset = self.subset(fold, training)
        made = subset.part(synthesizer.provenance.to_stored(images), labels, np.arange(DIAGNOSED))
        return self.sets(made, training, subset.real, fold)

    @cached_property
    def _synthesizers(self) -> dict[int, Synthesizer]:
        # Loading one takes longer than a short training's step does.
        return {}

    # Segmenters

    def segmenter(self, task: SegmenterTask) -> dict:
        """The task's result, trained and evaluated first if that is not done.

        `cases.csv` beside it has every measure of every validation and test case.
        """
        options = {"task": asdict(task), "segmenter": asdict(self.settings.segmenter)}
        run = RunFolder(self.folder / task.name, options)
        if not run.finished:
            segmenter = self.compiled(self.new_segmenter(task))
            validation = self.pairs(task.fold, "validation")
            s = self.settings.segmenter
            patience = Patience(
                s.min_iterations,
                s.more_iterations,
                s.max_iterations,
                s.validate_every,
                s.log_every,
                s.checkpoint_every,
            )
            synthesizer = self.synthesizer(task.fold) if task.generated else None
            batches = self.batches(task, self.pairs(task.fold, "train"), synthesizer)
            trained = train_segmenter(run, segmenter, batches, validation, patience)
            write_frame(run.path / "cases.csv", self._measure(segmenter.model, task))
            run.finish(asdict(trained))
        return run.result()

    def batches(self, task: SegmenterTask, pairs: Pairs, synthesizer: Synthesizer | None) -> Minibatches:
        """The task's minibatches, one for each iteration."""
        seed = named_seed(self.settings.seed, f"batches-fold{task.fold}-repeat{task.repeat}")

        return training_batches(
            pairs,
            task.real,
            task.generated,
            synthesizer.pairs if synthesizer else None,
            synthesizer.latent_size if synthesizer else 0,
            task.augmentation,
            seed,
        )

    def new_segmenter(self, task: SegmenterTask) -> Segmenter:
        """Untrained; all tasks of one fold and repeat start from the same weights, to be compared."""
        s = self.settings.segmenter
        backend.begin_networks(named_seed(self.settings.seed, f"unet-fold{task.fold}-repeat{task.repeat}"))
        classes, channels = len(self.spec.classes), self.dataset.channels
        with on_all_devices(s.batch):
            model = neff_unet(self.height, self.width, channels, classes, s.levels, s.filters)
            optimizer = backend.adam(s.learning_rate, s.beta_1, s.beta_2)
            return Segmenter(model, cross_entropy, self.spec, optimizer, self.settings.jit_compile)

    def measures(self, task: SegmenterTask) -> pd.DataFrame:
        """cases.csv of a finished task, with its part, fold and repeat."""
        frame = read_frame(whole(self.folder / task.name / "cases.csv"))
        return frame.assign(fold=task.fold, repeat=task.repeat)

    def predict(self, task: SegmenterTask, cases: Sequence[Case]) -> list[tuple[Case, np.ndarray, np.ndarray]]:
        """Case, truth and prediction at native size, by a finished task's best weights."""
        model = self.loaded(task.name, partial(self.new_segmenter, task))
        return list(self._predictions(model, Pairs.of(self.sized, cases), cases))

    def _predictions(self, model: keras.Model, pairs: Pairs, cases: Sequence[Case]) -> Iterator:
        s = self.settings.segmenter
        return predictions(model, pairs, cases, self.spec, s.batch, s.largest_component)

    def _measure(self, model: keras.Model, task: SegmenterTask) -> pd.DataFrame:
        distances = self.settings.segmenter.distances

        def measured(part: str) -> pd.DataFrame:
            found = self._predictions(model, self.pairs(task.fold, part), self.cases(task.fold, part))
            return evaluate(found, self.spec, distances).assign(part=part)

        return pd.concat(map(measured, ("validation", "test")), ignore_index=True)

    # Estimates

    def trainings(self, folds: Sequence[int], tasks: Sequence[SegmenterTask]) -> list[Training]:
        """Those of the GANs of these folds and of these segmenters that are not finished."""
        gans = [
            Training(self.gan_path(fold).name, self.settings.gan.iterations, "gan", lambda: self._few_gan.step())
            for fold in folds
        ]
        segmenters = [
            Training(
                task.name,
                self.settings.segmenter.least_iterations,
                (task.real, task.generated, task.augmentation.moves),
                lambda task=task: self._segmenter_step(task),
            )
            for task in tasks
        ]
        return [training for training in [*gans, *segmenters] if not self.finished(training.name)]

    @cached_property
    def _few_gan(self) -> JointGan:
        return self.few.gan(0, self.few.cases(0, "train"))

    def steps(self) -> dict[str, Callable[[], Callable[[], int]]]:
        """For the benchmark: name of a step to what builds it; a step returns how many images it took."""
        batch = self.settings.segmenter.batch
        standard = self.settings.augmentation.named
        real = SegmenterTask(0, batch, 0, Augmentation())
        mixed = SegmenterTask(0, batch - batch // 2, batch // 2, Augmentation())
        tasks = {"real": real, "mixed": mixed}
        tasks.update({f"{name}, augmented": replace(task, augmentation=standard) for name, task in tasks.items()})
        steps = {"WGAN-GP iteration": self._few_gan.step, "generator, a minibatch": self._generator_call}
        steps["U-Net step, real"] = lambda: self._segmenter_step(real)
        for name, task in tasks.items():
            steps[f"pipeline, {name}"] = lambda task=task: self._pipeline_call(task)
        return steps

    def _generator_call(self) -> Callable[[], int]:
        synthesizer, batch = self._few_gan.untrained(), self.settings.segmenter.batch
        latents = tf.random.stateless_normal((batch, synthesizer.latent_size), (0, 0))
        return lambda: len(synthesizer.pairs(latents)[0].numpy())

    def _pipeline_call(self, task: SegmenterTask) -> Callable[[], int]:
        synthesizer, rounds = self._few_gan.untrained() if task.generated else None, 20
        batches = self.batches(task, self.few.pairs(0, "train"), synthesizer).batches(0)
        # Several minibatches, since one may lie prefetched.
        return lambda: sum(next(batches)[0].shape[0] for _ in range(rounds))

    def _segmenter_step(self, task: SegmenterTask) -> Callable[[], int]:
        segmenter, synthesizer = self.new_segmenter(task), self._few_gan.untrained() if task.generated else None
        batches = self.batches(task, self.few.pairs(0, "train"), synthesizer).batches(0)

        def step() -> int:
            images, labels = next(batches)
            float(segmenter.train_step(images, labels))
            return images.shape[0]

        return step
