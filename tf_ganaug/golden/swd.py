"""The case `swd`: the sliced Wasserstein distance, whose random draws are our own."""

from __future__ import annotations

import numpy as np

from tf_ganaug.golden.case import GoldenCase
from tf_ganaug.quality.swd import SlicedWasserstein


def run_swd(case: GoldenCase) -> dict[str, np.ndarray]:
    """Our distances for a `swd` case: `mean`, level by level and then their average."""
    reals, fakes = case.inputs["reals"], case.inputs["fakes"]
    metric = SlicedWasserstein([reals], len(reals), seed=0)
    return {"mean": np.array(list(metric([fakes]).values()))}


def share(deviation: np.ndarray, _: str, golden: np.ndarray, ours: np.ndarray) -> float:
    """The largest error in units of 2 % of the original's mean, or of 4 deviations of its runs where that is wider."""
    return float(np.max(np.abs(ours - golden) / np.maximum(0.02 * golden, 4 * deviation)))
