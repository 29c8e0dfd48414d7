"""What many pairs cost a minibatch, in time of the process and in memory; the memory of many slices and trainings."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import nibabel
import numpy as np

from tf_ganaug import backend
from tf_ganaug.data.arrays import NewArray
from tf_ganaug.data.cache import sized_cases
from tf_ganaug.data.cases import LabelClass, LabelSpec
from tf_ganaug.data.folder import read
from tf_ganaug.data.mapped import open_array
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

#: Volumes of so many slices of 64 x 64 pixels, and the steps of a training on them.
VOLUMES, SLICES, STEPS = 1000, 200, 100

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


def sliced_memory() -> float:
    """GB, the largest memory of a process that reads a folder of `VOLUMES` and trains on their slices."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_slices, VOLUMES, SLICES).result()


def bars(costs: Sequence[Growth], trained: float, sliced: float) -> Iterator[tuple[str, float, float]]:
    """What is asked of the costs of `SETS`, `TRAININGS` and `VOLUMES`: its name, what was found, the most it may be."""
    few, many, large = costs
    yield f"minibatch at {many.pairs:,} pairs / at {few.pairs:,}", many.milliseconds / few.milliseconds, 1.3
    yield f"peak GB over {large.pairs:,} pairs of {large.side} x {large.side}", large.memory, 1.0
    yield f"peak GB, {VOLUMES * SLICES:,} slices of NIfTI read and {STEPS} steps trained", sliced, 1.0
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
    """The file, written and memory-mapped as `data.cache` does both."""
    rows = np.zeros((min(shape[0], 1000), *shape[1:]), kind)
    with NewArray(path, kind, shape) as array:
        for _ in range(shape[0] // len(rows)):
            array.append(rows)
    return open_array(path)


def _slices(volumes: int, slices: int) -> float:
    with TemporaryDirectory() as folder:
        root = Path(folder) / "data"
        for kind in ("images", "labels"):
            (root / kind).mkdir(parents=True)
        for number in range(volumes):
            pixels = np.random.default_rng(number).integers(0, 255, (64, 64, slices), np.int16)
            for kind, voxels in (("images", pixels), ("labels", (pixels > 127).astype(np.uint8))):
                nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4)), root / kind / f"{number:04d}.nii")
        dataset = read(root)
        sized = sized_cases(dataset, 64, 64, (0.5, 99.5), Path(folder) / "cache", padded=True)
        few = Pairs.of(sized, dataset.cases[:slices])
        _trained(RunFolder(Path(folder) / "run", {}), Pairs.of(sized, dataset.cases), few, STEPS)
        return peak_memory()


def _train(count: int) -> list[float]:
    """The process's peak of memory after each of so many small trainings."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 255, (32, 32, 32, 1), np.uint8), rng.integers(0, 2, (32, 32, 32), np.uint8)
    pairs = Pairs([Part(images, labels, np.arange(32), np.tile(np.float32([0, 255]), (32, 1)))])
    peaks = []
    with TemporaryDirectory() as folder:
        for number in range(count):
            _trained(RunFolder(Path(folder) / f"{number}", {}), pairs, pairs, 8)
            peaks.append(peak_memory())
    return peaks


def _trained(run: RunFolder, pairs: Pairs, held: Pairs, steps: int) -> None:
    """A small U-Net, trained for so many steps with a validation in the middle and at the end."""
    spec = LabelSpec((LabelClass("rest", (0,), (0, 0, 0)), LabelClass("found", (1,), (255, 0, 0))))
    backend.begin_networks(0)
    model = neff_unet(*pairs.shape, 2, levels=2, filters=8)
    segmenter = Segmenter(model, cross_entropy, spec, backend.adam(1e-3, 0.9, 0.999), jit_compile=False)
    every = Patience(steps, 0, steps, steps // 2, steps // 2, steps // 2)
    train_segmenter(run, segmenter, real_batches(pairs, BATCH, seed=1), held, every)
