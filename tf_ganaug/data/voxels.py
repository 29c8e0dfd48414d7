"""Volumes of NIfTI and npy, turned to right, anterior, superior where the file says how it lies, and their slices."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import nibabel
import numpy as np

from tf_ganaug.data.files import NIFTI, decoding, open_npy, split_name
from tf_ganaug.data.limits import require_pixels
from tf_ganaug.data.nifti import read_header, read_voxels, voxel_file
from tf_ganaug.errors import InputError


class Grid(NamedTuple):
    """Where the voxels of a volume lie.

    Attributes:
        shape: voxels along the three axes.
        spacing: millimetres per voxel along them; 1 where none is stated.
        affine: (4, 4), voxels to millimetres; None for npy.
        known: whether the file states the spacing.
        placed: whether the file states how the axes lie.
        volumes: that lie on this grid in the file, as channels of one image.
        remarks: on what the file's header does not state, or contradicts.
    """

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    affine: np.ndarray | None
    known: bool = True
    placed: bool = True
    volumes: int = 1
    remarks: tuple[str, ...] = ()


def read_grid(path: Path) -> Grid:
    """The grid of a NIfTI volume, axes turned to right, anterior, superior, or of a npy volume as stored.

    Raises:
        InputError: if the file is missing, its header is damaged, or it has not three dimensions.
    """
    suffix = split_name(path)[1]
    if suffix not in (*NIFTI, ".npy"):
        raise InputError(path, "a volume (NIfTI or npy)", suffix or path.name, "convert it")
    with decoding(path):
        if suffix == ".npy":
            shape = open_npy(path).shape
            return Grid(_three(shape, path), (1.0, 1.0, 1.0), None, known=False)
        header = read_header(path)
    grid = turned_grid(header.shape, header.spacing or (1.0, 1.0, 1.0), header.affine)
    return grid._replace(
        known=header.spacing is not None, placed=header.placed, volumes=header.volumes, remarks=header.remarks
    )


def turned_grid(shape: Sequence[int], spacing: Sequence[float], affine: np.ndarray) -> Grid:
    """The grid of three axes turned to right, anterior, superior.

    Args:
        shape: voxels along the axes as stored.
        spacing: millimetres per voxel along them.
        affine: (4, 4), voxels to millimetres to the right, front and top.
    """
    order = nibabel.io_orientation(affine)
    turned = np.argsort(order[:, 0])
    affine = affine @ nibabel.orientations.inv_ornt_aff(order, np.array(shape))
    return Grid(tuple(shape[a] for a in turned), tuple(float(spacing[a]) for a in turned), affine)


def read_volume(path: Path) -> np.ndarray:
    """(X, Y, Z) on the grid of `read_grid`, read-only use: the last few are kept in memory.

    (X, Y, Z, C) where a NIfTI file has several volumes. npy keeps its type. NIfTI keeps stored integers that the
    header does not scale; else it is float32 (`nifti.read_voxels`).

    Raises:
        InputError: if the file is missing, damaged, too large, or has not three dimensions.
    """
    with decoding(path):
        return _turned(path, *_times(path))


def stored_volume(path: Path) -> np.ndarray:
    """`read_volume` with the axes as they are stored."""
    with decoding(path):
        return _volume(path, *_times(path))


def read_slice(path: Path, axis: int, index: int) -> np.ndarray:
    """(H, W), or (H, W, C) of several volumes: one slice of `read_volume` across `axis`, unchecked, read-only use.

    NIfTI slices stand upright: rows from superior (across axis 2: anterior) down, columns along the
    remaining axis (left to right; across axis 0: posterior to anterior). npy slices lie as stored.
    """
    section = np.moveaxis(read_volume(path), axis, 0)[index]  # a view: np.take would copy the whole volume
    return np.rot90(section) if split_name(path)[1] in NIFTI else section


def slice_spacing(grid: Grid, axis: int) -> tuple[float, float]:
    """Millimetres per pixel (row, column) of the slices that `read_slice` gives."""
    first, second = (spacing for a, spacing in enumerate(grid.spacing) if a != axis)
    return second, first  # as NIfTI slices are turned; equal for npy


def _times(path: Path) -> tuple[int, int]:
    """Of header and voxels, for caches: a rewritten file is read again."""
    return path.stat().st_mtime_ns, voxel_file(path).stat().st_mtime_ns


@functools.lru_cache(maxsize=8)
def _turned(path: Path, *times: int) -> np.ndarray:
    """A view of what is stored."""
    stored = _volume(path, *times)
    if split_name(path)[1] == ".npy":
        return stored
    return nibabel.apply_orientation(stored, nibabel.io_orientation(read_header(path).affine))


@functools.lru_cache(maxsize=8)
def _volume(path: Path, *times: int) -> np.ndarray:
    if split_name(path)[1] == ".npy":
        data = open_npy(path)
        require_pixels(path, data.shape)
        return data.reshape(_three(data.shape, path))
    return read_voxels(path)


def _three(shape: tuple[int, ...], path: Path) -> tuple[int, int, int]:
    if len(shape) < 2 or 0 in shape or any(size != 1 for size in shape[3:]):
        raise InputError(path, "a volume of three dimensions", f"shape {tuple(shape)}", "store one volume")
    return (*shape, 1)[:3]
