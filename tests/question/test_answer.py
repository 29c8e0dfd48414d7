"""The answer: the words for each outcome."""

from __future__ import annotations

import numpy as np
import pytest

from tests.question.frames import results, varied
from tf_ganaug.question import answer, tables
from tf_ganaug.question.answer import ORDINARY, Who, conditions, short, verdict
from tf_ganaug.question.change import Change

THIS = Who("this generator")


def sentence(change, who=THIS, given=()):
    return " ".join([answer.sentence(change, who, given), *answer.advice(change)])


@pytest.mark.parametrize(
    ("changes", "found", "words"),
    [
        (
            varied(1.8),
            "helped",
            ["This generator helped: Dice changed by +1.8 points, from 80.0 to 81.8 (95 % interval +"],
        ),
        (varied(-1.8), "hurt", ["This generator hurt: Dice changed by -1.8 points"]),
        (varied(0.5, between=0.1, training=0.1), "helped", ["helped, though by less than 1 point: Dice"]),
        (varied(0.1, between=0.5), "same", ["This generator makes no difference that matters, within 1 point: Dice"]),
        (
            varied(0.5, between=2),
            "open",
            ["The data cannot tell whether this generator helps: Dice", "gains of up to 1.", "losses of up to 0."],
        ),
    ],
)
def test_the_words_of_each_outcome(changes, found, words):
    change = Change.of(results(changes))
    text = sentence(change)
    assert verdict(change) == found
    assert "; 12 subjects and 5 repeats)" in text
    for part in words:
        assert part in text
    given = sentence(change, given=conditions(("ordinary", "both"), 0.1))
    assert given == f"With 10 % of the training data, on top of ordinary augmentation, {text[0].lower()}{text[1:]}"


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
    assert answer.scope(single.mean) == [] and tables.sources(single.mean).empty


def test_two_repeats_advise_more_and_name_no_number():
    text = sentence(Change.of(results([[-40, 9], [-30, 2], [-2, -35]])))
    assert "two trainings say little" in text
    assert "First make more repeats, at least 5: two say little of the chance of a training." in text
    assert "test subjects" not in text


def test_nothing_learned_is_no_finding():
    change = Change.of(results([[0, 0], [0, 0], [0, 0]], real=0.0))
    text = sentence(change)
    assert "the networks have hardly learned the task" in text and "no difference that matters" not in text


def test_one_repeat_is_never_a_verdict():
    for effect in (-30.0, 30.0):
        change = Change.of(results(varied(effect, 40, 1, 0.1)))
        assert verdict(change) == "open" and sentence(change).startswith("The data cannot tell whether this generator")


def test_generators_are_named_by_their_number():
    one, three = (Change.of(results(varied(2.0, 12, 3), gans=gans)) for gans in ([0, 0, 0], [0, 1, 2]))
    assert sentence(one, short(1)).startswith("This generator helped")
    text = sentence(three, short(3))
    assert text.startswith("These 3 generators helped") and "3 repeats and 3 generators)" in text
    assert sentence(one, ORDINARY).startswith("Ordinary augmentation helped")
    wide = Change.of(results(varied(0.5, 12, 3, 3.0), gans=[0, 1, 2]))
    assert "whether these 3 generators help:" in sentence(wide, short(3))


def test_scope_names_what_the_interval_leaves_out():
    one = answer.scope(Change.of(results(varied(1.0))).mean)
    assert "another training of the GAN" in one[0] and "--gans" in one[0]
    own = answer.scope(Change.of(results(varied(1.0), gans=[0, 1, 2, 3, 4])).mean)
    assert "another training" not in own[0] and "of the GANs'" in own[0]
    few = answer.scope(Change.of(results(varied(1.0, 5, 1))).mean)
    assert "another training of the segmenters" in few[0]
    assert "normally distributed" in few[1]


def test_what_chance_may_do_is_not_told_as_contrary():
    change = Change.of(results(varied(2.0)))
    slight, clear = (Change.of(results(varied(-d, between=0.1 * d))) for d in (0.01, 3.0))
    wide = Change.of(results(varied(-0.5, between=4.0)))
    assert answer.contrary(change, {"image_dice": wide}) == []
    assert len(answer.contrary(change, {"image_dice": clear})) == 1
    assert answer.contrary(change, {"image_false_alarms": clear}) == []
    assert answer.contrary(Change.of(results(varied(-2.0))), {"image_dice": slight}) == []
