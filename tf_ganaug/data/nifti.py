"""NIfTI-1, NIfTI-2 and Analyze files, also as pairs .hdr and .img: where the voxels lie, and the voxels.

Headers are judged as they are stored, since nibabel mends some values (a voxel size of 0 becomes 1) and then says so
without the file's name. What is compressed is read to its end, where gzip's checksum of all of it stands.

These raise whatever their libraries raise; `tf_ganaug.data.files.decoding` turns it into one line.
"""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import NamedTuple

import nibabel
import numpy as np
from nibabel.nifti1 import Nifti1Header, Nifti1PairHeader
from nibabel.nifti2 import Nifti2Header, Nifti2PairHeader
from nibabel.spm2analyze import Spm2AnalyzeHeader

from tf_ganaug.data.gunzip import pieces
from tf_ganaug.data.limits import require_pixels
from tf_ganaug.errors import InputError

#: Millimetres of a voxel, and of its distance from the origin, beyond which a header is damaged.
SMALLEST, LARGEST, FARTHEST = 1e-6, 1e4, 1e6

#: Part by which the voxel size of the affine and that of pixdim may differ: headers round.
_ROUNDED = 0.01

#: NIfTI's units of length, in millimetres; others, and none, are taken for millimetres.
_MILLIMETRES = {1: 1000.0, 3: 0.001}

#: Bytes before and behind the voxels: extensions of a header are far smaller.
_BESIDE = 1 << 26

#: Directions of the axes of a picture that ITK-SNAP and 3D Slicer save as NIfTI: columns to the left, rows to the back.
_PICTURE = np.diag([-1.0, -1.0, 1.0])

_SILENT = logging.getLogger("tf_ganaug.nifti")
_SILENT.propagate = False
_SILENT.addHandler(logging.NullHandler())


class Header(NamedTuple):
    """What a header says of the place of the voxels.

    Attributes:
        shape: voxels along the three axes, as stored.
        volumes: along the fourth; 1 for three axes.
        affine: (4, 4), voxels as stored to millimetres to the right, front and top.
        spacing: millimetres per voxel along the three axes; None where it is not stated.
        placed: whether sform or qform say how the axes lie.
        remarks: on what it does not state, or contradicts.
    """

    shape: tuple[int, int, int]
    volumes: int
    affine: np.ndarray
    spacing: tuple[float, float, float] | None
    placed: bool
    remarks: tuple[str, ...]


def read_header(path: Path) -> Header:
    """Of a file, or of a pair by the name of its .hdr.

    Raises:
        InputError: if the voxels have no place (NaN, an axis of no length), or are no volumes of three axes.
    """
    if not voxel_file(path).is_file():
        raise InputError(path, f"its voxels in {voxel_file(path).name} beside it", "none", "add the file")
    header = _header(path)
    shape = _shape(path, header)
    unit = _MILLIMETRES.get(int(header["xyzt_units"]) & 7, 1.0) if isinstance(header, Nifti1Header) else 1.0
    stated = np.ones(3)
    stated[: min(int(header["dim"][0]), 3)] = header["pixdim"][1 : min(int(header["dim"][0]), 3) + 1]
    stated *= unit
    _require_place(path, "voxel sizes (pixdim)", stated, LARGEST)
    positive = bool((stated > 0).all())
    affine, source = _affine(header)
    affine[:3] *= unit
    _require_place(path, f"places of the voxels ({source})", affine, FARTHEST)
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    if (sizes < SMALLEST).any() or abs(np.linalg.det(affine[:3, :3] / sizes)) < 1e-3:
        found = f"{source} with an axis of no length or no direction"
        raise InputError(path, "a header that places the voxels", found, "save the volume again with its geometry")
    known = source == "sform" or positive
    remarks = [] if known else [f"voxel size not stated (pixdim {_sizes(stated)}), distances are in pixels"]
    remarks += _contradictions(header, source, sizes, stated, positive)
    spacing = tuple(map(float, sizes)) if known else None
    return Header(shape[:3], shape[3], affine, spacing, source != "pixdim", tuple(remarks))


def read_voxels(path: Path) -> np.ndarray:
    """(X, Y, Z), or (X, Y, Z, volumes), as stored; integers that the header does not scale keep their type.

    All others are float32, or float64 where they are whole numbers that float32 does not hold. What is not compressed
    is memory-mapped.

    Raises:
        InputError: for what is beyond `limits.pixels`, no real numbers, or compressed and longer than its header says.
    """
    header = _header(path)
    shape, kind = _shape(path, header), header.get_data_dtype()
    if kind.kind not in "iuf":
        raise InputError(path, "voxels that are real numbers", str(kind), "convert them")
    require_pixels(path, shape)
    stored = _stored(voxel_file(path), math.prod(shape), kind, header.get_data_offset())
    data = stored.reshape(shape if shape[3] > 1 else shape[:3], order="F")
    slope, inter = (default if value is None else value for value, default in zip(header.get_slope_inter(), (1, 0)))
    if (slope, inter) != (1, 0):
        return _narrowed(data * float(slope) + float(inter))
    return _narrowed(data) if kind.kind == "f" else data


def picture(path: Path) -> np.ndarray:
    """(H, W), what lies in a file of one slice in the order of a picture's pixels, as annotation programs save it.

    A picture has no place of its own, so the label of one must be as ITK-SNAP and 3D Slicer write it.

    Raises:
        InputError: as of `read_voxels`; if it has several slices, or its axes run elsewhere.
    """
    height, width = picture_shape(path)
    return read_voxels(path).reshape(width, height, order="F").T


def picture_shape(path: Path) -> tuple[int, int]:
    """(H, W) of `picture`, from the header.

    Raises:
        InputError: as of `picture`.
    """
    header = read_header(path)
    columns, rows, depth = header.shape
    if depth != 1 or header.volumes != 1:
        raise InputError(path, "a 2-D picture", f"a volume {header.shape}", "read it slice by slice")
    directions = header.affine[:3, :3] / np.linalg.norm(header.affine[:3, :3], axis=0)
    if not np.allclose(directions, _PICTURE, atol=1e-4):
        wanted = "axes to the left and back, as ITK-SNAP and 3D Slicer save the label of a picture"
        found = f"axes to {'-'.join(nibabel.aff2axcodes(header.affine))}, which a picture does not have"
        raise InputError(path, wanted, found, "save the label as PNG, or the image as NIfTI too")
    return rows, columns


def voxel_file(path: Path) -> Path:
    """The .img beside a .hdr, in either case; else the file itself."""
    if not path.name.lower().endswith(".hdr"):
        return path
    beside = [path.with_suffix(suffix) for suffix in (".img", ".IMG")]
    return next((file for file in beside if file.is_file()), beside[0])


def _compressed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _start(path: Path) -> bytes:
    """The first bytes, as many as a header has at most."""
    with path.open("rb") as file:
        if not _compressed(path):
            return file.read(Nifti2Header.sizeof_hdr)
        start = b""
        for piece in pieces(file):
            start += piece[: Nifti2Header.sizeof_hdr]
            if len(start) >= Nifti2Header.sizeof_hdr:
                break
        return start[: Nifti2Header.sizeof_hdr]


def _header(path: Path) -> Nifti1Header | Spm2AnalyzeHeader:
    """The header as it is stored, in the class of its format, whose errors are raised."""
    start = _start(path)
    pair = voxel_file(path) != path
    sizes = {int.from_bytes(start[:4], order) for order in ("little", "big")}
    if Nifti2Header.sizeof_hdr in sizes:
        kind = Nifti2PairHeader if pair else Nifti2Header
    elif start[344:347] in (b"n+1", b"ni1"):
        kind = Nifti1PairHeader if pair else Nifti1Header
    elif pair and Nifti1Header.sizeof_hdr in sizes:
        kind = Spm2AnalyzeHeader
    else:
        raise InputError(path, "a whole NIfTI or Analyze file", "none of their headers", "replace it by an intact copy")
    header = kind(start[: kind.sizeof_hdr], check=False)
    header.copy().check_fix(_SILENT, error_level=40)
    return header


def _shape(path: Path, header: Nifti1Header | Spm2AnalyzeHeader) -> tuple[int, int, int, int]:
    shape = tuple(int(size) for size in header.get_data_shape())
    if len(shape) < 2 or any(size != 1 for size in shape[4:]) or any(size < 1 for size in shape):
        raise InputError(path, "a volume of three dimensions", f"shape {shape}", "store one volume")
    return (*shape, 1, 1)[:4]


def _affine(header: Nifti1Header | Spm2AnalyzeHeader) -> tuple[np.ndarray, str]:
    """Voxels to millimetres, and the part of the header that says so; voxel sizes of 0 and less are taken for 1."""
    if isinstance(header, Nifti1Header) and header["sform_code"] > 0:
        return header.get_sform(), "sform"
    header = header.copy()
    sizes = header["pixdim"][1:4]
    header["pixdim"][1:4] = np.where(sizes > 0, sizes, np.where(np.isfinite(sizes), 1.0, sizes))
    if isinstance(header, Nifti1Header) and header["qform_code"] > 0:
        header["pixdim"][0] = -1 if header["pixdim"][0] < 0 else 1
        return header.get_qform(), "qform"
    return header.get_best_affine(), "pixdim"


def _require_place(path: Path, what: str, values: np.ndarray, largest: float) -> None:
    if not np.isfinite(values).all() or np.abs(values).max() > largest:
        wrong = values[~np.isfinite(values) | (np.abs(values) > largest)][0]
        found, remedy = f"{wrong:g}, so that no voxel size is stated", "mend the header, or save the volume again"
        raise InputError(path, f"{what} within {largest:g} mm", found, remedy)


def _contradictions(
    header: Nifti1Header | Spm2AnalyzeHeader, source: str, sizes: np.ndarray, stated: np.ndarray, positive: bool
) -> list[str]:
    axes = min(int(header["dim"][0]), 3)
    found = []
    if source == "sform" and not (positive and np.allclose(sizes[:axes], stated[:axes], rtol=_ROUNDED)):
        found.append(
            f"pixdim says {_sizes(stated[:axes])} mm and the affine that places the voxels {_sizes(sizes[:axes])}: "
            "the affine is taken"
        )
    elif source == "sform" and header["qform_code"] > 0 and header["pixdim"][0] in (-1, 1):
        other = header.get_qform()
        if not np.allclose(other[:3, :3] / stated, header.get_sform()[:3, :3] / stated, atol=0.1):
            found.append("qform and sform turn the voxels in different ways: the sform is taken")
    if source == "pixdim":
        found.append("no orientation stated (sform and qform are 0): left and right, front and back may be swapped")
    return found


def _sizes(millimetres: np.ndarray) -> str:
    return " x ".join(f"{size:.4g}" for size in millimetres)


def _stored(path: Path, count: int, kind: np.dtype, offset: int) -> np.ndarray:
    """(count,) in the type and byte order of the file."""
    if not 0 <= offset <= _BESIDE:
        raise InputError(path, "voxels behind the header", f"offset {offset}", "replace it by an intact copy")
    if not _compressed(path):
        return np.memmap(path, kind, "r", offset, (count,))
    stored = np.empty(count, kind)
    into, done = memoryview(stored).cast("B"), -offset
    with path.open("rb") as file:
        for piece in pieces(file):  # to the end, where the checksum is
            part = piece[max(0, -done) : max(0, stored.nbytes - done)]
            into[max(0, done) : max(0, done) + len(part)] = part
            done += len(piece)
            if done > stored.nbytes + _BESIDE:
                raise InputError(path, "the voxels and no more", "much behind them", "replace it by an intact copy")
    if done < stored.nbytes:
        wanted = f"a whole NIfTI file, with {stored.nbytes} bytes of voxels"
        raise InputError(path, wanted, f"{max(0, done)}", "replace it by an intact copy")
    return stored


def _narrowed(data: np.ndarray) -> np.ndarray:
    """Real numbers as float32, which holds whole numbers up to 2^24."""
    narrow = data.astype(np.float32)
    whole = data.dtype.itemsize > 4 and np.array_equal(data, np.rint(data))
    return data.astype(np.float64) if whole and not np.array_equal(narrow, data) else narrow
