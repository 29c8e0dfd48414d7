"""Tables 1 and 2 of Liu et al. 2019: their rows, and ours beside the printed numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tf_ganaug.experiment.report import Section, Table
from tf_ganaug.experiment.statistics import interval_note, paired_pooled_difference, pooled, with_interval
from tf_ganaug.papers.liu2019.study import RecombinationStudy
from tf_ganaug.papers.liu2019.tasks import StreetTask

#: The printed mIoU in percent of Tables 1 and 2, and for "baseline" of the row Tradition.
PRINTED = {"baseline": 77.31, "single": 78.65, "several": 78.82, "reconstruction": 79.41, "style": 79.10}


@dataclass(frozen=True)
class Row:
    """A row of the tables.

    Attributes:
        name: as shown.
        method: key of `PRINTED`.
        tasks: one per repeat.
        printed: whether the paper has this very row.
    """

    name: str
    method: str
    tasks: tuple[StreetTask, ...]
    printed: bool = True


def rows(study: RecombinationStudy, parts: Sequence[str]) -> list[Row]:
    """Of Tables 1 and 2, those that the parts need: the baseline first."""
    s = study.settings

    def tasks(**what) -> tuple[StreetTask, ...]:
        return tuple(StreetTask(**what, repeat=repeat) for repeat in range(s.repeats))

    found = [Row("Tradition", "baseline", tasks())]
    if set(parts) - {"distribution"}:
        found.append(Row("Tradition, longer", "baseline", tasks(longer=True), printed=False))
    style = "Style transfer" if s.style.vgg19 else "Colour statistics"
    names = {"single": "Single label", "several": "Multi-label", "style": style}
    for method, name in names.items():
        if method in parts:
            printed = method != "style" or s.style.vgg19 is not None
            found.append(Row(name, method, tasks(method=method, share=s.share), printed))
    if "reconstruction" in parts:
        for draw in range(s.maps.reconstructions):
            name = f"Reconstruction {draw + 1}" if draw else "Reconstruction"
            again = tasks(method="reconstruction", share=s.share, draw=draw)
            found.append(Row(name, "reconstruction", again, draw == 0))
    return found


def sweep(study: RecombinationStudy, parts: Sequence[str]) -> dict[float, StreetTask]:
    """Share to its network of Figure 7: reconstructions, and the baseline at 0."""
    if "ratio" not in parts:
        return {}
    shares = sorted(study.settings.shares)
    return {share: StreetTask("reconstruction", share=share) if share else StreetTask() for share in shares}


def tables(study: RecombinationStudy, table: Sequence[Row], test: pd.DataFrame) -> list[Section]:
    """Tables 1 and 2, ours beside the printed values, percent."""
    first = [row for row in table if row.method not in ("style",)]
    second = [row for row in table if row.method in ("baseline", "style", "reconstruction")]
    s = study.settings
    how = "supplementary images first, then the originals" if s.order == "sequential" else "all images mixed"
    caption = (
        f"IoU over all {test.case.nunique()} test images as one set, at native size, void not counted; mean of "
        f"{s.repeats} network(s) per row; {how}. Tradition is trained with rotation and zooming in, as all rows are; "
        "longer: for as many iterations as the rows below in all. " + interval_note(s.repeats, "images")
    )
    found = [Section("Table 1: recombined label maps", [Table(_table(study, first, test), caption)])]
    raised = _raised(study, table, test)
    if len(raised):
        text = "IoU of the classes that the supplementary images raise, percent; the paper: +5.0 for the added class."
        found[0].parts.append(Table(raised, text))
    if len(second) > 2:
        parts: list = [Table(_table(study, second, test), "As Table 1.")]
        if not s.style.vgg19 and any(row.method == "style" for row in second):
            parts.append(
                "Without VGG-19 weights there is no style transfer: the row gives photographs the colours and the "
                "texture of others by their statistics (augment/statistics_transfer.py). "
                "--set style.vgg19=FILE makes the paper's row."
            )
        found.append(Section("Table 2: other augmentations", parts))
    return found


def _table(study: RecombinationStudy, table: Sequence[Row], test: pd.DataFrame) -> pd.DataFrame:
    records = []
    base, longer = (test[test.row == row.name] for row in table[:2])
    for row in table:
        mine = test[test.row == row.name]
        task, each = row.tasks[0], mine.groupby("repeat").apply(_miou)
        spread = f" ± {100 * each.std():.2f}" if len(each) > 1 else ""
        record = {
            "Method": row.name,
            "mIoU": f"{100 * each.mean():.2f}{spread} %",
            "Paper": f"{PRINTED[row.method]:.2f} %" if row.printed else "not in the paper",
            "over Tradition [95 %]": "" if row is table[0] else _difference(mine, base),
        }
        gained = row.printed and row.method != "baseline"
        record["Paper: over"] = f"{PRINTED[row.method] - PRINTED['baseline']:+.2f}" if gained else ""
        record["over longer [95 %]"] = _difference(mine, longer) if task.share else ""
        record["Supplementary"] = study.supplement(task).count if task.share else 0
        record["Iterations"] = " + ".join(map(str, study.iterations(task)))
        records.append(record)
    return pd.DataFrame(records)


def _raised(study: RecombinationStudy, table: Sequence[Row], test: pd.DataFrame) -> pd.DataFrame:
    """IoU of the raised classes, of the overlays; the baseline's beside it."""
    records = []
    base, longer = (test[test.row == row.name] for row in table[:2])
    for row in table:
        if row.method not in ("single", "several", "reconstruction"):
            continue
        # A reconstruction raises them all; shown are those that an overlay would.
        mine, names = test[test.row == row.name], study.raised("single" if row.method == "single" else "several")
        found, before = pooled(mine, "iou"), pooled(base, "iou")
        for name in names:
            records.append(
                {
                    "Method": row.name,
                    "Class": name,
                    "Tradition": 100 * before[name],
                    "IoU": 100 * found[name],
                    "over Tradition [95 %]": _difference(mine, base, [name]),
                    "over longer [95 %]": _difference(mine, longer, [name]),
                }
            )
    return pd.DataFrame(records)


def _miou(frame: pd.DataFrame) -> float:
    return float(np.nanmean(pooled(frame.assign(repeat=0), "iou")))


def _difference(mine: pd.DataFrame, base: pd.DataFrame, classes: Sequence[str] | None = None) -> str:
    names = list(base["class"].unique()) if classes is None else classes
    if not mine.pixels_true[mine["class"].isin(names)].any():
        return "absent"
    return with_interval(paired_pooled_difference(mine, base, "iou", names), 100)
