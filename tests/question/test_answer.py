"""The answer: changes by hand, the words for each outcome, and tables that agree with each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tf_ganaug.question import answer
from tf_ganaug.question.answer import Change, sentence, verdict


def results(changes, real=0.8, fraction=1.0, **columns):
    """Frame of (subjects, repeats) changes in points: one case and class of every subject."""
    rows = [
        {"case": f"c{s}", "subject": f"s{s}", "class": "organ", "arm": arm, "repeat": r, "dice": dice}
        for (s, r), change in np.ndenumerate(np.asarray(changes, float))
        for arm, dice in (("real", real), ("gan", real + change / 100))
    ]
    return pd.DataFrame(rows).assign(fraction=fraction, **columns)


def varied(mean, subjects=12, repeats=5, between=1.0, training=0.3, rest=0.3, seed=0):
    """Changes in points about a mean that the draws do not shift."""
    rng = np.random.default_rng(seed)
    drawn = rng.normal(0, between, (subjects, 1)) + rng.normal(0, training, repeats)
    drawn = drawn + rng.normal(0, rest, (subjects, repeats))
    return mean + drawn - drawn.mean()


def test_a_change_is_the_mean_of_subjects_of_classes_of_cases():
    rows = [
        # Subject a: two cases of one class, +10 and +30, and one case of another, +40; subject b: +0.
        ("a1", "a", "lung", 0.5, 0.6),
        ("a2", "a", "lung", 0.5, 0.8),
        ("a1", "a", "heart", 0.3, 0.7),
        ("b1", "b", "lung", 0.9, 0.9),
    ]
    wide = pd.DataFrame(rows, columns=["case", "subject", "class", "real", "gan"]).assign(repeat=0)
    frame = wide.melt(["case", "subject", "class", "repeat"], var_name="arm", value_name="dice")
    change = Change.of(frame)
    assert change.mean.mean == pytest.approx(((20 + 40) / 2 + 0) / 2)
    assert change.real == pytest.approx(((50 + 30) / 2 + 90) / 2)
    assert change.gan == pytest.approx(change.real + 15)
    assert (change.mean.subjects, change.mean.repeats) == (2, 1)


def test_repeats_pair_by_number_in_any_order():
    frame = results([[1, 5], [2, 6], [3, 7]])
    assert Change.of(frame.sample(frac=1, random_state=0)) == Change.of(frame)
    assert Change.of(frame).mean.spread.repeats == pytest.approx(8.0)


def test_what_is_not_finite_is_left_out_of_both_arms():
    frame = results([[1, 5], [2, 6], [3, 7]])
    frame.loc[(frame.subject == "s1") & (frame.arm == "gan") & (frame["repeat"] == 1), "dice"] = np.nan
    kept = Change.of(frame).mean
    assert (kept.subjects, kept.mean) == (2, pytest.approx(4.0))
    with pytest.raises(ValueError, match="no case has a finite value"):
        Change.of(frame.assign(dice=np.nan))


def test_arms_that_do_not_match_are_refused():
    frame = results([[1, 5], [2, 6]])
    with pytest.raises(ValueError, match="same repeats"):
        Change.of(frame[1:])
    with pytest.raises(ValueError, match="same repeats"):
        Change.of(frame[frame.arm == "real"])
    with pytest.raises(ValueError, match="measured once"):
        Change.of(pd.concat([frame, frame[:1]]))


@pytest.mark.parametrize(
    ("changes", "found", "words"),
    [
        (varied(1.8), "helped", ["changed Dice by +1.8 points (95 % interval +", "from 80.0 to 81.8: it helped."]),
        (varied(-1.8), "hurt", ["changed Dice by -1.8 points (95 % interval -", ": it hurt."]),
        (varied(0.5, between=0.1, training=0.1), "helped", ["it helped, though by less than 1 point."]),
        (varied(0.1, between=0.5), "same", ["no difference that matters, within 1 point."]),
        (varied(0.5, between=2), "open", ["The data cannot tell.", "gains of up to 1.", "losses of up to 0."]),
    ],
)
def test_the_words_of_each_outcome(changes, found, words):
    change = Change.of(results(changes))
    text = sentence(change)
    assert verdict(change) == found
    assert "over 12 subjects and 5 repeats" in text
    for part in words:
        assert part in text
    assert sentence(change, 0.1) == f"With 10 % of the training data: {text}"


@pytest.mark.parametrize(
    ("deviations", "alone"),
    [
        ((3.0, 0.1, 0.1), ("No number of repeats can", "test subjects would")),
        ((0.1, 2.0, 0.1), ("No number of test subjects can", "repeats would")),
        ((3.0, 3.0, 0.1), ("Neither more test subjects nor more repeats alone can", "together, about")),
        ((0.1, 0.1, 6.0), (" repeats, or ", "test subjects, would")),
    ],
)
def test_what_would_tell(deviations, alone):
    change = Change.of(results(varied(0.0, 12, 5, *deviations)))
    text = sentence(change)
    assert all(part in text for part in alone), text
    assert "to ±1 point" in text


def test_the_advised_number_of_subjects_does_narrow_the_interval():
    few = Change.of(results(varied(0.0, 12, 5, 3.0, 0.1, 0.1))).mean
    subjects = few.spread.subjects_for(1.0, 12, 5)
    assert f"about {subjects} test subjects" in sentence(Change.of(results(varied(0.0, 12, 5, 3.0, 0.1, 0.1))))
    many = [Change.of(results(varied(0.0, subjects, 5, 3.0, 0.1, 0.1, seed))).mean for seed in range(1, 6)]
    assert np.mean([(mean.high - mean.low) / 2 for mean in many]) == pytest.approx(1.0, abs=0.3)


def test_an_interval_as_narrow_as_the_margin_is_narrowed_further():
    change = Change.of(results(varied(0.5, 12, 5, 1.6, 0.1, 0.1)))
    assert verdict(change) == "open" and change.mean.high - change.mean.low < 2
    assert "to ±0.5 points" in sentence(change)


def test_one_repeat_and_one_subject_say_what_they_lack():
    one = sentence(Change.of(results(varied(0.2, 12, 1, 2.0))))
    assert "one repeat, so the chance of a training is not in it" in one
    assert "First make more repeats" in one
    single = Change.of(results([[1, 2, 3]]))
    assert "An interval needs at least three test subjects" in sentence(single)
    assert verdict(single) == "open"
    assert answer.scope(single.mean) == [] and answer.sources(single.mean).empty


def test_two_repeats_advise_more_and_name_no_number():
    text = sentence(Change.of(results([[-40, 9], [-30, 2], [-2, -35]])))
    assert "First make more repeats, at least 5: two say little of the chance of a training." in text
    assert "test subjects" not in text


def test_an_interval_ends_where_dice_does():
    mean = Change.of(results([[-15, 4], [-10, 60], [-2, 80]], real=0.2)).mean
    assert mean.low == -20 and mean.high <= 80


def test_nothing_learned_is_no_finding():
    change = Change.of(results([[0, 0], [0, 0], [0, 0]], real=0.0))
    text = sentence(change)
    assert "no network has learned the task" in text and "no difference that matters" not in text


def test_a_class_that_no_test_case_has_is_left_out_of_the_table():
    both = pd.concat([results([[1], [2]]), results([[1], [2]]).assign(**{"class": "rare", "dice": np.nan})])
    assert list(answer.by_class(both)["class"]) == ["organ"]


def test_scope_names_what_the_interval_leaves_out():
    mean = Change.of(results(varied(1.0))).mean
    assert "another training of the GAN" in answer.scope(mean)[0]
    assert "another training" not in answer.scope(mean, own_gans=True)[0]
    few = answer.scope(Change.of(results(varied(1.0, 5, 1))).mean)
    assert "another training of the segmenters" in few[0]
    assert "normally distributed" in few[1]


def test_sources_share_the_variance():
    table = answer.sources(Change.of(results(varied(1.0, 12, 5, 2.0, 1.0, 1.0))).mean)
    assert list(table.units) == [12, 5, 60]
    assert table.share.sum() == pytest.approx(100)
    assert table.deviation[0] == pytest.approx(2.0, rel=0.5)


def test_tables_agree_with_the_answer():
    every = pd.concat([results(varied(2.0), fraction=f, real=0.6 + 0.1 * f) for f in (0.1, 1.0)])
    others = every.assign(dice=every.dice + 0.01, **{"class": "other"})
    frame = pd.concat([every, others]).assign(hausdorff95=lambda f: 30 * (1 - f.dice))
    fractions = answer.by_fraction(frame)
    assert list(fractions.fraction) == [1.0, 0.1]
    assert fractions.change.to_numpy() == pytest.approx(2.0)
    whole = frame[frame.fraction == 1]
    classes, measures, cases = (
        answer.by_class(whole),
        answer.by_measure(whole, ["dice", "hausdorff95"]),
        answer.by_case(whole),
    )
    assert list(classes["class"]) == ["organ", "other"]
    assert classes.real.to_numpy() == pytest.approx([70, 71])
    assert (classes.holm_p >= classes.p).all()
    assert "2 classes are looked at" in answer.class_note(classes)
    assert "organ, other remains" in answer.class_note(classes)
    # A point of Dice is 0.3 mm here; distances are no percentages.
    assert measures.change.to_numpy() == pytest.approx([2.0, -0.6])
    assert cases.change.mean() == pytest.approx(2.0) and cases.change.is_monotonic_increasing
    assert (cases.gan - cases.real).to_numpy() == pytest.approx(cases.change.to_numpy())
    arms = answer.by_arm(frame).set_index(["fraction", "arm"])
    assert arms.loc[(1.0, "gan"), "mean"] == pytest.approx(72.5)
    assert list(answer.shown(fractions)["Training data"]) == ["100 %", "10 %"]
    assert list(answer.shown(measures).Measure) == ["Dice (%)", "Hausdorff95 (mm)"]
    assert set(answer.shown(fractions)["p"]) == {"< 0.001"}


def test_holm_forgives_fewer_classes_by_chance():
    effects = [1.0] + [0.0] * 7
    noise = [results(varied(e, 8, 5, 1.5, seed=n), **{"class": f"k{n}"}) for n, e in enumerate(effects)]
    table = answer.by_class(pd.concat(noise))
    assert list(table.p < 0.05) == [True] + [False] * 7
    assert not (table.holm_p < 0.05).any()
    assert "of no class remains" in answer.class_note(table)
