"""Parts that the drawn phantoms share: curves, filled outlines, tubes, soft edges and clouds.

Geometry is in unit coordinates: a point is (x, y), x to the right and y downwards, and the picture is
the square from 0 to 1. So one geometry gives the same picture at every size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter

#: Samples per pixel along a tube and across it; above 1, so that no gaps show.
_DENSITY = 1.3

#: What spongy bone takes off the thickness of a tube's core; the shell stays whole.
_SPONGE = 0.6


@dataclass(frozen=True)
class Pose:
    """How the subject stands before the film: turned and scaled about `centre`, then moved by `shift`.

    Attributes:
        scale: factor.
        angle: radians, clockwise as seen.
        centre: (x, y) in the subject's own frame.
        shift: (x, y) of the subject's origin in the picture.
    """

    scale: float
    angle: float
    centre: tuple[float, float]
    shift: tuple[float, float]

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """(n, 2) points of the subject's frame to unit coordinates."""
        cos, sin = self.scale * math.cos(self.angle), self.scale * math.sin(self.angle)
        turned = (np.asarray(points) - self.centre) @ np.array([[cos, sin], [-sin, cos]])
        return turned + self.centre + self.shift


def curve(points, count: int = 64, closed: bool = False) -> np.ndarray:
    """A smooth curve through (n, 2) points, as (count, 2) points."""
    points = np.asarray(points, float)
    if closed:
        points = np.vstack([points, points[:1]])
    # Centripetal knots: with even ones the curve swings out where points lie close together.
    knots = np.append(0, np.cumsum(np.hypot(*np.diff(points, axis=0).T) ** 0.5))
    spline = CubicSpline(knots, points, bc_type="periodic" if closed else "natural")
    return spline(np.linspace(0, knots[-1], count))


def ellipse(centre: tuple[float, float], radii: tuple[float, float], count: int = 48) -> np.ndarray:
    """The outline of an upright ellipse, (count, 2) points."""
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([np.cos(turn), np.sin(turn)], axis=1) * radii + centre


def ribbon(path: np.ndarray, radius: float | np.ndarray) -> np.ndarray:
    """The outline, (2n, 2), of a stroke along a path (n, 2) with half its width, scalar or (n,)."""
    aside = _normals(path) * np.broadcast_to(radius, len(path))[:, None]
    return np.vstack([path + aside, (path - aside)[::-1]])


def fill(outline: np.ndarray, size: int) -> np.ndarray:
    """The pixels whose centres lie inside a closed outline, by the even-odd rule.

    Args:
        outline: (n, 2) points in unit coordinates; parts may lie outside the picture.

    Returns:
        (size, size) bool.
    """
    x, y = np.asarray(outline).T * size - 0.5
    x_next, y_next = np.roll(x, -1), np.roll(y, -1)
    rows = np.arange(size)[:, None]
    row, edge = np.nonzero((y <= rows) != (y_next <= rows))
    along = (row - y[edge]) / (y_next - y)[edge]
    column = np.clip(np.ceil(x[edge] + along * (x_next - x)[edge]), 0, size).astype(np.intp)
    # Every edge flips the pixels to its right between outside and inside.
    flips = np.bincount(row * (size + 1) + column, minlength=size * (size + 1))
    return np.cumsum(flips.reshape(size, size + 1)[:, :size], axis=1, dtype=np.int32) % 2 == 1


def tubes(paths: np.ndarray, radius: float | np.ndarray, size: int, core: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Round tubes seen through, as points for `strew`; the thickness is 1 at a solid tube's axis.

    Args:
        paths: (..., n, 2) points in unit coordinates. Every step of a path holds the same mass, so a
            tube is bright where its points lie close: there it runs towards the eye.
        radius: scalar or (n,), in units.
        size: of the picture, for the density of the points.
        core: radius of the spongy core as a part of the tube's, 0 to below 1.

    Returns:
        Points (m, 2) and weights (m,).
    """
    length = np.hypot(*np.moveaxis(np.diff(paths, axis=-2), -1, 0)).sum(axis=-1)[..., None, None]
    radius = np.broadcast_to(radius, paths.shape[-2])[:, None]
    steps = max(2, math.ceil(length.max() * size * _DENSITY))
    lanes = max(3, math.ceil(2 * radius.max() * size * _DENSITY))
    at = (np.arange(steps) + 0.5) / steps * (len(radius) - 1)
    before = at.astype(np.intp)
    part = (at - before)[:, None]

    def between(values: np.ndarray) -> np.ndarray:
        return values[..., before, :] * (1 - part) + values[..., before + 1, :] * part

    lane = (np.arange(lanes) + 0.5) / lanes * 2 - 1
    aside = between(_normals(paths) * radius)
    points = between(paths)[..., None, :] + aside[..., None, :] * lane[:, None]
    thickness = np.sqrt(1 - lane**2) - _SPONGE * np.sqrt(np.maximum(core**2 - lane**2, 0))
    weights = thickness * (2 * between(radius) / lanes) * (length / steps)
    return points.reshape(-1, 2), weights.ravel()


def strew(parts: Iterable[tuple[np.ndarray, np.ndarray]], size: int) -> np.ndarray:
    """Sum of weighted points, each shared among its four nearest pixels.

    Args:
        parts: points (m, 2) in unit coordinates with weights (m,), in units of area.

    Returns:
        (size, size) float32, weight per unit of area.
    """
    total = np.zeros((size + 2) ** 2)
    for points, weights in parts:
        # A margin of one pixel takes what falls half outside.
        place = points * size + 0.5
        inside = ((place >= 0) & (place < size + 1)).all(axis=1)
        place, weights = place[inside], weights[inside]
        corner = place.astype(np.intp)
        right, down = (place - corner).T
        first = corner[:, 1] * (size + 2) + corner[:, 0]
        pixels = np.concatenate([first, first + 1, first + size + 2, first + size + 3])
        lower, upper = weights * down, weights * (1 - down)
        shares = np.concatenate([upper * (1 - right), upper * right, lower * (1 - right), lower * right])
        total += np.bincount(pixels, shares, minlength=total.size)
    return (total.reshape(size + 2, size + 2)[1:-1, 1:-1] * size**2).astype(np.float32)


def soften(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of a square image by sigma, in units; returns (size, size) float32."""
    size, image = len(image), image.astype(np.float32)
    if sigma * size < 3:
        return gaussian_filter(image, sigma * size, mode="nearest", truncate=3)
    # Half of a wide blur (by variance) goes down to a coarse grid, the other half back up.
    coarse = math.ceil(2 / sigma)
    half = sigma / math.sqrt(2)
    down, up = _weights(coarse, size, half), _weights(size, coarse, half)
    return up @ (down @ image @ down.T) @ up.T


def clouds(rng: np.random.Generator, cells: int, size: int) -> np.ndarray:
    """Smooth noise of mean 0 and spread about 1, whose grain is 1 / cells units; (size, size) float32."""
    grid = rng.standard_normal((cells, cells)).astype(np.float32)
    up = _weights(size, cells, 0.6 / cells)
    # The weights of a row average, which lessens the spread; this undoes it.
    return (up @ grid @ up.T) / np.mean(np.sum(up**2, axis=1))


def _normals(paths: np.ndarray) -> np.ndarray:
    """Unit vectors (..., n, 2) at right angles to paths (..., n, 2)."""
    along = np.gradient(paths, axis=-2)
    return along[..., ::-1] * (-1, 1) / np.hypot(along[..., :1], along[..., 1:])


def _weights(rows: int, columns: int, sigma: float) -> np.ndarray:
    """(rows, columns) float32 Gaussian weights between two grids over the unit length; rows sum to 1."""
    distance = (np.arange(rows)[:, None] + 0.5) / rows - (np.arange(columns) + 0.5) / columns
    weights = np.exp(-0.5 * (distance / sigma) ** 2)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
