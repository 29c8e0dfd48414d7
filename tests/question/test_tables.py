"""The tables of a change: they agree with each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.question.frames import results, varied
from tf_ganaug.question import tables
from tf_ganaug.question.answer import class_note
from tf_ganaug.question.change import Change, effects

ARMS = ("real", "gan")


def test_a_class_that_no_test_subject_has_is_left_out():
    absent = results([[1], [2]]).assign(**{"class": "rare", "dice": np.nan, "pixels_true": 0.0, "pixels_found": 0.0})
    table = tables.by_class(pd.concat([results([[1], [2]]), absent]), ARMS)
    assert list(table["class"]) == ["organ"] and list(table.with_class) == [2]


def test_sources_share_the_variance():
    table = tables.sources(Change.of(results(varied(1.0, 12, 5, 2.0, 1.0, 1.0))).mean)
    assert list(table.units) == [12, 5, 60]
    assert table.share.sum() == pytest.approx(100)
    assert table.deviation[0] == pytest.approx(2.0, rel=0.5)
    several = tables.sources(Change.of(results(varied(1.0, 12, 4), gans=[0, 1, 0, 1])).mean)
    assert list(several.source[:2]) == ["test subjects", "generators"] and several.units[1] == 2


def test_effects_have_their_names_and_verdicts():
    pairs = [("real", "gan", 3.0, 0.70), ("ordinary", "both", 0.0, 0.75)]
    frame = pd.concat([results(varied(d, between=0.3), real=r, arms=(a, b)) for a, b, d, r in pairs])
    table = tables.by_effect(effects(frame))
    assert list(table.effect) == list(tables.NAMES.values())
    assert list(table.verdict) == ["helped", "no difference that matters", "helped"]
    assert "Without" in tables.shown(table) and "With" in tables.shown(table)


def test_tables_agree_with_the_answer():
    every = pd.concat([results(varied(2.0), fraction=f, real=0.6 + 0.1 * f) for f in (0.1, 1.0)])
    others = every.assign(dice=every.dice + 0.01, **{"class": "other"})
    frame = pd.concat([every, others]).assign(hausdorff95=lambda f: 30 * (1 - f.dice))
    fractions = tables.by_fraction(frame, ARMS)
    assert list(fractions.fraction) == [1.0, 0.1]
    assert fractions.change.to_numpy() == pytest.approx(2.0)
    whole = frame[frame.fraction == 1]
    classes, measures = tables.by_class(whole, ARMS), tables.by_measure(whole, ARMS, ["dice", "hausdorff95"])
    subjects = tables.by_subject(whole, ARMS, ARMS)
    assert list(classes["class"]) == ["organ", "other"]
    assert classes.before.to_numpy() == pytest.approx([70, 71])
    assert (classes.holm_p >= classes.p).all()
    assert "2 classes are looked at" in class_note(classes)
    assert "organ, other remains" in class_note(classes)
    # A point of Dice is 0.3 mm here; distances are no percentages.
    assert measures.change.to_numpy() == pytest.approx([2.0, -0.6])
    assert subjects.change.mean() == pytest.approx(2.0) and subjects.change.is_monotonic_increasing
    assert (subjects.gan - subjects.real).to_numpy() == pytest.approx(subjects.change.to_numpy())
    arms = tables.by_arm(frame, ARMS).set_index(["fraction", "arm"])
    assert arms.loc[(1.0, "gan"), "mean"] == pytest.approx(72.5)
    assert list(tables.shown(fractions)["Training data"]) == ["100 %", "10 %"]
    assert list(tables.shown(measures).Measure) == ["Dice (%)", "Hausdorff95 (mm)"]
    assert set(tables.shown(fractions)["p"]) == {"< 0.001"}


def test_holm_forgives_fewer_classes_by_chance():
    noise = [results(varied(e, 8, 5, 1.5, seed=n), **{"class": f"k{n}"}) for n, e in enumerate([1.0] + [0.0] * 7)]
    table = tables.by_class(pd.concat(noise), ARMS)
    assert list(table.p < 0.05) == [True] + [False] * 7
    assert not (table.holm_p < 0.05).any()
    assert "of no class remains" in class_note(table)
