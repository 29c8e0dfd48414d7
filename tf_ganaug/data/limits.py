"""How much one file may unfold to: asked before memory is taken, so that a small file cannot fill a machine."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

from tf_ganaug.errors import InputError

#: Pixels or voxels of one file, all channels together (`limits.pixels`); a whole-body CT has about as many.
PIXELS = 400_000_000

#: Bytes of a text that a user writes, such as dataset.yaml or a table of subjects.
TEXT = 16_000_000

_pixels = PIXELS


def set_pixels(most: int) -> None:
    """Sets the limit of this process, for all readers."""
    global _pixels
    _pixels = most


def require_pixels(where: str | os.PathLike, shape: Sequence[int]) -> None:
    """Checks that what a header claims is within the limit.

    Raises:
        InputError: naming `where`, if it is beyond.
    """
    if math.prod(shape) > _pixels:
        claimed = " x ".join(map(str, shape))
        remedy = "cut it into smaller files, or raise limits.pixels where the memory suffices"
        raise InputError(where, f"at most {_pixels:,} pixels", f"{math.prod(shape):,} ({claimed})", remedy)
