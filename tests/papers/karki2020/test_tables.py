"""Table 1 of frames made by hand: what it measures and what it says of its differences."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.papers.karki2020.printed import ARMS, ENTIRE, cells
from tf_ganaug.papers.karki2020.scores import patient_dice
from tf_ganaug.papers.karki2020.tables import improvements, table1, table2, table3

COLUMNS = ["subject", "case", "class", "pixels_true", "pixels_found", "pixels_both"]


def frame(share: float, repeats: int, patients: int = 6) -> pd.DataFrame:
    """Two slices of every patient, of which about so much is found."""
    rng = np.random.default_rng(round(1000 * share))
    rows = []
    for repeat, patient, slice_ in np.ndindex(repeats, patients, 2):
        both = int(1000 * np.clip(share + rng.normal(0, 0.05), 0, 1))
        rows.append((f"p{patient}", f"p{patient}-{slice_}", "IPH", 1000, 1000, both, repeat))
    return pd.DataFrame(rows, columns=[*COLUMNS, "repeat"])


def test_a_patients_dice_is_that_of_all_slices():
    slices = [("a", "a1", "IPH", 10, 10, 10), ("a", "a2", "IPH", 0, 20, 0), ("b", "b1", "IPH", 4, 4, 2)]
    found = pd.DataFrame(slices, columns=COLUMNS).assign(repeat=0)
    assert patient_dice(found) == pytest.approx((20 / 40 + 4 / 8) / 2)


@pytest.mark.parametrize(
    ("repeats", "patients", "words"), [(1, 6, "two networks only"), (3, 2, "fewer than 3"), (3, 6, "+")]
)
def test_differences_say_what_they_are_of(repeats, patients, words):
    frames = {(0.1, arm): frame(0.5 + 0.1 * number, repeats, patients) for number, arm in enumerate(ARMS)}
    frames[1.0, ENTIRE] = frame(0.9, repeats, patients)
    study = SimpleNamespace(settings=SimpleNamespace(shares=[0.1], repeats=repeats))
    table = table1(study, frames).parts[0]
    texts = table.frame["10 %: over original [95 %]"].tolist()
    assert texts[0] == "" and all(text.startswith("+") and words in text for text in texts[1:])
    assert ("two networks only" in table.caption) == (repeats == 1)
    assert table.frame["10 %: by patient"].astype(float).is_monotonic_increasing


def test_all_patients_with_all_four_arms():
    """Karki 2020, 5: the paper tells of augmentation at 100 %, but prints no number of it."""
    shares = [0.025, 1.0]
    assert cells([0.025])[-1] == (1.0, ENTIRE)
    expected = [(0.025, arm) for arm in ARMS] + [(1.0, arm) for arm in (ENTIRE, *ARMS[1:])]
    assert cells(shares) == expected
    frames = {cell: frame(0.3 + 0.05 * number, 1).assign(pixels=65536) for number, cell in enumerate(expected)}
    spec = LabelSpec.from_names(dict(enumerate(["background", "IPH", "IVH", "EDH", "SDH", "SAH"])))
    study = SimpleNamespace(settings=SimpleNamespace(shares=shares, repeats=1), spec=spec)
    first = table1(study, frames)
    assert first.parts[0].frame["100 %: over original [95 %]"].tolist()[0] == ""
    assert all(text.startswith("+") for text in first.parts[0].frame["100 %: over original [95 %]"][1:])
    assert "less than 1 %" in first.parts[1] and "less than 1 %" not in table1_without_it(frames, spec)
    second = table2(study, frames).parts[0].frame
    assert second["Paper: precision"].tolist()[:5] == ["0.408", "0.519", "0.549", "0.607", "0.850"]
    assert second["Paper: precision"][5:].isna().all()
    assert table3(study, frames).parts[0].frame["Paper"].notna().tolist() == [True] * 5 + [False] * 3
    gained = improvements(study, frames).Dice
    both, none = (frames[1.0, arm] for arm in (ARMS[3], ENTIRE))
    assert gained["100 %"] == pytest.approx((both.pixels_both.mean() - none.pixels_both.mean()) / 1000)


def table1_without_it(frames, spec) -> str:
    study = SimpleNamespace(settings=SimpleNamespace(shares=[0.025], repeats=1), spec=spec)
    return table1(study, frames).parts[1]
