"""Which files of a user's folder belong together: the layouts that are read.

    images/X.png, labels/X.png            the folders may have the other names of `IMAGES` and `LABELS`
    images/S/X.png, labels/S/X.png        in subfolders, one for each subject
    X.png, X_mask.png                     one flat folder; the other endings are in `ENDINGS`
    S/X.png, S/X_mask.png                 a flat folder for each subject
    imagesTr/X_0000.png, labelsTr/X.png   nnU-Net: a file for each channel, class names in dataset.json
    SUBJECT/FLAIR.png, SUBJECT/mask.png   with `files` in dataset.yaml, or guessed where all folders hold the same names

Every file may be of any format of `tf_ganaug.data.files`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.data.description import Description, Files
from tf_ganaug.data.files import SUFFIXES, plain_name
from tf_ganaug.data.listing import Listing, list_files, listed, passed_over, require_pairs, subfolders, unlike
from tf_ganaug.data.nnunet import channel_count, grouped_channels, named_classes, read_dataset_json
from tf_ganaug.data.subject_folders import ENDINGS, guessed_files, offered, per_subject, without_ending
from tf_ganaug.errors import InputError

#: Names of the two folders, in lower or upper case.
IMAGES = ("images", "image", "imagesTr")
LABELS = ("labels", "label", "masks", "mask", "labelsTr")


class Pair(NamedTuple):
    """The files of one picture or volume; several images are its channels.

    Attributes:
        volumes: that each image file may hold, as channels.
    """

    stem: str
    subject: str
    images: tuple[Path, ...]
    label: Path
    volumes: int = 1


class Layout(NamedTuple):
    """What was found.

    Attributes:
        name: in words.
        pairs: by stem.
        spec: the classes, where a dataset.json of nnU-Net names them.
        files: as in dataset.yaml, or guessed; None where each subject has no folder of the same files.
        notes: what is passed over, and what is guessed.
    """

    name: str
    pairs: list[Pair]
    spec: LabelSpec | None = None
    files: Files | None = None
    notes: tuple[str, ...] = ()


def find_layout(root: Path, described: Description) -> Layout:
    """The pairs of a folder, by the names of its files alone.

    Raises:
        InputError: if the folder is missing or has no such layout, or a file lacks its partner.
    """
    if not root.is_dir():
        raise InputError(root, "a folder", "none", "mend the path")
    if described.files:
        return _folder_each(root, described, described.files, ())
    folders = _two_folders(root)
    if folders is not None:
        return _of_two(root, described, *folders)
    direct, inside = list_files(root, 0), subfolders(root)
    if not direct.files and (files := guessed_files(inside)):
        note = f"guessed from the names, to be stated in dataset.yaml: {offered(files)}"
        return _folder_each(root, described, files, (note,))
    found = list_files(root, 1) if not direct.files and len(inside) > 1 else direct
    labels = {without_ending(stem): path for stem, path in found.files.items() if without_ending(stem) != stem}
    if not labels:
        raise _no_layout(root, inside)
    images = {stem: (path,) for stem, path in found.files.items() if without_ending(stem) == stem}
    require_pairs(root, images, labels, found.others)
    name = "one flat folder" if found is direct else "a flat folder per subject"
    told = [other for other in found.others if found is not direct or other.endswith("/")]
    notes = passed_over(root.name, told, "files of other formats and folders")
    return Layout(name, _pairs(root, described, root, images, labels), notes=notes)


def _of_two(root: Path, described: Description, first: Path, second: Path) -> Layout:
    """A folder of images and one of labels."""
    listings = [_some(first), _some(second)]
    images = {stem: (path,) for stem, path in listings[0].files.items()}
    labels = listings[1].files
    if not set(images) & set(labels):
        labels = {without_ending(stem): path for stem, path in labels.items()}
    spec, volumes = None, 1
    if first.name == "imagesTr":
        if not set(images) & set(labels):
            images = grouped_channels(listings[0].files)
        stored = read_dataset_json(root / "dataset.json")
        volumes = channel_count(stored)
        spec = named_classes(root / "dataset.json", stored) if stored is not None and not described.spec else None
    beside = [f"{name}/" for name, path in subfolders(root).items() if path not in (first, second)]
    beside += [path.name for path in list_files(root, 0).files.values()]
    notes = [*passed_over(f"{first.name}/", listings[0].others), *passed_over(f"{second.name}/", listings[1].others)]
    notes += passed_over(root.name, beside, f"beside {first.name}/ and {second.name}/")
    require_pairs(root, images, labels, (*listings[0].others, *listings[1].others))
    pairs = _pairs(root, described, first, images, labels, volumes)
    deep = any(path.parent != first for paths in images.values() for path in paths)
    name = f"{first.name}/ and {second.name}/{', in subfolders' if deep else ''}"
    return Layout(name, pairs, spec, notes=tuple(notes))


def _pairs(
    root: Path,
    described: Description,
    folder: Path,
    images: Mapping[str, tuple[Path, ...]],
    labels: Mapping[str, Path],
    volumes: int = 1,
) -> list[Pair]:
    """By stem, which images and labels share; without a description the subject of files in a subfolder is its name."""
    first = {stem: paths[0] for stem, paths in images.items()}
    subjects = described.subjects_of(first)
    if described.subject is None and described.listed is None:
        above = {stem: path.relative_to(folder).parts[:-1] for stem, path in first.items()}
        subjects.update({stem: plain_name(parts[0]) for stem, parts in above.items() if parts})
    return [Pair(stem, subjects[stem], images[stem], labels[stem], volumes) for stem in sorted(images)]


def _folder_each(root: Path, described: Description, files: Files, notes: tuple[str, ...]) -> Layout:
    found = per_subject(root, files)
    subjects = described.subjects_of({name: paths[-1].parent for name, paths in found.items()})
    pairs = [Pair(name, subjects[name], paths[:-1], paths[-1]) for name, paths in found.items()]
    beside = [path.name for path in list_files(root, 0).files.values()]
    return Layout(
        "a folder per subject",
        pairs,
        files=files,
        notes=(*notes, *passed_over(root.name, beside, "beside the folders")),
    )


def _two_folders(root: Path) -> tuple[Path, Path] | None:
    """The folders of the images and of the labels, if both are there."""
    folders: dict[str, list[Path]] = {}
    for name, path in subfolders(root).items():
        folders.setdefault(name.casefold(), []).append(path)
    of_kind = [[path for name in names for path in folders.get(name.casefold(), [])] for names in (IMAGES, LABELS)]
    if {"images", "labels"} <= set(folders):
        of_kind = [folders["images"], folders["labels"]]
    for paths in of_kind:
        if len(paths) > 1:
            names = ", ".join(path.name for path in paths) + unlike(paths[0].name, paths[1].name)
            raise InputError(root, "one folder of images and one of labels", names, "rename all but one")
    return (of_kind[0][0], of_kind[1][0]) if all(of_kind) else None


def _some(folder: Path) -> Listing:
    """What lies in a folder of images or labels.

    Raises:
        InputError: if there is nothing to read.
    """
    found = list_files(folder)
    if not found.files and not found.others:
        raise InputError(folder, "files", "none", "add them")
    if not found.files:
        remedy = "convert them, or add --reader dicom for folders of DICOM series"
        raise InputError(folder, f"image files ({', '.join(SUFFIXES)})", _entries(folder), remedy)
    return found


def _no_layout(root: Path, inside: Mapping[str, Path]) -> InputError:
    expected = (
        f"a folder images/ (or {', '.join(IMAGES[1:])}) with labels/ (or {', '.join(LABELS[1:])}), "
        f"or X.png beside X{ENDINGS[0]}.png (or {', '.join(ENDINGS[1:])})"
    )
    names = [sorted(path.name for path in list_files(folder, 0).files.values()) for folder in inside.values()]
    same = names[0] if len(names) > 1 and len(names[0]) > 1 and all(other == names[0] for other in names) else None
    known = [name for name in inside if name.casefold() in map(str.casefold, (*IMAGES, *LABELS))]
    if known:
        remedy = f"name the folder that belongs to {known[0]}/ so, or add it"
        return InputError(root, expected, _entries(root), remedy)
    example = Files(tuple(same[:-1]), same[-1]) if same else Files(("FLAIR.nii.gz", "T1.nii.gz"), "mask.nii.gz")
    remedy = (
        "arrange the files so, or state 'files' in dataset.yaml for a folder per subject, "
        f"such as '{offered(example)}'{' with the names of the images and of the label' if same else ''}"
    )
    return InputError(root, expected, _entries(root), remedy)


def _entries(folder: Path) -> str:
    """The first names in a folder, with what is in its first folder."""
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    inside = next((sorted(p.name for p in path.iterdir()) for path in paths if path.is_dir()), [])
    names = [f"{path.name}/" if path.is_dir() else path.name for path in paths]
    first = f"; in the first folder {listed(inside)}" if inside else ""
    return f"{listed(names)}{first}" if names else "none"
