"""A folder of DICOM series: images/STEM/ holds one series, labels/STEM.dcm or STEM.nii.gz its classes.

One case per slice of a series, by the header's slope and intercept (CT: in Hounsfield units), turned upright as
NIfTI slices are. Labels are a binary DICOM Segmentation, whose segments are named as the classes, or a
NIfTI volume of class ids on the grid of the series. Classes, subjects and splits stand in `dataset.yaml`
(`tf_ganaug.data.description`); without classes they are the five types of haemorrhage, or those found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tf_ganaug.data.cases import Case, Dataset, LabelSpec
from tf_ganaug.data.description import Description, read_description
from tf_ganaug.data.dicom_files import load_pydicom
from tf_ganaug.data.dicom_segments import frames_of, read_segments, segment_names
from tf_ganaug.data.dicom_series import Series, patient_of, read_series, read_units
from tf_ganaug.data.files import NIFTI, as_label, plain_name, split_name
from tf_ganaug.data.folder import kept_cases, limited, require_ids, spec_of_labels, spec_of_values
from tf_ganaug.data.haemorrhage import FIVE
from tf_ganaug.data.levels import counts_of
from tf_ganaug.data.limits import allowing
from tf_ganaug.data.listing import passed_over, require_pairs, subfolders
from tf_ganaug.data.remarks import one_unit, remarks_of, tell
from tf_ganaug.data.volumes import require_grid, require_single
from tf_ganaug.data.voxels import read_grid, read_slice, read_volume, slice_spacing
from tf_ganaug.errors import InputError


class Labelled(NamedTuple):
    """The folder of a series and the file of its labels."""

    stem: str
    subject: str
    folder: Path
    label: Path


def read(root: Path, dataset_yaml: Path | None = None, classes: LabelSpec | None = FIVE) -> Dataset:
    """All slices of all series, checked by their headers; pixels are read when a case is asked for them.

    Args:
        root: holds images/ with a folder for each series, and labels/ with a file of each folder's name.
        dataset_yaml: the description; None is root/dataset.yaml, if there is one.
        classes: where the description names none; None takes those found in the labels (`spec_of_content`).

    Returns:
        Cases "STEM_SLICE", counted from the feet; images (H, W, 1) as of `dicom_series.read_units`; labels
        (H, W), ids of the description's classes. Series of one PatientID are of one subject, unless described.

    Raises:
        InputError: without pydicom; if a folder is missing or empty, a series cannot be used
            (`dicom_series.read_series`) or lacks labels, labels lie on another grid or have an unknown
            segment, or the description does not fit; when a case is read, for damaged pixels, an unknown
            id, or a pixel in two segments.
    """
    load_pydicom()
    described = read_description(dataset_yaml or root / "dataset.yaml", dataset_yaml is not None).with_subjects(root)
    found, notes = find_series(root, described)
    spec = described.spec or classes
    if spec is None and any(split_name(labelled.label)[1] not in NIFTI for labelled in found):
        contents = [label_content(labelled.label, described.limits) for labelled in found]
        spec = spec_of_content(root / "labels", contents, described.ignored)
    cases = [case for labelled in found for case in read_cases(labelled, described, spec)]
    cases = one_unit(kept_cases(cases, described))
    return Dataset(
        name=described.name or root.resolve().name,
        cases=tuple(sorted(cases, key=lambda case: case.id)),
        spec=spec or spec_of_labels(cases, described.ignored),
        channels=1,
        given_splits=described.splits,
        notes=tell(root, (*notes, *remarks_of(cases))),
        mirror=described.mirror,
    )


def find_series(root: Path, described: Description) -> tuple[list[Labelled], tuple[str, ...]]:
    """The series of a folder, by the names of folders and files alone, and notes on what is passed over.

    Raises:
        InputError: if a folder is missing or empty, a series lacks labels, or the description does not fit.
    """
    for key in ("files", "slice_axis", "colours"):
        if (stated := getattr(described, key)) is not None:
            raise InputError(described.path, f"no '{key}' beside DICOM series", str(stated), f"remove '{key}'")
    notes: list[str] = []
    visible = {name: _visible(root / name) for name in ("images", "labels")}
    folders = subfolders(root / "images")
    if not folders:
        raise InputError(root / "images", "a folder for each DICOM series", "none", "add them")
    notes += passed_over("images/", [path.name for path in visible["images"] if not path.is_dir()], "in no folder")
    labels: dict[str, Path] = {}
    for path in visible["labels"]:
        if stem := _label_stem(path):
            if stem in labels:
                raise InputError(path, "one label for each series", f"{labels[stem].name} too", "remove one")
            labels[stem] = path
    others = [path.name for path in visible["labels"] if not _label_stem(path)]
    notes += passed_over("labels/", others)
    require_pairs(root, folders, labels, others)
    subjects = _subjects(folders, described)
    return [Labelled(stem, subjects[stem], folders[stem], labels[stem]) for stem in sorted(folders)], tuple(notes)


def _subjects(folders: Mapping[str, Path], described: Description) -> dict[str, str]:
    """The subject of each series: as described, else its patient, named as the first of the patient's series.

    PatientID itself may identify a person, and subjects are named beside every generator. Where it is missing, or the
    same in all series as after anonymisation, each series is its own subject.
    """
    if described.listed is not None or described.subject is not None:
        return described.subjects_of(folders)
    patients = {stem: patient_of(folders[stem]) for stem in sorted(folders)}
    if "" in patients.values() or len(set(patients.values())) == 1:
        return {stem: stem for stem in folders}
    first: dict[str, str] = {}
    return {stem: first.setdefault(patient, stem) for stem, patient in patients.items()}


def label_content(path: Path, most: int) -> tuple[set[int], set[str]]:
    """What is drawn in a label file of `most` voxels: the values of a NIfTI volume, or the names of DICOM's segments.

    Raises:
        InputError: if the file is damaged, or its values are no class ids.
    """
    if split_name(path)[1] in NIFTI:
        with allowing(most):
            values = set(counts_of(read_volume(path))[0].tolist())
        require_ids(path, values)
        return values, set()
    return set(), segment_names(path)


def spec_of_content(
    folder: Path, contents: Iterable[tuple[set[int], set[str]]], ignored: tuple[int, ...] = ()
) -> LabelSpec:
    """A class for each value, and for each segment under further ids, of what `label_content` found.

    Raises:
        InputError: naming the labels' folder, if there is no class beside the background.
    """
    values, names = (set().union(*found) for found in zip(*contents))
    segments = dict(enumerate(sorted(names), start=int(max(values, default=0)) + 1))
    spec = spec_of_values(folder, values | set(segments), ignored)
    return replace(spec, classes=tuple(replace(c, name=segments.get(c.ids[0], c.name)) for c in spec.classes))


def _visible(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError(folder, "a folder", "none", "add it")
    return [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]


def _label_stem(path: Path) -> str | None:
    """Of a NIfTI or DICOM file; None of others."""
    stem, suffix = split_name(path)
    if path.is_file() and (suffix in NIFTI or path.suffix.lower() == ".dcm"):
        return plain_name(stem if suffix in NIFTI else path.stem)
    return None


def read_cases(labelled: Labelled, described: Description, spec: LabelSpec | None) -> list[Case]:
    """The slices of one series, checked by their headers; `spec` names the classes if a label is a Segmentation.

    Raises:
        InputError: as of `read`, for this series.
    """
    stem, subject, folder, label = labelled
    with allowing(described.limits):
        series = read_series(folder)
    read_image, read_label = partial(read_units, series), _label_reader(folder, label, series, spec)
    digits = len(str(len(series.paths) - 1))
    remarks = tuple((str(folder), remark) for remark in series.grid.remarks)
    cases = [
        Case(
            id=f"{stem}_{series.index(number):0{digits}d}",
            subject=subject,
            spacing=described.spacing or slice_spacing(series.grid, series.axis),
            files=(str(path), str(label)),
            image=read_image,
            label=read_label,
            number=number,
            spacing_known=described.spacing is not None or series.grid.known,
            remarks=remarks,
        )
        for number, path in enumerate(series.paths)
    ]
    return limited(cases, described.limits)


def _label_reader(folder: Path, label: Path, series: Series, spec: LabelSpec | None) -> Callable[[int], np.ndarray]:
    """What reads the label (H, W) of the series' slice of a number."""
    if split_name(label)[1] in NIFTI:
        require_grid(label, require_single(label, read_grid(label)), series.grid, folder)
        return partial(_read_nifti, label, series)
    return partial(read_segments, label, series, frames_of(label, folder, series, spec))


def _read_nifti(path: Path, series: Series, number: int) -> np.ndarray:
    index = series.index(number)
    return as_label(read_slice(path, series.axis, index), f"{path} (slice {index} across axis {series.axis})")
