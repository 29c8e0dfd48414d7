"""What the steps of an experiment cost on this machine."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tf_ganaug.experiment.sources import Request
from tf_ganaug.papers.experiments import experiment_of
from tf_ganaug.papers.reproduce import prepare
from tf_ganaug.run import peak_memory


@dataclass(frozen=True)
class Cost:
    """Of one kind of step.

    Attributes:
        step: its name.
        seconds: median.
        images_per_second: that pass through it.
        memory: GB, the largest the process had; every kind of step has a process of its own.
    """

    step: str
    seconds: float
    images_per_second: float
    memory: float


def measure(paper: str, experiment: str | None, profile: str, changes: Sequence[str]) -> Iterator[Cost]:
    """The cost of every kind of step, one after the other, on the embedded data.

    Raises:
        InputError: for settings that cannot be.
    """
    names = list(_study(paper, experiment, profile, changes).steps())
    for name in names:
        # A fresh process for each, so that its peak of memory is its own.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            yield Cost(**pool.submit(_measure, paper, experiment, profile, tuple(changes), name).result())


def _study(paper: str, experiment: str | None, profile: str, changes: Sequence[str]):
    # The embedded data, only a few: no step sees more than a minibatch of them.
    found = experiment_of(paper, experiment)
    with TemporaryDirectory() as nowhere:
        opening, folder, _ = prepare(found, profile, [*found.few, *changes], Request(), Path(nowhere) / "out")
        return opening(folder)


def _measure(paper: str, experiment: str | None, profile: str, changes: Sequence[str], name: str) -> dict:
    call = _study(paper, experiment, profile, changes).steps()[name]()
    seconds, images = _median(call)
    return asdict(Cost(name, seconds, images / seconds, peak_memory()))


def _median(call: Callable[[], int], warm: int = 3, calls: int = 12) -> tuple[float, int]:
    """Median seconds of a call, after some that trace and warm up, and the images of a call."""
    for _ in range(warm):
        images = call()
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return statistics.median(times), images
