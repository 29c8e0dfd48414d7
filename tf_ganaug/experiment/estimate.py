"""How long an experiment would take: one real step of each kind, timed."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence

import pandas as pd

from tf_ganaug.experiment.study import Training


def estimate(trainings: Sequence[Training]) -> pd.DataFrame:
    """One row per training: name, seconds per iteration, iterations, minutes.

    Networks, minibatches and augmentation are the experiment's own.
    """
    kinds: dict[Hashable, float] = {}
    for training in trainings:
        if training.kind not in kinds:
            kinds[training.kind] = seconds_per_call(training.step())
    rows = [(training.name, kinds[training.kind], training.iterations) for training in trainings]
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
