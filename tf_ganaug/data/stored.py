"""Stored arrays as tensors: one for each array in a process; what is large is mapped, not read."""

from __future__ import annotations

import ctypes
import mmap
import os
from weakref import WeakValueDictionary

import numpy as np
import tensorflow as tf

from tf_ganaug import hardware
from tf_ganaug.data.mapped import watched

#: Bytes of files that are held in memory, all together. Others are mapped: what is read comes from the file, or from
#: what the operating system keeps of it, which takes some microseconds for a page and what lies around it.
HELD = 1 << 28

#: The same for files whose rows are smaller than a page, where the machine has eight times as much: mapped, a minibatch
#: of a million small pairs would cost twice that of a thousand.
HELD_SMALL = min(1 << 31, int(hardware.memory()) // 8)

_held: WeakValueDictionary[tuple, tf.Tensor] = WeakValueDictionary()
_mapped: dict[tuple, tf.Tensor] = {}


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
    tensor = _held.get(key, _mapped.get(key))
    small = array.nbytes < mmap.PAGESIZE * len(array)
    if tensor is None and array.nbytes + sum(size for *_, size in _held) <= (HELD_SMALL if small else HELD):
        # One copy; tf.constant of an array makes two.
        tensor = _held[key] = tf.raw_ops.DeepCopy(x=_lent(array.filename))
    elif tensor is None:
        # Its values are the file's pages. It is never let go, here nor by its last reference: the last of TensorFlow's
        # threads to use it would have to ask Python, which may be ending.
        tensor = _mapped[key] = _lent(array.filename)
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(tensor))
    return tensor


def _lent(path: str) -> tf.Tensor:
    """The memory that maps a .npy file, as a tensor."""
    # Mode "c" because numpy lends only what may be written; nobody does.
    array = watched(np.load(path, mmap_mode="c"))
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
