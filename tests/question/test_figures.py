"""The figures of an answer: whole, and drawn from every row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from tf_ganaug.question import figures as question_figures


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were saved."""
    figures, savefig = [], Figure.savefig

    def keep(figure, *args, **kwargs):
        figures.append(figure)
        return savefig(figure, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", keep)
    return figures


def subject_table(count):
    rng = np.random.default_rng(0)
    real, gan = rng.uniform(70, 90, (2, count))
    return pd.DataFrame({"subject": [f"c{n}" for n in range(count)], "real": real, "gan": gan, "change": gan - real})


def change_rows(names, column):
    ends = {"real": 80.0, "gan": 81.0, "change": 1.0, "low": -0.5, "high": 2.5}
    return pd.DataFrame([{column: name, **ends} for name in names])


@pytest.mark.parametrize("count", [1, 12, 300])
def test_subjects(tmp_path, drawn, count):
    table = subject_table(count)
    question_figures.subjects(table, tmp_path / "subjects.png", ("real", "gan"))
    levels, change = drawn[0].axes
    shown = change.collections[1].get_offsets()[:, 0]
    assert np.asarray(shown) == pytest.approx(np.sort(table.change))
    names = [label.get_text() for label in levels.get_yticklabels()]
    assert (names == list(table.sort_values("change").subject)) == (count <= question_figures.NAMED)
    assert f"of {count} subjects" in change.get_xlabel()
    with Image.open(tmp_path / "subjects.png") as image:
        assert image.width > 1000


def test_fractions_of_any_number_with_and_without_an_interval(tmp_path, drawn):
    changes = change_rows([1.0, 0.1], "fraction")
    changes.loc[0, ["low", "high"]] = np.nan
    arms = pd.concat([changes.assign(arm=arm, mean=changes[arm]) for arm in ("real", "gan")])
    question_figures.fractions(arms, changes, tmp_path / "fractions.png", ("real", "gan"))
    levels, change = drawn[0].axes
    assert [label.get_text() for label in change.get_xticklabels()] == ["10 %", "100 %"]
    assert [list(line.get_ydata()) for line in levels.lines] == [[80.0, 80.0], [81.0, 81.0]]
    assert list(change.lines[0].get_ydata()) == [1.0, 1.0]


def test_classes_and_all_of_them(tmp_path, drawn):
    table = change_rows(["liver", "spleen"], "class")
    table.loc[1, "change"] = 2.0
    question_figures.classes(table, tmp_path / "classes.png", change_rows([1.0], "fraction").iloc[0])
    (axis,) = drawn[0].axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["spleen", "liver", "all classes"]
    assert [text.get_text() for text in axis.texts] == [
        "+2.00 [-0.50, +2.50]",
        "+1.00 [-0.50, +2.50]",
        "+1.00 [-0.50, +2.50]",
    ]
