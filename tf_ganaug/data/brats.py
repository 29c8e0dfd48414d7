"""BraTS 2018 as distributed: HGG/SUBJECT/SUBJECT_t1ce.nii.gz beside SUBJECT_seg.nii.gz (or .nii).

Every subject has four modalities and a tumour map of one shape, 240 x 240 x 155 voxels of 1 mm. The ids
0, 1, 2, 4 of the maps become 0 to 3 (`tf_ganaug.data.brain`). Foroozandeh and Eklund (2020), section 2.1,
use the 210 high-grade subjects (HGG), cut every volume into its 155 axial slices and pad them with zeros
to 256 x 256.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tf_ganaug.data.brain import BACKGROUND, ENHANCING, FOUR, NECROTIC, OEDEMA
from tf_ganaug.data.cases import Case, Dataset
from tf_ganaug.data.files import NIFTI
from tf_ganaug.data.volumes import as_unsigned, common_grid, padded, require_fit
from tf_ganaug.data.voxels import Grid, read_slice, slice_spacing
from tf_ganaug.errors import InputError

MODALITIES = ("t1", "t1ce", "t2", "flair")

#: Stored id in BraTS to stored id here.
IDS = {0: BACKGROUND, 1: NECROTIC, 2: OEDEMA, 4: ENHANCING}

#: Slices lie across the third axis of the oriented volume, lower ones first.
AXIAL = 2


class Subject(NamedTuple):
    """One subject's files, all on one grid.

    Attributes:
        name: of the folder, "Brats18_TCIA01_131_1".
        grade: "HGG" or "LGG".
        images: by modality.
        label: the tumour map.
        grid: oriented to right, anterior, superior.
    """

    name: str
    grade: str
    images: Mapping[str, Path]
    label: Path
    grid: Grid


def find(root: Path, modalities: Sequence[str], side: int, lgg: bool = False) -> list[Subject]:
    """All subjects by name, checked by their headers.

    Args:
        root: holds HGG/ and LGG/.
        modalities: of `MODALITIES`, those that must be there.
        side: pixels to which slices will be padded.
        lgg: whether the low-grade subjects are taken too.

    Raises:
        InputError: if a folder, modality or tumour map is missing, a header is damaged, a file is not
            3-D, the files of a subject differ in shape or affine, or a slice is larger than `side`.
    """
    folders = []
    for grade in ("HGG", "LGG") if lgg else ("HGG",):
        found = sorted(path for path in (root / grade).glob("*") if path.is_dir())
        if not found:
            raise InputError(root / grade, "one folder per subject", "none", "name the folder that holds HGG")
        folders += found
    return [_subject(folder, modalities, side) for folder in sorted(folders, key=lambda folder: folder.name)]


def read(root: Path, modality: str = "t1ce", lgg: bool = False, side: int = 256) -> Dataset:
    """All axial slices, blank ones included, padded as in the paper, in four classes.

    Args:
        root: holds HGG/ and LGG/.
        modality: one of `MODALITIES`.
        lgg: whether the low-grade subjects are taken too.
        side: pixels to which slices are padded with zeros.

    Returns:
        Cases "SUBJECT_SLICE", images (side, side, 1) uint16 and labels (side, side) of ids 0 to 3.

    Raises:
        InputError: as `find`; when a case is read, for NaN, fractions, negative intensities and unknown ids.
    """
    if modality not in MODALITIES:
        raise InputError("modality", f"one of {', '.join(MODALITIES)}", modality, "choose one of these")
    cases = [
        Case(
            id=slice_id(subject, index),
            subject=subject.name,
            spacing=slice_spacing(subject.grid, AXIAL),
            files=(str(subject.images[modality]), str(subject.label)),
            image=partial(read_image_slice, subject.images[modality], side=side),
            label=partial(read_label_slice, subject.label, side=side),
            number=index,
        )
        for subject in find(root, (modality,), side, lgg)
        for index in range(subject.grid.shape[AXIAL])
    ]
    cases.sort(key=lambda case: case.id)
    return Dataset(f"BraTS 2018 {modality}", tuple(cases), FOUR, channels=1, version=f"1, {side}")


def slice_id(subject: Subject, index: int) -> str:
    """Names a slice; the last group of digits is its index."""
    return f"{subject.name}_{index:03d}"


def read_image_slice(path: Path, index: int, side: int) -> np.ndarray:
    """(side, side, 1) uint16, the stored intensities, anterior at the top, the subject's left at the left.

    Raises:
        InputError: for a damaged file, or intensities that are no whole numbers from 0 to 65535.
    """
    where = f"{path} (slice {index})"
    section = as_unsigned(read_slice(path, AXIAL, index), np.uint16, where)
    return padded(section, side, where)[..., None]


def read_label_slice(path: Path, index: int, side: int) -> np.ndarray:
    """(side, side) uint8, ids 0 to 3.

    Raises:
        InputError: for a damaged file, or an id that BraTS does not have.
    """
    where = f"{path} (slice {index})"
    stored = read_slice(path, AXIAL, index)
    unknown = np.setdiff1d(stored, list(IDS))
    if unknown.size:
        raise InputError(where, f"label values among {list(IDS)}", f"{unknown[:8].tolist()}", "use BraTS's own map")
    renamed = np.zeros(stored.shape, np.uint8)
    for brats_id, own_id in IDS.items():
        renamed[stored == brats_id] = own_id
    return padded(renamed, side, where)


def _subject(folder: Path, modalities: Sequence[str], side: int) -> Subject:
    images = {modality: _file(folder, modality) for modality in modalities}
    label = _file(folder, "seg")
    grid = common_grid([*images.values(), label])
    require_fit(grid.shape[:AXIAL], side, next(iter(images.values())))
    return Subject(folder.name, folder.parent.name, images, label, grid)


def _file(folder: Path, kind: str) -> Path:
    for suffix in NIFTI:
        path = folder / f"{folder.name}_{kind}{suffix}"
        if path.is_file():
            return path
    raise InputError(folder, f"{folder.name}_{kind}.nii.gz", "none", "add the file")
