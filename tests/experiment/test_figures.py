"""The figures: exact where they are pixels, whole where they are drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from tests.data.pixels import BLACK, THREE, TWO, pixels, read
from tf_ganaug.data.cases import IGNORE, LabelSpec
from tf_ganaug.data.grids import GREY, pair_grid
from tf_ganaug.experiment import figures


def test_difference():
    truth = np.array([[0, 0, 1, 1, 1, IGNORE]], np.uint8)
    predicted = np.array([[0, 1, 0, 1, 2, 1]], np.uint8)
    assert pixels(figures.difference(truth, predicted, THREE)[0], *range(6)) == [
        BLACK,
        figures.FALSE_POSITIVE,
        figures.FALSE_NEGATIVE,
        figures.CORRECT,
        figures.WRONG_CLASS,
        GREY,
    ]


def test_comparison_shows_differences_and_legend(tmp_path):
    truth = np.zeros((32, 48), np.uint8)
    truth[8:24, 8:24] = 1
    predictions = {"GAN-based": np.roll(truth, 8, axis=1), "standard": 2 * truth}
    row = figures.ComparisonRow(np.zeros((32, 48, 1)), truth, predictions, "case 012")
    figures.comparison([row, row], THREE, tmp_path / "comparison.png")
    shown = {tuple(p) for p in read(tmp_path / "comparison.png").reshape(-1, 3).tolist()}
    legend_only = {GREY}
    drawn = {figures.FALSE_POSITIVE, figures.FALSE_NEGATIVE, figures.CORRECT, figures.WRONG_CLASS}
    assert drawn | legend_only | {c.colour for c in THREE.classes} <= shown


def test_curves_of_sparse_and_missing_columns(tmp_path):
    steps = np.arange(100)
    dense = pd.DataFrame({"step": steps, "loss": 1.0 + steps, "validation_dice": np.where(steps % 10, np.nan, 0.5)})
    dense.loc[3, "loss"] = np.inf
    short = pd.DataFrame({"step": [0], "loss": [1.0]})
    figures.curves(
        {"a": dense, "b": short, "begun": pd.DataFrame()},
        ["loss", "absent", "validation_dice"],
        tmp_path / "c.png",
    )
    assert read(tmp_path / "c.png").shape[1] > 1000
    with pytest.raises(ValueError, match="absent"):
        figures.curves({"a": dense}, ["absent"], tmp_path / "none.png")


@pytest.mark.filterwarnings("error::UserWarning")
def test_curves_keep_their_size_below_a_long_legend(tmp_path):
    frame = pd.DataFrame({"step": [1, 2], "loss": [1.0, 2.0]})
    for name, count in (("few", 2), ("many", 40)):
        figures.curves({f"unet-full-389-358-{n}": frame for n in range(count)}, ["loss"], tmp_path / f"{name}.png")
    few, many = (read(tmp_path / f"{name}.png") for name in ("few", "many"))
    assert len(many) > len(few) + 150


def test_per_case_shows_fractions_in_percent(tmp_path, monkeypatch):
    drawn = {}
    monkeypatch.setattr(figures, "save_figure", lambda figure, path: drawn.update(axis=figure.axes[0], path=path))
    frame = pd.DataFrame({"row": ["a", "a", "b"], "case": ["1", "2", "1"], "dice": [0.9, 0.8, np.nan]})
    figures.per_case(frame, "dice", tmp_path / "dice.png", ["b", "a"])
    assert drawn["axis"].get_xlabel() == "Dice (%)"
    assert [label.get_text() for label in drawn["axis"].get_yticklabels()] == ["b", "a"]
    assert [text.get_text() for text in drawn["axis"].texts] == ["no cases", "median 85.00, n = 2"]


def test_without_a_background_a_pixel_is_right_or_wrong():
    truth, predicted = np.uint8([[0, 0, 1, IGNORE]]), np.uint8([[0, 1, 0, 1]])
    expected = [figures.CORRECT, figures.WRONG_CLASS, figures.WRONG_CLASS, BLACK]
    assert pixels(figures.difference(truth, predicted, LabelSpec(THREE.classes, (9,), None))[0], *range(4)) == expected


def test_bars_show_every_value(tmp_path):
    values = pd.DataFrame({"8-0": [50.0, np.nan], "4-4": [25.0, 75.0]}, index=["flat", "human"])
    figures.bars(values, "IoU (%)", tmp_path / "bars.png")
    shown = read(tmp_path / "bars.png")
    blue, orange = ((shown == np.array(colour)).all(-1) for colour in ((0, 114, 178), (213, 94, 0)))
    heights = [mask.sum(0).max() for mask in (blue, orange)]
    assert heights[1] == pytest.approx(1.5 * heights[0], rel=0.05)  # 75 above 50
    half = shown.shape[1] // 2
    assert not blue[100:, half:].any(), "an absent value has no bar"


def test_class_legend_has_every_colour(tmp_path):
    figures.class_legend(THREE, tmp_path / "legend.png")
    shown = {tuple(p) for p in read(tmp_path / "legend.png").reshape(-1, 3).tolist()}
    assert {*(c.colour for c in THREE.classes), GREY} <= shown


@pytest.mark.parametrize(("owner", "method"), [(Image.Image, "save"), (Figure, "savefig")])
def test_failure_leaves_the_earlier_file(tmp_path, monkeypatch, owner, method):
    path = tmp_path / "figure.png"
    path.write_bytes(b"earlier")

    def half(self, file, **options):
        file.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(owner, method, half)
    with pytest.raises(OSError, match="disk full"):
        if owner is Figure:
            frame = pd.DataFrame({"row": ["a"], "case": ["1"], "dice": [0.9]})
            figures.per_case(frame, "dice", path, ["a"])
        else:
            pair_grid(np.zeros((1, 8, 8, 1)), np.zeros((1, 8, 8), np.uint8), TWO, path)
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_no_figure_stays_in_pyplot(tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figures.per_case(pd.DataFrame({"row": [], "case": [], "dice": []}), "dice", tmp_path / "d.png", ["a"])
    assert pyplot.get_fignums() == []
