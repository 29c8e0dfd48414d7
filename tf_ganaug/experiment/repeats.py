"""Repeats of a training against those of its baseline: as Bowles 2018 marks its tables, and as a careful reader would.

A score is one number per repeat, of any unit; means, differences and deviations have the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from tf_ganaug.experiment.crossed import Mean

#: Below it a difference is marked (Bowles 2018, 3.1).
LEVEL = 0.05


@dataclass(frozen=True)
class Repeats:
    """What a table prints of the repeats of one training.

    Attributes:
        mean: over the repeats.
        deviation: the sample's, which divides by count - 1; NaN of a single repeat.
        count: of repeats.
    """

    mean: float
    deviation: float
    count: int

    @classmethod
    def of(cls, scores: Sequence[float]) -> Repeats:
        """Of one score per repeat."""
        deviation = np.std(scores, ddof=1) if len(scores) > 1 else math.nan
        return cls(float(np.mean(scores)), float(deviation), len(scores))

    def text(self, marked: bool = False, digits: int = 2) -> str:
        """As tables show it, "89.20 (0.30)"; a mark, bold in the paper, is an asterisk at the end."""
        deviation = f"{self.deviation:.{digits}f}" if self.count > 1 else "one repeat"
        return f"{self.mean:.{digits}f} ({deviation})" + " *" * marked


def t_test(repeats: Repeats, baseline: Repeats) -> float:
    """Two-tailed p of Student's t-test of two independent samples of equal variance.

    Bowles 2018 says no more than "2-tailed t-test". Welch's has the same t for equal counts, with fewer degrees of
    freedom.

    Returns:
        NaN where no test can be made: of one repeat, or if neither sample varies.
    """
    if not _vary(repeats, baseline):
        return math.nan
    samples = ((one.mean, one.deviation, one.count) for one in (repeats, baseline))
    return float(stats.ttest_ind_from_stats(*(number for sample in samples for number in sample)).pvalue)


def effect_size(repeats: Repeats, baseline: Repeats) -> float:
    """Cohen's d: the difference of the means over the pooled deviation, so that printed tables have one too.

    Returns:
        NaN as of `t_test`.
    """
    if not _vary(repeats, baseline):
        return math.nan
    squares = sum((one.count - 1) * one.deviation**2 for one in (repeats, baseline))
    return (repeats.mean - baseline.mean) / math.sqrt(squares / (repeats.count + baseline.count - 2))


def _vary(repeats: Repeats, baseline: Repeats) -> bool:
    """Whether a difference can be measured by how much the repeats differ among themselves."""
    return min(repeats.count, baseline.count) > 1 and max(repeats.deviation, baseline.deviation) > 0


def holm(p: Sequence[float]) -> np.ndarray:
    """Holm's step-down correction: below a level, the hypothesis is rejected with that chance of any false rejection.

    The smallest of m is multiplied by m, the next by m - 1, and so on; each is at least the one before, at most 1.

    Args:
        p: (M,) of one family; a NaN is no test, does not count and stays.

    Returns:
        (M,) float64, in the order given.
    """
    corrected = np.array(p, np.float64)
    tested = np.flatnonzero(~np.isnan(corrected))
    ordered = tested[np.argsort(corrected[tested], kind="stable")]
    factors = np.arange(len(ordered), 0, -1)
    corrected[ordered] = np.minimum(np.maximum.accumulate(factors * corrected[ordered]), 1.0)
    return corrected


def compare(
    scores: pd.DataFrame,
    measure: str,
    arm: str,
    baseline: object,
    within: Sequence[str],
    difference: Callable[[tuple, tuple], Mean],
) -> pd.DataFrame:
    """Every training of a table against the baseline of its own data and network.

    Args:
        scores: one row per training and repeat: columns `repeat`, `measure`, `arm` and those of `within`.
        measure: column of the scores.
        arm: column that tells a training from its baseline, such as the share of synthetic patches.
        baseline: its value in the baselines.
        within: columns that a training shares with its baseline.
        difference: of a training from its baseline, with interval; both as (*within, arm).

    Returns:
        Index (*within, arm), in the order of `scores`. Columns `mean`, `deviation` and `repeats`; `p` and `marked` of
        `t_test`; `effect` of `effect_size`; `difference`, and `holm_p`, its p corrected for all of the table. A
        baseline has NaN, or None, for all but the first three and is not marked.

    Raises:
        ValueError: if a training has a repeat twice, or other repeats than its baseline.
        KeyError: if there is no baseline.
    """
    keys = [*within, arm]
    indexed = scores.set_index([*keys, "repeat"])[measure]
    if not indexed.index.is_unique:
        raise ValueError("every training must have each repeat once")
    cells = {cell: one.droplevel(keys).sort_index() for cell, one in indexed.groupby(level=keys, sort=False)}
    records = []
    for cell, own in cells.items():
        of = (*cell[:-1], baseline)
        if not own.index.equals(cells[of].index):
            raise ValueError(f"{cell} must have the repeats of its baseline")
        against = None if cell == of else difference(cell, of)
        records.append(_record(own, cells[of], against))
    frame = pd.DataFrame(records, pd.MultiIndex.from_tuples(cells, names=keys))
    return frame.assign(holm_p=holm([math.nan if one is None else one.p for one in frame.difference]))


def _record(own: pd.Series, base: pd.Series, difference: Mean | None) -> dict:
    repeats, against = Repeats.of(own), Repeats.of(base)
    record = {"mean": repeats.mean, "deviation": repeats.deviation, "repeats": repeats.count, "difference": difference}
    if difference is None:
        return {**record, "p": math.nan, "effect": math.nan, "marked": False}
    p = t_test(repeats, against)
    return {**record, "p": p, "effect": effect_size(repeats, against), "marked": p < LEVEL}
