"""The keys of a dataset.yaml, and what each may be: from a user's YAML, all text, to values that are checked."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tf_ganaug.data.cases import LARGEST_ID
from tf_ganaug.data.colours import Colour
from tf_ganaug.data.files import plain_name
from tf_ganaug.errors import InputError


class Files(NamedTuple):
    """File names inside each subject's folder; several images are the channels."""

    images: tuple[str, ...]
    label: str


def value_of(path: Path, key: str, value: Any) -> Any:
    """The value of a key as `Description` has it.

    Args:
        path: of the dataset.yaml, for errors.
        key: that stands there.
        value: text, or lists and mappings of text.

    Raises:
        InputError: if there is no such key, or it may not have the value.
    """
    if key not in _FIELDS:
        raise InputError(path, f"keys among {', '.join(_FIELDS)}", f"'{key}'", "rename or remove it")
    expected, convert = _FIELDS[key]
    try:
        return convert(value)
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError, re.error) as error:
        raise InputError(path, f"'{key}' as {expected}", f"{value!r}"[:100], f"mend '{key}'") from error


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
