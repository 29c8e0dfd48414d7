"""New arrays on disk, written from the first row to the last, whose room is taken before anything is written."""

from __future__ import annotations

import errno
import math
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from tf_ganaug.errors import InputError

#: Bytes that are written at once. The system keeps them together, and maps them for half of what single pages cost; of
#: 2 MB and more it would map all at once, for a single row that is read.
WRITTEN = 1 << 20


class NewArray:
    """A .npy that rows are appended to; leaving its block without all of them is an error.

    It is written, not mapped: pages that are written through a map are this process's memory until they are given back.

    Attributes:
        path: of the file.
        dtype: of the array.
    """

    def __init__(self, path: Path, dtype: DTypeLike, shape: Sequence[int]):
        """Makes the file.

        Raises:
            InputError: if the disk has no room for it; nothing is left then.
        """
        self.path, self.dtype, self._row = path, np.dtype(dtype), tuple(map(int, shape[1:]))
        needed = math.prod(map(int, shape)) * self.dtype.itemsize
        free = shutil.disk_usage(path.parent).free
        if needed > free:
            raise _no_room(path, needed, free)
        self._file = path.open("w+b", buffering=WRITTEN)
        described = {"descr": np.lib.format.dtype_to_descr(self.dtype), "fortran_order": False}
        np.lib.format.write_array_header_1_0(self._file, {**described, "shape": tuple(map(int, shape))})
        self._end = self._file.tell() + needed
        try:
            # Where the system has no such call, the check above is all there is.
            getattr(os, "posix_fallocate", lambda *_: None)(self._file.fileno(), 0, self._end)
        except OSError as error:
            self._file.close()
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            path.unlink()
            raise _no_room(path, needed, free) from error

    def append(self, rows: ArrayLike) -> None:
        """Writes one row, or several with an axis of them, in the array's type."""
        values = np.ascontiguousarray(rows, self.dtype)
        if values.shape[-len(self._row) :] != self._row or values.ndim > len(self._row) + 1:
            raise ValueError(f"{self.path}: expected rows of {self._row}, found {values.shape}")
        stored = values.reshape(-1).view(np.uint8)
        for start in range(0, len(stored), WRITTEN):
            self._file.write(stored[start : start + WRITTEN])

    def close(self) -> None:
        """Lets the file go, however much of it is written."""
        self._file.close()

    def __enter__(self) -> NewArray:
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        written = self._file.tell()
        self.close()
        if failed is None and written != self._end:
            raise ValueError(f"{self.path}: {self._end - written} bytes are missing")


def _no_room(path: Path, needed: int, free: int) -> InputError:
    place = next(folder for folder in path.parents if not folder.name.startswith("."))  # not the unfinished one
    found, remedy = f"{free / 1e6:,.1f} MB", "free some, or choose another folder with --out"
    return InputError(place, f"{needed / 1e6:,.1f} MB of free disk", found, remedy)
