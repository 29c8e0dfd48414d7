"""How generated points lie among real ones: precision, recall (Kynkäänniemi 2019), density, coverage (Naeem 2020).

Each looks at balls about points, as wide as the distance to the k-th nearest other point of the same set. Kynkäänniemi
takes k = 3, Naeem k = 5; a ball holds its surface in the first paper's program only.
"""

from __future__ import annotations

import numpy as np

#: Neighbours of precision and recall, and of density and coverage.
K_PRECISION, K_DENSITY = 3, 5

#: Rows of distances computed at a time.
ROWS = 512


def distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N, D) and (M, D) to the (N, M) float32 Euclidean distances; an array with itself has exact zeros."""
    first64, second64 = (points.astype(np.float64) for points in (first, second))
    squares = (second64**2).sum(1)
    found = np.empty((len(first), len(second)), np.float32)
    for start in range(0, len(first), ROWS):
        rows = first64[start : start + ROWS]
        squared = (rows**2).sum(1)[:, None] + squares - 2 * rows @ second64.T
        found[start : start + ROWS] = np.sqrt(np.maximum(squared, 0))
    if first is second:
        np.fill_diagonal(found, 0)
    return found


def radii(within: np.ndarray, k: int) -> np.ndarray:
    """(N, N) distances of a set to itself to (N,), that of each point to its k-th nearest other, N > k."""
    return np.partition(within, k, axis=1)[:, k]


def precision(between: np.ndarray, real_radii: np.ndarray) -> float:
    """Share of generated points within the ball of some real point.

    Args:
        between: (N, M) from real to generated points.
        real_radii: (N,), `radii` of the real points for `K_PRECISION`.
    """
    return float((between <= real_radii[:, None]).any(0).mean())


def recall(between: np.ndarray, generated_radii: np.ndarray) -> float:
    """Share of real points within the ball of some generated point; `generated_radii` (M,) likewise."""
    return float((between <= generated_radii).any(1).mean())


def density(between: np.ndarray, real_radii: np.ndarray, k: int = K_DENSITY) -> float:
    """Real balls that a generated point lies in, the mean over points, over `k`; `real_radii` are for that k."""
    return float((between < real_radii[:, None]).sum() / (k * between.shape[1]))


def coverage(between: np.ndarray, real_radii: np.ndarray) -> float:
    """Share of real balls that hold a generated point; `real_radii` are for `K_DENSITY`."""
    return float((between.min(1) < real_radii).mean())


def realism(between: np.ndarray, real_radii: np.ndarray) -> np.ndarray:
    """(M,) how far inside the nearest ball each point is: a ball's radius over the distance to its centre, the largest.

    Balls wider than half of them are left out, as they hold much that is not real (Kynkäänniemi 2019).
    """
    kept = real_radii <= np.median(real_radii)
    return (real_radii[kept, None] / np.maximum(between[kept], 1e-12)).max(0)
