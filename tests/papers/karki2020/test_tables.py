"""Table 1 of frames made by hand: what it measures and what it says of its differences."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tf_ganaug.papers.karki2020.tables import ARMS, ENTIRE, patient_dice, table1

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
