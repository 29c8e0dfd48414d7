"""New arrays on disk, memory-mapped, whose room is taken before anything is written."""

from __future__ import annotations

import errno
import math
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from tf_ganaug.data.mapped import watched
from tf_ganaug.errors import InputError


def new_array(path: Path, dtype: DTypeLike, shape: Sequence[int]) -> np.memmap:
    """A .npy of zeros, to be written to.

    A memory map is written when the system likes: on a disk that is full by then it ends the process without a word.
    So the file's blocks are taken here.

    Raises:
        InputError: if the disk has no room for it; nothing is left then.
    """
    needed = math.prod(map(int, shape)) * np.dtype(dtype).itemsize
    free = shutil.disk_usage(path.parent).free
    if needed > free:
        raise _no_room(path, needed, free)
    array = np.lib.format.open_memmap(path, "w+", dtype, tuple(shape))
    try:
        with path.open("r+b") as file:
            # Where the system has no such call, the check above is all there is.
            getattr(os, "posix_fallocate", lambda *_: None)(file.fileno(), 0, path.stat().st_size)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        path.unlink()
        raise _no_room(path, needed, free) from error
    return watched(array)


def _no_room(path: Path, needed: int, free: int) -> InputError:
    place = next(folder for folder in path.parents if not folder.name.startswith("."))  # not the unfinished one
    found, remedy = f"{free / 1e6:,.1f} MB", "free some, or choose another folder with --out"
    return InputError(place, f"{needed / 1e6:,.1f} MB of free disk", found, remedy)
