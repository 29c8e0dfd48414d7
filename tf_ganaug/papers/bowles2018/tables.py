"""Tables 1 to 4 of Bowles et al. 2018, ours beside the printed ones, and what a careful reader would ask of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from tf_ganaug.experiment.crossed import Mean
from tf_ganaug.experiment.repeats import Repeats, compare
from tf_ganaug.experiment.report import Section, Table
from tf_ganaug.experiment.statistics import PIXELS, interval_note, paired_subject_difference, with_interval
from tf_ganaug.papers.bowles2018.printed import Cell, Experiment, PrintedTable
from tf_ganaug.papers.bowles2018.study import PatchStudy
from tf_ganaug.papers.bowles2018.tasks import PatchTask

#: Names of Table 3's rows by rotation and whether there are synthetic patches.
AUGMENTATIONS = {
    (False, False): "No augmentation",
    (False, True): "GAN augmentation",
    (True, False): "Rotation augmentation",
    (True, True): "GAN + Rotation augmentation",
}


def dice(frame: pd.DataFrame) -> pd.Series:
    """Of each class, the mean over subjects of the Dice over all slices of a subject as one volume, percent.

    A subject without the class in truth and prediction does not count for it; NaN if none does.

    Args:
        frame: columns `subject`, `class` and the pixel counts of `metrics.overlap`.

    Returns:
        Index: class, in the order of the frame.
    """
    sums = frame.groupby(["class", "subject"], sort=False)[["pixels_true", "pixels_found", "pixels_both"]].sum()
    sizes = (sums.pixels_true + sums.pixels_found).replace(0, np.nan)
    return (200 * sums.pixels_both / sizes).groupby("class", sort=False).mean()


def counts(study: PatchStudy, cells: Mapping[Cell, Sequence[PatchTask]]) -> pd.DataFrame:
    """Pixels of every subject's class: the fields of the segmenter's cell, `repeat`, `subject`, `class`, and counts."""
    parts = []
    for cell, tasks in cells.items():
        for task in tasks:
            sums = study.measures(task).groupby(["subject", "class"], sort=False)[list(PIXELS)].sum().reset_index()
            parts.append(sums.assign(**vars(cell), repeat=task.repeat))
    return pd.concat(parts, ignore_index=True)


def scores(found: pd.DataFrame) -> pd.DataFrame:
    """One row per segmenter of `counts`: its cell's fields, `repeat`, `dice` (the mean over classes), every class."""
    keys = [*Cell.__dataclass_fields__, "repeat"]
    records = []
    for names, rows in found.groupby(keys, sort=False):
        classes = dice(rows)
        records.append({**dict(zip(keys, names)), "dice": classes.mean(), **classes})
    return pd.DataFrame(records)


def experiments_section(study: PatchStudy, experiments: Sequence[Experiment], cells: Mapping, gans: int) -> Section:
    """Table 1: the rows that were asked for, and how many trainings they are."""
    kinds = {(True,): "Rotation + GAN", (False,): "GAN", (False, True): "None, GAN, rotation, rotation + GAN"}
    frame = pd.DataFrame(
        {
            "% of available real data": ", ".join(map(str, one.available)),
            "% added synthetic data": ", ".join(f"{added:g}" for added in one.added),
            "Segmentation network": ", ".join(one.networks),
            "Dataset": one.data,
            "Augmentation type": kinds[one.rotation],
        }
        for one in experiments
    )
    s = study.settings
    caption = (
        f"{len(cells)} different cells with {s.repeats} repeats each: {len(cells) * s.repeats} segmenters, and {gans} "
        "GANs. Cells that two rows share are trained once."
    )
    parts: list = [Table(frame, caption), epochs(study, experiments)] if len(frame) else []
    parts.append(
        f"Every fraction stands as {s.patches.count} patches of {s.patches.size} x {s.patches.size} pixels, the same "
        "for its GAN and its segmenters; synthetic patches are added to them. "
        + (f"Patches are turned by up to {s.patches.rotation:g} degrees. " if s.patches.rotation else "")
        + _small(study)
        + "DSC: all test slices of a subject as one volume; mean over subjects, then over classes."
    )
    return Section("Table 1: experiments", [*parts, _of_repeats(study)])


def epochs(study: PatchStudy, experiments: Sequence[Experiment]) -> Table:
    """How often the trainings see each real patch, by network and amount of synthetic patches."""
    networks = dict.fromkeys(name for one in experiments for name in one.networks)
    amounts = sorted({added for one in experiments for added in one.added})
    frame = pd.DataFrame(
        {"Segmentation network": name}
        | {f"+{added:g}% synthetic": f"{study.epochs(name, added):.2f}" for added in amounts}
        for name in networks
    )
    equal = (
        "every training has the same number of iterations, so that what is added takes its part of them, and a row "
        "with synthetic patches has seen each real one less often. A difference between rows has both causes."
    )
    longer = "trainings with synthetic patches are so much longer that each real one is seen as often."
    return Table(frame, f"Epochs over the real patches: {equal if study.settings.equal_steps else longer}")


def _small(study: PatchStudy) -> str:
    """Says so where slices are smaller than patches."""
    side = study.settings.patches.size
    if min(study.height, study.width) >= side:
        return ""
    return f"Slices of {study.height} x {study.width} pixels are smaller and padded by their edges. "


def _of_repeats(study: PatchStudy) -> str:
    """What a repeat is, and what follows from tests between repeats."""
    if study.settings.redraw:
        return (
            "A repeat has its own subset of the data, its own GAN and its own segmenters: a difference that is "
            "significant would be found again with another subset and another GAN, on these test images."
        )
    return (
        "A repeat has its own segmenter: weights and the order of patches. All repeats share one subset and one GAN "
        "per fraction. A difference that is significant holds for this subset and this GAN; how another of either "
        "would do is not tested (--set redraw=true does)."
    )


def table(
    title: str,
    found: pd.DataFrame,
    rows: Callable[[pd.DataFrame], pd.Series],
    printed: PrintedTable,
    own_gans: bool,
    unit: str = "Additional data",
) -> Section:
    """A table as the paper's, and the tests of every number against its baseline.

    Args:
        title: of the section.
        found: `counts` of the table's cells.
        rows: `amounts` or `augmentations`; the first is the baseline.
        printed: the paper's table.
        own_gans: whether each repeat has a GAN of its own.
        unit: heads the names of the rows.
    """
    named = found.assign(row=rows(found))
    baseline = named.row.iloc[0]
    tests = _tests(named, "row", baseline, ["network", "available"])
    marks = printed.recomputed_marks()
    records = {}
    for (network, available, row), one in tests.iterrows():
        column = f"{network}, {available} %"
        ours = Repeats(one["mean"], one.deviation, int(one.repeats)).text(bool(one.marked))
        records.setdefault(row, {unit: row})[column] = ours
        theirs = records.setdefault(f"{row}, paper", {unit: f"{row}, paper"})
        theirs[column] = _printed(printed, marks, row, (network, available))
    order = [name for row in dict.fromkeys(named.row) for name in (row, f"{row}, paper")]
    frame = pd.DataFrame([records[name] for name in order]).fillna("")
    caption = (
        f"DSC in percent, mean (standard deviation) over {int(tests.repeats.max())} repeats; columns: network and "
        f"available data. An asterisk: differs from {baseline} by a two-tailed t-test, 5 %. The paper's marks, bold in "
        f"print, are recomputed from its printed mean, deviation and {printed.repeats} repeats. "
        "Its data are not public: beside ours its numbers are of other people."
    )
    careful = f"{_CAREFUL} {interval_note(int(tests.repeats.max()), own_gans=own_gans)}"
    return Section(title, [Table(frame, caption), Table(_careful(tests, ("Network", "Available", unit)), careful)])


def _tests(found: pd.DataFrame, arm: str, baseline: object, within: list[str]) -> pd.DataFrame:
    """`compare` of `counts`: repeats by the scores of segmenters, differences by subjects and repeats."""
    groups = dict(list(found.groupby([*within, arm], sort=False)))
    each = found.drop_duplicates([*Cell.__dataclass_fields__, "repeat"])
    labelled = scores(found).merge(each[[*Cell.__dataclass_fields__, "repeat", *{arm} - {"added"}]])

    def difference(own: tuple, base: tuple) -> Mean:
        return paired_subject_difference(groups[own], groups[base], "dice")

    return compare(labelled, "dice", arm, baseline, within, difference)


def of_the_gan(found: pd.DataFrame) -> Table:
    """Synthetic patches against none, with and without rotation: what Table 3's own baseline does not tell."""
    tests = _tests(found, "added", 0, ["network", "available", "rotation"])
    frame = _careful(tests, ("Network", "Available", "Rotation", "Additional data (%)"))
    return Table(frame, "Synthetic patches against none, each with and without rotation; columns as above.")


_CAREFUL = (
    "Each training against its baseline: difference of DSC by subjects and repeats, which are crossed, Cohen's d of "
    "the repeats, p of the unpaired test that the asterisks stand for, p of the difference, and that corrected by Holm "
    "for this table."
)


def _printed(printed: PrintedTable, marks: pd.DataFrame, row: str, column: tuple[str, int]) -> str:
    if row not in printed.rows or column not in printed.columns:
        return "not in the paper"
    cell = printed.cell(row, printed.columns.index(column))
    marked = (row, *column) in marks.index and marks.marked[(row, *column)]
    return f"{cell.mean:.1f} ({cell.deviation:.2f})" + " *" * bool(marked)


def _careful(tests: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The tests of all but the baselines; `names` head the levels of their index."""
    records = []
    for key, one in tests[tests.difference.notna()].iterrows():
        records.append(
            {
                **dict(zip(names, key)),
                "Available": f"{key[1]} %",
                "Difference [95 %]": with_interval(one.difference, 100),
                "d": _number(one.effect, "+.2f"),
                "p": _number(one.p, ".3g"),
                "p, crossed": _number(one.difference.p, ".3g"),
                "p, Holm": _number(one.holm_p, ".3g"),
            }
        )
    return pd.DataFrame(records)


def _number(value: float, form: str) -> str:
    return "" if np.isnan(value) else format(value, form)


def amounts(found: pd.DataFrame) -> pd.Series:
    """Row names of Tables 2 and 4."""
    return found.added.map(lambda added: f"{added:g}%")


def augmentations(found: pd.DataFrame) -> pd.Series:
    """Row names of Table 3."""
    return pd.Series([AUGMENTATIONS[one.rotation, one.added > 0] for one in found.itertuples()], found.index)
