"""The case `swd`: the sliced Wasserstein distance, whose random draws are our own."""

from __future__ import annotations

import numpy as np

from tf_ganaug.golden.case import GoldenCase
from tf_ganaug.quality.swd import SlicedWasserstein


def run_swd(case: GoldenCase) -> dict[str, np.ndarray]:
    """Our distances for a `swd` case: `mean`, level by level and then their average."""
    metric = SlicedWasserstein([case.inputs["reals"]], case.kwargs["num_images"], seed=0)
    return {"mean": np.array(list(metric([case.inputs["fakes"]]).values()))}


def tolerances(case: GoldenCase) -> dict[str, np.ndarray]:
    """2 % of the original's mean, or 4 deviations of its runs with other draws where that is wider."""
    mean, deviation = case.outputs["mean"], case.outputs["std"]
    return {"mean": np.maximum(0.02 * mean, 4 * deviation)}
