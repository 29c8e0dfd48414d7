"""Foroozandeh & Eklund's experiment: two chains of GANs, and U-Nets on real and synthetic slices."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from tf_ganaug import backend
from tf_ganaug.data.cases import Case, Dataset, LabelSpec
from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.data.pipeline import Minibatches, real_batches
from tf_ganaug.data.sides import mirrors
from tf_ganaug.data.splits import Split
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.study import Study, Training
from tf_ganaug.experiment.subset import Subset, chunks, extremes
from tf_ganaug.frames import read_frame, write_frame
from tf_ganaug.generators.map_maker import MapMaker
from tf_ganaug.generators.spade_painter import Painter
from tf_ganaug.models.unet import foroozandeh_unet
from tf_ganaug.papers.foroozandeh2020.tasks import SliceTask
from tf_ganaug.quality.diagnosis import Sets
from tf_ganaug.random import named_seed
from tf_ganaug.replicas import on_all_devices
from tf_ganaug.run import RunFolder, read_metrics, whole
from tf_ganaug.segment.losses import class_weights, weighted_dice_loss
from tf_ganaug.segment.predict import evaluate, predictions
from tf_ganaug.segment.train import Patience, Segmenter, train_segmenter


class ChainStudy(Study):
    """Both chains and the U-Nets of Table 1.

    Args:
        folder: of the experiment.
        dataset: its spec has all classes the label maps may have.
        settings: with `data`, `pggan`, `screen`, `spade`, `segmenter`, `reduced` and `statistics`.
        views: name to the classes a U-Net is trained on.
    """

    def __init__(self, folder: Path, dataset: Dataset, settings: Any, views: Mapping[str, LabelSpec]):
        super().__init__(folder, dataset, settings)
        self.views = views

    def on(self, folder: Path, dataset: Dataset) -> ChainStudy:
        """See `Study.on`."""
        return ChainStudy(folder, dataset, self.settings, self.views)

    def make(self, name: str) -> None:
        """Makes the run of this folder's name unless it is finished.

        Raises:
            ValueError: for a name that no run has.
        """
        if self.finished(name):
            return
        kind, _, chain = name.partition("-")
        if kind == "pggan":
            self.makers[chain].trained_pggan()
        elif kind == "maps":
            self.makers[chain].maps()
        elif kind == "spade":
            _ = self.painters[chain].trained
        elif kind == "images":
            self.painters[chain].images(self.painted(chain))
        else:
            self.segmenter(SliceTask.named(name))

    def draw_splits(self) -> list[Split]:
        """80 % train, 10 % validate, 10 % test, in a random order that the reduced set is the start of."""
        units = sorted({self.split_unit(case) for case in self.dataset.cases})
        order = np.random.default_rng(named_seed(self.settings.seed, "splits")).permutation(units).tolist()
        held = max(1, round(0.1 * len(order)))
        if len(order) < 2 * held + 2:
            raise InputError(self.dataset.name, f"at least 4 {self.settings.split}", str(len(order)), "add some")
        return [Split(tuple(order[2 * held :]), tuple(order[:held]), tuple(order[held : 2 * held]))]

    def split_unit(self, case: Case) -> str:
        """With `split: slices` the slice, as the paper splits; its subject is the person all the same."""
        return case.id if self.settings.split == "slices" else case.subject

    def training_cases(self, chain: str) -> list[Case]:
        """A chain's training slices; the reduced chain's are those of the first subjects (or slices) of the full's."""
        units = self.splits[0].train
        if chain == "reduced":
            units = units[: max(1, math.ceil(self.settings.reduced * len(units)))]
        wanted = set(units)
        return [case for case in self.dataset.cases if self.split_unit(case) in wanted]

    @cached_property
    def amounts(self) -> dict[str, int]:
        """Training slices of each chain."""
        return {chain: len(self.training_cases(chain)) for chain in ("full", "reduced")}

    def painted(self, chain: str) -> int:
        """Label maps that are painted: what the longest row of the table takes, so that all rows share them."""
        return self.amounts["full"] if chain == "full" else 5 * self.amounts["reduced"]

    def require_maps(self, chain: str) -> None:
        """That enough label maps are drawn to paint, before anything is trained.

        Raises:
            InputError: if not.
        """
        drawn, needed = self.settings.screen.maps, self.painted(chain)
        if drawn < needed:
            raise InputError("screen.maps", f"at least {needed}, for the {chain} chain", str(drawn), "raise it")

    def data(self, chain: str) -> Subset:
        """What the chain may see; the least and the largest value of its slices become -1 and 1."""
        cases = self.training_cases(chain)
        rows = self.sized.rows(cases)
        low, high = extremes(self.sized.images, rows)
        provenance = self.provenance(cases, low, high)
        kept = self.sized, rows, self.spec, provenance, self.settings
        return Subset(self.folder, chain, *kept, mirrored=mirrors(self.dataset), compiled=self.compiled)

    @cached_property
    def makers(self) -> dict[str, MapMaker]:
        """The chains' progressive GANs."""
        return {chain: MapMaker(self.data(chain)) for chain in ("full", "reduced")}

    @cached_property
    def painters(self) -> dict[str, Painter]:
        """The chains' SPADEs."""
        return {chain: Painter(maker.data, maker) for chain, maker in self.makers.items()}

    def made_pairs(self) -> Iterator[tuple[str, Callable[[], Sets]]]:
        """The chains that have painted, by the names of their SPADEs' run folders, each with its screened pairs."""
        for chain in self.amounts:
            if self.finished(f"images-{chain}"):
                yield f"spade-{chain}", partial(self._sets, chain)

    def _sets(self, chain: str) -> Sets:
        data, (images, labels) = self.data(chain), self.painters[chain].images(self.painted(chain))
        return self.sets(data.part(images, labels, np.arange(len(labels))), self.training_cases(chain), data.real)

    # Segmenters

    def parts(self, task: SliceTask) -> list[Part]:
        """The task's training slices, real and synthetic."""
        parts = []
        if task.real:
            real = self.real_part(task.chain)
            parts.append(replace(real, rows=real.rows[: task.real], ranges=real.ranges[: task.real]))
        if task.synthetic:
            images, labels = self.painters[task.chain].images(self.painted(task.chain))
            parts.append(self._part(images, labels, np.arange(task.synthetic)))
        return parts

    def real_part(self, chain: str) -> Part:
        """A chain's training slices."""
        return self._part(self.sized.images, self.sized.labels, self.sized.rows(self.training_cases(chain)))

    def counted(self, task: SliceTask) -> list[Part]:
        """What normalisation and class weights are counted in: the task's training data, or its chain's real slices."""
        return [self.real_part(task.chain)] if self.settings.statistics == "real" else self.parts(task)

    @staticmethod
    def _part(images: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> Part:
        # U-Nets see images by their standard, for which ranges do not matter.
        return Part(images, labels, rows, np.zeros((len(rows), 2), np.float32))

    def standard(self, counted: Sequence[Part]) -> tuple[float, float]:
        """Maximum, and mean of what is divided by it, over what is `counted` (3.1)."""
        maximum = max(extremes(part.images, part.rows)[1] for part in counted)
        if maximum == 0:
            raise InputError(self.dataset.name, "a brightest value other than 0", "0", "check the images")
        total = sum(float(part.images[rows].sum(dtype=np.float64)) for part in counted for rows in chunks(part.rows))
        pixels = sum(len(part.rows) for part in counted) * math.prod(self.sized.images.shape[1:])
        return float(maximum), total / pixels / float(maximum)

    def weights(self, counted: Sequence[Part], view: LabelSpec) -> np.ndarray:
        """Of the classes of a view, by their pixels in what is `counted`."""
        pixels = np.zeros(256, np.int64)
        for part in counted:
            for rows in chunks(part.rows):
                pixels += np.bincount(part.labels[rows].ravel(), minlength=256)
        merged = np.bincount(self.spec.view_table(view), pixels, minlength=256)
        return class_weights(merged[: len(view.classes)])

    def segmenter(self, task: SliceTask) -> dict:
        """The task's result, trained and evaluated first if that is not done.

        `cases.csv` beside it has every measure of every test slice.
        """
        options = {"task": asdict(task), "segmenter": asdict(self.settings.segmenter)}
        run = RunFolder(self.folder / task.name, {**options, "statistics": self.settings.statistics})
        if not run.finished:
            counted, view = self.counted(task), self.views[task.view]
            table, standard, weights = self.spec.view_table(view), self.standard(counted), self.weights(counted, view)
            pairs = Pairs(self.parts(task), table, standard)
            segmenter = self.compiled(self.new_segmenter(task, weights), (task.view, tuple(weights)))
            validation = self._held_pairs("validation", table, standard)
            trained = train_segmenter(run, segmenter, self.batches(task, pairs), validation, self.patience(pairs.count))
            test = self._held_pairs("test", table, standard)
            measured = evaluate(self._predictions(segmenter.model, test, view), view, distances=False)
            write_frame(run.path / "cases.csv", measured)
            # As Keras evaluates: the mean over minibatches by their size.
            loss, _ = segmenter.validate(test, self.settings.segmenter.batch)
            found = {"test_loss": loss, "standard": standard, "weights": weights.tolist(), "slices": pairs.count}
            run.finish({**asdict(trained), **found, "improvements": _improvements(run.path)})
        return run.result()

    def patience(self, count: int) -> Patience:
        """A fixed number of epochs over `count` slices, or, with `equal_steps`, as many steps for any; an epoch ends
        with a validation.
        """
        s = self.settings.segmenter
        steps = math.ceil((self.amounts["full"] if self.settings.equal_steps else count) / s.batch)
        return Patience(s.epochs * steps, 0, s.epochs * steps, steps, max(1, min(steps, s.log_every)), steps)

    def batches(self, task: SliceTask, pairs: Pairs) -> Minibatches:
        """The task's minibatches, one for each iteration, without augmentation (3.1)."""
        seed = named_seed(self.settings.seed, f"batches-repeat{task.repeat}")
        return real_batches(pairs, self.settings.segmenter.batch, seed)

    def new_segmenter(self, task: SliceTask, weights: np.ndarray) -> Segmenter:
        """Untrained; all tasks of one view and repeat start from the same weights."""
        s, view = self.settings.segmenter, self.views[task.view]
        backend.begin_networks(named_seed(self.settings.seed, f"unet-{task.view}-repeat{task.repeat}"))
        size = self.settings.data.size
        shape = *size, self.dataset.channels, len(view.classes)
        with on_all_devices(s.batch):
            model = foroozandeh_unet(*shape, s.levels, s.filters, s.truncated)
            loss = partial(weighted_dice_loss, weights=weights)
            optimizer = backend.adam(s.learning_rate, s.beta_1, s.beta_2, s.epsilon)
            return Segmenter(model, loss, view, optimizer, self.settings.jit_compile)

    def _held_pairs(self, part: str, table: np.ndarray, standard: tuple[float, float]) -> Pairs:
        rows = self.sized.rows(self.cases(0, part))
        return Pairs([self._part(self.sized.images, self.sized.labels, rows)], table, standard)

    def _predictions(self, model: keras.Model, pairs: Pairs, view: LabelSpec) -> Iterator:
        return predictions(model, pairs, self.cases(0, "test"), view, self.settings.segmenter.batch)

    def measures(self, task: SliceTask) -> pd.DataFrame:
        """cases.csv of a finished task, with the columns of a run."""
        frame = read_frame(whole(self.folder / task.name / "cases.csv"))
        return frame.assign(fold=0, repeat=task.repeat)

    def predict(self, task: SliceTask, cases: Sequence[Case]) -> list[tuple[Case, np.ndarray, np.ndarray]]:
        """Case, truth and prediction at native size, by a finished task's best weights."""
        result, view = self.segmenter(task), self.views[task.view]
        build = partial(self.new_segmenter, task, np.float32(result["weights"]))
        model = self.loaded(task.name, build, kind=task.view)
        part = self._part(self.sized.images, self.sized.labels, self.sized.rows(cases))
        pairs = Pairs([part], self.spec.view_table(view), tuple(result["standard"]))
        return list(predictions(model, pairs, cases, view, self.settings.segmenter.batch))

    # Estimates and benchmark

    def trainings(self, chains: Sequence[str], tasks: Sequence[SliceTask]) -> list[Training]:
        """Those of the chains' GANs and of these U-Nets that are not finished."""
        maker, painter = self.few.makers["full"], self.few.painters["full"]
        found = []
        for chain in chains:
            if not self.finished(f"pggan-{chain}"):
                found += maker.trainings(f"pggan-{chain}")
            iterations, files = painter.iterations(chain, self.amounts[chain]), self.amounts[chain] * self.pair_bytes
            found.append(Training(f"spade-{chain}", iterations, "spade", painter.step, files))
        for task in tasks:
            iterations = self.patience(task.real + task.synthetic).least
            step = partial(self.few.segmenter_step, task.view)
            # All views take the same time: they differ in the last layer.
            found.append(Training(task.name, iterations, "unet", step))
        return [training for training in found if not self.finished(training.name)]

    def steps(self) -> dict[str, Callable[[], Callable[[], int]]]:
        """For the benchmark: name of a step to what builds it; a step returns how many images it took."""
        view, few = next(iter(self.views)), self.few
        return {
            **few.makers["full"].steps(),
            "SPADE step": few.painters["full"].step,
            "SPADE, painting": few.painters["full"].painting,
            f"U-Net step, {view} classes": partial(few.segmenter_step, view),
        }

    def segmenter_step(self, view: str) -> Callable[[], int]:
        """A training step of a view's U-Net on real slices."""
        batch = self.settings.segmenter.batch
        # Of all slices, since the first ones may be black, which has no standard.
        task = SliceTask("full", self.amounts["full"], 0, view)
        parts = self.parts(task)
        segmenter = self.new_segmenter(task, self.weights(parts, self.views[view]))
        pairs = Pairs(parts, self.spec.view_table(self.views[view]), self.standard(parts))
        batches = self.batches(task, pairs).batches(0)

        def step() -> int:
            float(segmenter.train_step(*next(batches)))
            return batch

        return step


def _improvements(path: Path) -> int:
    """How often a validation was better than all before it (4.4 tells of the few of synthetic-only rows)."""
    losses = [record["validation_loss"] for record in read_metrics(path) if "validation_loss" in record]
    best = np.minimum.accumulate(losses)
    return int(1 + np.count_nonzero(np.diff(best)))
