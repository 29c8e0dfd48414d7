"""What a file may be and how much it may unfold to, asked before it is read: else a small one could fill a machine."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from tf_ganaug.errors import InputError

#: Pixels of a picture or voxels of a file, unless dataset.yaml states another `limits.pixels`; a whole-body CT has
#: about as many.
PIXELS = 400_000_000

#: Bytes that compressed data may have in any case, for headers and tables.
_LITTLE = 1 << 20

_pixels: ContextVar[int] = ContextVar("pixels", default=PIXELS)


@contextmanager
def allowing(most: int) -> Iterator[None]:
    """What is read inside may have so many pixels."""
    before = _pixels.set(most)
    try:
        yield
    finally:
        _pixels.reset(before)


def require_pixels(where: str | os.PathLike, shape: Sequence[int]) -> None:
    """Checks that what a header claims is within the limit.

    Raises:
        InputError: naming `where`, if it is beyond.
    """
    count, most = math.prod(map(int, shape)), _pixels.get()
    if count > most:
        claimed = " x ".join(map(str, shape))
        remedy = f"cut it into smaller files, or state 'limits: {{pixels: {count}}}' in dataset.yaml if memory suffices"
        raise InputError(where, f"at most {most:,} pixels", f"{count:,} ({claimed})", remedy)


def require_compressed(where: str | os.PathLike, stored: int, unfolded: int) -> None:
    """Checks that data before and after decompression have sizes that go together, before a decoder unfolds them.

    Compression makes data a little longer at worst; what is stored beyond that would unfold beyond the pixels.

    Raises:
        InputError: naming `where`, if they do not.
    """
    most = 2 * unfolded + _LITTLE
    if stored > most:
        remedy = "replace it by an intact copy, or store it anew"
        raise InputError(where, f"at most {most:,} bytes of compressed pixels", f"{stored:,}", remedy)


def require_regular(path: Path) -> None:
    """Refuses what is there under a name and is no file: a FIFO or a device would be read without end.

    Raises:
        InputError: saying what it is.
    """
    try:
        kind = path.stat().st_mode
    except OSError as error:
        raise InputError(path, "a file", "none", "mend the path or add the file") from error
    if not stat.S_ISREG(kind):
        found = "a folder" if stat.S_ISDIR(kind) else "a pipe, socket or device"
        raise InputError(path, "a file", found, "put the file itself in its place")
