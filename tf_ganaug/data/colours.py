"""Labels that are colour masks: exact colours to class ids, and the colours that files hold."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from tf_ganaug.data.cases import LabelSpec, require_numbered
from tf_ganaug.data.files import read_colours
from tf_ganaug.errors import InputError

Colour = tuple[int, int, int]

BLACK: Colour = (0, 0, 0)

#: Names whose colours are the background, and no class.
_BACKGROUND, _IGNORE = "background", "ignore"

#: Unknown colours that an error names.
_NAMED = 4

#: Pixels that are looked up at a time.
_STRIP = 2**20


def ids_of(named: Mapping[str, tuple[Colour, ...]]) -> dict[Colour, int]:
    """Colour to class id: 0 for the background, which black is unless it is named, and 1, 2, ... as they are named."""
    colours: dict[Colour, int] = {}
    names = [name for name in named if name.lower() != _BACKGROUND]
    for number, name in enumerate(names, 1):
        colours.update(dict.fromkeys(named[name], number))
    background = next((named[name] for name in named if name.lower() == _BACKGROUND), (BLACK,))
    return {**dict.fromkeys(background, 0), **colours}


def spec_of_colours(path: Path, named: Mapping[str, tuple[Colour, ...]]) -> LabelSpec:
    """The classes under the ids of `ids_of`, in their colours; those named `ignore` are ignored.

    Raises:
        InputError: naming the description, for a colour of two classes, too many classes, or none.
    """
    ids = ids_of(named)
    twice = [colour for colour, count in Counter(c for colours in named.values() for c in colours).items() if count > 1]
    if twice:
        raise InputError(path, "'colours' of one class each", f"{twice[0]} twice", "leave one out")
    names = {ids[colours[0]]: name for name, colours in named.items()}
    if 0 in ids.values():
        names[0] = _BACKGROUND
    ignored = [i for i, name in names.items() if name == _IGNORE]
    classes = {i: name for i, name in names.items() if i not in ignored}
    require_numbered(path, len(classes) - (0 in classes))
    if len(classes) < 2:
        raise InputError(path, "'colours' of a class beside the background", "none", "name the classes")
    spec = LabelSpec.from_names(classes, ignored)
    shown = {number: colour for colour, number in reversed(ids.items())}
    return replace(spec, classes=tuple(replace(c, colour=shown[c.ids[0]]) for c in spec.classes))


def read_mask(path: Path, ids: Mapping[Colour, int]) -> np.ndarray:
    """(H, W) uint8 or uint16, the ids of a colour mask.

    Raises:
        InputError: as of `files.read_colours`; for other colours, with their pixels and the nearest known one.
    """
    packed = _packed(read_colours(path))
    known = np.array(sorted(map(_number, ids)))
    numbers = np.array([ids[_colour(number)] for number in known.tolist()], np.min_scalar_type(max(ids.values())))
    label, pixels = np.empty(packed.shape, numbers.dtype), packed.reshape(-1)
    for start in range(0, len(pixels), _STRIP):
        strip = pixels[start : start + _STRIP]
        places = np.minimum(np.searchsorted(known, strip), len(known) - 1)
        if (known[places] != strip).any():
            _refuse(path, pixels, ids)
        label.reshape(-1)[start : start + _STRIP] = numbers[places]
    return label


def colours_in(paths: Iterable[Path], most: int) -> Counter[Colour]:
    """The colours of masks with their pixels, most frequent first.

    Raises:
        InputError: as of `files.read_colours`; naming the file at which they are more than `most`.
    """
    found: Counter[Colour] = Counter()
    for path in paths:
        numbers, counts = np.unique(_packed(read_colours(path)), return_counts=True)
        if len(numbers) > most or len(found) > most:
            found_there = f"{max(len(numbers), len(found))} of them"
            remedy = "store the masks without smoothing and lossy compression"
            raise InputError(path, f"labels of class ids, or of at most {most} colours", found_there, remedy)
        found.update(dict(zip(map(_colour, numbers.tolist()), counts.tolist())))
    return Counter(dict(found.most_common()))


def guessed(found: Mapping[Colour, int]) -> dict[str, tuple[Colour, ...]]:
    """Names for colours, to be replaced: black is taken for the background."""
    named = {_BACKGROUND: (BLACK,)} if BLACK in found else {}
    others = (colour for colour in found if colour != BLACK)
    return {**named, **{f"colour {number}": (colour,) for number, colour in enumerate(others, 1)}}


def _refuse(path: str | os.PathLike, pixels: np.ndarray, ids: Mapping[Colour, int]) -> None:
    numbers, counts = np.unique(pixels, return_counts=True)
    unknown = {_colour(n): count for n, count in zip(numbers.tolist(), counts.tolist()) if _colour(n) not in ids}
    known = np.array(list(ids))
    told = []
    for colour in sorted(unknown, key=unknown.get, reverse=True)[:_NAMED]:
        nearest = known[np.abs(known - colour).sum(-1).argmin()].tolist()
        told.append(f"{list(colour)} in {unknown[colour]} pixels (nearest known: {nearest})")
    more = f", and {len(unknown) - _NAMED} other colours" if len(unknown) > _NAMED else ""
    remedy = "add them under 'colours' in dataset.yaml; near a known one, they come from smoothing or lossy compression"
    raise InputError(path, f"the {len(ids)} colours of dataset.yaml", ", ".join(told) + more, remedy)


def _packed(colours: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 to (H, W) int32."""
    packed = colours[..., 0].astype(np.int32)
    for channel in (1, 2):
        packed <<= 8
        packed |= colours[..., channel]
    return packed


def _number(colour: Colour) -> int:
    return colour[0] << 16 | colour[1] << 8 | colour[2]


def _colour(number: int) -> Colour:
    return number >> 16, number >> 8 & 255, number & 255
