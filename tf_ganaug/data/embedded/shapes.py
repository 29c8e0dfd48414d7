"""Shapes and textures that the drawn cohorts are made of, in unit coordinates.

A place is (x, y): x from 0 at the picture's left to 1 at its right, y from 0 at its top to 1. Shapes do
not depend on the number of pixels, so a subject is the same at every size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter, zoom
from skimage.draw import line_aa, polygon2mask

Points = Sequence[Sequence[float]]


def pixel_centres(size: int) -> tuple[np.ndarray, np.ndarray]:
    """X (1, size) and y (size, 1) of the pixel centres, float32."""
    centres = (np.arange(size, dtype=np.float32) + 0.5) / size
    return centres[None, :], centres[:, None]


def smooth_outline(points: Points, per_point: int = 12) -> np.ndarray:
    """A closed cubic spline through (K, 2) points, sampled: (K * per_point, 2)."""
    closed = np.vstack([points, points[:1]])
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    spline = CubicSpline(lengths, closed, bc_type="periodic")
    return spline(np.linspace(0.0, lengths[-1], per_point * len(points), endpoint=False))


def filled(outline: np.ndarray, size: int) -> np.ndarray:
    """(size, size) bool: the pixels whose centres lie in the closed outline of (K, 2) places."""
    return polygon2mask((size, size), outline[:, ::-1] * size - 0.5)


def blurred(mask: np.ndarray, width: float) -> np.ndarray:
    """A mask or map as float32 with soft edges; `width` is the deviation as a share of the picture."""
    return gaussian_filter(mask.astype(np.float32), width * mask.shape[0])


def lines(paths: Sequence[tuple[np.ndarray, float]], size: int) -> np.ndarray:
    """(size, size) float32: polylines of (K, 2) places with a strength each, one pixel wide."""
    drawn = np.zeros((size, size), np.float32)
    for path, strength in paths:
        places = np.clip((path[:, ::-1] * size).astype(int), 0, size - 1)
        for start, end in zip(places[:-1], places[1:]):
            rows, columns, value = line_aa(*start, *end)
            drawn[rows, columns] = np.maximum(drawn[rows, columns], strength * value)
    return drawn


def noise_field(rng: np.random.Generator, cells: int, size: int) -> np.ndarray:
    """(size, size) float32 smooth noise of deviation about one, with `cells` bumps a side."""
    coarse = rng.standard_normal((cells, cells)).astype(np.float32)
    return zoom(coarse, size / cells, order=1 if size < cells else 3, mode="grid-wrap", grid_mode=True)


def letter(name: str, size: int, corner: tuple[float, float], height: float) -> np.ndarray:
    """(size, size) bool: a block letter "L" or "R" with its upper left corner at a place."""
    patterns = {"L": ("1000", "1000", "1000", "1000", "1111"), "R": ("1110", "1001", "1110", "1010", "1001")}
    pattern = np.array([[int(cell) for cell in row] for row in patterns[name]], bool)
    x, y = pixel_centres(size)
    column = np.floor((x - corner[0]) / height * 5).astype(int)
    row = np.floor((y - corner[1]) / height * 5).astype(int)
    inside = (column >= 0) & (column < 4) & (row >= 0) & (row < 5)
    return inside & pattern[np.clip(row, 0, 4), np.clip(column, 0, 3)]
