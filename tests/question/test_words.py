"""What is said of generators, of rankings, and of trainings that were too short."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tests.question.frames import results, varied
from tf_ganaug.data.cases import Dataset, LabelSpec
from tf_ganaug.data.sides import mirrors, sided
from tf_ganaug.experiment.learning import still_improving
from tf_ganaug.experiment.ranking import ranking
from tf_ganaug.quality.closeness import Value
from tf_ganaug.quality.diagnosis import Diagnosis
from tf_ganaug.question.answer import sentence
from tf_ganaug.question.change import Change
from tf_ganaug.question.learning import improving_line
from tf_ganaug.question.makers import Makers
from tf_ganaug.question.verdicts import ranking_sentence, shown_ranking


def test_a_small_generator_is_called_one():
    quick = Makers("pggan_joint", 1, 3.2, 42_000, 12_000_000, "quick", ("No diagnosis of gan-1: too few.",))
    text = sentence(Change.of(results(varied(-2.0))), quick.who)
    assert text.startswith(
        "This generator, small and trained for 3 minutes (profile quick), hurt: Dice changed by -2.0"
    )
    assert "42,000 images, 0.35 % of the 12,000,000 of its paper" in quick.line
    assert quick.line.endswith("its paper. No diagnosis of gan-1: too few.")
    value, none = Value(0.4, 0.8, 0.7, np.inf, True), pd.DataFrame()
    known = Diagnosis(
        ("collapsed",), "unet", (9, 9, 9), {"coverage": value}, 0.0, 0.9, *[0.0, 0.0, False] * 2, None, none
    )
    several = Makers("wgan_gp", 3, 0.4, 80_000, 800_000, "paper", (known, known, "No diagnosis of gan-3."))
    assert "2 of 2 collapsed. On average their pairs cover 40 % of the validation images" in several.line
    assert several.line.endswith("as many held-out real ones 80 %.")
    several = Makers("wgan_gp", 3, 0.4, 80_000, 800_000, "paper", ("No diagnosis",) * 3)
    assert "augmented" not in several.line
    told = replace(several, augments={"wgan_gp": "diff"}).line
    assert "of its paper. Not as in its paper, what its critic saw was augmented (wgan_gp.augment diff). " in told
    text = sentence(Change.of(results(varied(2.0, repeats=3), gans=[0, 1, 2])), several.who)
    assert text.startswith("These 3 generators, trained for less than a minute each (profile paper), helped")


def ranked(*means):
    kinds = [f"k{n}" for n in range(len(means))]
    changes = {kind: varied(mean, 12, 4, 1.0, 0.3, 0.3, seed) for seed, (kind, mean) in enumerate(zip(kinds, means))}
    table = ranking(changes, {kind: [0, 0, 0, 0] for kind in kinds}, 1.0)
    return table.assign(minutes=3.0)


def test_a_ranking_says_which_kind_did_best_and_whether_it_helped():
    who = Makers("k1", 1, 3.2, 42_000, 12_000_000, "quick", ()).who
    text = ranking_sentence(ranked(0.0, 6.0, -3.0), who)
    assert text.startswith(
        "Of 3 kinds of generator, k1 did best. This generator, small and trained for 3 minutes (profile quick), "
        "helped: Dice changed by +6.0 points (95 % interval of all kinds at once +"
    )
    assert text.endswith("; 12 subjects and 4 repeats).")
    close = ranking_sentence(ranked(0.1, 0.0), who)
    assert close.startswith("Of 2 kinds of generator, k0 did best. ") and "makes no difference that matters" in close
    assert close.endswith("The other kind may be as good or better.")
    assert ranking_sentence(ranked(0.1, 0.0, 0.05), who).endswith("2 other kinds may be as good or better.")
    table = shown_ranking(ranked(0.0, 6.0, -3.0))
    assert list(table.Rank) == ["1", "2", "3"] and table.Verdict[0] == "helped"


def test_one_repeat_ranks_nothing():
    changes = {"a": varied(9.0, 12, 1), "b": varied(-9.0, 12, 1)}
    table = ranking(changes, {"a": [0], "b": [0]}, 1.0)
    several = Makers("a", 2, 1.0, 1, 2, "quick", ()).who
    text = ranking_sentence(table, several)
    assert "The data cannot tell whether these 2 generators, small and trained for 1 minute each" in text
    assert "(profile quick), help: " in text and "; 12 subjects; one repeat, so the chance" in text
    assert set(table.best_rank) == {1} and set(table.worst_rank) == {2}


def test_a_best_validation_at_the_end_is_still_improving():
    steps = np.arange(100, 1100, 100)
    rising = pd.DataFrame({"step": steps, "validation_dice": np.linspace(0.1, 0.9, 10)})
    level = rising.assign(validation_dice=[0.1, 0.5, 0.7, 0.8, 0.81, 0.8, 0.8, 0.81, 0.8, 0.8])
    assert still_improving({"real": level, "gan": rising}) == ["gan"]


@pytest.mark.parametrize(
    ("late", "told"),
    [
        (["gan"], "the arm gan was best"),
        (["real", "gan"], "the arms real and gan were best"),
        (["real", "gan", "both"], "the arms real, gan and both were best"),
    ],
)
def test_arms_that_improve_are_listed(late, told):
    study = SimpleNamespace(settings=SimpleNamespace(training=SimpleNamespace(iterations=600)))
    (line,) = improving_line(study, late)
    assert told in line and "--set training.iterations=1200" in line


@pytest.mark.parametrize(
    ("names", "sides"),
    [
        (("background", "lesion"), ()),
        (("background", "left lung", "right_lung"), ("left lung", "right_lung")),
        (("background", "Heart", "spine"), ("Heart",)),
        (("background", "kidney.L", "bright spot", "cleft", "L4"), ("kidney.L",)),
        (("background", "liver", "tumour"), ("liver",)),
    ],
)
def test_names_say_whether_left_and_right_differ(names, sides):
    spec = LabelSpec.from_names(dict(enumerate(names)))
    assert sided(spec) == list(sides)
    data = Dataset("data", (), spec, 1)
    assert mirrors(data) != bool(sides)
    assert mirrors(Dataset("data", (), spec, 1, mirror=True)) and not mirrors(
        Dataset("data", (), spec, 1, mirror=False)
    )
