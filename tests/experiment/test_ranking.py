"""The ranking of several kinds of GAN, by hand and under no difference."""

import numpy as np
import pytest

from tf_ganaug.experiment.crossed import Mean
from tf_ganaug.experiment.ranking import ranking


def drawn(rng, mean, subjects=15, repeats=4, deviation=0.3):
    return mean + rng.normal(0, deviation, (subjects, 1)) + rng.normal(0, deviation, (subjects, repeats))


def gans(kinds, repeats=4):
    return {kind: [f"{kind}-{repeat}" for repeat in range(repeats)] for kind in kinds}


def test_the_best_comes_first_and_ranks_are_those_left_open():
    rng = np.random.default_rng(0)
    changes = {"a": drawn(rng, 0.1), "b": drawn(rng, 5), "c": drawn(rng, 0.1), "d": drawn(rng, -5)}
    table = ranking(changes, gans(changes), 1.0).set_index("kind")
    assert (table.index[0], table.index[-1]) == ("b", "d")
    assert table.verdict[["a", "b", "c", "d"]].tolist() == ["same", "helped", "same", "hurt"]
    ranks = list(zip(table.best_rank, table.worst_rank))
    assert ranks == [(1, 1), (2, 3), (2, 3), (4, 4)]


def test_intervals_are_wider_than_that_of_one_kind():
    rng = np.random.default_rng(1)
    changes = {kind: drawn(rng, 1) for kind in "abc"}
    table = ranking(changes, gans(changes), 1.0).set_index("kind")
    for kind, results in changes.items():
        alone, together = Mean.of(results), table.loc[kind]
        assert together.high - together.low > 1.1 * (alone.high - alone.low)
        assert together.p == pytest.approx(min(1, 3 * alone.p))
        assert (together.p < 0.05) == (together.low > 0 or together.high < 0)


def test_of_equal_kinds_none_is_put_first():
    rng = np.random.default_rng(2)
    tables = []
    for _ in range(150):
        changes = {kind: drawn(rng, 0, 8, 3) for kind in "abc"}
        tables.append(ranking(changes, gans(changes, 3), 1.0))
    assert np.mean([(table.worst_rank < 3).any() for table in tables]) <= 0.07
    assert np.mean([table.verdict.isin(["helped", "hurt"]).any() for table in tables]) <= 0.07


def test_one_repeat_ranks_nothing():
    rng = np.random.default_rng(3)
    changes = {"a": drawn(rng, 9, repeats=1), "b": drawn(rng, 0, repeats=1)}
    table = ranking(changes, gans(changes, 1), 1.0)
    assert table.verdict.tolist() == ["open"] * 2 and table.p.isna().all()
    assert (table.best_rank == 1).all() and (table.worst_rank == 2).all()


def test_other_subjects_are_refused():
    rng = np.random.default_rng(4)
    with pytest.raises(ValueError, match="same subjects"):
        ranking({"a": drawn(rng, 0), "b": drawn(rng, 0, subjects=3)}, gans("ab"), 1.0)
