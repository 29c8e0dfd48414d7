"""Pictures as they are to be shown: orientation marks, white that is zero, alpha channels."""

from __future__ import annotations

import os

import numpy as np

from tf_ganaug.errors import InputError

#: Orientation marks of EXIF and TIFF that exchange rows and columns.
_ON_THE_SIDE = (5, 6, 7, 8)


def orientation(stored: object) -> int:
    """The orientation mark that a file's tag holds, 1 to 8; 1 where it holds something else, as viewers take it."""
    return int(stored) if stored in range(1, 9) else 1


def upright_shape(height: int, width: int, mark: int) -> tuple[int, int]:
    """(H, W) as shown of a picture that is stored so, under an orientation mark."""
    return (width, height) if mark in _ON_THE_SIDE else (height, width)


def upright(pixels: np.ndarray, mark: int) -> np.ndarray:
    """(H, W, ...) as stored to the same as shown; marks are those of EXIF, 1 to 8, others mean nothing."""
    if mark in _ON_THE_SIDE:
        pixels = pixels.swapaxes(0, 1)
    if mark in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if mark in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def inverted(pixels: np.ndarray, bits: int, where: str | os.PathLike) -> np.ndarray:
    """Values whose zero is white to those whose zero is black, in the same type.

    Raises:
        InputError: unless they are unsigned integers, whose range is known.
    """
    if pixels.dtype.kind not in "bu":
        remedy = "store it with black as zero"
        raise InputError(where, "unsigned integers where white is zero", str(pixels.dtype), remedy)
    return ~pixels if pixels.dtype.kind == "b" else pixels.dtype.type(2**bits - 1) - pixels


def require_opaque(label: np.ndarray, alpha: np.ndarray, where: str | os.PathLike) -> None:
    """Checks that leaving out alpha (H, W) changes nothing of a label (H, W) or (H, W, C).

    Raises:
        InputError: if a pixel is transparent, wholly or in part, and not zero.
    """
    drawn = label if label.ndim == 2 else label.any(-1)
    count = int(((alpha != np.iinfo(alpha.dtype).max) & (drawn != 0)).sum())
    if count:
        remedy = "store the label without alpha"
        raise InputError(where, "a label that is opaque", f"{count} transparent pixels with a value", remedy)
