"""Bowles 2018's printed numbers: how many trainings they are, which marks follow, and what the paper says of them."""

import math
from dataclasses import replace

import pytest
from scipy import stats

from tf_ganaug.experiment.repeats import Repeats, t_test
from tf_ganaug.papers.bowles2018.printed import CT_REPEATS, MR_REPEATS, TABLE_1, TABLE_2, TABLE_3, TABLE_4

TABLES = (TABLE_2, TABLE_3, TABLE_4)


def test_trainings():
    cells = {cell for row in TABLE_1 for cell in row.cells()}
    assert [len(list(row.cells())) for row in TABLE_1] == [18, 12, 18, 20, 9]
    ct = [cell for cell in cells if cell.data == "CT"]
    # 9 of each network; 6 without rotation; 9 more amounts; 14 more fractions: 47 times 8.
    assert len(ct) * CT_REPEATS == 376
    assert (len(cells) - len(ct)) * MR_REPEATS == 126
    assert len({(cell.data, cell.available) for cell in cells if cell.added}) == 13


def test_table_3_repeats_table_2():
    unet = slice(0, 3)
    assert TABLE_3.rows["Rotation augmentation"] == TABLE_2.rows["0%"][unet]
    assert TABLE_3.rows["GAN + Rotation augmentation"] == TABLE_2.rows["100%"][unet]


@pytest.mark.parametrize("table", TABLES)
def test_every_row_has_every_column(table):
    assert {len(row) for row in table.rows.values()} == {len(table.columns)}


def marked(table):
    frame = table.recomputed_marks()
    return set(frame.index[frame.marked])


def test_recomputed_marks():
    assert marked(TABLE_2) == {
        *((row, "UNet", available) for row in ("50%", "100%") for available in (50, 10)),
        ("50%", "UResNet", 50),
        ("100%", "UResNet", 10),
    }
    rotated = ("Rotation augmentation", "GAN + Rotation augmentation")
    assert marked(TABLE_3) == {(row, "UNet", available) for row in rotated for available in (100, 50, 10)}
    assert marked(TABLE_4) == {("50%", "DeepMedic", 50), ("50%", "DeepMedic", 10), ("100%", "DeepMedic", 100)}


def differently_marked(table, deviation_factor=1.0, equal_variances=True):
    """Cells whose mark another test changes."""
    frame, (baseline, *_) = table.recomputed_marks(), table.rows
    changed = set()
    for row, *name in frame.index:
        column = table.columns.index(tuple(name))
        cells = table.cell(row, column), table.cell(baseline, column)
        numbers = (number for cell in cells for number in (cell.mean, deviation_factor * cell.deviation, cell.count))
        p = stats.ttest_ind_from_stats(*numbers, equal_var=equal_variances).pvalue
        if (p < 0.05) != frame.marked[(row, *name)]:
            changed.add((row, *name))
    return changed


@pytest.mark.parametrize("table", TABLES)
def test_welchs_test_marks_the_same(table):
    assert differently_marked(table, equal_variances=False) == set()


def test_one_mark_depends_on_what_the_printed_deviation_divides_by():
    changed = [differently_marked(table, math.sqrt(table.repeats / (table.repeats - 1))) for table in TABLES]
    assert changed == [{("50%", "UResNet", 50)}, set(), set()]


def test_marks_that_rounding_leaves_open():
    frames = [table.recomputed_marks() for table in TABLES]
    assert {index for frame in frames for index in frame.index[~frame.settled]} == {
        ("50%", "UResNet", 50),
        ("100%", "UNet", 100),
        ("GAN augmentation", "UNet", 100),
    }
    one, base = Repeats(84.3, 1.31, CT_REPEATS), Repeats(82.7, 1.55, CT_REPEATS)
    assert t_test(one, base) < 0.05 < t_test(replace(one, mean=84.26), replace(base, mean=82.74))


def test_what_the_paper_says_of_its_results():
    # "No circumstances in which using synthetic data leads to worse results" on CT; with all MR data it does (4).
    for table in (TABLE_2, TABLE_3):
        frame = table.recomputed_marks()
        assert (frame.effect[frame.marked] > 0).all()
    frame = TABLE_4.recomputed_marks()
    assert (frame.effect.xs(100, level="available") < 0).all()
    assert frame.marked["100%", "DeepMedic", 100]
    # "Between 1 and 5 percentage points" (abstract), most with least data.
    gains = [TABLE_4.cell("50%", column).mean - TABLE_4.cell("0%", column).mean for column in range(3)]
    assert gains == pytest.approx([-0.5, 2.3, 5.0])
    # Both augmentations gain "consistently more than the sum" of each (4).
    none, gan, rotation, both = ([mean for mean, _ in row] for row in TABLE_3.rows.values())
    assert all(b - n > (g - n) + (r - n) for n, g, r, b in zip(none, gan, rotation, both))
