"""Tests of repeats against scipy on stored numbers, and a table made by hand."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tf_ganaug.experiment.crossed import Mean
from tf_ganaug.experiment.repeats import Repeats, compare, effect_size, holm, t_test

#: Dice in percent of eight repeats.
BASE = [76.2, 77.4, 76.9, 77.8, 76.1, 77.0, 76.5, 77.3]
MORE = [78.9, 77.2, 79.6, 80.0, 77.4, 78.1, 79.3, 78.3]


def test_t_test_equals_scipys_on_the_repeats_themselves():
    repeats, baseline = Repeats.of(MORE), Repeats.of(BASE)
    assert t_test(repeats, baseline) == pytest.approx(stats.ttest_ind(MORE, BASE).pvalue, rel=1e-9)
    assert t_test(repeats, Repeats.of(BASE[:5])) == pytest.approx(stats.ttest_ind(MORE, BASE[:5]).pvalue, rel=1e-9)
    assert t_test(baseline, repeats) == t_test(repeats, baseline)


def test_t_test_by_hand():
    # Means 1 apart, deviations 1, n = 8: t = 1 / sqrt(2 / 8) = 2 on 14 degrees of freedom.
    assert t_test(Repeats(1, 1, 8), Repeats(0, 1, 8)) == pytest.approx(2 * stats.t.sf(2, 14))


def test_effect_size_by_hand():
    assert effect_size(Repeats(78, 1, 8), Repeats(76, 2, 8)) == pytest.approx(2 / math.sqrt(2.5))
    # (2 * 1 + 6 * 4) / 8 = 3.25 with 3 and 7 repeats.
    assert effect_size(Repeats(76, 1, 3), Repeats(78, 2, 7)) == pytest.approx(-2 / math.sqrt(3.25))


@pytest.mark.parametrize("scores", [[70.0], [70.0, 70.0], [0.1 + 0.2, 0.3]])
@pytest.mark.filterwarnings("error")
def test_no_test_of_one_repeat_or_of_repeats_that_do_not_vary(scores):
    same, zero = Repeats.of([scores[0]] * len(scores)), Repeats.of([0.0] * len(scores))
    assert math.isnan(t_test(same, zero)) and math.isnan(effect_size(same, zero))


def test_text():
    assert Repeats(89.2, 0.3, 8).text() == "89.20 (0.30)"
    assert Repeats(89.2, 0.3, 8).text(marked=True, digits=1) == "89.2 (0.3) *"
    assert Repeats.of([89.2]).text() == "89.20 (one repeat)"


def test_holm_by_hand():
    # Sorted .005, .01, .03, .04 times 4, 3, 2, 1 is .02, .03, .06, .04, and the last may not be below the third.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.7, math.nan, 0.6]) == pytest.approx([1, math.nan, 1], nan_ok=True)
    assert len(holm([])) == 0


def test_holm_rejects_what_the_procedure_rejects():
    p = np.random.default_rng(0).uniform(0, 0.2, 12).round(3)
    for level in np.linspace(0.001, 0.999, 300):
        rejected = set()
        for step, index in enumerate(np.argsort(p)):
            if p[index] > level / (len(p) - step):
                break
            rejected.add(index)
        assert set(np.flatnonzero(holm(p) <= level)) == rejected


def table():
    """Two networks, and a baseline and two arms of each; repeats in no order."""
    arms = {0: BASE, 50: MORE, 100: [score - 0.4 for score in reversed(MORE)]}
    rows = [
        (network, added, repeat, score + level)
        for network, level in (("UNet", 0), ("UResNet", -4))
        for added, scores in arms.items()
        for repeat, score in enumerate(scores)
    ]
    frame = pd.DataFrame(rows, columns=["network", "added", "repeat", "dice"])
    return pd.concat([frame[frame.repeat % 2 == 1], frame[frame.repeat % 2 == 0]])


def difference(own, base):
    """Of three subjects on whom the scores of an arm differ by 1, 2 and 3."""
    shift = {0: 0.0, 50: 1.0, 100: 1.5}[own[1]]
    return Mean.of(shift + np.array([[1.0, 1.1], [2.0, 2.2], [3.0, 2.7]]))


def test_compare():
    found = compare(table(), "dice", "added", 0, ["network"], difference)
    assert list(found.index) == [(network, added) for network in ("UNet", "UResNet") for added in (0, 50, 100)]
    one = found.loc[("UResNet", 100)]
    scores, baseline = np.array(MORE[::-1]) - 4.4, np.array(BASE) - 4
    assert one["mean"] == pytest.approx(scores.mean()) and one.repeats == 8
    assert one.deviation == pytest.approx(scores.std(ddof=1))
    assert one.p == pytest.approx(stats.ttest_ind(scores, baseline).pvalue) and one.marked == (one.p < 0.05)
    assert one.difference == difference(("UResNet", 100), ("UResNet", 0))
    pooled = math.sqrt((scores.var(ddof=1) + baseline.var(ddof=1)) / 2)
    assert one.effect == pytest.approx((scores - baseline).mean() / pooled)
    compared = found.drop(index=0, level="added")
    assert found.holm_p.dropna().tolist() == holm([mean.p for mean in compared.difference]).tolist()
    assert found.holm_p.count() == 4


def test_a_baseline_is_compared_with_nothing():
    found = compare(table(), "dice", "added", 0, ["network"], difference).loc[("UNet", 0)]
    assert found["mean"] == pytest.approx(np.mean(BASE)) and not found.marked
    assert found.drop(["mean", "deviation", "repeats", "marked"]).isna().all()


def test_incomplete_tables_are_refused():
    frame = table()
    with pytest.raises(ValueError, match="repeats of its baseline"):
        compare(frame[(frame.added != 50) | (frame.repeat != 3)], "dice", "added", 0, ["network"], difference)
    with pytest.raises(ValueError, match="each repeat once"):
        compare(pd.concat([frame, frame[:1]]), "dice", "added", 0, ["network"], difference)
    with pytest.raises(KeyError):
        compare(frame[frame.added > 0], "dice", "added", 0, ["network"], difference)
