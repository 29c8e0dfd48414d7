"""Arrays of a file that PyTorch's `torch.save` wrote, without PyTorch and without running anything in it.

Such a file is a pickle, which is a program, beside the values of its tensors. Of the program only what a dictionary of
tensors needs is obeyed. The file has one of two layouts: since PyTorch 1.6 an archive, with `data.pkl` and a file for
each storage; before, as torchvision's VGG-19 is to this day, five pickles in a row and behind them the storages.
"""

from __future__ import annotations

import io
import math
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tf_ganaug.errors import InputError
from tf_ganaug.weight_files import require_bounded

#: Types of the storages, by their names in `torch`.
STORAGES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "LongStorage": "<i8"}

#: What a file of the older layout begins with.
MAGIC = 0x1950A86A20F9469CFC6C


class _Tensor(NamedTuple):
    """A view of a storage; offset and strides in elements."""

    storage: tuple[str, str]
    offset: int
    size: tuple[int, ...]
    strides: tuple[int, ...]


class _Reader(pickle.Unpickler):
    """Obeys a pickle as far as a dictionary of tensors needs it; `types` has the storages that it names, by key."""

    def __init__(self, file: BinaryIO):
        super().__init__(file, encoding="utf-8")
        self.types: dict[str, str] = {}

    def find_class(self, module: str, name: str) -> Any:
        """What a name of the pickle means; any other than these is refused."""
        # Nothing that is given out can be changed from inside: a type written in C, text, methods of this reader.
        known = {
            "collections.OrderedDict": OrderedDict,
            "torch._utils._rebuild_tensor": self.tensor,
            "torch._utils._rebuild_tensor_v2": self.tensor,
            "torch._utils._rebuild_parameter": self.parameter,
            **{f"torch.{storage}": kind for storage, kind in STORAGES.items()},
        }
        if f"{module}.{name}" not in known:
            raise pickle.UnpicklingError(f"{module}.{name}, which a dictionary of tensors does not need")
        return known[f"{module}.{name}"]

    def persistent_load(self, saved: tuple) -> tuple[str, str]:
        """A storage: its type and its key."""
        _, kind, key, *_ = saved
        if kind not in STORAGES.values():
            raise pickle.UnpicklingError("a storage of an unknown type")
        self.types[key] = kind
        return kind, key

    @staticmethod
    def tensor(storage, offset, size, strides, *_) -> _Tensor:
        """As PyTorch's function of that name takes its arguments."""
        return _Tensor(storage, int(offset), tuple(map(int, size)), tuple(map(int, strides)))

    @staticmethod
    def parameter(data, *_) -> _Tensor:
        """Likewise."""
        return data


def read_state_dict(path: Path, keep: Callable[[str], bool]) -> dict[str, np.ndarray]:
    """The tensors of a state dict by name, those that `keep` wants; the values of the others are not read.

    Raises:
        InputError: if the file is missing or damaged, or holds something else, such as a whole network.
    """
    try:
        require_bounded(path)
        with path.open("rb") as file:
            archive = file.read(4) == b"PK\x03\x04"
            file.seek(0)
            return (_of_archive if archive else _of_row)(file, keep)
    except (
        *(OSError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError),
        *(MemoryError, RecursionError, pickle.UnpicklingError, zipfile.BadZipFile, struct.error),
    ) as error:
        remedy = "name a file of weights as downloaded, or save one with torch.save(network.state_dict(), FILE)"
        raise InputError(path, "a state dict as torch.save writes it", str(error)[:200], remedy) from error


def _of_archive(file: BinaryIO, keep: Callable[[str], bool]) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(file) as archive:
        (place,) = (name[: -len("data.pkl")] for name in archive.namelist() if name.endswith("data.pkl"))
        if f"{place}byteorder" in archive.namelist() and archive.read(f"{place}byteorder") != b"little":
            raise ValueError("numbers of another byte order")
        tensors = _wanted(_Reader(io.BytesIO(archive.read(f"{place}data.pkl"))).load(), keep)
        storages = {
            (kind, key): np.frombuffer(archive.read(f"{place}data/{key}"), kind)
            for kind, key in {tensor.storage for tensor in tensors.values()}
        }
    return {name: _array(tensor, storages[tensor.storage]) for name, tensor in tensors.items()}


def _of_row(file: BinaryIO, keep: Callable[[str], bool]) -> dict[str, np.ndarray]:
    if _Reader(file).load() != MAGIC:
        raise ValueError("another beginning")
    _ = _Reader(file).load()  # the layout's version
    if not _Reader(file).load()["little_endian"]:
        raise ValueError("numbers of another byte order")
    reader = _Reader(file)
    tensors = _wanted(reader.load(), keep)
    keys, wanted, storages = _Reader(file).load(), {tensor.storage for tensor in tensors.values()}, {}
    for key in keys:
        kind = reader.types[key]
        size = int.from_bytes(file.read(8), "little") * np.dtype(kind).itemsize
        if (kind, key) in wanted:
            storages[kind, key] = np.frombuffer(file.read(size), kind)
        else:
            file.seek(size, io.SEEK_CUR)
    return {name: _array(tensor, storages[tensor.storage]) for name, tensor in tensors.items()}


def _wanted(stored: Any, keep: Callable[[str], bool]) -> dict[str, _Tensor]:
    if not isinstance(stored, Mapping) or not any(isinstance(value, _Tensor) for value in stored.values()):
        raise ValueError("no dictionary of tensors")
    return {name: value for name, value in stored.items() if isinstance(value, _Tensor) and keep(name)}


def _array(tensor: _Tensor, storage: np.ndarray) -> np.ndarray:
    """The tensor's own copy of its part of the storage."""
    count = math.prod(tensor.size)
    last = tensor.offset + sum((size - 1) * stride for size, stride in zip(tensor.size, tensor.strides))
    proper = len(tensor.size) == len(tensor.strides) and min((tensor.offset, *tensor.size, *tensor.strides)) >= 0
    if not proper or (count and max(count, last + 1) > len(storage)):
        raise ValueError("a tensor that is larger than its storage")
    strides = [stride * storage.itemsize for stride in tensor.strides]
    return as_strided(storage[tensor.offset :], tensor.size, strides).copy()
