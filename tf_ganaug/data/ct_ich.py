"""PhysioNet's CT-ICH 1.3.1 (Hssayeni et al. 2020) as distributed: head CT with masks, and types in a table.

`ct_scans/049.nii` holds Hounsfield units, `masks/049.nii` where there is blood of any type.
`hemorrhage_diagnosis_raw_ct.csv` has a line for every slice: which of the five types it shows. Slice 1 is
the first along the volume's third axis, and a mask belongs to its scan voxel by voxel, whatever its own
header says of its place.
"""

from __future__ import annotations

import csv
import io
import logging
from functools import partial
from pathlib import Path

import nibabel
import numpy as np

from tf_ganaug.data.cases import Case, Dataset
from tf_ganaug.data.files import as_image, as_label, decoding
from tf_ganaug.data.haemorrhage import EDH, FIVE, IPH, IVH, SAH, SDH
from tf_ganaug.data.nifti import read_header
from tf_ganaug.data.texts import read_text
from tf_ganaug.data.volumes import require_equal
from tf_ganaug.data.voxels import read_grid, slice_spacing, stored_volume
from tf_ganaug.errors import InputError

log = logging.getLogger("tf_ganaug")

TABLE = "hemorrhage_diagnosis_raw_ct.csv"

#: Column of the table to stored id.
TYPES = {"Intraparenchymal": IPH, "Intraventricular": IVH, "Epidural": EDH, "Subdural": SDH, "Subarachnoid": SAH}


def read(root: Path) -> Dataset:
    """The slices whose mask is not empty and whose type is known; scans without any are not read.

    A mask does not tell types apart. A slice with one type in the table has it everywhere in its mask;
    slices with several types or with none are left out, and the log says how many.

    Args:
        root: holds ct_scans/, masks/ and the table.

    Returns:
        Cases "PATIENT_SLICE" as the table numbers them, images (H, W, 1) in Hounsfield units, labels
        (H, W) uint8, ids of `haemorrhage.FIVE`; anterior at the top, the patient's left at the left.

    Raises:
        InputError: if the table or a file is missing or damaged, a scan and its mask differ in shape, the
            slices are not axial, the table names a slice that is not there, or no slice is left.
    """
    cases, several, untyped = [], 0, 0
    for patient, slices in _diagnoses(root / TABLE).items():
        if not any(slices.values()):
            continue
        scan, mask = (root / folder / f"{patient:03d}.nii" for folder in ("ct_scans", "masks"))
        bleeding = _bleeding(scan, mask, set(slices), root / TABLE)
        spacing = slice_spacing(read_grid(scan), 2)
        for number in bleeding:
            types = slices.get(number, [])
            several += len(types) > 1
            untyped += not types
            if len(types) == 1:
                cases.append(_case(patient, number, types[0], spacing, scan, mask))
    if several or untyped:
        log.warning("CT-ICH: slices with a mask left out: %d of several types, %d of none", several, untyped)
    if not cases:
        raise InputError(root, "slices with one type of haemorrhage", "none", "use the data set as PhysioNet gives it")
    cases.sort(key=lambda case: case.id)
    return Dataset("CT-ICH", tuple(cases), FIVE, channels=1)


def _diagnoses(path: Path) -> dict[int, dict[int, list[int]]]:
    """Patient to slice to the stored ids of its types."""
    found: dict[int, dict[int, list[int]]] = {}
    try:
        for row in csv.DictReader(io.StringIO(read_text(path), newline="")):
            types = [stored for column, stored in TYPES.items() if int(row[column])]
            found.setdefault(int(row["PatientNumber"]), {})[int(row["SliceNumber"])] = types
    except (csv.Error, KeyError, TypeError, ValueError) as error:
        expected = f"a table with PatientNumber, SliceNumber, {', '.join(TYPES)}, numbers in every line"
        remedy = "use the table as PhysioNet gives it"
        raise InputError(path, expected, f"{type(error).__name__}: {error}", remedy) from error
    if not found:
        raise InputError(path, "a line for every slice", "none", "use the table as PhysioNet gives it")
    return found


def _bleeding(scan: Path, mask: Path, numbers: set[int], table: Path) -> list[int]:
    """Numbers of the slices whose mask is not empty."""
    shape = stored_volume(scan).shape
    if len(shape) != 3 or _orientation(scan)[2, 0] != 2:
        remedy = "use the scan as PhysioNet gives it"
        raise InputError(scan, "axial slices along the third axis", f"shape {shape} or another order", remedy)
    marked = stored_volume(mask)
    require_equal(mask, marked.shape, shape, scan)
    if max(numbers) > shape[2]:
        raise InputError(table, f"{shape[2]} slices as in {scan.name}", f"slice {max(numbers)}", "mend the table")
    return [index + 1 for index in np.flatnonzero(marked.any(axis=(0, 1))).tolist()]


def _case(patient: int, number: int, kind: int, spacing: tuple[float, float], scan: Path, mask: Path) -> Case:
    return Case(
        id=f"{patient:03d}_{number:03d}",
        subject=f"{patient:03d}",
        spacing=spacing,
        files=(str(scan), str(mask)),
        image=partial(_read_image, scan, number),
        label=partial(_read_label, scan, mask, number, kind),
    )


def _read_image(scan: Path, number: int) -> np.ndarray:
    return as_image(_upright(scan, scan, number), f"{scan} (slice {number})")


def _read_label(scan: Path, mask: Path, number: int, kind: int) -> np.ndarray:
    marked = as_label(_upright(scan, mask, number), f"{mask} (slice {number})")
    return np.where(marked != 0, kind, 0).astype(np.uint8)


def _upright(scan: Path, path: Path, number: int) -> np.ndarray:
    """(H, W), a slice of a volume, as the scan's header says that it stands."""
    section = stored_volume(path)[..., number - 1]
    return np.rot90(nibabel.apply_orientation(section, _orientation(scan)[:2]))


def _orientation(scan: Path) -> np.ndarray:
    """(3, 2), of each axis as stored the body's axis and its direction."""
    with decoding(scan):
        return nibabel.io_orientation(read_header(scan).affine)
