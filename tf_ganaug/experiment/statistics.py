"""What a table's rows say of a difference."""

from __future__ import annotations

import numpy as np
import pandas as pd


def per_case(frame: pd.DataFrame, measure: str, *keys: str) -> pd.Series:
    """One number per case: the mean over classes and repeats. Index (*keys, subject, case)."""
    return frame.groupby([*keys, "subject", "case"])[measure].mean()


def paired_difference(
    frame: pd.DataFrame, baseline: pd.DataFrame, measure: str, draws: int = 10000, seed: int = 0
) -> tuple[float, float, float]:
    """Mean difference of two rows on the same cases, with a 95 % bootstrap interval over subjects.

    The interval covers which subjects were tested, not the chance of one training; repeats average
    that out but widen nothing.

    Args:
        frame: measures of one row's cases.
        baseline: measures of another's, on the same cases.
        measure: column to compare.
        draws: bootstrap samples.
        seed: of the bootstrap.

    Returns:
        Difference, lower and upper end of the interval, in the measure's unit.

    Raises:
        ValueError: if the two rows were measured on different cases.
    """
    mine, theirs = per_case(frame, measure), per_case(baseline, measure)
    if not mine.index.equals(theirs.index):
        raise ValueError("both rows must have been measured on the same cases")
    difference = mine - theirs
    subjects = difference.groupby(level="subject").agg(["sum", "count"])
    sums, counts = subjects["sum"].to_numpy(), subjects["count"].to_numpy()
    chosen = np.random.default_rng(seed).integers(0, len(sums), (draws, len(sums)))
    means = sums[chosen].sum(1) / counts[chosen].sum(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(difference.mean()), float(low), float(high)
