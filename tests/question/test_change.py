"""Changes by hand: what is averaged, what pairs, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.question.frames import results, varied
from tf_ganaug.experiment.crossed import Mean
from tf_ganaug.question.change import Change, effects, level, pseudo_values
from tf_ganaug.question.change import results as table_of


def test_a_change_is_the_mean_of_subjects_of_classes():
    rows = [("a", "lung", 0.5, 0.7), ("a", "heart", 0.3, 0.7), ("b", "lung", 0.9, 0.9)]
    wide = pd.DataFrame(rows, columns=["subject", "class", "real", "gan"]).assign(repeat=0)
    frame = wide.melt(["subject", "class", "repeat"], var_name="arm", value_name="dice").assign(gan=0)
    change = Change.of(frame)
    assert change.mean.mean == pytest.approx(((20 + 40) / 2 + 0) / 2)
    assert change.before == pytest.approx((40 + 90) / 2)
    assert change.after == pytest.approx(change.before + 15)
    assert (change.mean.subjects, change.mean.repeats) == (2, 1)


def test_without_missing_values_the_jackknife_is_the_crossed_mean():
    changes = varied(1.3, 7, 4)
    change, plain = Change.of(results(changes)).mean, Mean.of(changes, [0] * 4)
    assert (change.mean, change.low, change.high, change.p) == pytest.approx(
        (plain.mean, plain.low, plain.high, plain.p)
    )
    pseudo = pseudo_values(results(changes), ("real", "gan"), pd.Index([f"s{n}" for n in range(7)]))
    np.testing.assert_allclose(pseudo, changes, atol=1e-9)


def test_repeats_pair_by_number_in_any_order():
    frame = results([[1, 5], [2, 6], [3, 7]])
    assert Change.of(frame.sample(frac=1, random_state=0)) == Change.of(frame)
    assert Change.of(frame).mean.spread.repeats == pytest.approx(8.0)


def test_a_value_that_one_arm_lacks_counts_in_the_other():
    frame = results(np.full((4, 2), 2.0), real=0.6)
    frame.loc[(frame.subject == "s3") & (frame.arm == "real"), "dice"] = np.nan
    frame.loc[(frame.subject == "s3") & (frame.arm == "gan"), "dice"] = 0.0
    change = Change.of(frame)
    assert (change.before, change.after) == pytest.approx((60, 46.5)) and change.mean.subjects == 4
    frame.loc[frame.subject == "s3", "dice"] = np.nan
    assert Change.of(frame).mean.subjects == 3
    with pytest.raises(ValueError, match="no subject has a value"):
        Change.of(frame.assign(dice=np.nan))


def test_an_arm_of_a_single_subject_has_no_interval():
    frame = results(np.full((4, 2), 2.0))
    frame.loc[(frame.subject != "s0") & (frame.arm == "real"), "dice"] = np.nan
    assert np.isnan(Change.of(frame).mean.low) and Change.of(frame).mean.spread is None


def test_arms_that_do_not_match_are_refused():
    frame = results([[1, 5], [2, 6]])
    with pytest.raises(ValueError, match="same repeats"):
        Change.of(frame[1:])
    with pytest.raises(ValueError, match="same repeats"):
        Change.of(frame[frame.arm == "real"])
    with pytest.raises(ValueError, match="measured once"):
        Change.of(pd.concat([frame, frame[:1]]))


def test_four_arms_show_three_effects():
    pairs = [("real", "gan", 3.0, 0.70), ("ordinary", "both", 1.0, 0.75)]
    frame = pd.concat([results(varied(d), real=r, arms=(a, b)) for a, b, d, r in pairs])
    found = {change.arms: change.mean.mean for change in effects(frame)}
    expected = {("real", "gan"): 3.0, ("ordinary", "both"): 1.0, ("real", "ordinary"): 5.0}
    assert found == pytest.approx(expected)
    assert [change.arms for change in effects(frame[frame.arm.isin(["real", "gan"])])] == [("real", "gan")]
    assert effects(frame)[2].mean.gans == 0 and effects(frame)[0].mean.gans == 1


def test_repeats_that_share_a_gan_are_one_training():
    changes = varied(1.0, 10, 4, 0.5, 0.1, 0.1) + [3, 3, -3, -3]
    own, shared = (Change.of(results(changes, gans=gans)).mean for gans in ([0, 1, 2, 3], [0, 0, 1, 1]))
    assert (own.gans, shared.gans, shared.trainings) == (4, 2, 2)
    assert shared.high - shared.low > own.high - own.low


@pytest.mark.parametrize("gans", [None, [0, 0, 1], [0, 1, 1]])
def test_the_means_of_both_arms_differ_by_the_change_however_repeats_share_gans(gans):
    change = Change.of(results([[6, 0, 30], [4, 2, 20], [5, 1, 10]], gans=gans))
    assert change.after - change.before == pytest.approx(change.mean.mean)


def test_an_interval_ends_where_dice_does():
    mean = Change.of(results([[-15, 4], [-10, 60], [-2, 80]], real=0.2)).mean
    assert mean.low == -20 and mean.high <= 80


def test_levels_are_those_of_the_change():
    frame = results(varied(2.0), real=0.7)
    assert level(frame, "gan").mean == pytest.approx(Change.of(frame).after)
    assert list(table_of(frame, "dice", ("real",)).columns.get_level_values(0).unique()) == ["real"]
