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

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tf_ganaug.data.cases import LARGEST_ID, LabelSpec, is_background, require_names, require_numbered
from tf_ganaug.data.colours import Colour, spec_of_colours
from tf_ganaug.data.files import plain_name, split_name
from tf_ganaug.data.limits import PIXELS
from tf_ganaug.data.patterns import first_groups
from tf_ganaug.data.texts import read_table, read_yaml
from tf_ganaug.errors import InputError
from tf_ganaug.files import write_text


class Files(NamedTuple):
    """File names inside each subject's folder; several images are the channels."""

    images: tuple[str, ...]
    label: str


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
    unknown = [str(key) for key in stored if key not in _FIELDS]
    if unknown:
        expected = f"keys among {', '.join(_FIELDS)}"
        raise InputError(path, expected, f"'{unknown[0]}'", "rename or remove it")
    values = {key: _field(path, key, stored[key]) for key in stored}
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


def _field(path: Path, key: str, value: Any) -> Any:
    expected, convert = _FIELDS[key]
    try:
        return convert(value)
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError, re.error) as error:
        raise InputError(path, f"'{key}' as {expected}", f"{value!r}"[:100], f"mend '{key}'") from error


def _require_parts(path: Path, splits: Mapping[str, tuple[str, ...]]) -> None:
    first: dict[str, str] = {}
    for part, subjects in splits.items():
        if not subjects:
            raise InputError(path, f"'splits' with a subject in {part}", "none", "name one, or leave 'splits' out")
        for subject in subjects:
            if first.setdefault(subject, part) != part:
                found = f"{subject} in both {first[subject]} and {part}"
                raise InputError(path, "'splits' with every subject in one part", found, "give it to one part")


def _require(fits: bool) -> None:
    if not fits:
        raise ValueError


def _text(value: Any) -> str:
    _require(isinstance(value, str) and value != "")
    return plain_name(value)


def _inside(value: Any) -> str:
    """The name of a file in the described folder or below it."""
    path = Path(_text(value))
    _require(not path.is_absolute() and ".." not in path.parts)
    return _text(value)


def _list(value: Any) -> list:
    _require(isinstance(value, list))
    return value


def _id(value: Any) -> int:
    _require(0 <= int(value) <= LARGEST_ID)
    return int(value)


def _classes(value: Any) -> dict[int, tuple[str, tuple[int, ...] | None]]:
    _require(isinstance(value, dict) and len(value) > 0)
    classes = {_id(key): _class(stored) for key, stored in value.items()}
    _require(len(classes) == len(value))  # 1 and 01 are one id
    return classes


def _class(value: Any) -> tuple[str, tuple[int, ...] | None]:
    if not isinstance(value, dict):
        return _text(value), None
    _require(set(value) <= {"name", "colour"})
    return _text(value["name"]), _rgb(value["colour"]) if "colour" in value else None


def _colours(value: Any) -> dict[str, tuple[Colour, ...]]:
    _require(isinstance(value, dict) and len(value) > 0)
    named = {}
    for name, stored in value.items():
        colours = _list(stored)
        colours = colours if isinstance(colours[0], list) else [colours]
        named[_text(name)] = tuple(map(_rgb, colours))
    return named


def _rgb(value: Any) -> Colour:
    colour = tuple(map(_id, _list(value)))
    _require(len(colour) == 3 and max(colour) <= 255)
    return colour


def _limits(value: Any) -> int:
    _require(isinstance(value, dict) and set(value) == {"pixels"} and int(value["pixels"]) > 0)
    return int(value["pixels"])


def _spacing(value: Any) -> tuple[float, float]:
    row, column = map(float, _list(value))
    _require(0 < row < math.inf and 0 < column < math.inf)
    return row, column


def _pattern(value: Any) -> re.Pattern[str]:
    pattern = re.compile(_text(value))
    _require(pattern.groups > 0)
    return pattern


def _splits(value: Any) -> dict[str, tuple[str, ...]]:
    _require(isinstance(value, dict) and set(value) == {"train", "validation", "test"})
    return {part: tuple(map(_text, _list(names))) for part, names in value.items()}


def _files(value: Any) -> Files:
    _require(isinstance(value, dict) and set(value) == {"image", "label"})
    images = value["image"] if isinstance(value["image"], list) else [value["image"]]
    _require(len(images) > 0)
    return Files(tuple(map(_inside, images)), _inside(value["label"]))


def _axis(value: Any) -> int:
    _require(int(value) in (0, 1, 2))
    return int(value)


def _flag(value: Any) -> bool:
    _require(value in ("true", "false"))
    return value == "true"


#: Key to what it must be, in words and as a conversion.
_FIELDS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "name": ("text", _text),
    "classes": ("stored id: name, or {name, colour: [red, green, blue]}, each id once", _classes),
    "colours": ("name: [red, green, blue], or a list of them", _colours),
    "ignored": ("a list of stored ids", lambda value: tuple(map(_id, _list(value)))),
    "spacing": ("two millimetres, [row, column]", _spacing),
    "subject": ("a regular expression with a group", _pattern),
    "subjects": ("the name of a CSV file in the folder", _inside),
    "splits": ("lists of subjects: train, validation and test", _splits),
    "files": ("{image: name or names, label: name}, inside each subject's folder", _files),
    "slice_axis": ("0, 1 or 2", _axis),
    "keep_blank": ("true or false", _flag),
    "mirror": ("true or false", _flag),
    "leave_out": ("a list of cases", lambda value: tuple(map(_text, _list(value)))),
    "limits": ("{pixels: a number}", _limits),
}


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
