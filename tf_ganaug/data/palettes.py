"""Palettes of labels: equal indices must mean equal colours in all files of a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tf_ganaug.data.files import read_label
from tf_ganaug.data.levels import counts_of
from tf_ganaug.errors import InputError


def require_one_palette(labels: Mapping[Path, np.ndarray | None]) -> None:
    """Checks the palettes of label files; pixels are read only where these contradict each other.

    Entries that no pixel has may differ, and so may lengths.

    Args:
        labels: file to its palette (K, 3), or None where it has none.

    Raises:
        InputError: naming two files that give an index different colours.
    """
    palettes = {path: palette for path, palette in labels.items() if palette is not None}
    if _agree(list(palettes.values())):
        return
    first: dict[int, tuple[Path, tuple[int, ...]]] = {}
    for path, palette in palettes.items():
        for index in counts_of(read_label(path))[0].tolist():
            colour = tuple(palette[index].tolist()) if index < len(palette) else (0, 0, 0)
            other, expected = first.setdefault(index, (path, colour))
            if colour != expected:
                remedy = "store all labels with one palette, or name their colours under 'colours' in dataset.yaml"
                raise InputError(
                    path, f"index {index} as {list(expected)} as in {other.name}", str(list(colour)), remedy
                )


def _agree(palettes: Sequence[np.ndarray]) -> bool:
    longest = max(palettes, key=len, default=None)
    return all(np.array_equal(palette, longest[: len(palette)]) for palette in palettes)
