"""A DICOM image series of single slices: checked and put in order by its headers, slices in Hounsfield units."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import nibabel
import numpy as np

from tf_ganaug.data.dicom_files import find_slices, first_slice, stored_pixels
from tf_ganaug.data.files import as_image, decoding
from tf_ganaug.data.limits import require_pixels
from tf_ganaug.data.nifti import FARTHEST, SMALLEST
from tf_ganaug.data.voxels import Grid, turned_grid
from tf_ganaug.errors import InputError

if TYPE_CHECKING:
    import pydicom

#: Distances between neighbouring slices of a series may differ by this part; headers round.
_UNEVEN = 0.1

#: Places nearer than this are one, millimetres.
SAME_PLACE = 0.01

#: The photometric interpretation of film, whose values are inverted.
_WHITE_IS_ZERO = "MONOCHROME1"

#: What all slices of a series have in common.
_COMMON = (
    "SeriesInstanceUID", "Rows", "Columns", "ImageOrientationPatient", "PixelSpacing", "PhotometricInterpretation",
)  # fmt: skip


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


def read_series(folder: Path) -> Series:
    """The series in a folder, from its headers; what is no slice is passed over (`dicom_files.find_slices`).

    Raises:
        InputError: if the folder has none, a file is damaged or no single-frame image in grey, slices differ in
            series, size, orientation or spacing, have no place, are missing or there twice.
    """
    headers, remarks = find_slices(folder)
    first_path, first = next(iter(headers.items()))
    for path, header in headers.items():
        _require_image(path, header)
        _require_values(path, header)
        _require_same_series(path, header, first_path, first)
    along = _orientation(first_path, first)
    normal = np.cross(*along)
    unordered = {path: _numbers(path, header, "ImagePositionPatient", 3) for path, header in headers.items()}
    paths = sorted(unordered, key=lambda path: float(unordered[path] @ normal))
    places = np.array([unordered[path] for path in paths])
    if len(paths) > 1:
        _check_gaps(folder, paths, places @ normal)
        step = (places[-1] - places[0]) / (len(paths) - 1)
    else:
        step = normal * (_positive(first_path, first, "SliceThickness", 1) or (1.0,))[0]
    stated = _positive(first_path, first, "PixelSpacing", 2)
    if stated is None:
        remarks = (*remarks, f"voxel size not stated (PixelSpacing {first.get('PixelSpacing')})")
    between_rows, between_columns = stated or (1.0, 1.0)
    # NIfTI's axes run to the right and to the front.
    affine = np.eye(4)
    affine[:3] = np.column_stack([along[0] * between_columns, along[1] * between_rows, step, places[0]])
    affine[:2] *= -1
    shape = (int(first.Rows), int(first.Columns))
    grid = turned_grid((*shape[::-1], len(paths)), (between_columns, between_rows, float(normal @ step)), affine)
    grid = grid._replace(
        known=stated is not None, remarks=remarks + _unscaled(first) + _mapped(first) + _white_is_zero(first)
    )
    return Series(tuple(paths), places, along, (between_rows, between_columns), shape, affine, grid)


def _require_same_series(path: Path, header: pydicom.FileDataset, first_path: Path, first: pydicom.FileDataset) -> None:
    remedy = "keep slices of one series in a folder"
    for name in _COMMON:
        expected, found = first.get(name), header.get(name)
        if not _alike(expected, found):
            raise InputError(path, f"{name} {expected} as {first_path.name}", str(found), remedy)
    if _is_scaled(header) != _is_scaled(first):
        wanted = f"RescaleSlope and RescaleIntercept in all slices or in none, as {first_path.name}"
        raise InputError(path, wanted, "another", remedy)


def read_units(series: Series, number: int) -> np.ndarray:
    """(H, W, 1), a slice by its header's slope and intercept: in CT Hounsfield units, as stored where there are none.

    Integers of 16 or 32 bits, or float32 where slope or intercept is no whole number: a data set has one type, which is
    found over all its slices (`cache.common_type`). Values of MONOCHROME1, whose zero is white, are inverted.

    Raises:
        InputError: if the file's pixels are damaged, or compressed in a way that pydicom cannot read here.
    """
    path = series.paths[number]
    with decoding(path):
        stored, pixels = stored_pixels(path)
        slope, intercept = _rescale(stored)
        if stored.PhotometricInterpretation == _WHITE_IS_ZERO:
            highest = -1 if stored.PixelRepresentation else 2 ** int(stored.BitsStored) - 1
            pixels = highest - pixels.astype(np.int64)
        units = pixels * slope + intercept
    kind = np.float32
    if pixels.dtype.kind in "iu" and slope.is_integer() and intercept.is_integer():
        kind = next((kind for kind in (np.int16, np.int32) if np.abs(units).max() <= np.iinfo(kind).max), np.float32)
    return as_image(series.upright(units.astype(kind)), path, blank=True)


def patient_of(folder: Path) -> str:
    """The PatientID of a series' first slice; "" if it has none, or is damaged, which `read_series` tells."""
    try:
        header = first_slice(folder)
    except InputError:
        return ""
    return str((header or {}).get("PatientID") or "").strip()


def _rescale(header: pydicom.FileDataset) -> tuple[float, float]:
    """Slope and intercept; 1 and 0 where they are not stated, as the standard allows in MR."""
    slope, intercept = header.get("RescaleSlope"), header.get("RescaleIntercept")
    return (1.0 if slope is None else float(slope)), (0.0 if intercept is None else float(intercept))


def _is_scaled(header: pydicom.FileDataset) -> bool:
    return header.get("RescaleSlope") is not None and header.get("RescaleIntercept") is not None


def _unscaled(header: pydicom.FileDataset) -> tuple[str, ...]:
    if header.get("Modality") != "CT" or _is_scaled(header):
        return ()
    return ("CT without RescaleSlope or RescaleIntercept, values as stored: perhaps no Hounsfield units",)


def _white_is_zero(header: pydicom.FileDataset) -> tuple[str, ...]:
    inverted = header.get("PhotometricInterpretation") == _WHITE_IS_ZERO
    return (f"{_WHITE_IS_ZERO}, whose zero is white: values are inverted",) if inverted else ()


def _require_image(path: Path, header: pydicom.FileDataset) -> None:
    """Refuses what is no single slice in grey."""
    if header.get("NumberOfFrames") not in (None, "", 1):
        remedy = "convert the series to single-frame DICOM or NIfTI"
        raise InputError(path, "one slice per file", f"{header.NumberOfFrames} frames", remedy)
    for name in ("SeriesInstanceUID", "Rows", "Columns", "ImageOrientationPatient", "ImagePositionPatient"):
        if header.get(name) is None:
            raise InputError(path, f"a slice with {name}", "none", "export the series again, or convert it to NIfTI")
    shape = [_numbers(path, header, name, 1)[0] for name in ("Rows", "Columns")]
    require_pixels(path, shape)
    if min(shape) < 1:
        raise InputError(path, "rows and columns", f"{shape[0]:g} x {shape[1]:g}", "export the series again")
    if header.get("SamplesPerPixel") not in (None, "", 1):
        found = f"{header.SamplesPerPixel} channels ({header.get('PhotometricInterpretation')})"
        raise InputError(path, "a slice in grey", found, "colours are not read: convert the series, or remove it")
    light = header.get("PhotometricInterpretation")
    if light not in ("MONOCHROME2", _WHITE_IS_ZERO):
        expected, remedy = "a slice in grey (MONOCHROME1 or MONOCHROME2)", "convert the series, or remove it"
        raise InputError(path, expected, str(light), remedy)
    if light == _WHITE_IS_ZERO and (header.get("Modality") == "CT" or header.get("RescaleType") == "HU"):
        expected = "MONOCHROME2 in CT, since Hounsfield units cannot be inverted"
        raise InputError(path, expected, light, "export the series as MONOCHROME2, or convert it to NIfTI")


def _require_values(path: Path, header: pydicom.FileDataset) -> None:
    """Refuses values that slope and intercept alone do not give."""
    remedy = "export the series again, or convert it to NIfTI"
    if header.get("ModalityLUTSequence"):
        raise InputError(path, "values by RescaleSlope", "a table of values (Modality LUT)", remedy)
    stated = [name for name in ("RescaleSlope", "RescaleIntercept") if header.get(name) is not None]
    scale = {name: _numbers(path, header, name, 1)[0] for name in stated}
    if scale.get("RescaleSlope") == 0:
        raise InputError(path, "a RescaleSlope that keeps the values apart", "0", remedy)
    stored, high = header.get("BitsStored"), header.get("HighBit")
    if stored is not None and high is not None and high != stored - 1:
        found = f"HighBit {high} of {stored} bits"
        raise InputError(path, "values in the lowest bits of each pixel", found, remedy)


def _mapped(header: pydicom.FileDataset) -> tuple[str, ...]:
    if not header.get("RealWorldValueMappingSequence"):
        return ()
    return ("RealWorldValueMappingSequence is passed over: values are those of RescaleSlope, or as stored without it",)


def _numbers(path: Path, header: pydicom.FileDataset, name: str, count: int) -> np.ndarray:
    """(count,) the values of an element.

    Raises:
        InputError: if they are others in number, or one is not finite or absurd.
    """
    stored = header.get(name)
    try:
        values = np.atleast_1d(np.array(stored, float))
    except (TypeError, ValueError):
        values = np.array([])
    if values.shape != (count,) or not np.isfinite(values).all() or np.abs(values).max() > FARTHEST:
        expected, remedy = f"{name} of {count} numbers", "export the series again, or mend the header"
        raise InputError(path, expected, f"{stored}"[:100], remedy)
    return values


def _positive(path: Path, header: pydicom.FileDataset, name: str, count: int) -> tuple[float, ...] | None:
    """The millimetres of an element; None where it is absent, has another number of values, or one is not above 0."""
    stored = header.get(name)
    if stored is None or np.size(stored) != count:
        return None
    values = _numbers(path, header, name, count)
    return tuple(values.tolist()) if (values > SMALLEST).all() else None


def _orientation(path: Path, header: pydicom.FileDataset) -> np.ndarray:
    """(2, 3), the unit vectors along a row and along a column."""
    along = _numbers(path, header, "ImageOrientationPatient", 6).reshape(2, 3)
    if not np.allclose(along @ along.T, np.eye(2), atol=0.01):
        expected, remedy = "ImageOrientationPatient of two unit vectors at right angles", "export the series again"
        raise InputError(path, expected, f"{header.ImageOrientationPatient}"[:100], remedy)
    return along


def _alike(expected: object, found: object) -> bool:
    try:
        values = np.array(expected, float), np.array(found, float)
    except (TypeError, ValueError):  # text, or nothing
        return expected == found
    return values[0].shape == values[1].shape and np.allclose(*values, atol=1e-4, equal_nan=True)


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
