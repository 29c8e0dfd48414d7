"""Where the classes of label maps lie, how large they are and how many maps have them: generated against real."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.quality.closeness import Value

#: What is told of each class, and its unit.
TRAITS = {
    "present": "maps that have it, %",
    "size": "its share of a map that has it, median, %",
    "row": "its centre, % of the height from the top, mean",
    "column": "its centre, % of the width from the left, mean",
}


@dataclass(frozen=True)
class LabelStatistics:
    """Of N label maps and K measured classes.

    Attributes:
        sizes: (N, K) share of each map's pixels, in [0, 1].
        centres: (N, K, 2) row and column of its mean pixel, in [0, 1]; NaN where there is none.
        places: (K, H, W) share of the maps that have the class there.
    """

    sizes: np.ndarray
    centres: np.ndarray
    places: np.ndarray

    def traits(self, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """(K, 4) the `TRAITS` of each class over some maps; NaN where none of them has it."""
        sizes, centres = self.sizes[rows], self.centres[rows]
        found = np.full((sizes.shape[1], len(TRAITS)), np.nan)
        found[:, 0] = (sizes > 0).mean(0)
        for number in np.flatnonzero(found[:, 0]):
            has = sizes[:, number] > 0
            found[number, 1:] = np.median(sizes[has, number]), *centres[has, number].mean(0)
        return 100 * found


def label_statistics(batches: Iterable[np.ndarray], spec: LabelSpec) -> LabelStatistics:
    """Of all label maps of all minibatches (N, H, W), class indices."""
    sizes, centres, places, count = [], [], 0.0, 0
    for labels in batches:
        of_classes = [_of_class(labels == number) for number in spec.measured]
        found, middles, where = (np.stack(parts, axis) for parts, axis in zip(zip(*of_classes), (1, 1, 0)))
        sizes.append(found)
        centres.append(middles)
        places, count = places + where, count + len(labels)
    return LabelStatistics(np.concatenate(sizes), np.concatenate(centres), places / count)


def _of_class(masks: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of masks (N, H, W): shares (N,), centres (N, 2), and in how many of them each pixel is, (H, W)."""
    down, across = ((np.arange(side) + 0.5) / side for side in masks.shape[1:])
    pixels = masks.sum((1, 2))
    sums = np.stack([masks.sum(2) @ down, masks.sum(1) @ across], -1)
    centres = np.divide(sums, pixels[:, None], out=np.full(sums.shape, np.nan), where=pixels[:, None] > 0)
    return pixels / masks[0].size, centres, masks.sum(0)


def compared(
    generated: LabelStatistics, held: LabelStatistics, draws: list[np.ndarray], spec: LabelSpec
) -> pd.DataFrame:
    """Generated label maps beside held-out real ones.

    Args:
        generated: their statistics.
        held: likewise.
        draws: rows of `held`, whose spread is that of chance.
        spec: of the labels.

    Returns:
        A row for each class and trait: class, trait, and those of `closeness.Value`.
    """
    made, drawn = generated.traits(), np.stack([held.traits(rows) for rows in draws])
    real = held.traits()
    rows = []
    for number, index in enumerate(spec.measured):
        for place, trait in enumerate(TRAITS):
            value = Value.of(made[number, place], real[number, place], drawn[:, number, place], True, made.size)
            rows.append({"class": spec.names[index], "trait": trait, **asdict(value)})
    return pd.DataFrame(rows)
