"""One experiment's folder: data, splits, and every training that its tables share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from tf_ganaug.augment.standard import Augmentation
from tf_ganaug.data.cache import SizedCases, sized_cases
from tf_ganaug.data.cases import Case, Dataset
from tf_ganaug.data.pipeline import RealPairs, normalise, training_batches
from tf_ganaug.data.splits import Split, cross_validation, read_splits, select, write_splits
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.run import RunFolder, claim_options, locked
from tf_ganaug.files import make_folder, replacing
from tf_ganaug.gans.joint import label_channels
from tf_ganaug.gans.synthesizer import Provenance, Synthesizer, freeze_statistics
from tf_ganaug.gans.train import Schedule, train_wgan_gp
from tf_ganaug.gans.wgan_gp import WganGp
from tf_ganaug.models import dcgan
from tf_ganaug.models.unet import neff_unet
from tf_ganaug.random import named_seed
from tf_ganaug.segment.predict import evaluate, predictions
from tf_ganaug.segment.train import Patience, Segmenter, train_segmenter


@dataclass(frozen=True)
class SegmenterTask:
    """One segmenter: what it is trained on names it, so that tables share it.

    Attributes:
        fold: number of the split.
        real: real pairs in a minibatch.
        generated: pairs from the fold's own generator in a minibatch.
        augmentation: of both.
        repeat: number of the seed.
    """

    fold: int
    real: int
    generated: int
    augmentation: Augmentation
    repeat: int = 0

    @property
    def name(self) -> str:
        """Name of the run's folder."""
        a = self.augmentation
        kind = "plain" if a == Augmentation() else f"i{a.shift:g}-s{a.scale:g}-t{a.translation:g}-e{a.elastic:g}"
        flip = "-flip" if a.flip else ""
        return f"unet-fold{self.fold}-{self.real}-{self.generated}-{kind}{flip}-repeat{self.repeat}"


class Study:
    """Trains what is asked for, once, and answers from the folder after that.

    Args:
        folder: of the experiment.
        dataset: two classes or more; every case labelled.
        settings: with the groups `data`, `gan` and `segmenter` and the numbers `folds`, `seed`.

    Raises:
        InputError: if the folder belongs to other data or settings.
    """

    def __init__(self, folder: Path, dataset: Dataset, settings: Any):
        self.folder, self.dataset, self.settings = folder, dataset, settings
        self.height, self.width = settings.data.size
        self.spec = dataset.spec

    @contextmanager
    def at_work(self, asked: dict[str, Any]) -> Iterator[None]:
        """Holds the folder, which must be new or made with the same settings and data.

        Raises:
            InputError: if another process works there, or the folder belongs to something else.
        """
        with locked(make_folder(self.folder)):
            claim_options(self.folder, {**asked, "settings": asdict(self.settings)})
            if not self._splits_path.exists():
                write_splits(self.splits, self._splits_path)
            yield

    @cached_property
    def splits(self) -> list[Split]:
        """The folds: those of splits.json, the data set's own, or drawn from the seed."""
        if self._splits_path.exists():
            return read_splits(self._splits_path)
        subjects = [case.subject for case in self.dataset.cases]
        given = self.dataset.given_splits
        if given:
            return [Split(*(tuple(given.get(part, ())) for part in ("train", "validation", "test")))]
        return cross_validation(subjects, self.settings.folds, named_seed(self.settings.seed, "splits"))

    @property
    def _splits_path(self) -> Path:
        return self.folder / "splits.json"

    @property
    def unit(self) -> str:
        """Of distances: "mm", or "px" where no case states its spacing."""
        return "px" if all(case.spacing == (1.0, 1.0) for case in self.dataset.cases) else "mm"

    @cached_property
    def sized(self) -> SizedCases:
        """All cases at the networks' size."""
        place = self.folder / "cache"
        return sized_cases(self.dataset, self.height, self.width, self.settings.data.percentiles, place)

    def cases(self, fold: int, part: str) -> list[Case]:
        """The cases of a fold's "train", "validation" or "test" part."""
        return select(self.dataset.cases, getattr(self.splits[fold], part))

    def pairs(self, fold: int, part: str) -> RealPairs:
        """The same as pairs to draw from."""
        cases = self.cases(fold, part)
        if not cases:
            remedy = "name subjects of the data under 'splits' in dataset.yaml"
            raise InputError(self.dataset.name, f"cases in the {part} part", "none", remedy)
        return RealPairs(self.sized, cases)

    # Generators

    def gan_path(self, fold: int) -> Path:
        """The run folder of the fold's GAN."""
        return self.folder / f"gan-fold{fold}"

    def synthesizer(self, fold: int) -> Synthesizer:
        """The fold's generator, trained on its training cases first if that is not done."""
        path = self.gan_path(fold)
        run = RunFolder(path, {"fold": fold, "gan": asdict(self.settings.gan)})
        if not run.finished:
            gan = self.new_gan(fold)
            settings = self.settings.gan
            schedule = Schedule(
                settings.iterations,
                settings.critic_steps,
                settings.log_every,
                settings.preview_every,
                settings.checkpoint_every,
            )
            pairs = self.pairs(fold, "train")
            seconds = train_wgan_gp(run, gan, pairs, self.spec, settings.batch, schedule)
            freeze_statistics(gan.generator, gan.seed)
            made = Synthesizer.from_generator(gan.generator, self.spec, self._provenance(fold))
            made.save(path / "synthesizer")
            run.finish({"iterations": settings.iterations, "seconds": seconds, "training_pairs": pairs.count})
        return Synthesizer.load(path / "synthesizer")

    def new_gan(self, fold: int) -> WganGp:
        """The fold's untrained GAN."""
        s, seed = self.settings.gan, named_seed(self.settings.seed, f"gan-fold{fold}")
        keras.utils.set_random_seed(seed)
        channels = self.dataset.channels + label_channels(len(self.spec.classes))
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

    def _provenance(self, fold: int) -> Provenance:
        cases = self.cases(fold, "train")
        rows = self.sized.rows(cases)
        low, high = np.median(self.sized.ranges[rows], axis=0).tolist()
        spacing, (height, width, _) = cases[0].spacing, cases[0].read_image().shape
        return Provenance(
            dataset=self.dataset.name,
            synthetic=self.dataset.synthetic,
            cases=tuple(case.id for case in cases),
            subjects=tuple(sorted({case.subject for case in cases})),
            dtype=str(self.sized.images.dtype),
            low=low,
            high=high,
            spacing=(spacing[0] * height / self.height, spacing[1] * width / self.width),
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
            trained = train_segmenter(run, segmenter, batches, validation, self.spec, patience)
            with replacing(run.path / "cases.csv") as temporary:
                self._measure(segmenter.model, task).to_csv(temporary, index=False)
            run.finish(asdict(trained))
        return run.result()

    def batches(
        self, task: SegmenterTask, pairs: RealPairs, synthesizer: Synthesizer | None
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
        return Segmenter(model, s.learning_rate, s.beta_1, s.beta_2, self.settings.jit_compile)

    def finished(self, task: SegmenterTask) -> bool:
        """Whether the task's run has its result."""
        return (self.folder / task.name / "result.json").exists()

    def costs(self) -> pd.DataFrame:
        """Every finished run of the folder: iterations, minutes."""
        results = {path.parent.name: json.loads(path.read_text()) for path in sorted(self.folder.glob("*/result.json"))}
        return pd.DataFrame(
            {
                "Run": name,
                "Iterations": result["iterations"],
                "Best at": result.get("best_iteration", ""),
                "Minutes": round(result["seconds"] / 60, 2),
            }
            for name, result in results.items()
        )

    def display(self, case: Case) -> np.ndarray:
        """A case's image at native size in [-1, 1], (H, W, C) float32, for figures."""
        ranges = self.sized.ranges[self.sized.rows([case])]
        return normalise(tf.constant(case.read_image()[None]), tf.constant(ranges)).numpy()[0]

    def measures(self, task: SegmenterTask) -> pd.DataFrame:
        """cases.csv of a finished task, with its part, fold and repeat."""
        types = {"case": str, "subject": str}
        frame = pd.read_csv(self.folder / task.name / "cases.csv", dtype=types)
        return frame.assign(fold=task.fold, repeat=task.repeat)

    def predict(self, task: SegmenterTask, cases: Sequence[Case]) -> Iterator[tuple[Case, np.ndarray, np.ndarray]]:
        """Case, truth and prediction at native size, by a finished task's best weights."""
        model = self.new_segmenter(task).model
        model.load_weights(self.folder / task.name / "best.weights.h5")
        s = self.settings.segmenter
        return predictions(model, self.sized, cases, self.spec, s.batch, s.largest_component)

    def _measure(self, model: keras.Model, task: SegmenterTask) -> pd.DataFrame:
        s = self.settings.segmenter

        def measured(part: str) -> pd.DataFrame:
            cases = self.cases(task.fold, part)
            return evaluate(model, self.sized, cases, self.spec, s.batch, s.largest_component).assign(part=part)

        return pd.concat(map(measured, ("validation", "test")), ignore_index=True)
