"""How long an experiment would take: one real step of each kind, timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import tensorflow as tf

from tf_ganaug.data.cache import sized_cases
from tf_ganaug.data.pipeline import RealPairs, real_batches
from tf_ganaug.experiment.study import SegmenterTask, Study
from tf_ganaug.gans.joint import join
from tf_ganaug.gans.synthesizer import Provenance, Synthesizer


def estimate(study: Study, folds: Sequence[int], tasks: Sequence[SegmenterTask]) -> pd.DataFrame:
    """One row per training that is not finished: name, seconds per iteration, iterations, minutes.

    Networks, minibatches and augmentation are the experiment's own; only a few images are read and
    nothing is written to its folder. A segmenter's iterations are its least.
    """
    pairs = _some_pairs(study)
    rows = []
    for fold in folds:
        if not (study.gan_path(fold) / "result.json").exists():
            rows.append((study.gan_path(fold).name, _gan_seconds(study, pairs), study.settings.gan.iterations))
    kinds: dict[tuple, float] = {}
    for task in tasks:
        kind = (task.real, task.generated, task.augmentation.moves)
        if kind not in kinds:
            kinds[kind] = _segmenter_seconds(study, task, pairs)
        if not study.finished(task):
            rows.append((task.name, kinds[kind], study.settings.segmenter.min_iterations))
    frame = pd.DataFrame(rows, columns=["run", "seconds per iteration", "iterations"])
    return frame.assign(minutes=frame["seconds per iteration"] * frame["iterations"] / 60)


def seconds_per_call(step: Callable[[], object], calls: int = 3) -> float:
    """Mean time of a call after two that trace and warm up."""
    for _ in range(2):
        step()
    began = time.perf_counter()
    for _ in range(calls):
        step()
    return (time.perf_counter() - began) / calls


def _some_pairs(study: Study) -> RealPairs:
    s = study.settings
    cases = study.cases(0, "train")[: max(s.gan.batch, s.segmenter.batch)]
    with TemporaryDirectory() as place:
        part = replace(study.dataset, cases=tuple(cases))
        return RealPairs(sized_cases(part, study.height, study.width, s.data.percentiles, Path(place)), part.cases)


def _gan_seconds(study: Study, pairs: RealPairs) -> float:
    gan, s = study.new_gan(0), study.settings.gan
    classes = len(study.spec.classes)
    batches = iter(real_batches(pairs, s.batch, 0).map(lambda images, labels: join(images, labels, classes)))
    first = tf.constant(1, tf.int64)

    def iteration() -> None:
        gan.generator_step(first)
        for _ in range(s.critic_steps):
            terms = gan.critic_step(next(batches), first)
        float(terms["wasserstein"])

    return seconds_per_call(iteration)


def _segmenter_seconds(study: Study, task: SegmenterTask, pairs: RealPairs) -> float:
    segmenter, synthesizer = study.new_segmenter(task), None
    if task.generated:
        generator = study.new_gan(0).generator
        nothing = Provenance(study.dataset.name, True, (), (), "uint8", 0.0, 255.0, (1.0, 1.0))
        synthesizer = Synthesizer.from_generator(generator, study.spec, nothing)
    batches = iter(study.batches(task, pairs, synthesizer)(0))
    return seconds_per_call(lambda: float(segmenter.train_step(*next(batches))))
