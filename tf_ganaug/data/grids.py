"""Grids of images and label maps: what a training shows on its way, each a PNG written whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.files import replacing

WHITE = (255, 255, 255)
GREY = (128, 128, 128)


def to_display(image: np.ndarray) -> np.ndarray:
    """An image (H, W, C) in [-1, 1] as (H, W, 3) uint8; what lies outside is clipped, NaN is black.

    With C = 3 it is shown in colour, else its first channel in grey.
    """
    shown = image if image.shape[-1] == 3 else np.repeat(image[..., :1], 3, axis=-1)
    finite = np.nan_to_num(np.asarray(shown, np.float32), nan=-1.0)
    return np.round((np.clip(finite, -1, 1) + 1) * 127.5).astype(np.uint8)


def colour_labels(labels: np.ndarray, spec: LabelSpec) -> np.ndarray:
    """Class indices (H, W) as (H, W, 3) uint8 `class_colours`; `IGNORE` has `void_colour`."""
    table = np.full((256, 3), void_colour(spec), np.uint8)
    table[: len(spec.classes)] = class_colours(spec)
    return table[labels]


def class_colours(spec: LabelSpec) -> list[tuple[int, int, int]]:
    """The classes as they are shown: two are black and white, more have their own colours."""
    return [(0, 0, 0), WHITE] if len(spec.classes) == 2 else [c.colour for c in spec.classes]


def void_colour(spec: LabelSpec) -> tuple[int, int, int]:
    """Of ignored pixels: black as in Cityscapes where no class is background, which is black else, and grey then."""
    return (0, 0, 0) if spec.background is None else GREY


def pair_grid(
    images: np.ndarray, labels: np.ndarray, spec: LabelSpec, path: Path, pairs_per_row: int = 4
) -> np.ndarray:
    """Writes images (odd columns) beside their label maps (even columns) as a PNG, as in Neff's Figure 2.

    Images below 128 pixels are enlarged by a whole factor, without smoothing; none is reduced.

    Args:
        images: (N, H, W, C) in [-1, 1], N >= 1.
        labels: (N, H, W) uint8 class indices.
        spec: the classes.
        path: of the PNG.
        pairs_per_row: at most so many side by side.

    Returns:
        (height, width, 3) uint8, what was written.
    """
    pairs = [
        _tile([_enlarge(to_display(image)), _enlarge(colour_labels(label, spec))], 2, gap=2, background=GREY)
        for image, label in zip(images, labels)
    ]
    grid = _tile(pairs, pairs_per_row, gap=6, background=WHITE)
    with replacing(path) as temporary:
        Image.fromarray(grid).save(temporary, optimize=True)
    return grid


def label_grid(labels: np.ndarray, spec: LabelSpec, path: Path, per_row: int = 8) -> np.ndarray:
    """Writes label maps as a PNG; sizes and return as in `pair_grid`.

    Args:
        labels: (N, H, W) uint8 class indices, N >= 1.
        spec: the classes.
        path: of the PNG.
        per_row: at most so many side by side.
    """
    grid = _tile([_enlarge(colour_labels(label, spec)) for label in labels], per_row, gap=4, background=WHITE)
    with replacing(path) as temporary:
        Image.fromarray(grid).save(temporary, optimize=True)
    return grid


def _enlarge(pixels: np.ndarray) -> np.ndarray:
    factor = -(-128 // max(pixels.shape[:2]))
    return pixels.repeat(factor, axis=0).repeat(factor, axis=1)


def _tile(tiles: Sequence[np.ndarray], per_row: int, gap: int, background: tuple) -> np.ndarray:
    """Sets (H, W, 3) tiles of one shape into a grid, row by row."""
    height, width = tiles[0].shape[:2]
    across = min(per_row, len(tiles))
    down = -(-len(tiles) // across)
    shape = (down * (height + gap) - gap, across * (width + gap) - gap, 3)
    grid = np.full(shape, background, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = number // across * (height + gap), number % across * (width + gap)
        grid[top : top + height, left : left + width] = tile
    return grid
