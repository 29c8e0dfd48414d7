"""A folder for each subject that holds files of the same names: stated in dataset.yaml, or guessed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tf_ganaug.data.description import Files
from tf_ganaug.data.files import plain_name, split_name
from tf_ganaug.data.listing import list_files, listed, subfolders
from tf_ganaug.errors import InputError

#: What a label's stem may have after that of its image.
ENDINGS = ("_mask", "_seg", "_segmentation", "_label", "_gt")

#: Stems that are a label's, beside those with one of `ENDINGS`.
_LABEL = (
    "mask",
    "seg",
    "segmentation",
    "label",
    "lesion",
    "gt",
    "truth",
    "groundtruth",
    "ground_truth",
    "annotation",
    "roi",
)


def without_ending(stem: str) -> str:
    """A label's stem without the ending that marks it; others as they are."""
    for ending in ENDINGS:
        if stem.lower().endswith(ending):
            return stem[: -len(ending)]
    return stem


def guessed_files(folders: Mapping[str, Path]) -> Files | None:
    """The images and the label, where two folders or more hold files of the same names and one is a label's.

    Raises:
        InputError: as of `list_files`.
    """
    names = [sorted(path.name for path in list_files(folder, 0).files.values()) for folder in folders.values()]
    if len(names) < 2 or any(other != names[0] for other in names):
        return None
    labels = [name for name in names[0] if _is_label(split_name(Path(name))[0].lower())]
    images = tuple(name for name in names[0] if name not in labels)
    return Files(images, labels[0]) if images and len(labels) == 1 else None


def offered(files: Files) -> str:
    """The line of dataset.yaml that states them."""
    images, label = (json.dumps(names, ensure_ascii=False) for names in (list(files.images), files.label))
    return f"files: {{image: {images}, label: {label}}}"


def per_subject(root: Path, files: Files) -> dict[str, tuple[Path, ...]]:
    """Name of each folder to its images and, last, its label.

    Raises:
        InputError: if there is no folder, or one lacks a file.
    """
    folders = subfolders(root)
    if not folders:
        raise InputError(root, "one folder per subject", "none", "add them")
    found = {name: {plain_name(path.name): path for path in folder.iterdir()} for name, folder in folders.items()}
    paths: dict[str, list[Path]] = {name: [] for name in folders}
    for wanted in (*files.images, files.label):
        deep = "/" in wanted
        lacking = [name for name in folders if not deep and wanted not in found[name]]
        lacking += [name for name, folder in folders.items() if deep and not (folder / wanted).is_file()]
        if lacking:
            remedy = "add the files, or mend 'files' in dataset.yaml"
            raise InputError(root, f"{wanted} in every folder", f"none in {listed(lacking)}", remedy)
        for name, folder in folders.items():
            paths[name].append(folder / wanted if deep else found[name][wanted])
    return {name: tuple(of_name) for name, of_name in paths.items()}


def _is_label(stem: str) -> bool:
    return without_ending(stem) != stem or stem.rstrip("s") in _LABEL
