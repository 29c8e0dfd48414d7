"""Screening generated label maps by their z-scores against the real ones (Foroozandeh 2020, section 3.4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tf_ganaug.errors import InputError


@dataclass(frozen=True)
class Reference:
    """Mean and deviation of the real label maps, pixel by pixel.

    Attributes:
        mean: (H, W) float64, over the maps.
        deviation: (H, W) float64, the square root of the mean squared difference; 0 where all maps agree.
        epsilon: stands for a deviation of 0: 1 / sqrt(number of maps), about the deviation of a pixel at
            which a single map differs by 1. A value never seen so counts like one seen once.
    """

    mean: np.ndarray
    deviation: np.ndarray
    epsilon: float

    @classmethod
    def from_maps(cls, batches: Iterable[np.ndarray]) -> Reference:
        """Of all maps of all minibatches (N, H, W), integers.

        Raises:
            InputError: if there is none.
        """
        count, total, squares = 0, 0.0, 0.0
        for maps in batches:
            values = np.asarray(maps, np.float64)
            count += len(values)
            total = total + values.sum(0)
            squares = squares + (values**2).sum(0)
        if not count:
            raise InputError("z-scores", "real label maps to compare with", "none", "name a data set that has some")
        # Sums of integers are exact in float64, so a pixel without variation has exactly 0.
        variance = (count * squares - total**2) / count**2
        return cls(total / count, np.sqrt(variance), count**-0.5)

    def norms(self, maps: np.ndarray) -> np.ndarray:
        """Euclidean norm of each map's z-scores.

        A z-score is (value - mean) / deviation, with `epsilon` where the deviation is 0: there a value
        equal to the mean has 0.

        Args:
            maps: (N, H, W) integers.

        Returns:
            (N,) float64.
        """
        z = (maps - self.mean) / np.where(self.deviation > 0, self.deviation, self.epsilon)
        return np.sqrt(np.einsum("nhw,nhw->n", z, z))


@dataclass(frozen=True)
class Screen:
    """What a threshold keeps.

    Attributes:
        threshold: maps whose norm is larger are removed.
        kept: indices of the synthetic maps that stay, ascending.
        removed: indices of the others, ascending.
        real_share: of the real maps, that would be removed.
    """

    threshold: float
    kept: np.ndarray
    removed: np.ndarray
    real_share: float

    @property
    def synthetic_share(self) -> float:
        """Of the synthetic maps, that is removed."""
        return len(self.removed) / (len(self.kept) + len(self.removed))


def screen(real_norms: np.ndarray, synthetic_norms: np.ndarray, threshold: float) -> Screen:
    """Removes the synthetic maps whose norm is larger than `threshold`, 500 in the paper.

    Args:
        real_norms: (R,), of the reference's own maps.
        synthetic_norms: (N,).
        threshold: at least 0.
    """
    out = synthetic_norms > threshold
    return Screen(threshold, np.flatnonzero(~out), np.flatnonzero(out), float(np.mean(real_norms > threshold)))


def find_threshold(real_norms: np.ndarray, synthetic_norms: np.ndarray, most: float) -> float:
    """The threshold that removes most synthetic maps while at most a share of the real ones would be.

    Of all thresholds that remove equally many synthetic maps it is the one that removes fewest real
    ones. The paper chose by experiment, with the same two aims.

    Args:
        real_norms: (R,), R > 0.
        synthetic_norms: (N,).
        most: share of the real maps that may be lost, in [0, 1).

    Returns:
        The norm of a real map.
    """
    ordered = np.sort(real_norms)
    losable = int(most * len(ordered) + 1e-9)
    lowest = ordered[-1 - losable]
    removed = synthetic_norms[synthetic_norms > lowest]
    return float(ordered[ordered < removed.min(initial=np.inf)].max())
