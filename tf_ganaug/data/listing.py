"""What lies in a folder: files of the formats that are read, by stem, and the names of all that is passed over."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tf_ganaug.data.files import plain_name, split_name
from tf_ganaug.errors import InputError


class Listing(NamedTuple):
    """The files below a folder; hidden ones are not looked at.

    Attributes:
        files: by stem; a file in subfolders has their names before its own, with "_" between.
        others: names of what is passed over, relative to the folder.
    """

    files: dict[str, Path]
    others: tuple[str, ...] = ()


def list_files(folder: Path, deepest: int = 99) -> Listing:
    """What lies below a folder, down to `deepest` subfolders in one another.

    Raises:
        InputError: if two files have one stem, a folder is named as a file, or a name is no UTF-8.
    """
    files: dict[str, Path] = {}
    others = []
    for path in _below(folder, deepest):
        parts = path.relative_to(folder).parts
        stem, suffix = split_name(path)
        if path.is_dir() or not suffix:
            others.append("/".join(parts) + "/" * path.is_dir())
            continue
        if suffix == ".img" and any(path.with_suffix(other).exists() for other in (".hdr", ".HDR")):
            continue  # the voxels of a pair
        stem = plain_name("_".join((*parts[:-1], stem)))
        if stem in files:
            found = f"{files[stem].name} too{unlike(files[stem].name, path.name)}"
            raise InputError(path, "one file per stem", found, "remove or rename one of the two")
        files[stem] = path
    return Listing(files, tuple(others))


def subfolders(folder: Path) -> dict[str, Path]:
    """The folders in a folder, without hidden ones, by their names.

    Raises:
        InputError: if the names of two differ only in how Unicode writes them, or one is no UTF-8.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith("."):
            name = plain_name(path.name)
            if name in found:
                twin = f"{found[name].name} too{unlike(found[name].name, path.name)}"
                raise InputError(path, "one folder of a name", twin, "rename one of the two")
            found[name] = path
    return found


def passed_over(where: str, names: Sequence[str], why: str = "of no format that is read") -> tuple[str, ...]:
    """A note on what is there and not read; none for no names."""
    return (f"passed over in {where}, {why}: {len(names)} ({listed(sorted(names))})",) if names else ()


def listed(names: Sequence[str], most: int = 5) -> str:
    """The first names, and how many more there are."""
    more = f", +{len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def unlike(first: str, second: str) -> str:
    """What names that look alike differ in, to be added to them; nothing for names that do not look alike."""
    if first != second and plain_name(first).casefold() == plain_name(second).casefold():
        if plain_name(first) != plain_name(second):
            return " (upper and lower case differ)"
        return f" ({_code_points(first)} against {_code_points(second)}, two ways to write one letter)"
    return ""


def alike(names: Sequence[str], others: Sequence[str]) -> str:
    """A remark on the first name that differs from another one in case only; "" if none does."""
    folded = {name.casefold(): name for name in others}
    found = next((name for name in names if name.casefold() in folded), None)
    return f" ({found} and {folded[found.casefold()]} differ in upper and lower case)" if found else ""


def require_pairs(
    where: Path, images: Mapping[str, Any], labels: Mapping[str, Path], others: Sequence[str] = ()
) -> None:
    """Checks that images and labels have the same names.

    Args:
        where: for the error.
        images: by stem.
        labels: by stem.
        others: names of what is not read.

    Raises:
        InputError: with up to five of the names that lack a partner, and what lies there under their names.
    """
    lonely = [sorted(set(images) - set(labels)), sorted(set(labels) - set(images))]
    if any(lonely):
        found = [f"{kind} {listed(stems)}" for kind, stems in zip(("none for", "no image for"), lonely) if stems]
        unread = [name for name in others if Path(name).stem in {*lonely[0], *lonely[1]}]
        found += [f"{listed(unread)} is there, of no format that is read"] if unread else []
        remedy = "add what lacks or remove the others"
        raise InputError(where, "one label for every image", ", ".join(found) + alike(*lonely), remedy)


def _below(folder: Path, deepest: int) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if not path.is_dir():
            yield path
        elif split_name(path)[1]:
            raise InputError(path, "a file", "a folder", "put the file itself in its place")
        elif deepest == 0 or path.is_symlink():
            yield path  # a link could lead round in a circle
        else:
            yield from _below(path, deepest - 1)


def _code_points(name: str) -> str:
    return " ".join(f"U+{ord(letter):04X}" for letter in os.fspath(name) if not letter.isascii())
