"""Memory-mapped files whose pages do not pile up in this process: what is read or written of them is given back."""

from __future__ import annotations

import mmap
import threading
import time
from pathlib import Path
from weakref import WeakSet

import numpy as np

#: Bytes of mapped files in this process's resident memory, above which they are given back; what its libraries may have
#: grown by from one time to the next; and how often that is looked at, in seconds.
RESIDENT, GROWTH, WATCH = 1 << 25, 1 << 23, 0.02

_maps: WeakSet[mmap.mmap] = WeakSet()
_watched = threading.Lock()
_watching = False


def open_array(path: Path) -> np.memmap:
    """A .npy file, to be read where it is looked at."""
    return watched(np.load(path, mmap_mode="r"))


def watched(array: np.memmap) -> np.memmap:
    """The same, a whole mapped file: its pages are given back before they fill what counts as this process's memory.

    Nothing is lost, neither what is read nor what is written: the operating system keeps the pages while it has memory
    for them, and they are mapped again when they are looked at.
    """
    global _watching
    with _watched:
        _maps.add(array.base)
        # The files of most processes are smaller, and need no watch.
        if not _watching and sum(map(len, _maps)) > RESIDENT and _resident() is not None:
            _watching = True
            threading.Thread(target=_watch, name="mapped files", daemon=True).start()
    return array


def release() -> None:
    """Gives all pages of mapped files back."""
    with _watched:
        maps = list(_maps)
    for each in maps:
        each.madvise(mmap.MADV_DONTNEED)


def _watch() -> None:
    libraries = _resident()
    while True:
        time.sleep(WATCH)
        if _resident() > libraries + RESIDENT:
            release()
            # More libraries are loaded as a program goes on; other threads map more of files while this one looks.
            libraries = min(_resident(), libraries + GROWTH)


def _resident() -> int | None:
    """Bytes of files in this process's resident memory, its libraries among them; None where Linux does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[2]) * mmap.PAGESIZE
    except OSError:
        return None
