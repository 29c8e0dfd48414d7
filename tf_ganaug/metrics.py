"""Overlap and surface distance of two masks, and IoU over a whole set: plain numpy and scipy, millimetres.

Empty masks: if both are empty the overlap measures are 1 and the distances 0; if one is, the overlaps
are 0 and the distances the length of the image's diagonal, so that a mean over cases stays finite and
a missed object costs. Precision is 0 if nothing is predicted though something is there, recall is 1
if nothing is there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree
from skimage.measure import label as connected_components


def overlap(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Dice, IoU, precision and recall of two boolean masks of one shape, each in [0, 1].

    And the numbers of pixels they come from: `pixels_true`, `pixels_found` and `pixels_both`, whose
    sums over many images give the measures of a whole set.
    """
    both = float(np.count_nonzero(truth & predicted))
    true, found = float(np.count_nonzero(truth)), float(np.count_nonzero(predicted))
    pixels = {"pixels_true": true, "pixels_found": found, "pixels_both": both}
    if true + found == 0:
        return {"dice": 1.0, "iou": 1.0, "precision": 1.0, "recall": 1.0, **pixels}
    return {
        **pixels,
        "dice": 2 * both / (true + found),
        "iou": both / (true + found - both),
        "precision": both / found if found else 0.0,
        "recall": both / true if true else 1.0,
    }


def surface_distances(truth: np.ndarray, predicted: np.ndarray, spacing: Sequence[float]) -> dict[str, float]:
    """Distances between the borders of two boolean masks, in the unit of `spacing`.

    The border is every pixel of the mask with a 4-neighbour outside it or on the image's edge. Each
    border pixel of one mask has a distance to the nearest of the other, both ways pooled.

    Args:
        truth: (H, W).
        predicted: (H, W).
        spacing: (row, column) millimetres per pixel.

    Returns:
        `hausdorff`, the largest distance; `hausdorff95`, the larger of the two directions' 95th
        percentiles; `surface_distance`, the mean over all border pixels of both (average symmetric
        surface distance).
    """
    true, found = (_border(mask) * np.asarray(spacing, float) for mask in (truth, predicted))
    if len(true) == 0 or len(found) == 0:
        diagonal = float(np.hypot(*(np.array(truth.shape) * spacing)))
        worst = 0.0 if len(true) == len(found) else diagonal
        return {"hausdorff": worst, "hausdorff95": worst, "surface_distance": worst}
    there, back = cKDTree(found).query(true)[0], cKDTree(true).query(found)[0]
    return {
        "hausdorff": float(max(there.max(), back.max())),
        "hausdorff95": float(max(np.percentile(there, 95), np.percentile(back, 95))),
        "surface_distance": float((there.sum() + back.sum()) / (len(there) + len(back))),
    }


def _border(mask: np.ndarray) -> np.ndarray:
    """(K, 2) positions of the border pixels, looked for inside the mask's bounding box only."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    if not len(rows):
        return np.empty((0, 2), np.int64)
    top, left = rows[0], columns[0]
    part = mask[top : rows[-1] + 1, left : columns[-1] + 1]
    inner = np.zeros_like(part)
    inner[1:-1, 1:-1] = part[:-2, 1:-1] & part[2:, 1:-1] & part[1:-1, :-2] & part[1:-1, 2:]
    return np.argwhere(part & ~inner) + (top, left)


def largest_component(mask: np.ndarray) -> np.ndarray:
    """The largest 8-connected component of a boolean mask; of equals, the first; empty stays empty."""
    components = connected_components(mask, connectivity=2)
    sizes = np.bincount(components.ravel())
    if len(sizes) == 1:
        return mask
    return components == 1 + int(np.argmax(sizes[1:]))
