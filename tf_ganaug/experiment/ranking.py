"""Which of several kinds of GAN helps most: changes whose intervals hold all at once, and the ranks they leave open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from tf_ganaug.experiment.crossed import CONFIDENCE, Mean
from tf_ganaug.experiment.repeats import holm


def ranking(changes: Mapping[str, np.ndarray], gans: Mapping[str, Sequence], margin: float) -> pd.DataFrame:
    """Several kinds of GAN, the largest change first.

    The intervals and p are Bonferroni's: with this confidence all intervals hold at once, and the verdict is theirs. Of
    the ranks, those are left out that a kind cannot have because others were surely better or worse (Mohamad and
    others 2019): differences of every two kinds are tested, p after Holm's correction for all of them.

    Args:
        changes: of each kind, (subjects, repeats), finite: with its images less without, on the same subjects and in
            the same repeats, in order.
        gans: of each kind, which GAN each repeat had.
        margin: below which a change does not matter.

    Returns:
        Columns kind, change, low, high, p, verdict, best_rank, worst_rank, subjects, repeats, gans.

    Raises:
        ValueError: if kinds have other subjects or repeats than each other.
    """
    if len({results.shape for results in changes.values()}) > 1:
        raise ValueError("all kinds must have the same subjects and repeats")
    confidence = 1 - (1 - CONFIDENCE) / len(changes)
    ranks = _ranks(changes, gans)
    rows = []
    for kind, results in changes.items():
        mean = Mean.of(results, gans[kind], confidence)
        p = min(1.0, len(changes) * mean.p) if mean.p == mean.p else mean.p
        best, worst = ranks[kind]
        counts = {"subjects": mean.subjects, "repeats": mean.repeats, "gans": mean.gans}
        found = {"kind": kind, "change": mean.mean, "low": mean.low, "high": mean.high, "p": p}
        rows.append({**found, "verdict": mean.verdict(margin), "best_rank": best, "worst_rank": worst, **counts})
    return pd.DataFrame(rows).sort_values("change", ascending=False, kind="stable", ignore_index=True)


def _ranks(changes: Mapping[str, np.ndarray], gans: Mapping[str, Sequence]) -> dict[str, tuple[int, int]]:
    """The best and the worst rank of each kind that the tests of every two leave open, 1 the best."""
    pairs = list(combinations(changes, 2))
    means = [Mean.of(changes[a] - changes[b], list(zip(gans[a], gans[b]))) for a, b in pairs]
    ranks = {kind: (1, len(changes)) for kind in changes}
    for (a, b), mean, p in zip(pairs, means, holm([mean.p for mean in means])):
        if p < 1 - CONFIDENCE:
            better, worse = (a, b) if mean.mean > 0 else (b, a)
            ranks[better] = (ranks[better][0], ranks[better][1] - 1)
            ranks[worse] = (ranks[worse][0] + 1, ranks[worse][1])
    return ranks
