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
from tf_ganaug.papers.experiments import experiment_of
from tf_ganaug.papers.foroozandeh2020.brats import amounts, open_data, views_of
from tf_ganaug.papers.foroozandeh2020.figures import drawn_rows
from tf_ganaug.papers.foroozandeh2020.study import ChainStudy
from tf_ganaug.papers.foroozandeh2020.tables import SHORT, TABLE_1
from tf_ganaug.papers.foroozandeh2020.tasks import SliceTask
from tf_ganaug.papers.reproduce import prepare


def test_views_of_brain_data():
    assert views_of(brain.SEVEN) == {"7": brain.SEVEN, "4": brain.FOUR, "2": brain.TWO}
    assert views_of(brain.FOUR) == {"4": brain.FOUR, "2": brain.TWO}
    assert views_of(brain.THREE) == {"3": brain.THREE, "2": brain.TWO}
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


def settings(split, seed=0, statistics="all"):
    data = SimpleNamespace(size=(16, 16), percentiles=[0, 100])
    return SimpleNamespace(split=split, seed=seed, reduced=0.2, data=data, statistics=statistics)


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


@pytest.mark.parametrize("split", ["slices", "subjects"])
def test_figures_show_random_slices_of_different_persons(tmp_path, split):
    """Foroozandeh 2020, 4: none are cherry-picked, only empty ones are left out."""
    dataset = head_mr.read(20, 10, 16)
    study = chain_study(tmp_path, split, dataset)
    cases = study.cases(0, "test")
    filled = {row for row in study.sized.rows(cases) if study.sized.labels[row].any()}
    persons = {study.sized.cases[row].subject for row in filled}
    shown = set()
    for seed in range(60):
        study.settings.seed = seed
        rows, labels = drawn_rows(study, len(persons))
        assert {study.sized.cases[row].subject for row in rows} == persons
        np.testing.assert_array_equal(labels, study.sized.labels[rows])
        shown |= set(rows.tolist())
    assert shown == filled
    rows, _ = drawn_rows(study, 1000)
    assert len(set(rows.tolist())) == len(rows) == len(filled)


def test_statistics_over_real_slices_are_real_where_a_row_has_none(tmp_path):
    study = chain_study(tmp_path, "subjects", head_mr.read(12, 4, 16))
    study.settings.statistics = "real"
    real = study.sized.rows(study.training_cases("reduced"))
    for task in (SliceTask("reduced", len(real), 3, "7"), SliceTask("reduced", 0, 3, "7")):
        (part,) = study.counted(task)
        assert part.images is study.sized.images and part.rows.tolist() == real.tolist()


def test_keras_own_adam_and_he_normal_are_settings(tmp_path):
    """3.1: Keras, Adam, He normal."""
    kept = []
    for changes in ([], ["segmenter.truncated=false", "segmenter.epsilon=1e-8"]):
        opening, folder, _ = prepare(experiment_of("foroozandeh2020"), "smoke", changes, Request(), tmp_path / "out")
        segmenter = opening(folder).new_segmenter(SliceTask("full", 8, 0, "2"), np.float32([0.5, 0.5]))
        kept.append((segmenter.optimizer.epsilon, segmenter.model.get_weights()[0]))
    assert [epsilon for epsilon, _ in kept] == [1e-7, 1e-8]
    assert not np.array_equal(kept[0][1], kept[1][1])


def test_label_maps_that_are_not_finite_are_refused(tmp_path):
    opening, folder, _ = prepare(experiment_of("foroozandeh2020"), "smoke", [], Request(), tmp_path / "out")
    maker = opening(folder).makers["full"]
    gan = maker.new_pggan()
    gan.enter_lod(0.0)
    assert len(next(maker.generated(gan, 4, seed=0))) == 4
    for weight in gan.average.trainable_variables:
        weight.assign(np.full(weight.shape, np.nan))
    with pytest.raises(InputError, match="pggan-full, label maps: expected finite pixels"):
        next(maker.generated(gan, 4, seed=0))


def test_a_step_is_timed_where_the_first_slices_are_black(tmp_path):
    changes = ["segmenter.batch=1", "data.slices=8"]
    opening, folder, _ = prepare(experiment_of("foroozandeh2020"), "smoke", changes, Request(), tmp_path / "out")
    study = opening(folder)
    assert not study.few.sized.images[0].any() and study.few.segmenter_step("2")() == 1
