"""nnU-Net's folders: the numbered files of each case, and its dataset.json."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tf_ganaug.data.cases import LARGEST_ID, LabelSpec, require_names, require_numbered
from tf_ganaug.data.texts import read_json
from tf_ganaug.errors import InputError

#: A stem with the number of its channel.
_CHANNEL = re.compile(r"(.+)_(\d{4})")

_REMEDY = "mend it, or name the classes in dataset.yaml (nnU-Net's regions are no classes)"


def grouped_channels(images: Mapping[str, Path]) -> dict[str, tuple[Path, ...]]:
    """The files CASE_0000, CASE_0001, ... of each case.

    Raises:
        InputError: naming a file that has no such name, or whose predecessor lacks.
    """
    grouped: dict[str, list[Path]] = {}
    for stem, path in sorted(images.items()):
        match = _CHANNEL.fullmatch(stem)
        if not match or int(match[2]) != len(grouped.setdefault(match[1], [])):
            raise InputError(path, "CASE_0000, CASE_0001, ... for the channels of each case", stem, "mend the names")
        grouped[match[1]].append(path)
    return {stem: tuple(paths) for stem, paths in grouped.items()}


def read_dataset_json(path: Path) -> dict[str, Any] | None:
    """What a dataset.json holds; None where there is none.

    Raises:
        InputError: if it is no JSON of names and values.
    """
    if not os.path.lexists(path):
        return None
    stored = read_json(path)
    if not isinstance(stored, dict):
        raise InputError(path, "a JSON object", type(stored).__name__, "mend the file")
    return stored


def channel_count(stored: Mapping[str, Any] | None) -> int:
    """The number of channels that a dataset.json names; 1 where it names none."""
    names = (stored or {}).get("channel_names", (stored or {}).get("modality"))
    return max(len(names), 1) if isinstance(names, (dict, list)) else 1


def named_classes(path: Path, stored: Mapping[str, Any]) -> LabelSpec:
    """The classes of a dataset.json, {name: id} or, as before nnU-Net's second version, {id: name}.

    Id 0 is the background, whatever its name. The name `ignore` is that of an ignored id.

    Raises:
        InputError: if an id is none, two names have one id, or there are too many.
    """
    labels = stored.get("labels")
    if not isinstance(labels, dict) or not labels:
        raise InputError(path, "'labels' with one id for each name", type(labels).__name__, _REMEDY)
    older = all(_is_id(key) for key in labels)
    ids: dict[int, str] = {}
    for name, number in ((v, k) for k, v in labels.items()) if older else labels.items():
        if not _is_id(number) or not isinstance(name, str):
            raise InputError(path, "'labels' with one id for each name", f"{name}: {number}"[:100], _REMEDY)
        if int(number) in ids:
            found = f"{number} of {ids[int(number)]} and {name}"
            raise InputError(path, "'labels' with one name for each id", found, _REMEDY)
        ids[int(number)] = name
    ignored = [i for i, name in ids.items() if name == "ignore"]
    names = {i: name for i, name in ids.items() if i not in ignored}
    names = names if 0 in ids else {0: "background", **names}
    require_numbered(path, len(names) - (0 in names))
    require_names(path, names.values())
    return replace(LabelSpec.from_names(names, ignored), background=None if 0 in ignored else 0)


def _is_id(value: object) -> bool:
    text = str(value)
    return isinstance(value, (int, str)) and text.isascii() and text.isdigit() and int(text[:20]) <= LARGEST_ID
