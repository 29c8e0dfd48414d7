"""A DICOM image series of single slices: checked and put in order by its headers, slices in Hounsfield units.

Needs pydicom, which is imported when a series is read, so that all else runs without it.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import nibabel
import numpy as np

from tf_ganaug.data.files import as_image, decoding
from tf_ganaug.data.voxels import Grid, turned_grid
from tf_ganaug.errors import InputError

if TYPE_CHECKING:
    import pydicom

#: Distances between neighbouring slices of a series may differ by this part; headers round.
_UNEVEN = 0.1

#: Places nearer than this are one, millimetres.
SAME_PLACE = 0.01

#: What all slices of a series have in common.
_COMMON = ("SeriesInstanceUID", "Rows", "Columns", "ImageOrientationPatient", "PixelSpacing")


class Series(NamedTuple):
    """One series, its slices in the order of their places. Millimetres run to the left, the back and the top.

    Attributes:
        paths: of the slices, along the normal of their plane.
        places: (n, 3) millimetres of each slice's first pixel.
        along: (2, 3) unit vectors along a row, and along a column.
        spacing: millimetres between rows, and between columns.
        shape: rows and columns.
        affine: (4, 4), column, row and slice to millimetres to the right, the front and the top, as in NIfTI.
        grid: turned to right, anterior, superior.
    """

    paths: tuple[Path, ...]
    places: np.ndarray
    along: np.ndarray
    spacing: tuple[float, float]
    shape: tuple[int, int]
    affine: np.ndarray
    grid: Grid

    @property
    def axis(self) -> int:
        """The body's axis that slices lie across: 0 sagittal, 1 coronal, 2 axial."""
        return int(nibabel.io_orientation(self.affine)[2, 0])

    def index(self, number: int) -> int:
        """Of a slice, counted from the left, the back or the feet."""
        forward = nibabel.io_orientation(self.affine)[2, 1] > 0
        return number if forward else len(self.paths) - 1 - number

    def upright(self, pixels: np.ndarray) -> np.ndarray:
        """(rows, columns) as stored to (H, W), turned as `files.read_slice` turns NIfTI slices."""
        turned = nibabel.apply_orientation(pixels.T[..., None], nibabel.io_orientation(self.affine))
        return np.rot90(np.moveaxis(turned, self.axis, 0)[0])


def load_pydicom() -> ModuleType:
    """The package pydicom.

    Raises:
        InputError: if it is not installed.
    """
    try:
        import pydicom
    except ImportError as error:
        raise InputError("DICOM", "the package pydicom", "none", 'pip install "tf_ganaug[dicom]"') from error
    return pydicom


def read_series(folder: Path) -> Series:
    """The series in a folder, from its headers; hidden files are passed over.

    Raises:
        InputError: if the folder is empty, a file is no single-frame DICOM image, slices differ in series,
            size, orientation or spacing, are missing or there twice.
    """
    headers = {path: _header(path) for path in sorted(folder.iterdir()) if not path.name.startswith(".")}
    if not headers:
        raise InputError(folder, "the slices of a DICOM series", "none", "add them")
    first_path, first = next(iter(headers.items()))
    for path, header in headers.items():
        for name in _COMMON:
            expected, found = getattr(first, name), getattr(header, name)
            if not _alike(expected, found):
                wanted = f"{name} {expected} as {first_path.name}"
                raise InputError(path, wanted, str(found), "keep slices of one series in a folder")
    along = np.array(first.ImageOrientationPatient, float).reshape(2, 3)
    normal = np.cross(*along)
    unordered = {path: np.array(header.ImagePositionPatient, float) for path, header in headers.items()}
    paths = sorted(unordered, key=lambda path: float(unordered[path] @ normal))
    places = np.array([unordered[path] for path in paths])
    if len(paths) > 1:
        _check_gaps(folder, paths, places @ normal)
        step = (places[-1] - places[0]) / (len(paths) - 1)
    else:
        step = normal * float(first.get("SliceThickness") or 1.0)
    between_rows, between_columns = map(float, first.PixelSpacing)
    # NIfTI's axes run to the right and to the front.
    affine = np.eye(4)
    affine[:3] = np.column_stack([along[0] * between_columns, along[1] * between_rows, step, places[0]])
    affine[:2] *= -1
    shape = (int(first.Rows), int(first.Columns))
    grid = turned_grid((*shape[::-1], len(paths)), (between_columns, between_rows, float(normal @ step)), affine)
    return Series(tuple(paths), places, along, (between_rows, between_columns), shape, affine, grid)


def read_units(series: Series, number: int) -> np.ndarray:
    """(H, W, 1), a slice in Hounsfield units: int16, or float32 where slope or intercept is no whole number.

    Raises:
        InputError: if the file's pixels are damaged, or compressed in a way that pydicom cannot read here.
    """
    path = series.paths[number]
    with decoding(path):
        stored = load_pydicom().dcmread(path)
        slope, intercept = float(stored.RescaleSlope), float(stored.RescaleIntercept)
        units = stored.pixel_array * slope + intercept
    whole = slope.is_integer() and intercept.is_integer() and np.abs(units).max() < 2**15
    return as_image(series.upright(units.astype(np.int16 if whole else np.float32)), path, blank=True)


def patient_of(folder: Path) -> str:
    """The PatientID of a series' first file; "" if it has none, or is damaged, which `read_series` tells."""
    path = next((path for path in sorted(folder.iterdir()) if not path.name.startswith(".")), None)
    try:
        with decoding(path or folder):
            header = load_pydicom().dcmread(path, stop_before_pixels=True, specific_tags=["PatientID"])
            return str(header.get("PatientID") or "").strip()
    except InputError:
        return ""


def _header(path: Path) -> pydicom.FileDataset:
    """All of a slice but its pixels."""
    with decoding(path):
        header = load_pydicom().dcmread(path, stop_before_pixels=True)
        for name in (*_COMMON, "ImagePositionPatient", "RescaleSlope", "RescaleIntercept"):
            if header.get(name) is None:
                raise InputError(path, f"a CT slice with {name}", "none", "export the series again")
    if int(header.get("NumberOfFrames") or 1) != 1:
        remedy = "convert the series to single-frame DICOM or NIfTI"
        raise InputError(path, "one slice per file", f"{header.NumberOfFrames} frames", remedy)
    return header


def _alike(expected: object, found: object) -> bool:
    if isinstance(expected, str):
        return expected == found
    return np.shape(expected) == np.shape(found) and np.allclose(
        np.array(expected, float), np.array(found, float), atol=1e-4
    )


def _check_gaps(folder: Path, paths: list[Path], heights: np.ndarray) -> None:
    """Refuses slices that are there twice or missing; heights (n,) rise along the normal."""
    gaps = np.diff(heights)
    twice, wide = int(np.argmin(gaps)), int(np.argmax(gaps))
    if gaps[twice] < SAME_PLACE:
        found = f"{paths[twice].name} there too"
        raise InputError(paths[twice + 1], "one slice in one place", found, "remove one of the two")
    if gaps[wide] > (1 + _UNEVEN) * gaps[twice]:
        found = f"{gaps[wide]:.2f} mm between {paths[wide].name} and {paths[wide + 1].name}"
        raise InputError(folder, f"{gaps[twice]:.2f} mm between all slices", found, "add the missing slices")
