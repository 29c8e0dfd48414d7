"""Bowles' experiment: a GAN for every fraction of the data, and segmenters with and without its synthetic patches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import cached_property, lru_cache, partial
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from tf_ganaug.data.cache import SizedCases, sized_cases
from tf_ganaug.data.cases import Case
from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.data.patches import Joined, Patches
from tf_ganaug.data.pipeline import Minibatches, real_batches
from tf_ganaug.data.sides import mirrors
from tf_ganaug.data.splits import Split, by_shares
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.study import Study, Training
from tf_ganaug.frames import read_frame, write_frame
from tf_ganaug.generators.joint_pggan import schedule_of
from tf_ganaug.papers.bowles2018.networks import NETWORKS, new_segmenter, training_of
from tf_ganaug.papers.bowles2018.patch_gan import PatchGan
from tf_ganaug.papers.bowles2018.tasks import Fraction, PatchTask, named
from tf_ganaug.quality.diagnosis import Sets
from tf_ganaug.random import named_seed
from tf_ganaug.run import RunFolder, whole
from tf_ganaug.segment.predict import evaluate, predictions
from tf_ganaug.segment.train import Patience, Segmenter, train_segmenter

#: Stored values that become -1 and 1: all images have 8 bits.
LOW, HIGH = 0.0, 255.0

#: Synthetic patches that a GAN's diagnosis is of, at most, and training patches that it looks for copies of.
DIAGNOSED, COMPARED = 500, 5000


class PatchStudy(Study):
    """The GANs and the segmenters. The settings are `patch_settings.Settings`."""

    def make(self, name: str) -> None:
        """Makes the run of this folder's name, a GAN or a segmenter, unless it is finished.

        Raises:
            ValueError: for a name that no run has.
        """
        run = named(name)
        if self.finished(name):
            return
        if isinstance(run, Fraction):
            self.gan(run).make()
        else:
            self.segmenter(run)

    # Data

    @cached_property
    def sized(self) -> SizedCases:
        """All slices in one frame, each with its own proportions: stretched, heads would tell the scanner."""
        place = self.folder / "cache"
        return sized_cases(self.dataset, self.height, self.width, self.settings.data.percentiles, place, padded=True)

    def draw_splits(self) -> list[Split]:
        """Shares of the subjects, in a seeded order."""
        subjects = (case.subject for case in self.dataset.cases)
        return [
            by_shares(subjects, self.settings.data.parts, named_seed(self.settings.seed, "splits"), self.dataset.name)
        ]

    def training_cases(self, fraction: Fraction) -> list[Case]:
        """The first of a seeded order of the training subjects or slices: fractions of one draw are nested.

        A percentage of subjects is rounded up: 49 stacks give 49, 25 and 5 (Figure 3 names 50, 25 and 5).

        Raises:
            InputError: if there is none.
        """
        cases, by_subject = self.cases(0, "train"), self.settings.fraction_unit == "subject"
        units = sorted({case.subject for case in cases} if by_subject else {case.id for case in cases})
        count = -(-len(units) * fraction.available // 100)
        if not count:
            found = f"none of {len(units)} {self.settings.fraction_unit}s"
            raise InputError("training part", f"images in {fraction.available} % of it", found, "add labelled images")
        seed = named_seed(self.settings.seed, f"fraction-draw{fraction.draw}")
        kept = set(np.random.default_rng(seed).permutation(units)[:count].tolist())
        return [case for case in cases if (case.subject if by_subject else case.id) in kept]

    def patches(self, fraction: Fraction) -> Patches:
        """The real patches of a fraction, the same for its GAN and all its segmenters."""
        return self._latest_patches(fraction)

    @cached_property
    def _latest_patches(self) -> Callable[[Fraction], Patches]:
        # Their images fill memory; runs of one fraction mostly follow each other.
        return lru_cache(maxsize=1)(self._new_patches)

    def _new_patches(self, fraction: Fraction) -> Patches:
        cases, count = self.training_cases(fraction), self.settings.patches.count
        return self._cut(cases, count, f"patches-draw{fraction.draw}", fraction.rotation)

    def _cut(self, cases: Sequence[Case], count: int, name: str, rotation: bool) -> Patches:
        part, s = self._part(cases), self.settings.patches
        return Patches(
            part.images[part.rows],
            part.labels[part.rows],
            part.ranges,
            [case.id for case in cases],
            s.size,
            count,
            named_seed(self.settings.seed, name),
            s.rotation if rotation else 0.0,
            s.on_classes,
            self.spec.measured,
        )

    def labelled(self, part: str) -> list[Case]:
        """The part's slices that show a class: where nothing is and nothing is found, there is no Dice to choose by.

        Raises:
            InputError: if there is none.
        """
        cases, labels = self.cases(0, part), self.sized.labels
        kept = [
            case for case, row in zip(cases, self.sized.rows(cases)) if np.isin(labels[row], self.spec.measured).any()
        ]
        if not kept:
            raise InputError(
                self.dataset.name, f"slices with a class in the {part} part", "none", "add labelled slices"
            )
        return kept

    def held_pairs(self, cases: Sequence[Case]) -> Pairs:
        """Whole slices."""
        return Pairs([self._part(cases)])

    def _part(self, cases: Sequence[Case]) -> Part:
        rows = self.sized.rows(cases)
        if not len(rows):
            remedy = "name subjects of the data under 'splits' in dataset.yaml"
            raise InputError(self.dataset.name, "images to train, validate and test", "a part without any", remedy)
        return Part(self.sized.images, self.sized.labels, rows, np.tile(np.float32([LOW, HIGH]), (len(rows), 1)))

    # GANs

    def gan(self, fraction: Fraction) -> PatchGan:
        """The fraction's GAN, trained or not."""
        s, cases = self.settings, self.training_cases(fraction)
        provenance = self.provenance(cases, LOW, HIGH)
        data = self.patches(fraction), self.spec, provenance
        return PatchGan(self.gan_path(fraction), *data, s, self._most_added, mirrors(self.dataset), self.compiled)

    @property
    def _most_added(self) -> int:
        return self.count_added(max(*self.settings.added, *self.settings.sweep_added))

    def gan_path(self, fraction: Fraction) -> Path:
        """Its run folder."""
        return self.folder / f"pggan-{fraction.name}"

    def count_added(self, added: float) -> int:
        """Synthetic patches of a percentage of the real ones."""
        return round(self.settings.patches.count * added / 100)

    def made_pairs(self) -> Iterator[tuple[str, Callable[[], Sets]]]:
        """The finished GANs by the names of their run folders, each with patches to be compared with real ones."""
        for path in sorted(self.folder.glob("pggan-*/result.json")):
            yield path.parent.name, partial(self._sets, named(path.parent.name))

    def _sets(self, fraction: Fraction) -> Sets:
        """Synthetic patches, real ones that the GAN has seen, and as many of other subjects as synthetic ones."""
        made, patches = self.gan(fraction).part(min(self._most_added, DIAGNOSED)), self.patches(fraction)

        def of(cases: Sequence[Case], patches: Patches, count: int) -> tuple[Part, list[str]]:
            return patches.part(count), [cases[number].subject for number in patches.places[:count, 0].numpy()]

        def unseen(name: str) -> tuple[Part, list[str]]:
            cases, count = self.cases(0, name), len(made.rows)
            return of(cases, self._cut(cases, count, f"diagnosis-{name}", fraction.rotation), count)

        training, subjects = of(self.training_cases(fraction), patches, min(patches.count, COMPARED))
        (reference, _), (held, held_subjects) = map(unseen, ("validation", "test"))
        return Sets(made, training, reference, held, subjects, held_subjects, self.spec)

    # Segmenters

    def iterations(self, network: str, added: float) -> int:
        """Of a training: with synthetic patches more, unless `equal_steps`."""
        own, count = training_of(self.settings, network).iterations, self.settings.patches.count
        return own if self.settings.equal_steps else math.ceil(own * (count + self.count_added(added)) / count)

    def epochs(self, network: str, added: float) -> float:
        """How often a training sees each real patch, in the mean; synthetic ones take their part of its iterations."""
        seen = self.iterations(network, added) * training_of(self.settings, network).batch
        return seen / (self.settings.patches.count + self.count_added(added))

    def segmenter(self, task: PatchTask) -> dict:
        """The task's result, trained and evaluated first if that is not done.

        `cases.csv` beside it has every measure of every test slice.
        """
        training = training_of(self.settings, task.network)
        options = {"task": asdict(task), "patches": asdict(self.settings.patches), "segmenter": asdict(training)}
        run = RunFolder(self.folder / task.name, options)
        if not run.finished:
            iterations = self.iterations(task.network, task.added)
            pairs, segmenter = self.pairs_of(task), self.compiled(self.new_segmenter(task), (task.network, iterations))
            held = self.held_pairs(self.labelled("validation"))
            every = training.validate_every, training.log_every, training.checkpoint_every
            patience = Patience(iterations, 0, iterations, *every)
            trained = train_segmenter(run, segmenter, self.batches(task, pairs), held, patience)
            measured = evaluate(self._predictions(segmenter.whole, self.cases(0, "test")), self.spec, distances=False)
            write_frame(run.path / "cases.csv", measured)
            run.finish({**asdict(trained), "patches": pairs.count})
        return run.result()

    def pairs_of(self, task: PatchTask) -> Pairs:
        """Real patches and the synthetic ones that are added to them."""
        patches = self.patches(task.fraction)
        if not task.added:
            return patches
        gan = self.gan(task.fraction)
        gan.make()
        return Joined(patches, Pairs([gan.part(self.count_added(task.added))]))

    def batches(self, task: PatchTask, pairs: Pairs) -> Minibatches:
        """Minibatches, one for each iteration; every patch is as likely, real or synthetic."""
        seed = named_seed(self.settings.seed, f"batches-repeat{task.repeat}")
        return real_batches(pairs, training_of(self.settings, task.network).batch, seed)

    def new_segmenter(self, task: PatchTask) -> Segmenter:
        """Untrained."""
        iterations = self.iterations(task.network, task.added)
        return new_segmenter(self.settings, task.network, self.spec, self.dataset.channels, task.repeat, iterations)

    def measures(self, task: PatchTask) -> pd.DataFrame:
        """cases.csv of a finished task."""
        return read_frame(whole(self.folder / task.name / "cases.csv"))

    def predict(self, task: PatchTask, cases: Sequence[Case]) -> list[tuple[Case, np.ndarray, np.ndarray]]:
        """Case, truth and prediction at native size, by a finished task."""
        model = self.loaded(task.name, partial(self.new_segmenter, task), kind=task.network)
        return list(self._predictions(model, cases))

    def _predictions(self, whole: keras.Model, cases: Sequence[Case]) -> Iterator:
        return predictions(whole, self.held_pairs(cases), cases, self.spec, batch=8, padded=True)

    # Estimates and benchmark

    def trainings(self, fractions: Sequence[Fraction], tasks: Sequence[PatchTask]) -> list[Training]:
        """Of these GANs and segmenters, those that are not finished; a GAN's iterations count as those of full size."""
        found, size = [], self.settings.patches.size
        files = self._most_added * self.pair_bytes * size**2 // (self.height * self.width)
        for fraction in fractions:
            iterations = sum(1 for _ in schedule_of(size, self.settings.gan).positions())
            found.append(Training(self.gan_path(fraction).name, iterations, "pggan", self.few.gan_step, files))
        for task in tasks:
            step = partial(self.few.segmenter_step, task.network)
            found.append(Training(task.name, self.iterations(task.network, task.added), task.network, step))
        return [training for training in found if not self.finished(training.name)]

    @property
    def _all(self) -> Fraction:
        return Fraction(100, self.settings.patches.rotation > 0)

    def gan_step(self) -> Callable[[], int]:
        """A look at the GAN's schedule with its steps, at full size."""
        return self.gan(self._all).step()

    def segmenter_step(self, network: str) -> Callable[[], int]:
        """A training step of a network on real patches."""
        task = PatchTask(network, self._all, 0, 0)
        segmenter, batches = self.new_segmenter(task), self.batches(task, self.patches(task.fraction)).batches(0)

        def step() -> int:
            images, labels = next(batches)
            float(segmenter.train_step(images, labels))
            return images.shape[0]

        return step

    def sampling(self) -> Callable[[], int]:
        """256 real patches, cut, turned where they are, and normalised."""
        patches = self.patches(self._all)
        numbers = tf.range(256) % patches.count

        def step() -> int:
            images, _ = patches.take(numbers)
            return len(images.numpy())

        return step

    def steps(self) -> dict[str, Callable[[], Callable[[], int]]]:
        """For the benchmark: name of a step to what builds it; a step returns how many images it took."""
        few = self.few
        networks = {f"{name} step": partial(few.segmenter_step, name) for name in NETWORKS}
        return {"patch sampling": few.sampling, "progressive GAN step": few.gan_step, **networks}
