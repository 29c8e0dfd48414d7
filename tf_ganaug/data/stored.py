"""Stored arrays as tensors: one for each array in a process; a large file is mapped, not read."""

from __future__ import annotations

import ctypes
import mmap
import os
import threading
import time
from pathlib import Path
from weakref import WeakValueDictionary

import numpy as np
import tensorflow as tf

#: Files up to so many bytes are held in memory. Larger ones are mapped: what is read comes from the file, or from what
#: the operating system keeps of it, which takes a microsecond or some for a page.
HELD = 1 << 30

#: Bytes of mapped files in this process's resident memory, above which they are given back, and how often that is
#: looked at, in seconds.
RESIDENT, WATCH = 1 << 27, 0.05

_tensors: WeakValueDictionary[tuple, tf.Tensor] = WeakValueDictionary()
_maps: list[mmap.mmap] = []


def as_tensor(array: np.ndarray) -> tf.Tensor:
    """The array as a tensor on the CPU; the same one for each array that maps the same whole .npy file.

    Args:
        array: of any shape; a memory-mapped file must not change while it is in use.
    """
    whole = isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap) and array.flags.c_contiguous
    # A file that was removed lives on in its map, but cannot be opened again.
    if not (whole and os.path.exists(array.filename)):
        with tf.device("CPU:0"):
            return tf.constant(array)
    state = os.stat(array.filename)
    key = (state.st_dev, state.st_ino, state.st_mtime_ns, state.st_size)
    tensor = _tensors.get(key)
    if tensor is None:
        tensor = _tensors[key] = (_held if array.nbytes <= HELD else _mapped)(array.filename)
    return tensor


def _lent(path: str) -> tuple[np.memmap, tf.Tensor]:
    """A .npy file, and the same memory as a tensor."""
    # Mode "c" because numpy lends only what may be written; nobody does.
    array = np.load(path, mmap_mode="c")
    return array, tf.experimental.dlpack.from_dlpack(array.__dlpack__())


def _held(path: str) -> tf.Tensor:
    # One copy; tf.constant of an array makes two.
    return tf.raw_ops.DeepCopy(x=_lent(path)[1])


def _mapped(path: str) -> tf.Tensor:
    """A tensor whose values are the file's pages, read when they are asked for."""
    array, tensor = _lent(path)
    # It is never let go: the last of TensorFlow's threads to use it would have to ask Python, which may be ending.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(tensor))
    _maps.append(array.base)
    resident = _resident()
    if len(_maps) == 1 and resident is not None:
        threading.Thread(target=_watch, args=[resident + RESIDENT], name="mapped files", daemon=True).start()
    return tensor


def _watch(most: int) -> None:
    """Gives pages of mapped files back before they fill the memory that counts as this process's."""
    while True:
        time.sleep(WATCH)
        if _resident() > most:
            release()


def release() -> None:
    """Gives all pages of mapped files back; the operating system may keep them, and they are read again when needed."""
    for each in _maps:
        each.madvise(mmap.MADV_DONTNEED)


def _resident() -> int | None:
    """Bytes of files in this process's resident memory, its libraries among them; None where Linux does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[2]) * mmap.PAGESIZE
    except OSError:
        return None
