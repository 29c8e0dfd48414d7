"""Cases brought to the network's size once, kept on disk as stored integers, memory-mapped after."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from tf_ganaug.data.cases import IGNORE, Case, Dataset
from tf_ganaug.data.fit import Window
from tf_ganaug.errors import InputError
from tf_ganaug.files import replacing, write_text

#: Raised when other arrays are kept, or the same ones otherwise.
_FORMAT = 2


@dataclass(frozen=True)
class SizedCases:
    """All cases of a data set at the network's size.

    Attributes:
        images: (N, H, W, C) in the stored type, memory-mapped.
        labels: (N, H, W) uint8 class indices, memory-mapped.
        ranges: (N, 2) float32, the stored values of each image that become -1 and 1; (N, 2, C) where each channel has
            its own (`Dataset.sequences`).
        native: (N, 2) int32, height and width of each image as it is stored.
        cases: in the order of N.
        padded: whether images kept their proportions, each in a `Window` of the frame.
    """

    images: np.ndarray
    labels: np.ndarray
    ranges: np.ndarray
    native: np.ndarray
    cases: tuple[Case, ...]
    padded: bool = False

    def rows(self, cases: Sequence[Case]) -> np.ndarray:
        """Positions in N of these cases."""
        position = {case.id: number for number, case in enumerate(self.cases)}
        return np.array([position[case.id] for case in cases], np.int64)

    def spacing(self, cases: Sequence[Case]) -> tuple[float, float]:
        """Millimetres per pixel (row, column) at this size, the median over these cases."""
        scales = self.native[self.rows(cases)] / np.array(self.images.shape[1:3])
        if self.padded:
            scales = scales.max(axis=1, keepdims=True)
        rows, columns = np.median(np.array([case.spacing for case in cases]) * scales, axis=0).tolist()
        return rows, columns


def resize_image(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """(H, W, C) to (height, width, C) in the same type, by the mean over the pixels each covers."""
    if image.shape[:2] == (height, width):
        return image
    planes = [
        np.asarray(Image.fromarray(image[..., c].astype(np.float32)).resize((width, height), Image.BOX))
        for c in range(image.shape[-1])
    ]
    sized = np.stack(planes, -1)
    return (np.rint(sized) if image.dtype.kind in "ui" else sized).astype(image.dtype)


def resize_label(label: np.ndarray, height: int, width: int) -> np.ndarray:
    """(H, W) to (height, width): the pixel under each new pixel's centre, never a mixture."""
    rows = (2 * np.arange(height) + 1) * label.shape[0] // (2 * height)
    columns = (2 * np.arange(width) + 1) * label.shape[1] // (2 * width)
    return label[rows[:, None], columns]


def intensity_range(image: np.ndarray, percentiles: Sequence[float]) -> tuple[float, float]:
    """The stored values that become -1 and 1: two percentiles of the image, never equal.

    An image whose percentiles meet (a few bright pixels on black) falls back to its extremes.
    """
    low, high = np.percentile(image, percentiles)
    if low == high:
        low, high = float(image.min()), float(image.max())
    return float(low), float(high) if high > low else float(low) + 1.0


def _range(image: np.ndarray, percentiles: Sequence[float], sequences: bool) -> np.ndarray:
    """The `intensity_range` of an image (H, W, C) as (2,) float32, or those of its channels as (2, C)."""
    if not sequences:
        return np.float32(intensity_range(image, percentiles))
    return np.float32([intensity_range(image[..., c], percentiles) for c in range(image.shape[-1])]).T


def sized_cases(
    dataset: Dataset, height: int, width: int, percentiles: Sequence[float], folder: Path, padded: bool = False
) -> SizedCases:
    """Every case of `dataset` at height x width, read and decoded on the first call only.

    Args:
        dataset: what to bring to size.
        height: of the network.
        width: of the network.
        percentiles: (low, high) of each image's own values that become -1 and 1.
        folder: holds one folder per source, size and reader version; another version is another folder.
        padded: keeps each image's proportions in a `Window` of the frame; around it the image has the value that
            becomes -1 and the label `IGNORE`. Else images are stretched to the frame.

    Raises:
        InputError: for a file that cannot be read or holds labels outside the spec.
    """
    key = _key(dataset, height, width, percentiles) + ("-padded" if padded else "")
    place = folder / key
    if not (place / "complete").exists():
        _fill(place, dataset, height, width, percentiles, padded)
    arrays = (np.load(place / f"{name}.npy", mmap_mode="r") for name in ("images", "labels", "ranges", "native"))
    return SizedCases(*arrays, cases=dataset.cases, padded=padded)


def sized_instances(dataset: Dataset, height: int, width: int, folder: Path) -> np.ndarray:
    """The ids of the instances of every case, (N, height, width) int32, memory-mapped; see `sized_cases`.

    Raises:
        InputError: if a case has none, or a file cannot be read.
    """
    place = folder / f"instances-{_key(dataset, height, width, ())}.npy"
    if not place.exists():
        for case in dataset.cases:
            if case.read_instances is None:
                remedy = "leave edges of instances out, with --set painter.edges=false"
                raise InputError(case.source, "a map of instances beside it", "none", remedy)
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(place) as temporary:
            shape = (len(dataset.cases), height, width)
            instances = np.lib.format.open_memmap(temporary, "w+", np.int32, shape)
            for number, case in enumerate(tqdm(dataset.cases, "reading instances", unit="map", disable=None)):
                instances[number] = resize_label(case.read_instances(), height, width)
            instances.flush()
    return np.load(place, mmap_mode="r")


def _key(dataset: Dataset, height: int, width: int, percentiles: Sequence[float]) -> str:
    def stamp(case: Case) -> list:
        states = [Path(file).stat() for file in case.files if Path(file).exists()]
        return [case.id, *case.files, *((state.st_size, state.st_mtime_ns) for state in states)]

    form = [_FORMAT, dataset.version, repr(dataset.spec), dataset.sequences, height, width, list(percentiles)]
    text = json.dumps([*form, *map(stamp, dataset.cases)])
    return f"{height}x{width}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _fill(place: Path, dataset: Dataset, height: int, width: int, percentiles: Sequence[float], padded: bool) -> None:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    count = len(dataset.cases)
    images = None
    labels = np.lib.format.open_memmap(place / "labels.npy", "w+", np.uint8, (count, height, width))
    ranges, native = [], np.empty((count, 2), np.int32)
    for number, case in enumerate(tqdm(dataset.cases, "reading images", unit="image", disable=None)):
        stored, indices = case.read_image(), case.class_indices(dataset.spec)
        image, label, ends = _sized(stored, indices, height, width, percentiles, dataset.sequences, padded)
        if images is None:
            shape = (count, *image.shape)
            images = np.lib.format.open_memmap(place / "images.npy", "w+", image.dtype, shape)
        if image.dtype != images.dtype:
            expected = f"{images.dtype} pixels as in {dataset.cases[0].source}"
            raise InputError(case.source, expected, str(image.dtype), "store all images in one type")
        images[number], labels[number], native[number] = image, label, indices.shape
        ranges.append(ends)
    images.flush()
    labels.flush()
    np.save(place / "ranges.npy", np.stack(ranges))
    np.save(place / "native.npy", native)
    write_text(place / "complete", f"{count} cases of {dataset.name}")


def _sized(
    stored: np.ndarray,
    indices: np.ndarray,
    height: int,
    width: int,
    percentiles: Sequence[float],
    sequences: bool,
    padded: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image (height, width, C), class indices (height, width) and the image's range."""
    if not padded:
        image = resize_image(stored, height, width)
        return image, resize_label(indices, height, width), _range(image, percentiles, sequences)
    window = Window.of(*stored.shape[:2], height, width)
    image = resize_image(stored, window.height, window.width)
    ends = _range(image, percentiles, sequences)
    label = resize_label(indices, window.height, window.width)
    return window.pad(image, height, width, ends[0]), window.pad(label, height, width, IGNORE), ends
