"""Repeats of a training against those of its baseline: as Bowles 2018 marks its tables, and as a careful reader would.

A score is one number per repeat, of any unit; means, differences and deviations have the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

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


@dataclass(frozen=True)
class Paired:
    """Repeats and their baseline's, repeat by repeat.

    Attributes:
        difference: mean of score - baseline.
        low: lower end of its 95 % interval, by Student's t.
        high: upper end.
        p: of the two-tailed paired t-test.

    All but the difference are NaN where no test can be made: of one repeat, or of equal differences.
    """

    difference: float
    low: float
    high: float
    p: float


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


def paired_test(scores: Sequence[float], baseline: Sequence[float]) -> Paired:
    """Paired t-test of the repeats' differences, with its 95 % interval.

    It answers for what differs between repeats and for nothing else: where they share a subset and a GAN, not for
    the chance of either.

    Args:
        scores: one of each repeat.
        baseline: those of the same repeats, in the same order.

    Raises:
        ValueError: for other numbers of repeats.
    """
    if len(scores) != len(baseline):
        raise ValueError("both must have the same repeats")
    differences = np.subtract(scores, baseline)
    mean = float(differences.mean())
    # Less than rounding: scipy would divide by it.
    if np.ptp(differences) <= 1e-12 * np.abs([scores, baseline]).max():
        return Paired(mean, math.nan, math.nan, math.nan)
    found = stats.ttest_rel(scores, baseline)
    low, high = found.confidence_interval(1 - LEVEL)
    return Paired(mean, float(low), float(high), float(found.pvalue))


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


def compare(scores: pd.DataFrame, measure: str, arm: str, baseline: object, within: Sequence[str]) -> pd.DataFrame:
    """Every training of a table against the baseline of its own data and network.

    Args:
        scores: one row per training and repeat: columns `repeat`, `measure`, `arm` and those of `within`.
        measure: column of the scores.
        arm: column that tells a training from its baseline, such as the share of synthetic patches.
        baseline: its value in the baselines.
        within: columns that a training shares with its baseline.

    Returns:
        Index (*within, arm), in the order of `scores`. Columns `mean`, `deviation` and `repeats`; `p` and `marked` of
        `t_test`; `difference`, `low`, `high` and `paired_p` of `paired_test`, repeats paired by their numbers;
        `effect` of `effect_size`; `holm_p`, the paired p corrected for all of the table. A baseline has NaN for all
        but the first three and is not marked.

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
        base = cells[(*cell[:-1], baseline)]
        if not own.index.equals(base.index):
            raise ValueError(f"{cell} must have the repeats of its baseline")
        records.append(_record(own, None if cell[-1] == baseline else base))
    frame = pd.DataFrame(records, pd.MultiIndex.from_tuples(cells, names=keys))
    return frame.assign(holm_p=holm(frame.paired_p))


def _record(own: pd.Series, base: pd.Series | None) -> dict[str, float]:
    repeats = Repeats.of(own)
    record = {"mean": repeats.mean, "deviation": repeats.deviation, "repeats": repeats.count}
    if base is None:
        compared = dict.fromkeys(("p", "effect", "difference", "low", "high", "paired_p"), math.nan)
        return {**record, **compared, "marked": False}
    against, paired = Repeats.of(base), paired_test(own, base)
    p, effect = t_test(repeats, against), effect_size(repeats, against)
    interval = {"difference": paired.difference, "low": paired.low, "high": paired.high, "paired_p": paired.p}
    return {**record, "p": p, "effect": effect, **interval, "marked": p < LEVEL}
