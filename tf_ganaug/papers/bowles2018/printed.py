"""Tables 1 to 4 of Bowles et al. 2018 as printed, and the marks that follow from the printed numbers.

The paper sets results that differ from the baseline in bold type, of which the text keeps nothing. Marks are therefore
recomputed from mean, deviation and number of repeats, and are to be labelled so.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from tf_ganaug.experiment.repeats import LEVEL, Repeats, effect_size, t_test

#: Repeats of every training (2, Table 1's text).
CT_REPEATS, MR_REPEATS = 8, 14

#: By how much a printed mean and a printed deviation may differ from what was rounded.
MEAN_ROUNDING, DEVIATION_ROUNDING = 0.05, 0.005


@dataclass(frozen=True)
class Cell:
    """Trainings that differ by their repeat only.

    Attributes:
        network: "UNet", "UResNet" or "DeepMedic", as printed.
        data: "CT" or "MR".
        rotation: whether real images are rotated.
        available: percentage of the real data that patches are sampled from.
        added: synthetic patches, a percentage of the real ones.
    """

    network: str
    data: str
    rotation: bool
    available: int
    added: float


@dataclass(frozen=True)
class Experiment:
    """A row of Table 1: all combinations of its lists.

    Attributes:
        available: percentages of the real data.
        added: percentages of synthetic patches.
        networks: as printed.
        data: "CT" or "MR".
        rotation: with, without, or both.
    """

    available: tuple[int, ...]
    added: tuple[float, ...]
    networks: tuple[str, ...]
    data: str
    rotation: tuple[bool, ...]

    def cells(self) -> Iterator[Cell]:
        """Of all trainings of the row, in the order of its lists."""
        for network, rotation, available, added in itertools.product(
            self.networks, self.rotation, self.available, self.added
        ):
            yield Cell(network, self.data, rotation, available, added)


TABLE_1 = (
    Experiment((100, 50, 10), (0, 50, 100), ("UNet", "UResNet"), "CT", (True,)),
    Experiment((100, 50, 10), (0, 100), ("UNet",), "CT", (False, True)),
    Experiment((100, 50, 10), (0, 12.5, 25, 37.5, 50, 100), ("UNet",), "CT", (True,)),
    Experiment(tuple(range(100, 0, -10)), (0, 50), ("UNet",), "CT", (True,)),
    Experiment((100, 50, 10), (0, 50, 100), ("DeepMedic",), "MR", (False,)),
)


@dataclass(frozen=True)
class PrintedTable:
    """A table of average DSC.

    Attributes:
        columns: network and percentage of the available data of each column.
        rows: name as printed, with the mean and the standard deviation in percent of each column; the first row is
            the baseline of each column.
        repeats: behind every number.
    """

    columns: tuple[tuple[str, int], ...]
    rows: dict[str, tuple[tuple[float, float], ...]]
    repeats: int

    def cell(self, row: str, column: int) -> Repeats:
        """A printed number."""
        return Repeats(*self.rows[row][column], self.repeats)

    def recomputed_marks(self) -> pd.DataFrame:
        """The two-tailed t-test of every number against its baseline, from what is printed.

        Returns:
            Index: row, network, available. Columns `p`, `effect`, `marked`, and `settled`: whether the mark is the
            same whatever the printed numbers were rounded from.
        """
        baseline, *others = self.rows
        records = {}
        for row, (column, name) in itertools.product(others, enumerate(self.columns)):
            pair = self.cell(row, column), self.cell(baseline, column)
            p = t_test(*pair)
            extremes = {t_test(*_before_rounding(*pair, sign)) < LEVEL for sign in (-1, 1)}
            marked = {"marked": p < LEVEL, "settled": len(extremes) == 1}
            records[(row, *name)] = {"p": p, "effect": effect_size(*pair), **marked}
        frame = pd.DataFrame.from_dict(records, "index")
        return frame.rename_axis(["row", "network", "available"])


def _before_rounding(repeats: Repeats, baseline: Repeats, sign: int) -> tuple[Repeats, Repeats]:
    """The two numbers furthest apart (sign 1) or closest together (-1) that print as these."""
    difference = max(abs(repeats.mean - baseline.mean) + 2 * sign * MEAN_ROUNDING, 0.0)
    apart, start = (
        Repeats(mean, one.deviation - sign * DEVIATION_ROUNDING, one.count)
        for mean, one in ((difference, repeats), (0.0, baseline))
    )
    return apart, start


#: CSF on CT: additional data by row.
TABLE_2 = PrintedTable(
    (("UNet", 100), ("UNet", 50), ("UNet", 10), ("UResNet", 100), ("UResNet", 50), ("UResNet", 10)),
    {
        "0%": ((88.9, 0.51), (86.0, 0.50), (76.9, 0.58), (86.8, 0.82), (82.7, 1.55), (72.5, 1.98)),
        "50%": ((89.2, 0.30), (87.3, 0.46), (78.6, 1.04), (86.3, 1.44), (84.3, 1.31), (74.3, 1.63)),
        "100%": ((89.3, 0.39), (86.9, 0.36), (78.4, 0.99), (86.3, 1.24), (84.1, 1.32), (74.7, 1.18)),
    },
    CT_REPEATS,
)

#: CSF on CT with 100 % synthetic patches: augmentation by row.
TABLE_3 = PrintedTable(
    (("UNet", 100), ("UNet", 50), ("UNet", 10)),
    {
        "No augmentation": ((88.1, 0.32), (85.0, 0.58), (75.1, 0.60)),
        "GAN augmentation": ((88.4, 0.41), (85.6, 1.33), (76.3, 1.77)),
        "Rotation augmentation": ((88.9, 0.51), (86.0, 0.50), (76.9, 0.58)),
        "GAN + Rotation augmentation": ((89.3, 0.39), (86.9, 0.36), (78.4, 0.99)),
    },
    CT_REPEATS,
)

#: WMH on FLAIR: additional data by row.
TABLE_4 = PrintedTable(
    (("DeepMedic", 100), ("DeepMedic", 50), ("DeepMedic", 10)),
    {
        "0%": ((66.0, 1.26), (61.4, 2.67), (52.2, 6.65)),
        "50%": ((65.5, 1.21), (63.7, 0.69), (57.2, 4.09)),
        "100%": ((64.8, 1.34), (62.8, 1.17), (55.7, 4.26)),
    },
    MR_REPEATS,
)
