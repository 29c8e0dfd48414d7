"""Memory-mapped files whose pages do not pile up in this process: what is read of them is given back."""

from __future__ import annotations

import mmap
import os
import threading
import time
from pathlib import Path
from weakref import WeakSet

import numpy as np

#: Bytes of mapped files in this process's resident memory, above which they are given back; what its libraries may have
#: grown by from one time to the next; and how often that is looked at, in seconds.
RESIDENT, GROWTH, WATCH = 1 << 25, 1 << 23, 0.02

#: Where Linux tells it, in pages.
MEMORY = "/proc/self/statm"

_maps: WeakSet[mmap.mmap] = WeakSet()
_watched = threading.Lock()
_watching = False


def open_array(path: Path) -> np.memmap:
    """A .npy file, to be read where it is looked at."""
    return watched(np.load(path, mmap_mode="r"))


def watched(array: np.memmap) -> np.memmap:
    """The same, a whole mapped file: its pages are given back before they fill what counts as this process's memory.

    Nothing is lost: the operating system keeps the pages while it has memory for them, and they are mapped again when
    they are looked at.
    """
    global _watching
    with _watched:
        _maps.add(array.base)
        # The files of most processes are smaller, and need no watch.
        if not _watching and sum(map(len, _maps)) > RESIDENT and os.path.exists(MEMORY):
            _watching, memory = True, os.open(MEMORY, os.O_RDONLY)
            watch = threading.Thread(target=_watch, args=(memory, _resident(memory)), name="mapped files", daemon=True)
            watch.start()
    return array


def release() -> None:
    """Gives all pages of mapped files back."""
    with _watched:
        maps = list(_maps)
    for each in maps:
        each.madvise(mmap.MADV_DONTNEED)


def _watch(memory: int, libraries: int) -> None:
    while True:
        time.sleep(WATCH)
        if _resident(memory) > libraries + RESIDENT:
            release()
            # More libraries are loaded as a program goes on; other threads map more of files while this one looks.
            libraries = min(_resident(memory), libraries + GROWTH)


def _resident(memory: int) -> int:
    """Bytes of files in this process's resident memory, its libraries among them, of the open file `MEMORY`.

    One call, since another thread may run for milliseconds after each.
    """
    return int(os.pread(memory, 128, 0).split()[2]) * mmap.PAGESIZE
