"""Views and rows of Table 1."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tf_ganaug.data import brain
from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.data.embedded import head_mr
from tf_ganaug.data.pictures import write_png
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.sources import Request
from tf_ganaug.papers.foroozandeh2020.brats import SHORT, TABLE_1, amounts, open_data, views_of
from tf_ganaug.papers.foroozandeh2020.study import ChainStudy


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


def settings(split):
    return SimpleNamespace(split=split, seed=0, reduced=0.2, data=SimpleNamespace(size=(16, 16)))


def chain_study(place, split, dataset):
    return ChainStudy(place, dataset, settings(split), {})


def test_a_split_by_slices_parts_slices_and_keeps_the_persons(tmp_path):
    dataset = head_mr.read(6, 10, 16)
    sliced, whole = (chain_study(tmp_path / split, split, dataset) for split in ("slices", "subjects"))
    sizes = [len(sliced.cases(0, part)) for part in ("train", "validation", "test")]
    assert sizes == [48, 6, 6] and len(sliced.training_cases("reduced")) == 10
    parts = [{case.subject for case in sliced.cases(0, part)} for part in ("train", "test")]
    assert parts[0] & parts[1] and {case.subject for case in dataset.cases} >= parts[1]
    held = {case.subject for case in whole.cases(0, "test")}
    assert held and not held & {case.subject for case in whole.training_cases("full")}
    reduced = {case.id for case in sliced.training_cases("reduced")}
    assert reduced < {case.id for case in sliced.training_cases("full")}


def test_parts_by_subject_cannot_be_split_by_slices(tmp_path):
    rng = np.random.default_rng(0)
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
    for name in ("a", "b", "c"):
        write_png(tmp_path / "images" / f"{name}.png", rng.integers(0, 255, (16, 16), np.uint8))
        write_png(tmp_path / "labels" / f"{name}.png", np.eye(16, dtype=np.uint8))
    (tmp_path / "dataset.yaml").write_text("classes: {1: lesion}\nsplits: {train: [a], validation: [b], test: [c]}\n")
    request = Request(data=tmp_path)
    with pytest.raises(InputError, match="split=subjects"):
        open_data(request, settings("slices"))
    assert open_data(request, settings("subjects")).given_splits


def test_amounts_are_the_papers_on_its_own_data():
    paper = SimpleNamespace(
        amounts={"full": 26_040, "reduced": 5_208}, painted=lambda chain: {"full": 26_040, "reduced": 26_040}[chain]
    )
    assert [amounts(paper, row) for row in TABLE_1] == [(row.real, row.synthetic) for row in TABLE_1]
    small = SimpleNamespace(amounts={"full": 100, "reduced": 20}, painted=lambda chain: 100)
    assert [amounts(small, row) for row in SHORT] == [(20, 0), (20, 80), (0, 100)]
