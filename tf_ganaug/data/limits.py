"""How much one file may unfold to: asked before memory is taken, so that a small file cannot fill a machine."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from tf_ganaug.errors import InputError

#: Pixels of a picture or voxels of a file, unless dataset.yaml states another `limits.pixels`; a whole-body CT has
#: about as many.
PIXELS = 400_000_000

#: Bytes of a text that a user writes, such as dataset.yaml or a table of subjects.
TEXT = 16_000_000

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
