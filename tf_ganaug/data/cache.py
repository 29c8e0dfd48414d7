"""Cases brought to the network's size once, kept on disk in one type, memory-mapped after."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from tf_ganaug.data.arrays import NewArray
from tf_ganaug.data.cases import IGNORE, Case, Dataset
from tf_ganaug.data.content import digest_of
from tf_ganaug.data.fit import Window
from tf_ganaug.data.levels import counts_of
from tf_ganaug.data.mapped import open_array
from tf_ganaug.errors import InputError
from tf_ganaug.files import LOCK, digest, replacing_folder, write_text

log = logging.getLogger("tf_ganaug")

#: Raised when other arrays are kept, or the same ones otherwise.
_FORMAT = 5

#: The file beside cached arrays with their digests, written last.
COMPLETE = "complete"

#: Pixels that are resized at a time.
_BAND = 2**24


@dataclass(frozen=True)
class SizedCases:
    """All cases of a data set at the network's size.

    Attributes:
        images: (N, H, W, C) in the stored type, or that of `common_type` where it differs; memory-mapped.
        labels: (N, H, W) uint8 class indices, memory-mapped.
        ranges: (N, 2) float32, the stored values of each image that become -1 and 1; (N, 2, C) where each channel has
            its own (`Dataset.sequences`).
        native: (N, 2) int32, height and width of each image as it is stored.
        cases: in the order of N.
        padded: whether images kept their proportions, each in a `Window` of the frame.
        drawn: (N, 256) booleans, which class indices each label has at its native size, where they were read from it.
        digests: of the images as they are stored (`content.digest_of`), N or none.
    """

    images: np.ndarray
    labels: np.ndarray
    ranges: np.ndarray
    native: np.ndarray
    cases: tuple[Case, ...]
    padded: bool = False
    drawn: np.ndarray | None = None
    digests: tuple[str, ...] = ()

    def rows(self, cases: Sequence[Case]) -> np.ndarray:
        """Positions in N of these cases."""
        return np.fromiter((self._row[case.id] for case in cases), np.int64, len(cases))

    @cached_property
    def _row(self) -> dict[str, int]:
        return {case.id: number for number, case in enumerate(self.cases)}

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
    rows = max(1, _BAND * height // (image.shape[0] * image.shape[1]))
    bands = [_resized_rows(image, top, min(top + rows, height), height, width) for top in range(0, height, rows)]
    sized = np.concatenate(bands)
    return (np.rint(sized) if image.dtype.kind in "ui" else sized).astype(image.dtype)


def _resized_rows(image: np.ndarray, top: int, bottom: int, height: int, width: int) -> np.ndarray:
    """Rows top to bottom of an image brought to (height, width), (bottom - top, width, C) float32."""
    first, last = top * image.shape[0] / height, bottom * image.shape[0] / height
    rows = slice(int(first), math.ceil(last))
    box = (0, first - rows.start, image.shape[1], last - rows.start)
    planes = [Image.fromarray(image[rows, :, c].astype(np.float32)) for c in range(image.shape[-1])]
    return np.stack([np.asarray(plane.resize((width, bottom - top), Image.BOX, box)) for plane in planes], -1)


def common_type(first: np.dtype, second: np.dtype) -> np.dtype:
    """Of one array for both: integers where both are, as wide as they need; float32 where one is real."""
    kind = np.result_type(first, second)
    return kind if kind.kind in "iu" else np.dtype(np.float32)


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
    if not _is_whole(place):
        _fill(place, dataset, height, width, percentiles, padded)
    names = ("images", "labels", "ranges", "native", "drawn")
    arrays = {name: open_array(place / f"{name}.npy") for name in names}
    digests = tuple(json.loads((place / "digests.json").read_text(encoding="utf-8")))
    return SizedCases(**arrays, cases=dataset.cases, padded=padded, digests=digests)


def sized_instances(dataset: Dataset, height: int, width: int, folder: Path) -> np.ndarray:
    """The ids of the instances of every case, (N, height, width) int32, memory-mapped; see `sized_cases`.

    Raises:
        InputError: if a case has none, or a file cannot be read.
    """
    place = folder / f"instances-{_key(dataset, height, width, ())}"
    if not _is_whole(place):
        for case in dataset.cases:
            if case.instances is None:
                remedy = "leave edges of instances out, with --set painter.edges=false"
                raise InputError(case.source, "a map of instances beside it", "none", remedy)
        with _new(place) as unfinished:
            shape = (len(dataset.cases), height, width)
            with NewArray(unfinished / "instances.npy", np.int32, shape) as instances:
                for case in tqdm(dataset.cases, "reading instances", unit="map", disable=None):
                    instances.append(resize_label(case.read_instances(), height, width))
    return open_array(place / "instances.npy")


@contextmanager
def _new(place: Path) -> Iterator[Path]:
    """Yields a folder that takes the place's name if the block ends well, with the digests of its files."""
    shutil.rmtree(place, ignore_errors=True)
    with replacing_folder(place) as folder:
        yield folder
        files = {path.name: digest(path) for path in sorted(folder.iterdir()) if path.name != LOCK}
        write_text(folder / COMPLETE, json.dumps(files, indent=1))


def _is_whole(place: Path) -> bool:
    """Whether all files are as they were written; a damaged cache is told, and made again by whoever asks."""
    try:
        files = json.loads((place / COMPLETE).read_text(encoding="utf-8"))
        others = [name for name, expected in files.items() if digest(place / name) != expected]
    except FileNotFoundError as error:
        others = [Path(error.filename).name] if place.exists() else None
    except (ValueError, AttributeError):
        others = [COMPLETE]
    if others:
        log.warning("%s: %s not as written, so the cache is made again", place, ", ".join(others))
    return others == []


def _key(dataset: Dataset, height: int, width: int, percentiles: Sequence[float]) -> str:
    @lru_cache(maxsize=64)  # slices of a volume come one after the other
    def states(files: tuple[str, ...]) -> list[tuple[int, int]]:
        found = [path.stat() for path in map(Path, files) if path.exists()]
        return [(state.st_size, state.st_mtime_ns) for state in found]

    form = [_FORMAT, dataset.version, repr(dataset.spec), dataset.sequences, height, width, list(percentiles)]
    stamps = ([case.id, *case.files, *states(case.files)] for case in dataset.cases)
    # The digest of one JSON list, of which only an element is in memory.
    text = hashlib.sha256(b"[")
    for number, element in enumerate(chain(form, stamps)):
        text.update((", " * (number > 0) + json.dumps(element)).encode())
    text.update(b"]")
    return f"{height}x{width}-{text.hexdigest()[:12]}"


def _fill(place: Path, dataset: Dataset, height: int, width: int, percentiles: Sequence[float], padded: bool) -> None:
    count = len(dataset.cases)
    ranges = np.empty((count, 2, dataset.channels) if dataset.sequences else (count, 2), np.float32)
    native, digests = np.empty((count, 2), np.int32), []
    with (
        _new(place) as folder,
        _Images(folder, count) as images,
        NewArray(folder / "labels.npy", np.uint8, (count, height, width)) as labels,
        NewArray(folder / "drawn.npy", np.bool_, (count, 256)) as drawn,
    ):
        for number, case in enumerate(tqdm(dataset.cases, "reading images", unit="image", disable=None)):
            stored, indices = case.read_image(), case.class_indices(dataset.spec)
            image, label, ends = _sized(stored, indices, height, width, percentiles, dataset.sequences, padded)
            images.append(image)
            labels.append(label)
            drawn.append(np.bincount(counts_of(indices)[0], minlength=256) > 0)
            native[number], ranges[number] = indices.shape, ends
            digests.append(digest_of(stored))
        np.save(folder / "ranges.npy", ranges)
        np.save(folder / "native.npy", native)
        write_text(folder / "digests.json", json.dumps(digests))


class _Images:
    """images.npy of a folder, in a type that holds all that are appended: those before are written again if need be."""

    def __init__(self, folder: Path, count: int):
        self._folder, self._count, self._done = folder, count, 0
        self._file: NewArray | None = None

    def append(self, image: np.ndarray) -> None:
        before = self._file
        kind = common_type(image.dtype, image.dtype if before is None else before.dtype)
        if before is None or before.dtype != kind:
            self._file = NewArray(self._folder / f"{kind}.npy", kind, (self._count, *image.shape))
            if before is not None:
                before.close()
                for row in open_array(before.path)[: self._done]:
                    self._file.append(row)
                before.path.unlink()
        self._file.append(image)
        self._done += 1

    def __enter__(self) -> _Images:
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            if failed is None:
                self._file.path.rename(self._folder / "images.npy")


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
