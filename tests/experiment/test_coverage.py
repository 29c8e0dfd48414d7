"""Simulated studies: intervals hold the truth, chance gets no verdict."""

import pytest

from tf_ganaug.experiment.coverage import coverage, false_verdicts, simulated


@pytest.fixture(scope="module")
def held():
    return coverage(30, seed=1)


def test_the_truth_is_held_in_93_percent_of_all_designs(held):
    assert len(held) == 3 * 4 * 3 * 2 * 2
    assert held.held.mean() >= 0.93
    normal = held[held["shape"] == "normal"]
    assert normal.held.mean() >= 0.94 and normal.groupby("subjects").held.mean().min() >= 0.93


def test_one_jump_in_ten_is_the_worst_of_few_subjects(held):
    """Five subjects without the jump cannot show it, whatever the interval; the simulation must not hide that."""
    few = held[(held.subjects == 5) & (held.source == "subjects differ most")].groupby("shape").held.mean()
    assert few["one jump in ten"] < 0.8 < few["normal"]


def test_chance_is_given_a_verdict_in_7_percent_and_never_with_one_repeat():
    wrong = false_verdicts(30, seed=1)
    assert wrong[wrong.repeats == 1].verdicts.max() == 0
    assert 0.01 < wrong[wrong.repeats > 1].verdicts.mean() <= 0.07


def test_one_gans_luck_is_in_its_truth():
    design = {"shape": "normal", "source": "trainings differ most", "subjects": 20, "repeats": 3}
    one, three = (list(simulated(**design, gans=gans, studies=3, seed=0)) for gans in (1, 3))
    assert [mean.gans for mean in one] == [1] * 3 and [mean.gans for mean in three] == [3] * 3
    assert one == list(simulated(**design, gans=1, studies=3, seed=0))
