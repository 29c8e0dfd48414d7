"""What many pairs cost a minibatch, in time of the process and in memory, and many trainings the memory."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tf_ganaug import backend
from tf_ganaug.data.cases import LabelClass, LabelSpec
from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.data.pipeline import real_batches
from tf_ganaug.models.unet import neff_unet
from tf_ganaug.run import RunFolder, peak_memory
from tf_ganaug.segment.losses import cross_entropy
from tf_ganaug.segment.train import Patience, Segmenter, train_segmenter

#: Pairs in a minibatch.
BATCH = 16

#: Pairs, pixels a side, stored type, and minibatches that are drawn: the last is gone through once.
SETS = ((1_000, 32, "uint8", 2_000), (1_000_000, 32, "uint8", 2_000), (100_000, 256, "uint16", 100_000 // BATCH))

#: Small trainings, one after the other in a process.
TRAININGS = 30


@dataclass(frozen=True)
class Growth:
    """Of one set of pairs.

    Attributes:
        pairs: their number.
        side: of an image, pixels.
        disk: GB of its files.
        milliseconds: of the process's time for a minibatch, all threads together.
        memory: GB, the largest the process had.
    """

    pairs: int
    side: int
    disk: float
    milliseconds: float
    memory: float


def measure() -> Iterator[Growth]:
    """The cost of each of `SETS`, in a process of its own."""
    for each in SETS:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            yield pool.submit(_measure, *each).result()


def trained_memory() -> float:
    """The largest memory of a process after all `TRAININGS`, a share of that after the third."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        peaks = pool.submit(_train, TRAININGS).result()
    return peaks[-1] / peaks[2]


def bars(costs: Sequence[Growth], trained: float) -> Iterator[tuple[str, float, float]]:
    """What is asked of the costs of `SETS` and of `TRAININGS`: its name, what was found, and the most it may be."""
    few, many, large = costs
    yield f"minibatch at {many.pairs:,} pairs / at {few.pairs:,}", many.milliseconds / few.milliseconds, 1.3
    yield f"peak GB over {large.pairs:,} pairs of {large.side} x {large.side}", large.memory, 1.0
    yield f"peak memory after {TRAININGS} trainings / after 3", trained, 1.1


def _measure(count: int, side: int, kind: str, batches: int) -> Growth:
    with TemporaryDirectory() as folder:
        images = _written(Path(folder) / "images.npy", (count, side, side, 1), kind)
        labels = _written(Path(folder) / "labels.npy", (count, side, side), "uint8")
        ranges = np.tile(np.float32([0, 255]), (count, 1))
        pairs = Pairs([Part(images, labels, np.arange(count), ranges)])
        stream = real_batches(pairs, BATCH, seed=1).batches(0)
        for _ in range(100):
            next(stream)
        began = time.process_time()
        for _ in range(batches):
            next(stream)
        each = 1000 * (time.process_time() - began) / batches
        return Growth(count, side, (images.nbytes + labels.nbytes) / 1e9, each, peak_memory())


def _written(path: Path, shape: tuple[int, ...], kind: str) -> np.ndarray:
    """The file, memory-mapped as `data.cache` maps it; a hole, which is read as any other file."""
    np.lib.format.open_memmap(path, "w+", kind, shape).flush()
    return np.load(path, mmap_mode="r")


def _train(count: int) -> list[float]:
    """The process's peak of memory after each of so many small trainings."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 255, (32, 32, 32, 1), np.uint8), rng.integers(0, 2, (32, 32, 32), np.uint8)
    pairs = Pairs([Part(images, labels, np.arange(32), np.tile(np.float32([0, 255]), (32, 1)))])
    spec = LabelSpec((LabelClass("rest", (0,), (0, 0, 0)), LabelClass("found", (1,), (255, 0, 0))))
    peaks = []
    with TemporaryDirectory() as folder:
        for number in range(count):
            backend.begin_networks(number)
            model = neff_unet(32, 32, 1, 2, levels=2, filters=8)
            segmenter = Segmenter(model, cross_entropy, spec, backend.adam(1e-3, 0.9, 0.999), jit_compile=False)
            run, every = RunFolder(Path(folder) / f"{number}", {}), Patience(8, 0, 8, 4, 4, 4)
            train_segmenter(run, segmenter, real_batches(pairs, BATCH, number), pairs, every)
            peaks.append(peak_memory())
    return peaks
