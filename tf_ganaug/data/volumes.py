"""What the volumes of one subject must have in common, and their slices brought to one size."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tf_ganaug.data.voxels import Grid, read_grid
from tf_ganaug.errors import InputError

#: Millimetres by which affines may differ: headers round, and nothing finer is visible.
AFFINE_TOLERANCE = 0.01


def common_grid(paths: Sequence[Path]) -> Grid:
    """The grid that all these volumes share, from their headers.

    Raises:
        InputError: naming the first volume whose shape, position or orientation is not that of the first.
    """
    first, *rest = paths
    grid = require_single(first, read_grid(first))
    for path in rest:
        require_grid(path, require_single(path, read_grid(path)), grid, first)
    return grid


def require_single(path: Path, grid: Grid) -> Grid:
    """The grid of a file that holds one volume.

    Raises:
        InputError: if it holds several.
    """
    if grid.volumes > 1:
        remedy = "store each in a file of its own, or name as many channels in dataset.json (nnU-Net)"
        raise InputError(path, "one volume", f"{grid.volumes}", remedy)
    return grid


def require_grid(path: Path, grid: Grid, expected: Grid, image: Path) -> None:
    """Checks that a file has the grid of the image it belongs to.

    Raises:
        InputError: naming both, if shape, position or orientation differ.
    """
    require_equal(path, grid.shape, expected.shape, image)
    if _near(grid.affine, expected.affine):
        return
    wanted, found, remedy = f"the position and orientation of {image.name}", "another", "resample both to one grid"
    if grid.affine is None or expected.affine is None:
        found, remedy = "a file that states none, beside one that does", "store both in one format"
    elif not expected.known or not grid.known:
        found += ", and one of the two states no voxel size"
        remedy = "state it in its header, or save both with one geometry"
    elif not expected.placed or not grid.placed:
        found += ", and one of the two states no orientation (sform and qform are 0)"
        remedy = "save both with one geometry"
    elif np.allclose(np.abs(grid.affine[:3, :3]), np.eye(3)):
        found += ", voxels of 1 mm along the body's axes, as a program writes that knows no place"
        remedy = f"save it with the affine of {image.name} if its voxels lie as there, else resample it"
    raise InputError(path, wanted, found, remedy)


def require_equal(path: Path, shape: tuple[int, ...], expected: tuple[int, ...], image: Path) -> None:
    """Checks that a file has the shape of the image it belongs to.

    Raises:
        InputError: naming both.
    """
    if shape != expected:
        sizes = [" x ".join(map(str, size)) for size in (expected, shape)]
        raise InputError(path, f"{sizes[0]} as {image.name}", sizes[1], "store both at one size")


def as_unsigned(pixels: np.ndarray, dtype: type[np.unsignedinteger], where: str | os.PathLike) -> np.ndarray:
    """The same values in an unsigned type; floats must be whole numbers, and nothing is scaled.

    Args:
        pixels: any shape, integers or floats.
        dtype: np.uint8 or np.uint16.
        where: names the pixels in the error.

    Raises:
        InputError: for NaN, a fraction, or a value that the type does not hold.
    """
    unsigned = np.clip(np.nan_to_num(pixels), 0, np.iinfo(dtype).max).astype(dtype)
    changed = pixels[pixels != unsigned]
    if changed.size:
        expected = f"whole numbers from 0 to {np.iinfo(dtype).max}"
        raise InputError(where, expected, f"{changed[0]} and {changed.size - 1} more", "store the scanner's integers")
    return unsigned


def padded(section: np.ndarray, side: int, where: str | os.PathLike) -> np.ndarray:
    """(H, W) in the middle of (side, side) zeros; of an odd remainder the larger part is below and right.

    Raises:
        InputError: naming `where`, if a side is longer.
    """
    require_fit(section.shape, side, where)
    margins = [((side - length) // 2, side - length - (side - length) // 2) for length in section.shape]
    return np.pad(section, margins)


def require_fit(shape: tuple[int, ...], side: int, where: str | os.PathLike) -> None:
    """Checks that slices of this shape can be padded to `side`.

    Raises:
        InputError: naming `where`, if they cannot.
    """
    if max(shape) > side:
        found = " x ".join(map(str, shape))
        raise InputError(where, f"slices of at most {side} x {side}", found, "pad to a larger size")


def _near(affine: np.ndarray | None, other: np.ndarray | None) -> bool:
    if affine is None or other is None:
        return affine is other
    return np.allclose(affine, other, atol=AFFINE_TOLERANCE)
