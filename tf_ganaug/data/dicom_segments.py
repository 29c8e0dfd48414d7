"""A DICOM Segmentation: the names of its segments, and the classes that its frames draw on the slices of a series."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.data.dicom_files import read_dicom, stored_pixels
from tf_ganaug.data.dicom_series import SAME_PLACE, Series
from tf_ganaug.data.files import decoding
from tf_ganaug.data.volumes import require_equal
from tf_ganaug.errors import InputError

if TYPE_CHECKING:
    import pydicom

#: Transfer syntaxes that may change values: JPEG of 8 and 12 bits, near-lossless JPEG-LS, JPEG 2000, HTJ2K, MPEG.
_LOSSY = tuple(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 81, 91, 93, 203, *range(100, 109)))


def segment_names(path: Path) -> set[str]:
    """The names of a file's segments.

    Raises:
        InputError: if it is none, fractional or damaged.
    """
    with decoding(path):
        return {str(segment.SegmentLabel).strip() for segment in _segmentation(path).SegmentSequence}


def frames_of(path: Path, folder: Path, series: Series, spec: LabelSpec) -> dict[int, list[tuple[int, int]]]:
    """Number of a slice to the segmentation's frames on it, each with the stored id of its class.

    Args:
        path: of the segmentation.
        folder: of the series, for errors.
        series: that it lies on.
        spec: of the classes, which segments are named as; several may have one name.

    Raises:
        InputError: if it is none, fractional or stored with loss; a frame lies elsewhere, or a segment is no class.
    """
    with decoding(path):
        header = _segmentation(path)
        syntax = header.file_meta.TransferSyntaxUID
        if syntax in _LOSSY or header.get("LossyImageCompression") == "01":
            remedy = "export the labels without lossy compression, or as NIfTI"
            raise InputError(path, "labels stored without loss", syntax.name, remedy)
        ids = {int(segment.SegmentNumber): _stored_id(path, segment, spec) for segment in header.SegmentSequence}
        require_equal(path, (int(header.Rows), int(header.Columns)), series.shape, folder)
        shared = header.SharedFunctionalGroupsSequence[0]
        frames, count = len(header.PerFrameFunctionalGroupsSequence), int(header.get("NumberOfFrames") or 1)
        if frames != count:
            raise InputError(path, f"{count} frames with a place each", f"{frames} places", "export it again")
        found: dict[int, list[tuple[int, int]]] = {}
        for frame, own in enumerate(header.PerFrameFunctionalGroupsSequence):
            number = _slice_of(path, folder, series, (own, shared), frame)
            segment = int(_group((own, shared), "SegmentIdentificationSequence").ReferencedSegmentNumber)
            if segment not in ids:
                where, numbers = f"{path} (frame {frame + 1})", ", ".join(map(str, ids))
                raise InputError(
                    where, f"a segment among {numbers}", f"{segment}, which has no name", "export it again"
                )
            found.setdefault(number, []).append((frame, ids[segment]))
    return found


def read_segments(path: Path, series: Series, frames: Mapping[int, list[tuple[int, int]]], number: int) -> np.ndarray:
    """(H, W) integers, the ids of the classes drawn on a slice.

    Args:
        path: of the segmentation.
        series: that it lies on.
        frames: of `frames_of`.
        number: of the slice.

    Raises:
        InputError: for damaged pixels, or one in segments of two classes.
    """
    with decoding(path):
        drawn = _pixels(path, path.stat().st_mtime_ns)
    label = np.zeros(series.shape, np.int64)
    for frame, stored_id in frames.get(number, []):
        inside = drawn[frame] != 0
        if not np.isin(label[inside], (0, stored_id)).all():
            where = f"{path} (frame {frame + 1})"
            raise InputError(where, "every pixel in one class", "some in segments of two", "mend the segmentation")
        label[inside] = stored_id
    return series.upright(label)


@lru_cache(maxsize=4)
def _pixels(path: Path, modified: int) -> np.ndarray:
    """(frames, rows, columns) of a segmentation; `modified` makes a rewritten file be read again."""
    segmentation, pixels = stored_pixels(path)
    return pixels.reshape(-1, segmentation.Rows, segmentation.Columns)


def _segmentation(path: Path) -> pydicom.Dataset:
    header = read_dicom(path, pixels=False)
    if header is None:
        raise InputError(path, "a DICOM Segmentation", "another file", "replace it by an intact copy")
    if header.get("SegmentationType") != "BINARY":
        found = str(header.get("SegmentationType") or f"none in {header.SOPClassUID.name}")
        raise InputError(path, "SegmentationType BINARY", found, "export the labels as such, or as NIfTI")
    return header


def _stored_id(path: Path, segment: pydicom.Dataset, spec: LabelSpec) -> int:
    ids = {c.name: c.ids[0] for number, c in enumerate(spec.classes) if number != spec.background}
    name = str(segment.SegmentLabel).strip()
    if name not in ids:
        remedy = "name the class in dataset.yaml, or rename the segment"
        raise InputError(path, f"segments among {', '.join(ids)}", name, remedy)
    return ids[name]


def _slice_of(path: Path, folder: Path, series: Series, groups: tuple, frame: int) -> int:
    """Number of the slice that a frame lies on."""
    along = np.array(_group(groups, "PlaneOrientationSequence").ImageOrientationPatient, float).reshape(2, 3)
    spacing = np.array(_group(groups, "PixelMeasuresSequence").PixelSpacing, float)
    place = np.array(_group(groups, "PlanePositionSequence").ImagePositionPatient, float)
    distances = np.linalg.norm(series.places - place, axis=1)
    number = int(np.argmin(distances))
    alike = np.allclose(along, series.along, atol=1e-4)
    alike &= not series.grid.known or np.allclose(spacing, series.spacing, atol=1e-4)
    if not alike or distances[number] > SAME_PLACE:
        where = f"{path} (frame {frame + 1})"
        raise InputError(where, f"the position and orientation of a slice in {folder.name}", "another", "resample it")
    return number


def _group(groups: tuple[pydicom.Dataset, pydicom.Dataset], name: str) -> pydicom.Dataset:
    """A functional group of a frame, its own before the shared one."""
    own, shared = groups
    return getattr(own if name in own else shared, name)[0]
