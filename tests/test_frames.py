"""CSV that a spreadsheet takes for text, and that is read back as it was."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest

from tf_ganaug.errors import InputError
from tf_ganaug.frames import read_frame, to_csv, write_frame

RISKY = ["=cmd|' !A0", "+1+1", "-2+3", "@SUM(1)", "\ttab", "\rx", "=1", "-x", "--1", "'=quoted", "-1+cmd|x", "-1(2)*3"]
PLAIN = ["a", "-1.5", "+0.3 %", "-1.2 [-3.4, 1.0]", "-1.2 ± 0.3", "-3e-05", "'quoted", "1-2", "NA", "007", "a,b", 'q"q']


def test_formulas_are_text_and_numbers_stay(tmp_path):
    frame = pd.DataFrame({"case": [*RISKY, *PLAIN], "=x": np.linspace(-1, 1, len(RISKY) + len(PLAIN))})
    write_frame(tmp_path / "a.csv", frame)
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["case", "'=x"]
    assert [row[0] for row in rows] == [f"'{name}" for name in RISKY] + PLAIN
    assert [float(row[1]) for row in rows] == frame["=x"].tolist()
    assert read_frame(tmp_path / "a.csv").case.tolist() == [*RISKY, *PLAIN]


def test_frames_come_back_as_they_were(tmp_path):
    frame = pd.DataFrame(
        {"case": ["1", "NA"], "class": ["1", "2"], "dice": [0.1, np.nan], "kept": [True, False], "n": [1, 2]}
    )
    write_frame(tmp_path / "a.csv", frame)
    pd.testing.assert_frame_equal(read_frame(tmp_path / "a.csv"), frame)


def test_an_index_and_categories_are_written_as_text():
    frame = pd.DataFrame({"arm": pd.Categorical(["=a", "b"])}, index=pd.Index(["-i", "j"], name="id"))
    assert to_csv(frame, index=True) == "id,arm\n'-i,'=a\nj,b\n"


@pytest.mark.parametrize("text", ["", 'a,b\n"1,2', "a,b\n1,2\n1,2,3\n"])
def test_a_damaged_table_is_one_line(tmp_path, text):
    (tmp_path / "cases.csv").write_text(text)
    with pytest.raises(InputError, match=r"cases\.csv: expected a table.*remove"):
        read_frame(tmp_path / "cases.csv")
