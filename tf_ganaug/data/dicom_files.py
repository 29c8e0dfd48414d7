"""The files of a DICOM series: found, told from others that lie there too, and read.

Needs pydicom, which is imported when a series is read, so that all else runs without it.
"""

from __future__ import annotations

import math
import os
import re
import struct
import zlib
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tf_ganaug.data.files import decoding
from tf_ganaug.data.limits import require_compressed, require_pixels
from tf_ganaug.data.listing import listed
from tf_ganaug.errors import InputError

if TYPE_CHECKING:
    import pydicom

#: Bytes below which a file without an ending that is no DICOM, such as VERSION, is no damaged slice either.
_SMALL = 4096

#: Storage classes of what may lie beside slices and is none: an index of a medium, secondary captures, presentation
#: states, raw data and segmentations, surfaces, reports, documents, radiotherapy.
_NO_SLICES = ("1.2.840.10008.1.3.10", *(f"1.2.840.10008.5.1.4.1.1.{n}" for n in (7, 11, 66, 67, 68, 88, 104, 481)))

#: Elements of a slice that are looked at.
_USED = (
    "SOPClassUID", "PatientID", "Modality", "SeriesInstanceUID", "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel",
    "PhotometricInterpretation", "PixelSpacing", "SliceThickness", "ImageOrientationPatient", "ImagePositionPatient",
    "RescaleSlope", "RescaleIntercept", "RescaleType", "BitsStored", "HighBit", "ModalityLUTSequence",
)  # fmt: skip

#: Bytes of the first frame in which its header is looked for.
_BEGINNING = 1 << 12

_DEFLATED = "1.2.840.10008.1.2.1.99"

#: Bytes of a header and all that a deflated file holds beside its pixels, and of a piece of it.
_MOST_DEFLATED, _PIECE = 1 << 28, 1 << 20


class Slices(NamedTuple):
    """The files of a series.

    Attributes:
        headers: of each slice, by its file, without pixels.
        remarks: on what is passed over.
    """

    headers: dict[Path, pydicom.FileDataset]
    remarks: tuple[str, ...]


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


def find_slices(folder: Path) -> Slices:
    """The slices in a folder and below it; hidden files are not looked at.

    What is no slice by its content (Thumbs.db, DICOMDIR, a report, a secondary capture) is passed over and named.

    Raises:
        InputError: if there is none, or a file that may be a slice is damaged.
    """
    headers = {path: read_dicom(path, pixels=False) for path in _files(folder)}
    slices = {path: header for path, header in headers.items() if header is not None and _is_slice(header)}
    endings, sizes = ({kind(path) for path in slices} for kind in (_ending, _size))
    for path, header in headers.items():
        other = not path.suffix and 0 < _size(path) < _SMALL and _size(path) not in sizes
        if header is None and _ending(path) in endings and not other:
            remedy = "remove it if it is no slice, else replace it by an intact copy"
            raise InputError(path, "a DICOM file", "another or a damaged one", remedy)
    others = [str(path.relative_to(folder)) for path in headers if path not in slices]
    if not slices:
        found = listed(others) if others else "none"
        raise InputError(folder, "the slices of a DICOM series", found, "add them")
    return Slices(slices, (f"passed over, no slices: {listed(others)}",) if others else ())


def first_slice(folder: Path) -> pydicom.FileDataset | None:
    """The header of the first slice; None if there is none.

    Raises:
        InputError: if a file before it is damaged.
    """
    headers = (read_dicom(path, pixels=False) for path in _files(folder))
    return next((header for header in headers if header is not None and _is_slice(header)), None)


def read_dicom(path: Path, pixels: bool = True) -> pydicom.FileDataset | None:
    """A DICOM file, also one without the preamble that the standard asks for; None if it is none.

    Raises:
        InputError: if it is one, and damaged.
    """
    pydicom = load_pydicom()
    with decoding(path):
        with path.open("rb") as file:
            start = file.read(132)
        if start[128:] == b"DICM":
            _require_inflated(path)
            found = pydicom.dcmread(path, stop_before_pixels=not pixels)
            for name in _USED:
                found.get(name)  # values are made of bytes when they are asked for, and damaged ones refused
            return found
        try:
            found = pydicom.dcmread(path, stop_before_pixels=not pixels, force=True)
            if found.get("SOPClassUID") is None:
                return None
            for name in _USED:
                found.get(name)
        except Exception:  # of what is no DICOM, pydicom may make anything
            return None
        if found.file_meta.get("TransferSyntaxUID") is None:
            explicit = start[4:6].isalpha() and start[4:6].isupper()
            syntaxes = pydicom.uid.ExplicitVRLittleEndian, pydicom.uid.ImplicitVRLittleEndian
            found.file_meta.TransferSyntaxUID = syntaxes[0 if explicit else 1]
        return found


def stored_pixels(path: Path) -> tuple[pydicom.FileDataset, np.ndarray]:
    """A file and its pixels as stored.

    Raises:
        InputError: if they are damaged, too many, or compressed and nothing here decodes them.
    """
    with decoding(path):
        dataset = read_dicom(path)
        frames = int(dataset.get("NumberOfFrames") or 1)
        shape = (frames, int(dataset.Rows), int(dataset.Columns))
        require_pixels(path, shape)
        if dataset.file_meta.TransferSyntaxUID.is_compressed:
            bits = int(dataset.get("BitsAllocated") or 1) * int(dataset.get("SamplesPerPixel") or 1)
            require_compressed(path, len(dataset.PixelData), math.prod(shape) * bits // 8)
            require_pixels(path, _claimed(dataset.PixelData[:_BEGINNING]))
        try:
            return dataset, dataset.pixel_array
        except RuntimeError as error:
            syntax = dataset.file_meta.TransferSyntaxUID
            if not syntax.is_compressed or not (isinstance(error, NotImplementedError) or "missing" in str(error)):
                raise
            remedy = 'pip install "tf_ganaug[dicom]", which brings python-gdcm, or decompress it (gdcmconv --raw)'
            raise InputError(path, f"a decoder for {syntax.name}", "none installed", remedy) from error


def _claimed(frame: bytes) -> tuple[int, int]:
    """Rows and columns that the header of a JPEG or JPEG 2000 frame claims, whatever the file's; 0 where none is."""
    if found := re.search(rb"\xff\x4f\xff\x51.{4}(.{16})", frame, re.DOTALL):
        right, bottom, left, top = struct.unpack(">4I", found[1])
        return bottom - top, right - left
    found = re.search(rb"\xff\xd8\xff.*?\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xf7].{3}(.{4})", frame, re.DOTALL)
    return struct.unpack(">HH", found[1]) if found else (0, 0)


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError(folder, "a folder", "none", "add it")
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(parent, name) for name in names if not name.startswith(".")]
    return sorted(found)


def _ending(path: Path) -> str:
    return path.suffix.lower()


def _size(path: Path) -> int:
    return path.stat().st_size


def _is_slice(header: pydicom.FileDataset) -> bool:
    """By the class alone: a slice whose header is damaged must not be passed over."""
    stored = f"{header.get('SOPClassUID')}."
    return not any(stored.startswith(f"{kind}.") for kind in _NO_SLICES)


def _require_inflated(path: Path) -> None:
    """Refuses a deflated file that unfolds to far more than a slice."""
    meta = load_pydicom().filereader.read_file_meta_info(path)
    if meta.get("TransferSyntaxUID") != _DEFLATED:
        return
    inflate, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
    with path.open("rb") as file:
        file.seek(144 + meta.FileMetaInformationGroupLength)
        while piece := file.read(_PIECE):
            while piece:
                total += len(inflate.decompress(piece, _PIECE))
                piece = inflate.unconsumed_tail
                if total > _MOST_DEFLATED:
                    raise InputError(path, f"at most {_MOST_DEFLATED:,} bytes", "more, deflated", "store it inflated")
