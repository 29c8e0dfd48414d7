"""Neff's two experiments: a joint GAN for each fold, and segmenters fed by it on the fly."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.augment.standard import Augmentation
from tf_ganaug.data.cache import sized_cases
from tf_ganaug.data.cases import Case
from tf_ganaug.data.pairs import Pairs
from tf_ganaug.data.pipeline import real_batches, training_batches
from tf_ganaug.experiment.joint_tasks import SegmenterTask
from tf_ganaug.experiment.study import Study, Training
from tf_ganaug.files import replacing
from tf_ganaug.gans.joint import JointLayout
from tf_ganaug.gans.previews import pair_previews, show_reals
from tf_ganaug.gans.synthesizer import Provenance, Synthesizer, freeze_statistics
from tf_ganaug.gans.train import PREVIEWS, Schedule, train_gan
from tf_ganaug.gans.wgan_gp import WganGp
from tf_ganaug.models import dcgan
from tf_ganaug.models.unet import neff_unet
from tf_ganaug.random import fold as fold_in
from tf_ganaug.random import named_seed
from tf_ganaug.run import RunFolder
from tf_ganaug.segment.losses import cross_entropy
from tf_ganaug.segment.predict import evaluate, predictions
from tf_ganaug.segment.train import Patience, Segmenter, train_segmenter


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

    @property
    def layout(self) -> JointLayout:
        """How image and label share the generator's channels."""
        return JointLayout.of(self.spec, threshold=self.settings.gan.threshold)

    def gan_path(self, fold: int) -> Path:
        """The run folder of the fold's GAN."""
        return self.folder / f"gan-fold{fold}"

    def synthesizer(self, fold: int) -> Synthesizer:
        """The fold's generator, trained on its training cases first if that is not done."""
        path = self.gan_path(fold)
        run = RunFolder(path, {"fold": fold, "gan": asdict(self.settings.gan)})
        if not run.finished:
            gan = self.new_gan(fold)
            pairs = self.pairs(fold, "train")
            seconds = self._train_gan(run, gan, pairs)
            freeze_statistics(gan.generator, gan.seed)
            cases = self.cases(fold, "train")
            low, high = np.median(self.sized.ranges[self.sized.rows(cases)], axis=0).tolist()
            provenance = self.provenance(cases, low, high)
            made = Synthesizer.from_generator(gan.generator, self.spec, provenance, self.layout)
            made.save(path / "synthesizer")
            done = {"iterations": self.settings.gan.iterations, "seconds": seconds}
            run.finish({**done, "training_pairs": pairs.count})
        return Synthesizer.load(path / "synthesizer")

    def _train_gan(self, run: RunFolder, gan: WganGp, pairs: Pairs) -> float:
        s = self.settings.gan
        schedule = Schedule.regular(s.iterations, s.log_every, s.preview_every, s.checkpoint_every)
        latents = tf.random.stateless_normal((PREVIEWS, gan.latent_size), fold_in(gan.seed, 0, 3))
        # By the batch's own statistics, as training sees them.
        look = pair_previews(run, self.spec, lambda: self.layout.separate(gan.generator(latents, training=True)))
        show_reals(run, pairs, self.spec)

        def batches_from(step: int) -> tf.data.Dataset:
            return real_batches(pairs, s.batch, gan.seed, step).map(self.layout.join)

        return train_gan(
            run, gan.parts(), lambda start: gan.iterations(batches_from, s.critic_steps, start), look, schedule
        )

    def new_gan(self, fold: int) -> WganGp:
        """The fold's untrained GAN."""
        s, seed = self.settings.gan, named_seed(self.settings.seed, f"gan-fold{fold}")
        keras.utils.set_random_seed(seed)
        channels = self.dataset.channels + self.layout.channels
        generator = dcgan.generator(self.height, self.width, channels, s.dim, s.latent_size, s.he)
        critic = dcgan.critic(self.height, self.width, channels, s.dim, s.negative_slope, s.he)
        return WganGp(
            generator,
            critic,
            s.batch,
            s.learning_rate,
            s.beta_1,
            s.beta_2,
            s.penalty_weight,
            seed,
            self.settings.jit_compile,
        )

    # Segmenters

    def segmenter(self, task: SegmenterTask) -> dict:
        """The task's result, trained and evaluated first if that is not done.

        `cases.csv` beside it has every measure of every validation and test case.
        """
        options = {"task": asdict(task), "segmenter": asdict(self.settings.segmenter)}
        run = RunFolder(self.folder / task.name, options)
        if not run.finished:
            segmenter = self.new_segmenter(task)
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
            with replacing(run.path / "cases.csv") as temporary:
                self._measure(segmenter.model, task).to_csv(temporary, index=False)
            run.finish(asdict(trained))
        return run.result()

    def batches(
        self, task: SegmenterTask, pairs: Pairs, synthesizer: Synthesizer | None
    ) -> Callable[[int], tf.data.Dataset]:
        """From an iteration number to the task's endless minibatches from there on."""
        seed = named_seed(self.settings.seed, f"batches-fold{task.fold}-repeat{task.repeat}")

        def batches_from(start: int) -> tf.data.Dataset:
            return training_batches(
                pairs,
                task.real,
                task.generated,
                synthesizer.pairs if synthesizer else None,
                synthesizer.latent_size if synthesizer else 0,
                task.augmentation,
                seed,
                start,
            )

        return batches_from

    def new_segmenter(self, task: SegmenterTask) -> Segmenter:
        """Untrained; all tasks of one fold and repeat start from the same weights, to be compared."""
        s = self.settings.segmenter
        keras.utils.set_random_seed(named_seed(self.settings.seed, f"unet-fold{task.fold}-repeat{task.repeat}"))
        classes, channels = len(self.spec.classes), self.dataset.channels
        model = neff_unet(self.height, self.width, channels, classes, s.levels, s.filters)
        optimizer = backend.adam(s.learning_rate, s.beta_1, s.beta_2)
        return Segmenter(model, cross_entropy, self.spec, optimizer, self.settings.jit_compile)

    def measures(self, task: SegmenterTask) -> pd.DataFrame:
        """cases.csv of a finished task, with its part, fold and repeat."""
        types = {"case": str, "subject": str}
        frame = pd.read_csv(self.folder / task.name / "cases.csv", dtype=types)
        return frame.assign(fold=task.fold, repeat=task.repeat)

    def predict(self, task: SegmenterTask, cases: Sequence[Case]) -> Iterator[tuple[Case, np.ndarray, np.ndarray]]:
        """Case, truth and prediction at native size, by a finished task's best weights."""
        model = self.new_segmenter(task).model
        model.load_weights(self.folder / task.name / "best.weights.h5")
        return self._predictions(model, cases)

    def _predictions(self, model: keras.Model, cases: Sequence[Case]) -> Iterator[tuple[Case, np.ndarray, np.ndarray]]:
        s = self.settings.segmenter
        return predictions(model, Pairs.of(self.sized, cases), cases, self.spec, s.batch, s.largest_component)

    def _measure(self, model: keras.Model, task: SegmenterTask) -> pd.DataFrame:
        distances = self.settings.segmenter.distances

        def measured(part: str) -> pd.DataFrame:
            found = self._predictions(model, self.cases(task.fold, part))
            return evaluate(found, self.spec, distances).assign(part=part)

        return pd.concat(map(measured, ("validation", "test")), ignore_index=True)

    # Estimates

    def trainings(self, folds: Sequence[int], tasks: Sequence[SegmenterTask]) -> list[Training]:
        """Those of the GANs of these folds and of these segmenters that are not finished."""
        gans = [
            Training(self.gan_path(fold).name, self.settings.gan.iterations, "gan", self._gan_step) for fold in folds
        ]
        segmenters = [
            Training(
                task.name,
                self.settings.segmenter.min_iterations,
                (task.real, task.generated, task.augmentation.moves),
                lambda task=task: self._segmenter_step(task),
            )
            for task in tasks
        ]
        return [training for training in [*gans, *segmenters] if not self.finished(training.name)]

    def _some_pairs(self) -> Pairs:
        """A minibatch of the training pairs, read without touching the experiment's folder."""
        s = self.settings
        part = replace(self.dataset, cases=tuple(self.cases(0, "train")[: max(s.gan.batch, s.segmenter.batch)]))
        with TemporaryDirectory() as place:
            return Pairs.of(sized_cases(part, self.height, self.width, s.data.percentiles, Path(place)), part.cases)

    def steps(self) -> dict[str, Callable[[], Callable[[], int]]]:
        """For the benchmark: name of a step to what builds it; a step returns how many images it took."""
        batch = self.settings.segmenter.batch
        standard = Augmentation(**asdict(self.settings.augmentation))
        real = SegmenterTask(0, batch, 0, Augmentation())
        mixed = SegmenterTask(0, batch - batch // 2, batch // 2, Augmentation())
        tasks = {"real": real, "mixed": mixed}
        tasks.update({f"{name}, augmented": replace(task, augmentation=standard) for name, task in tasks.items()})
        steps = {"WGAN-GP iteration": self._gan_step, "generator, a minibatch": self._generator_call}
        steps["U-Net step, real"] = lambda: self._segmenter_step(real)
        for name, task in tasks.items():
            steps[f"pipeline, {name}"] = lambda task=task: self._pipeline_call(task)
        return steps

    def _gan_step(self) -> Callable[[], int]:
        gan, s, pairs = self.new_gan(0), self.settings.gan, self._some_pairs()
        # From the second iteration on, the first to have a generator step.
        iterations = gan.iterations(
            lambda step: real_batches(pairs, s.batch, 0, step).map(self.layout.join), s.critic_steps, 1
        )

        def step() -> int:
            terms, images = next(iterations)
            float(terms["wasserstein"])
            return images

        return step

    def _untrained(self) -> Synthesizer:
        nothing = Provenance(self.dataset.name, True, (), (), "uint8", 0.0, 255.0, (1.0, 1.0))
        return Synthesizer.from_generator(self.new_gan(0).generator, self.spec, nothing, self.layout)

    def _generator_call(self) -> Callable[[], int]:
        synthesizer, batch = self._untrained(), self.settings.segmenter.batch
        latents = tf.random.stateless_normal((batch, synthesizer.latent_size), (0, 0))
        return lambda: len(synthesizer.pairs(latents)[0].numpy())

    def _pipeline_call(self, task: SegmenterTask) -> Callable[[], int]:
        synthesizer, rounds = self._untrained() if task.generated else None, 20
        batches = iter(self.batches(task, self._some_pairs(), synthesizer)(0))
        # Several minibatches, since one may lie prefetched.
        return lambda: sum(next(batches)[0].shape[0] for _ in range(rounds))

    def _segmenter_step(self, task: SegmenterTask) -> Callable[[], int]:
        segmenter, synthesizer = self.new_segmenter(task), self._untrained() if task.generated else None
        batches = iter(self.batches(task, self._some_pairs(), synthesizer)(0))

        def step() -> int:
            images, labels = next(batches)
            float(segmenter.train_step(images, labels))
            return images.shape[0]

        return step
