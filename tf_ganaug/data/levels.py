"""Order statistics and counts of the values of an image or label, in memory of about the array's own size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: Values that lie within so many are counted in a table.
_TABLE = 2**16

#: Pixels that are counted at a time.
_STRIP = 2**20


def counts_of(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different values of an array in their order, and how often each stands there; as `np.unique` gives them."""
    low, high = pixels.min(), pixels.max()
    if pixels.dtype.kind not in "iu" or int(high) - int(low) >= _TABLE:
        return np.unique(pixels, return_counts=True)
    flat, counts = pixels.reshape(-1), np.zeros(int(high) - int(low) + 1, np.int64)
    for start in range(0, flat.size, _STRIP):
        counts += np.bincount(flat[start : start + _STRIP].astype(np.int64) - int(low), minlength=len(counts))
    present = np.flatnonzero(counts)
    return (present + int(low)).astype(pixels.dtype), counts[present]


def at_ranks(pixels: np.ndarray, ranks: Sequence[int]) -> list[float]:
    """The values at these places of the sorted array."""
    if pixels.dtype.kind in "iu" and int(pixels.max()) - int(pixels.min()) < _TABLE:
        values, counts = counts_of(pixels)
        return values[np.searchsorted(np.cumsum(counts), ranks, side="right")].astype(float).tolist()
    ordered = np.partition(pixels.reshape(-1), sorted(set(ranks)))
    return ordered[list(ranks)].astype(float).tolist()


class Levels:
    """Of an image (H, W, C).

    Attributes:
        minimum, maximum: of its values.
        low, high: their 1st and 99th percentile.
        middle: median of the values above the minimum; the minimum where there are none.
        at_maximum: share of the values that are the maximum.
    """

    def __init__(self, image: np.ndarray):
        self.minimum, self.maximum = float(image.min()), float(image.max())
        self.at_maximum = np.count_nonzero(image == image.max()) / image.size
        above = np.count_nonzero(image == image.min())
        last = image.size - 1
        middles = (min((above + last) // 2, last), min((above + last + 1) // 2, last))
        places = [last * part for part in (0.01, 0.99)]
        ranks = [*middles, *(int(place) for place in places), *(min(int(place) + 1, last) for place in places)]
        first, second, *ends = at_ranks(image, ranks)
        self.middle = (first + second) / 2
        self.low, self.high = (
            here + (there - here) * (place - int(place)) for place, here, there in zip(places, ends[:2], ends[2:])
        )
