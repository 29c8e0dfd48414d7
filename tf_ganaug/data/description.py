"""dataset.yaml: what the files of a folder cannot say about themselves; every key may be left out.

    name: My lesions               # shown with the results; default: the folder's name
    classes:                       # stored id to name, or to name and colour
      1: lesion
      2: {name: oedema, colour: [255, 127, 14]}
    colours: {lesion: [255, 0, 0]}  # instead of classes, of labels that are colour masks
    ignored: [255]                 # stored ids that no loss and no measure counts
    spacing: [0.7, 0.7]            # millimetres per row and column
    subject: (.*)_\\d+              # its first group, at the start of the stem, is the subject
    subjects: groups.csv            # or a table in the folder: a header, then file and subject in a line
    splits: {train: [a, b], validation: [c], test: [d]}              # subjects
    files: {image: [FLAIR.nii.gz, T1.nii.gz], label: lesions.nii.gz}  # one folder per subject
    slice_axis: 2                  # 0 sagittal, 1 coronal, 2 axial
    keep_blank: true               # constant images are cases too, as slices beside a head
    leave_out: [007_099]           # cases, by id
    limits: {pixels: 500000000}    # of one file; 400 million if left out
    mirror: false                  # whether left and right are alike, so that mirrored images may train

Classes without id 0 get a background of that id, unless 0 is ignored.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from tf_ganaug.data.cases import LabelSpec, is_background, require_names, require_numbered
from tf_ganaug.data.colours import Colour, spec_of_colours
from tf_ganaug.data.description_values import Files, value_of
from tf_ganaug.data.files import plain_name, split_name
from tf_ganaug.data.limits import PIXELS
from tf_ganaug.data.patterns import first_groups
from tf_ganaug.data.texts import read_table, read_yaml
from tf_ganaug.errors import InputError
from tf_ganaug.files import write_text


@dataclass(frozen=True)
class Description:
    """A dataset.yaml as read; what it leaves out is None.

    Attributes:
        path: of the file, for errors.
        spec: of the `classes`, with the background and `ignored`, or of the `colours`.
        colours: name to RGB colours, of labels that are colour masks.
        spacing: millimetres per pixel (row, column), both above 0.
        subject: has a group.
        subjects: name of a table in the folder.
        listed: stem to subject, as that table has it.
        slice_axis: 0, 1 or 2.
        keep_blank: whether constant images are cases like others.
        leave_out: ids of cases.
        limits: pixels of one file.
        mirror: whether left and right are alike.
    """

    path: Path
    name: str | None = None
    spec: LabelSpec | None = None
    colours: Mapping[str, tuple[Colour, ...]] | None = None
    ignored: tuple[int, ...] = ()
    spacing: tuple[float, float] | None = None
    subject: re.Pattern[str] | None = None
    subjects: str | None = None
    listed: Mapping[str, str] | None = None
    splits: Mapping[str, tuple[str, ...]] | None = None
    files: Files | None = None
    slice_axis: int | None = None
    keep_blank: bool = False
    leave_out: tuple[str, ...] = ()
    limits: int = PIXELS
    mirror: bool | None = None

    def subjects_of(self, files: Mapping[str, Path]) -> dict[str, str]:
        """The subject of each file's stem: as listed, or the pattern's first group, or the stem where there is neither.

        Args:
            files: stem to the file or folder, for errors.

        Raises:
            InputError: naming the first that the pattern does not match or the table lacks, or if the pattern's
                matching does not end.
        """
        if self.listed is not None:
            lacking = next((path for stem, path in files.items() if stem not in self.listed), None)
            if lacking is not None:
                raise InputError(lacking, f"a line in {self.subjects}", "none", "add the file and its subject")
            return {stem: self.listed[stem] for stem in files}
        if self.subject is None:
            return {stem: stem for stem in files}
        matched = dict(zip(files, first_groups(self.subject, list(files), self.path)))
        for stem, subject in matched.items():
            if not subject:
                expected = f"a name that 'subject: {self.subject.pattern}' matches"
                raise InputError(files[stem], expected, stem, f"mend 'subject' in {self.path.name}")
        return matched

    def with_subjects(self, root: Path) -> Description:
        """The same with its table of subjects, if it names one, read from the folder.

        Raises:
            InputError: if the table is absent, or a line lacks a file or a subject or repeats a file.
        """
        if self.subjects is None:
            return self
        path = root / self.subjects
        listed: dict[str, str] = {}
        for row in read_table(path)[1:]:
            file, subject = (*row, "", "")[:2]
            stem = plain_name(file[:-4] if file.lower().endswith(".dcm") else split_name(Path(file))[0])
            if not stem or not subject or stem in listed:
                found = f"the line {', '.join(row)}"[:100]
                raise InputError(path, "a file and its subject in every line, each file once", found, "mend the line")
            listed[stem] = plain_name(subject)
        return replace(self, listed=listed)


def read_description(path: Path, needed: bool = True) -> Description:
    """Reads a dataset.yaml; an absent one that is not `needed` describes nothing.

    Raises:
        InputError: if it is absent, no YAML mapping, or a key is unknown or of the wrong type.
    """
    if not needed and not os.path.lexists(path):
        _require_none_alike(path)
        return Description(path)
    stored = _load(path)
    values = {key: value_of(path, key, stored[key]) for key in stored}
    names = values.pop("classes", None)
    _require_parts(path, values.get("splits") or {})
    described = Description(path, **values)
    if described.colours:
        for key, stated in (("classes", names), ("ignored", described.ignored)):
            if stated:
                remedy = "keep one; a colour named 'ignore' is not counted"
                raise InputError(path, f"'colours' or '{key}'", "both", remedy)
        return replace(described, spec=spec_of_colours(path, described.colours))
    return replace(described, spec=_spec(path, names, described.ignored)) if names else described


def _require_none_alike(path: Path) -> None:
    """Refuses a description under a name that is not looked at, such as dataset.yml: without it labels mean others."""
    names = [path.name, path.with_suffix(".yml").name]
    beside = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    other = next((file for file in beside if file.name.lower() in names), None)
    if other is not None:
        raise InputError(other, f"a description named {path.name}", other.name, f"rename it to {path.name}")


def write_description(path: Path, spec: LabelSpec, **values: Any) -> None:
    """Writes a dataset.yaml.

    Args:
        path: of the file.
        spec: its classes are written with the first of their stored ids.
        values: the other keys.
    """
    classes = {c.ids[0]: {"name": c.name, "colour": list(c.colour)} for c in spec.classes}
    write_text(path, yaml.safe_dump({"classes": classes, **values}, sort_keys=False, default_flow_style=None))


def _load(path: Path) -> dict:
    stored = read_yaml(path)
    if not isinstance(stored, dict):
        found = "nothing" if stored is None else type(stored).__name__
        raise InputError(path, "a YAML mapping", found, "write 'key: value' lines, or remove the file")
    return stored


def _require_parts(path: Path, splits: Mapping[str, tuple[str, ...]]) -> None:
    first: dict[str, str] = {}
    for part, subjects in splits.items():
        if not subjects:
            raise InputError(path, f"'splits' with a subject in {part}", "none", "name one, or leave 'splits' out")
        for subject in subjects:
            if first.setdefault(subject, part) != part:
                found = f"{subject} in both {first[subject]} and {part}"
                raise InputError(path, "'splits' with every subject in one part", found, "give it to one part")


def _spec(path: Path, classes: Mapping[int, tuple], ignored: tuple[int, ...]) -> LabelSpec:
    twice = sorted(set(classes) & set(ignored))
    if twice:
        raise InputError(path, "ids in 'classes' or in 'ignored'", f"{twice} in both", "remove one")
    names = {i: name for i, (name, _) in classes.items()}
    names = names if 0 in (*names, *ignored) else {0: "background", **names}
    require_numbered(path, len(names) - is_background(names.get(0)))
    require_names(path, names.values())
    spec = LabelSpec.from_names(names, ignored)
    if len(spec.classes) < 2:
        raise InputError(path, "'classes' with one beside the background", "none", "name the classes")
    colours = {i: colour for i, (_, colour) in classes.items()}
    coloured = (replace(c, colour=colours.get(c.ids[0]) or c.colour) for c in spec.classes)
    return replace(spec, classes=tuple(coloured))
