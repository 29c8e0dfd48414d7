"""How segmenters learnt, row by row, and which were still improving when their training ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from tf_ganaug.run import read_metrics

#: The best validation lies in this last share of the steps where a training was not at its end.
LAST = 0.1

#: So many rows are named.
NAMED = 4


def still_improving(validated: dict[str, pd.DataFrame]) -> list[str]:
    """The arms whose best validation lies in the last tenth of their steps."""
    late = {}
    for name, frame in validated.items():
        best = frame.step[frame.validation_dice.idxmax()]
        late[name] = best > (1 - LAST) * frame.step.max()
    return [name for name, is_late in late.items() if is_late]


def mean_records(runs: Iterable[Path]) -> pd.DataFrame:
    """What the trainings of these folders wrote: a line for each step, the mean; empty where nothing was written."""
    frames = [pd.DataFrame(records) for run in runs if (records := read_metrics(run))]
    return pd.concat(frames).groupby("step", as_index=False).mean() if frames else pd.DataFrame()


def row_records(runs: Iterable[Path]) -> dict[str, pd.DataFrame]:
    """`mean_records` of each row's repeats.

    Args:
        runs: folders that end in -repeat and a number; rows where nothing was written are left out.
    """
    rows = defaultdict(list)
    for run in runs:
        rows[run.name.rsplit("-repeat", 1)[0]].append(run)
    means = {row: mean_records(its_runs) for row, its_runs in rows.items()}
    return {row: frame for row, frame in means.items() if len(frame)}


def validated_rows(folder: Path) -> dict[str, pd.DataFrame]:
    """Of a paper's finished segmenters, the validations of each row: step, and validation_dice, its repeats' mean."""
    records = row_records(sorted(path.parent for path in folder.glob("*-repeat*/result.json")))
    return {row: frame.dropna(subset="validation_dice") for row, frame in records.items()}


def improving_rows(folder: Path) -> list[str]:
    """What a paper's report says, above all tables, of rows that longer training may change."""
    rows = validated_rows(folder)
    late = still_improving(rows)
    if not late:
        return []
    named = ", ".join(late[:NAMED]) + (f" and {len(late) - NAMED} more" if len(late) > NAMED else "")
    return [
        f"Still improving: {len(late)} of {len(rows)} rows of segmenters were best in the last tenth of their training "
        f"({named}). Longer training may change what the tables say."
    ]
