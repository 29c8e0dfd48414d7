"""Which trained generators' images are worth adding (Karki 2020, sections 3.2 and 5).

The paper asks for comparatively high FCN scores, low average blurriness and most images misclassified as real,
and prints no rule that combines them. The one here:

1. A candidate whose FCN score is below `FLOOR` times the best is out; the paper calls it the most important.
2. The others are ranked, the best first, by FCN score, by sharpness and by share judged real. Sharpness counts
   up to that of the originals only, because noise is sharper. Equal candidates share the mean of their ranks.
3. Chosen are those whose sum of ranks is at most `MARGIN` above the smallest: of two candidates both, if each is
   better in something.
4. The chosen share the label maps evenly (`pooled_images`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

#: Of the best FCN score, what a candidate needs.
FLOOR = 0.8

#: In the sum of three ranks, what a chosen candidate may be behind the first.
MARGIN = 1.0

MEASURES = ("fcn_score", "sharpness", "share_real")


def select(candidates: pd.DataFrame, original_sharpness: float) -> pd.DataFrame:
    """The candidates by the module's rule.

    Args:
        candidates: a row each, with `MEASURES`: mean FCN score, mean variance of the Laplacian, and share
            judged real.
        original_sharpness: mean variance of the Laplacian of the originals.

    Returns:
        The same rows with `rank_sum`, 3 at best and NaN for one that is out, and `chosen`, true for at least one.
    """
    able = candidates["fcn_score"] >= FLOOR * candidates["fcn_score"].max()
    counted = candidates.loc[able, list(MEASURES)]
    counted = counted.assign(sharpness=counted["sharpness"].clip(upper=original_sharpness))
    sums = counted.rank(ascending=False).sum(axis=1).reindex(candidates.index)
    return candidates.assign(rank_sum=sums, chosen=sums <= sums.min() + MARGIN)


def pooled_images(chosen: Sequence[np.ndarray]) -> np.ndarray:
    """One image per label map, in turn from each of the chosen candidates: map i from candidate i mod their number.

    Args:
        chosen: of each candidate the images (N, H, W, C) of all label maps, in one order.

    Returns:
        (N, H, W, C).
    """
    pooled = np.array(chosen[0])
    for number, images in enumerate(chosen):
        pooled[number :: len(chosen)] = images[number :: len(chosen)]
    return pooled
