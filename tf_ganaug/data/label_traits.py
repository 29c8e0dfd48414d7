"""What tells a label's values from class ids: where they lie, and in how many areas."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

#: Pixels a side that are looked at: of larger labels the middle for edges, every second or nth pixel for areas.
_SIDE = 2048


def share_on_edges(label: np.ndarray) -> float:
    """Of the pixels (H, W) between the smallest and the largest value, those that lie between two neighbours' values.

    NaN where there are none.
    """
    top, left = (max(0, side - _SIDE) // 2 for side in label.shape)
    label = label[top : top + _SIDE, left : left + _SIDE]
    between = (label > label.min()) & (label < label.max())
    if not between.any():
        return np.nan
    lowest, highest = ndimage.minimum_filter(label, 3), ndimage.maximum_filter(label, 3)
    return float(((lowest < label) & (label < highest))[between].mean())


def count_areas(label: np.ndarray) -> int:
    """Connected areas of one value other than 0, neighbours by a corner too."""
    from skimage.measure import label as numbered

    step = -(-max(label.shape) // _SIDE)
    return int(numbered(label[::step, ::step], background=0, connectivity=2).max())
