"""Views and rows of Table 1."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from tf_ganaug.data import brain
from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.papers.foroozandeh2020.brats import SHORT, TABLE_1, amounts, views_of


def test_views_of_brain_data():
    assert views_of(brain.SEVEN) == {"7": brain.SEVEN, "4": brain.FOUR, "2": brain.TWO}
    assert views_of(brain.FOUR) == {"4": brain.FOUR, "2": brain.TWO}
    # 0 background, 1 to 3 tumour, 4 to 6 tissue.
    np.testing.assert_array_equal(brain.SEVEN.view_table(brain.FOUR)[:7], [0, 1, 2, 3, 0, 0, 0])
    np.testing.assert_array_equal(brain.SEVEN.view_table(brain.TWO)[:7], [0, 1, 1, 1, 0, 0, 0])
    np.testing.assert_array_equal(brain.FOUR.view_table(brain.TWO)[:4], [0, 1, 1, 1])


def test_views_of_other_data():
    two = LabelSpec.from_names({0: "background", 1: "lesion"})
    assert views_of(two) == {"2": two}
    three = LabelSpec.from_names({0: "background", 3: "liver", 9: "lesion"}, ignored=[5])
    views = views_of(three)
    assert list(views) == ["3", "2"] and views["2"].ignored == (5,)
    assert views["2"].names == ("background", "any of liver, lesion")
    np.testing.assert_array_equal(three.view_table(views["2"])[:4], [0, 1, 1, 255])


def test_amounts_are_the_papers_on_its_own_data():
    paper = SimpleNamespace(
        amounts={"full": 26_040, "reduced": 5_208}, painted=lambda chain: {"full": 26_040, "reduced": 26_040}[chain]
    )
    assert [amounts(paper, row) for row in TABLE_1] == [(row.real, row.synthetic) for row in TABLE_1]
    small = SimpleNamespace(amounts={"full": 100, "reduced": 20}, painted=lambda chain: 100)
    assert [amounts(small, row) for row in SHORT] == [(20, 0), (20, 80), (0, 100)]
