"""Liu's experiment: a painter of label maps, sets of recombined maps, and PSPNets that begin with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.augment.recombine import LabelMaps
from tf_ganaug.augment.rotate_zoom import rotate_zoom
from tf_ganaug.augment.statistics_transfer import transfer_statistics
from tf_ganaug.data.cache import sized_cases, sized_instances
from tf_ganaug.data.cases import Case
from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.data.pipeline import Minibatches, real_batches
from tf_ganaug.data.sides import mirrors
from tf_ganaug.experiment.statistics import pooled
from tf_ganaug.experiment.study import Study, Training
from tf_ganaug.experiment.subset import Subset, extremes
from tf_ganaug.frames import read_frame, write_frame
from tf_ganaug.gans.style_transfer import StyleTransfer
from tf_ganaug.generators.pix2pixhd_painter import PhotographPainter
from tf_ganaug.models.pspnet import pspnet, rate_multipliers
from tf_ganaug.models.resnet import load_backbone
from tf_ganaug.papers.liu2019.supplements import Supplement, Supplements, proposed, rarity
from tf_ganaug.papers.liu2019.tasks import StreetTask
from tf_ganaug.quality.diagnosis import Sets
from tf_ganaug.random import named_seed
from tf_ganaug.replicas import on_all_devices
from tf_ganaug.run import RunFolder, whole
from tf_ganaug.segment.losses import auxiliary_cross_entropy
from tf_ganaug.segment.predict import evaluate, predictions
from tf_ganaug.segment.train import Patience, Segmenter, train_segmenter


class RecombinationStudy(Study):
    """The painter, the supplementary sets and the PSPNets. The settings are `papers.liu2019.settings.Settings`."""

    anneals = True

    def make(self, name: str) -> None:
        """Makes the run of this folder's name unless it is finished.

        Raises:
            ValueError: for a name that no run has.
        """
        if self.finished(name):
            return
        kind = name.partition("-")[0]
        if kind == "pix2pixhd":
            painter = self.painter.coarse if name == "pix2pixhd-half" else self.painter
            _ = painter.trained
        elif kind == "supplement":
            self.supplements.run(Supplement.named(name))
        else:
            begun = name.endswith("-pretraining")
            task = StreetTask.named(name[: -len("-pretraining")] if begun else name, self.shares)
            _ = self._pretrained(task) if begun else self.segmenter(task)

    # Training images

    def cases(self, fold: int, part: str) -> list[Case]:
        """As any study's; with `validation_trains` the "train" part has the validation images too."""
        if part != "train" or not self.settings.validation_trains:
            return super().cases(fold, part)
        wanted = {
            case.id for one in ("train", "validation") for case in super(RecombinationStudy, self).cases(fold, one)
        }
        return [case for case in self.dataset.cases if case.id in wanted]

    @cached_property
    def subset(self) -> Subset:
        """The training images."""
        return self._subset("train", self.height, self.width)

    def _subset(self, name: str, height: int, width: int) -> Subset:
        cases = self.cases(0, "train")
        place = self.folder / "cache"
        sized = sized_cases(self.dataset, height, width, self.settings.data.percentiles, place)
        rows = sized.rows(cases)
        # Bytes have one meaning in all photographs, which weights made on ImageNet know.
        low, high = (0.0, 255.0) if sized.images.dtype == np.uint8 else extremes(sized.images, rows)
        kept = sized, rows, self.spec, self.provenance(cases, low, high), self.settings
        return Subset(self.folder, name, *kept, mirrored=mirrors(self.dataset), compiled=self.compiled)

    def instances(self, height: int, width: int) -> np.ndarray | None:
        """Of all cases, if edges of instances are part of the painter's condition."""
        if not self.settings.painter.edges:
            return None
        return sized_instances(self.dataset, height, width, self.folder / "cache")

    # Supplementary images

    @cached_property
    def painter(self) -> PhotographPainter:
        """pix2pixHD, with a painter at half the size before it where there is an enhancer."""
        coarse = None
        if self.settings.painter.enhancer:
            half = self.height // 2, self.width // 2
            coarse = PhotographPainter(self._subset("half", *half), instances=self.instances(*half))
        return PhotographPainter(self.subset, coarse, self.instances(self.height, self.width))

    @cached_property
    def supplements(self) -> Supplements:
        """The sets of supplementary pairs."""
        instances = self.instances(self.height, self.width)
        return Supplements(self.subset, self.painter, instances, self.raised, self.stylise)

    def supplement(self, task: StreetTask) -> Supplement:
        """The task's; their number follows from its share and the number of training images."""
        count = round(task.share / (1 - task.share) * len(self.cases(0, "train")))
        return Supplement(task.method, max(1, count), task.draw)

    def made_pairs(self) -> Iterator[tuple[str, Callable[[], Sets]]]:
        """The painter by the name of its run folder, once it has painted a set, with this set and real pairs.

        Reconstructed maps have the classes as often as real ones, overlaid ones more of those that are raised.
        """
        found = [path.parent.name for path in sorted(self.folder.glob("supplement-*/result.json"))]
        painted = [made for made in map(Supplement.named, found) if made.method != "style"]
        if painted:
            first = min(painted, key=lambda made: made.method != "reconstruction")
            subset = self.subset
            yield (
                subset.path("pix2pixhd").name,
                lambda: self.sets(self.supplements.part(first), self.cases(0, "train"), subset.real),
            )

    @property
    def shares(self) -> list[float]:
        """Of supplementary images among all, those that a task may have."""
        return [self.settings.share, *self.settings.shares]

    def apart(self, task: StreetTask) -> bool:
        """Whether the task's supplementary images have a training of their own, before that of the originals."""
        return task.share > 0 and self.settings.order == "sequential"

    def stylise(self, contents: np.ndarray, styles: np.ndarray) -> np.ndarray:
        """Images (N, H, W, C) in [-1, 1] in the style of others."""
        if self._transfer:  # one by one: VGG-19's maps of a large photograph fill gigabytes
            return np.concatenate([self._transfer(*(one[None] for one in couple)) for couple in zip(contents, styles)])
        return np.stack([transfer_statistics(*couple) for couple in zip(contents, styles)])

    @cached_property
    def _transfer(self) -> StyleTransfer | None:
        s = self.settings.style
        return StyleTransfer(Path(s.vgg19), s.iterations, s.learning_rate, s.style_weight) if s.vgg19 else None

    @cached_property
    def rarity(self) -> pd.DataFrame:
        """Of each class, with the first baseline's validation IoU; trains that if it is not done."""
        baseline = StreetTask()
        self.segmenter(baseline)
        frame = self.measures(baseline)
        return rarity(self.counted("train", "validation"), pooled(frame[frame.part == "validation"], "iou"))

    def counted(self, *parts: str) -> LabelMaps:
        """The label maps of some parts, to count in."""
        cases = {case.id: case for part in parts for case in self.cases(0, part)}
        return LabelMaps(self.sized.labels[self.sized.rows(list(cases.values()))], self.spec)

    def raised(self, method: str) -> list[str]:
        """The classes that a method adds: of the settings, or those that are rare here."""
        s = self.settings.maps
        if method == "single":
            return proposed(self.rarity, 1) if s.single is None else [s.single]
        return proposed(self.rarity, s.raised) if s.several is None else list(s.several)

    # Segmenters

    def segmenter(self, task: StreetTask) -> dict:
        """The task's result, trained and evaluated first if that is not done.

        `cases.csv` beside it has every measure of every validation and test image.
        """
        run = RunFolder(self.folder / task.name, self._options(task))
        if not run.finished:
            start = self._pretrained(task) if self.apart(task) else None
            pairs = Pairs(self.parts(task))
            model, trained = self._train(run, task, pairs, self.iterations(task)[-1], start)
            write_frame(run.path / "cases.csv", self._measure(model))
            run.finish({**trained, "images": pairs.count})
        return run.result()

    def parts(self, task: StreetTask) -> list[Part]:
        """The task's last training's pairs: the originals, and with the order "mixed" the supplementary ones."""
        subset, mixed = self.subset, task.share and self.settings.order == "mixed"
        originals = subset.real(subset.rows)
        return [originals, self.supplements.part(self.supplement(task))] if mixed else [originals]

    def _options(self, task: StreetTask) -> dict:
        s = self.settings
        return {"task": asdict(task), "order": s.order, "share": s.share, "segmenter": asdict(s.segmenter)}

    def _pretrained(self, task: StreetTask) -> Path:
        """Weights of the network after the supplementary images; trained first if that is not done."""
        run = RunFolder(self.folder / f"{task.name}-pretraining", self._options(task))
        if not run.finished:
            pairs = Pairs([self.supplements.part(self.supplement(task))])
            _, trained = self._train(run, task, pairs, self.iterations(task)[0])
            run.finish({**trained, "images": pairs.count})
        return run.path / "best.weights.h5"

    def iterations(self, task: StreetTask) -> list[int]:
        """Of the task's trainings, in their order."""
        s, originals = self.settings.segmenter, len(self.cases(0, "train"))
        last = math.ceil(s.epochs * originals / s.batch)
        share = self.settings.share if task.longer else task.share
        added = share / (1 - share) * originals
        first = math.ceil(s.pretraining_epochs * added / s.batch)
        return [first, last] if self.apart(task) else [first + last]

    def _train(
        self, run: RunFolder, task: StreetTask, pairs: Pairs, iterations: int, start: Path | None = None
    ) -> tuple[keras.Model, dict]:
        """The trained network, and what the training came to."""
        s = self.settings.segmenter
        segmenter = self.compiled(self.new_segmenter(task.repeat, iterations), iterations)
        if start:
            segmenter.model.load_weights(whole(start))
        patience = Patience(iterations, 0, iterations, s.validate_every, s.log_every, s.checkpoint_every)
        held = self.held_pairs("validation")
        trained = train_segmenter(run, segmenter, self.batches(task.repeat, pairs), held, patience)
        return segmenter.model, asdict(trained)

    def held_pairs(self, part: str) -> Pairs:
        """The "validation" or "test" images."""
        cases = self.cases(0, part)
        return self.subset.pairs(self.sized.rows(cases))

    def batches(self, repeat: int, pairs: Pairs) -> Minibatches:
        """Minibatches, one for each iteration, rotated and enlarged."""
        s, seed = self.settings.segmenter, named_seed(self.settings.seed, f"batches-repeat{repeat}")

        def change(images: tf.Tensor, labels: tf.Tensor, key: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return rotate_zoom(images, labels, s.rotation, s.zoom, key)

        return real_batches(pairs, s.batch, seed, change)

    def new_segmenter(self, repeat: int, iterations: int) -> Segmenter:
        """Untrained, or with ImageNet weights; all tasks of one repeat start from the same."""
        s, seed = self.settings.segmenter, named_seed(self.settings.seed, f"pspnet-repeat{repeat}")
        backend.begin_networks(seed)
        shape = self.height, self.width, self.dataset.channels, len(self.spec.classes)
        with on_all_devices(s.batch):
            model = pspnet(*shape, s.layers, s.filters, imagenet_input=s.imagenet is not None, seed=seed)
            if s.imagenet is not None:
                load_backbone(model, Path(s.imagenet))
            rate = keras.optimizers.schedules.PolynomialDecay(s.learning_rate, iterations, 0.0, s.power)
            optimizer = backend.sgd(rate, s.momentum, s.weight_decay, rate_multipliers(model))
            return Segmenter(
                model, auxiliary_cross_entropy, self.spec, optimizer, self.settings.jit_compile, keep="last"
            )

    def _measure(self, model: keras.Model) -> pd.DataFrame:
        frames = []
        for part in ("validation", "test"):
            found = self._predictions(model, self.cases(0, part))
            frames.append(evaluate(found, self.spec, distances=False).assign(part=part))
        return pd.concat(frames, ignore_index=True)

    def measures(self, task: StreetTask) -> pd.DataFrame:
        """cases.csv of a finished task, with the columns of a run."""
        frame = read_frame(whole(self.folder / task.name / "cases.csv"))
        return frame.assign(fold=0, repeat=task.repeat)

    def predict(self, task: StreetTask, cases: Sequence[Case]) -> list[tuple[Case, np.ndarray, np.ndarray]]:
        """Case, truth and prediction at native size, by a finished task."""
        return list(self._predictions(self.loaded(task.name, partial(self.new_segmenter, task.repeat, 1)), cases))

    def _predictions(self, model: keras.Model, cases: Sequence[Case]) -> Iterator:
        pairs = self.subset.pairs(self.sized.rows(cases))
        return predictions(model, pairs, cases, self.spec, self.settings.segmenter.batch)

    # Estimates and benchmark

    def read_images(self) -> None:
        """Those of the painter too, which may have two sizes and instances."""
        super().read_images()
        _ = self.painter

    def trainings(self, tasks: Sequence[StreetTask]) -> list[Training]:
        """The painter's, if a task needs it, and those of these PSPNets that are not finished."""
        images, found = len(self.cases(0, "train")), []
        if any(task.share and task.method != "style" for task in tasks):
            found += self.few.painter.trainings(images)
        for task in tasks:
            names = [f"{task.name}-pretraining", task.name][-len(self.iterations(task)) :]
            # Repeats share the supplementary set.
            files = 0 if task.repeat else round(task.share / (1 - task.share) * images) * self.pair_bytes
            for name, iterations in zip(names, self.iterations(task)):
                found.append(Training(name, iterations, "pspnet", self.few.segmenter_step, files))
                files = 0
        return [training for training in found if not self.finished(training.name)]

    def steps(self) -> dict[str, Callable[[], Callable[[], int]]]:
        """For the benchmark: name of a step to what builds it; a step returns how many images it took."""
        few = self.few
        return {
            "pix2pixHD step": few.painter.step,
            "pix2pixHD, painting": few.painter.painting,
            "recombination, label maps": few.supplements.composing,
            "PSPNet step": few.segmenter_step,
        }

    def segmenter_step(self) -> Callable[[], int]:
        """A training step on real images."""
        segmenter, batches = self.new_segmenter(0, 1000), self.batches(0, Pairs(self.parts(StreetTask()))).batches(0)

        def step() -> int:
            images, labels = next(batches)
            float(segmenter.train_step(images, labels))
            return images.shape[0]

        return step
