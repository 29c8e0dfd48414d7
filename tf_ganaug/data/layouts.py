"""Which files of a user's folder belong together: the layouts that are read.

    images/X.png, labels/X.png            the folders may have the other names of `IMAGES` and `LABELS`
    X.png, X_mask.png                     one flat folder; the other endings are in `ENDINGS`
    imagesTr/X_0000.png, labelsTr/X.png   nnU-Net: a file for each channel, class names in dataset.json
    SUBJECT/FLAIR.png, SUBJECT/mask.png   only with `files` in dataset.yaml

Every file may be of any format of `tf_ganaug.data.files`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tf_ganaug.data.cases import LabelSpec, require_numbered
from tf_ganaug.data.description import Description
from tf_ganaug.data.files import SUFFIXES, split_name
from tf_ganaug.errors import InputError

#: Names of the two folders, in lower or upper case.
IMAGES = ("images", "image", "imagesTr")
LABELS = ("labels", "label", "masks", "mask", "labelsTr")

#: What a label's stem may have after that of its image.
ENDINGS = ("_mask", "_seg", "_segmentation", "_label")

#: nnU-Net's number of a channel.
_CHANNEL = re.compile(r"(.+)_(\d{4})")


class Pair(NamedTuple):
    """The files of one picture or volume; several images are its channels."""

    stem: str
    subject: str
    images: tuple[Path, ...]
    label: Path


class Layout(NamedTuple):
    """What was found.

    Attributes:
        name: in words.
        pairs: by stem.
        spec: the classes, where a dataset.json of nnU-Net names them.
    """

    name: str
    pairs: list[Pair]
    spec: LabelSpec | None = None


def find_layout(root: Path, described: Description) -> Layout:
    """The pairs of a folder, by the names of its files alone.

    Raises:
        InputError: if the folder is missing or has no such layout, or a file lacks its partner.
    """
    if not root.is_dir():
        raise InputError(root, "a folder", "none", "mend the path")
    if described.files:
        return Layout("a folder per subject", _per_subject(root, described))
    folders = _two_folders(root)
    if folders is None:
        name, images, labels = "one flat folder", *_flat(root)
        spec = None
    else:
        name = f"{folders[0].name}/ and {folders[1].name}/"
        images = {stem: (path,) for stem, path in _stems(folders[0]).items()}
        labels = _stems(folders[1])
        if not set(images) & set(labels):
            labels = {_without_ending(stem): path for stem, path in labels.items()}
        if folders[0].name == "imagesTr" and not set(images) & set(labels):
            images = _channels(folders[0], images)
        spec = _named_classes(root / "dataset.json") if folders[0].name == "imagesTr" and not described.spec else None
    require_pairs(root, {stem: paths[0] for stem, paths in images.items()}, labels)
    pairs = [
        Pair(stem, described.subject_of(stem, images[stem][0]), images[stem], labels[stem]) for stem in sorted(images)
    ]
    return Layout(name, pairs, spec)


def require_pairs(where: Path, images: Mapping[str, Path], labels: Mapping[str, Path]) -> None:
    """Checks that images and labels have the same names.

    Raises:
        InputError: with up to five of the names that lack a partner.
    """
    lonely = [sorted(set(images) - set(labels)), sorted(set(labels) - set(images))]
    if any(lonely):
        found = [f"{kind} {listed(stems)}" for kind, stems in zip(("none for", "no image for"), lonely) if stems]
        raise InputError(where, "one label for every image", ", ".join(found), "add what lacks or remove the others")


def listed(names: Sequence[str], most: int = 5) -> str:
    """The first names, and how many more there are."""
    more = f", +{len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _two_folders(root: Path) -> tuple[Path, Path] | None:
    """The folders of the images and of the labels, if both are there."""
    folders = {path.name.lower(): path for path in root.iterdir() if path.is_dir()}
    if {"images", "labels"} <= set(folders):
        return folders["images"], folders["labels"]
    found = [[folders[name.lower()] for name in names if name.lower() in folders] for names in (IMAGES, LABELS)]
    for paths in found:
        if len(paths) > 1:
            names = ", ".join(path.name for path in paths)
            raise InputError(root, "one folder of images and one of labels", names, "rename all but one")
    return (found[0][0], found[1][0]) if all(found) else None


def _stems(folder: Path) -> dict[str, Path]:
    stems: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        stem, suffix = split_name(path)
        if not suffix or stem.startswith("."):
            continue
        if stem in stems:
            raise InputError(path, "one file per stem", f"{stems[stem].name} too", "remove one of the two")
        stems[stem] = path
    if not stems and not any(path for path in folder.iterdir() if not path.name.startswith(".")):
        raise InputError(folder, "files", "none", "add them")
    if not stems:
        remedy = "convert them, or add --reader dicom for folders of DICOM series"
        raise InputError(folder, f"image files ({', '.join(SUFFIXES)})", _entries(folder), remedy)
    return stems


def _without_ending(stem: str) -> str:
    for ending in ENDINGS:
        if stem.lower().endswith(ending):
            return stem[: -len(ending)]
    return stem


def _flat(root: Path) -> tuple[dict[str, tuple[Path, ...]], dict[str, Path]]:
    files = _stems(root) if any(split_name(path)[1] for path in root.iterdir()) else {}
    labels = {_without_ending(stem): path for stem, path in files.items() if _without_ending(stem) != stem}
    if not labels:
        expected = (
            f"a folder images/ (or {', '.join(IMAGES[1:])}) with labels/ (or {', '.join(LABELS[1:])}), "
            f"or X.png beside X{ENDINGS[0]}.png (or {', '.join(ENDINGS[1:])})"
        )
        remedy = (
            "arrange the files so, or state 'files' in dataset.yaml for a folder per subject, "
            "such as 'files: {image: [FLAIR.nii.gz, T1.nii.gz], label: mask.nii.gz}'"
        )
        raise InputError(root, expected, _entries(root), remedy)
    return {stem: (path,) for stem, path in files.items() if _without_ending(stem) == stem}, labels


def _entries(folder: Path) -> str:
    """The first names in a folder, with what is in its first folder."""
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    inside = next((sorted(p.name for p in path.iterdir()) for path in paths if path.is_dir()), [])
    names = [f"{path.name}/" if path.is_dir() else path.name for path in paths]
    first = f"; in the first folder {listed(inside)}" if inside else ""
    return f"{listed(names)}{first}" if names else "none"


def _channels(folder: Path, images: Mapping[str, tuple[Path, ...]]) -> dict[str, tuple[Path, ...]]:
    """nnU-Net's images: the files CASE_0000, CASE_0001, ... of each case."""
    grouped: dict[str, list[Path]] = {}
    for stem, (path,) in sorted(images.items()):
        match = _CHANNEL.fullmatch(stem)
        if not match or int(match[2]) != len(grouped.setdefault(match[1], [])):
            raise InputError(path, "CASE_0000, CASE_0001, ... for the channels of each case", stem, "mend the names")
        grouped[match[1]].append(path)
    return {stem: tuple(paths) for stem, paths in grouped.items()}


def _named_classes(path: Path) -> LabelSpec | None:
    """The classes of nnU-Net's dataset.json, {name: id} or as before its second version {id: name}."""
    if not path.exists():
        return None
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))["labels"]
        ids = {int(k): str(v) for k, v in stored.items()} if "0" in stored else {int(v): k for k, v in stored.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        remedy = "name the classes in dataset.yaml (nnU-Net's regions are no classes)"
        raise InputError(path, "'labels' with one id for each name", f"{type(error).__name__}", remedy) from error
    ignored = [i for i, name in ids.items() if name == "ignore"]
    require_numbered(path, len(ids) - len(ignored))
    return LabelSpec.from_names({i: name for i, name in ids.items() if name != "ignore"}, ignored)


def _per_subject(root: Path, described: Description) -> list[Pair]:
    folders = sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not folders:
        raise InputError(root, "one folder per subject", "none", "add them")
    for name in (*described.files.images, described.files.label):
        lacking = [folder.name for folder in folders if not (folder / name).is_file()]
        if lacking:
            remedy = "add the files, or mend 'files' in dataset.yaml"
            raise InputError(root, f"{name} in every folder", f"none in {listed(lacking)}", remedy)
    return [
        Pair(
            folder.name,
            described.subject_of(folder.name, folder),
            tuple(folder / name for name in described.files.images),
            folder / described.files.label,
        )
        for folder in folders
    ]
