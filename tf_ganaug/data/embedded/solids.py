"""Solids by their signed distances, for phantoms that are cut into slices.

A solid is a function of points that is about the distance to its surface, negative inside. Points are
float32 arrays (dimensions, ...), coordinates first, so that a slice is one array. A union of solids is
the minimum of their distances, an intersection the maximum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Waves:
    """Smooth noise: plane waves in random directions, of mean 0 and spread 1 at a random place.

    Attributes:
        vectors: (n, 3) radians per unit of length.
        phases: (n,) radians.
        weights: (n, outputs).
    """

    vectors: np.ndarray
    phases: np.ndarray
    weights: np.ndarray

    @classmethod
    def drawn(cls, rng: np.random.Generator, length: float, count: int = 12, outputs: int = 1) -> Waves:
        """Noise whose waves are `length` long, give or take a fifth."""
        vectors = rng.standard_normal((count, 3))
        vectors *= (2 * np.pi / length * rng.uniform(0.8, 1.2, count) / np.linalg.norm(vectors, axis=1))[:, None]
        phases = rng.uniform(0, 2 * np.pi, count)
        weights = rng.standard_normal((count, outputs)) * np.sqrt(2 / count)
        return cls(*(part.astype(np.float32) for part in (vectors, phases, weights)))

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """(3, ...) points to (...) values, or (outputs, ...) if there are several."""
        # Not a matrix product: on busy cores its threads wait for each other longer than the work takes.
        values = np.einsum("no,np->op", self.weights, np.cos(self._angles(points)))
        shape = points.shape[1:]
        return values.reshape(shape if len(values) == 1 else (len(values), *shape))

    def distance(self, points: np.ndarray, turn: np.ndarray) -> np.ndarray:
        """About the distance (...) of points to where the noise is 0, not signed.

        Args:
            turn: (...) radians by which the phases of a place are shifted.
        """
        angles = self._angles(points) + np.float32(turn).ravel()
        value = np.einsum("no,np->op", self.weights, np.cos(angles))
        slope = np.einsum("nd,np->dp", self.weights * self.vectors, np.sin(angles))
        flat = np.abs(value[0]) / np.maximum(np.sqrt((slope**2).sum(axis=0)), 1e-6)
        return flat.reshape(points.shape[1:])

    def _angles(self, points: np.ndarray) -> np.ndarray:
        return np.einsum("nd,dp->np", self.vectors, points.reshape(3, -1)) + self.phases[:, None]


def ellipsoid(points: np.ndarray, centre: tuple[float, ...], radii: tuple[float | np.ndarray, ...]) -> np.ndarray:
    """(dimensions, ...) points to (...) distances; a radius may differ from point to point."""
    scaled = [(p - c) / r for p, c, r in zip(points, centre, radii)]
    norm = np.sqrt(sum(s**2 for s in scaled))
    slope = np.sqrt(sum((s / r) ** 2 for s, r in zip(scaled, radii)))
    return norm * (norm - 1) / np.maximum(slope, 1e-6)


def tube(points: np.ndarray, path: np.ndarray, radii: np.ndarray | float) -> np.ndarray:
    """A round tube along straight pieces.

    Args:
        points: (dimensions, ...).
        path: (n, dimensions).
        radii: (n,) or one for all.
    """
    path, radii = np.asarray(path, np.float32), np.broadcast_to(np.float32(radii), len(path))
    nearest = None
    for start, end, first, last in zip(path, path[1:], radii, radii[1:]):
        along = end - start
        offset = [p - s for p, s in zip(points, start)]
        part = np.clip(sum(o * a for o, a in zip(offset, along)) / np.float32(along @ along), 0, 1)
        gap = np.sqrt(sum((o - part * a) ** 2 for o, a in zip(offset, along))) - (first + part * (last - first))
        nearest = gap if nearest is None else np.minimum(nearest, gap)
    return nearest


def melt(first: np.ndarray, second: np.ndarray, width: float) -> np.ndarray:
    """The union of two solids, whose seam is filled over about `width`."""
    gap = np.maximum(width - np.abs(first - second), 0)
    return np.minimum(first, second) - gap**2 / (4 * width)


def covered(distance: np.ndarray, pixel: float) -> np.ndarray:
    """The part of each pixel that a solid covers, 0 to 1, from the distance of the pixel's centre."""
    return np.clip(0.5 - distance / pixel, 0, 1)


def parted(points: np.ndarray, centre: np.ndarray, reach: float, push: np.ndarray) -> np.ndarray:
    """Where what is at points (3, ...) was before a lump grew at `centre` (3,) and pushed it away.

    Args:
        reach: how far away things moved.
        push: (...) by how much they gave way, 0 to below 1.
    """
    offset = points - centre.reshape(3, *[1] * (points.ndim - 1))
    return points - push * np.exp(-(offset**2).sum(axis=0) / reach**2) * offset
