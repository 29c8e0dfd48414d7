"""Palettes of labels: equal indices must mean equal colours in all files of a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tf_ganaug.data.files import read_label
from tf_ganaug.data.levels import counts_of
from tf_ganaug.data.listing import listed
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


def mixed_palettes(labels: Mapping[Path, np.ndarray | None]) -> tuple[str, ...]:
    """A note where some labels have a palette and others are grey: whether their values mean the same, nothing says."""
    grey = [path.name for path, palette in labels.items() if palette is None]
    indexed = [path.name for path, palette in labels.items() if palette is not None]
    if not grey or not indexed:
        return ()
    return (
        f"labels with a palette ({listed(indexed)}) beside grey ones ({listed(grey)}): indices and grey values are "
        "taken for the same class ids",
    )


def _agree(palettes: Sequence[np.ndarray]) -> bool:
    longest = max(palettes, key=len, default=None)
    return all(np.array_equal(palette, longest[: len(palette)]) for palette in palettes)
