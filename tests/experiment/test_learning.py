"""A paper's report says of which rows longer training may change what it tells."""

from __future__ import annotations

import json

import pytest

from tf_ganaug.experiment.learning import improving_rows, mean_records, row_records

RISING, LEVEL = [0.2, 0.5, 0.7, 0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96], [0.2, 0.5, 0.8, 0.81] + [0.8] * 6


@pytest.fixture
def trained(tmp_path):
    """Makes a run folder with ten validations, finished or not, as a training writes it."""

    def make(name: str, dice: list[float], finished: bool = True):
        folder = tmp_path / name
        folder.mkdir()
        records = [{"step": 10 * n, "loss": 1.0} for n in range(1, 101)]
        records += [
            {"step": 100 * n, "validation_loss": 0.1, "validation_dice": value} for n, value in enumerate(dice, 1)
        ]
        (folder / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
        if finished:
            (folder / "result.json").write_text("{}")
        return tmp_path

    return make


def test_rows_that_were_best_at_their_end_are_named(trained):
    for repeat in (0, 1):
        trained(f"unet-8-0-repeat{repeat}", LEVEL)
        folder = trained(f"unet-4-4-repeat{repeat}", RISING)
    trained("unet-0-8-repeat0", RISING, finished=False)
    (line,) = improving_rows(folder)
    assert "1 of 2 rows of segmenters were best in the last tenth of their training (unet-4-4)" in line


def test_a_row_is_the_mean_of_its_repeats(trained):
    """One repeat was best at its end, the other fell by more."""
    trained("unet-8-0-repeat0", [0.8] * 9 + [0.81])
    assert improving_rows(trained("unet-8-0-repeat1", [0.8] * 9 + [0.7])) == []


def test_of_many_rows_some_are_named(trained):
    for row in range(6):
        folder = trained(f"unet-{row}-repeat0", RISING)
    (line,) = improving_rows(folder)
    assert "6 of 6 rows" in line and "(unet-0, unet-1, unet-2, unet-3 and 2 more)" in line


def test_nothing_is_said_where_nothing_is_trained(tmp_path):
    assert improving_rows(tmp_path) == []


def test_records_are_the_mean_of_a_rows_repeats(trained, tmp_path):
    trained("unet-8-0-repeat0", LEVEL)
    trained("unet-8-0-repeat1", RISING)
    trained("unet-4-4-repeat0", RISING, finished=False)
    (tmp_path / "unet-0-8-repeat0").mkdir()
    found = row_records(sorted(tmp_path.iterdir()))
    assert list(found) == ["unet-4-4", "unet-8-0"]
    mean = found["unet-8-0"]
    assert list(mean.step) == [10 * n for n in range(1, 101)] and (mean.loss == 1).all()
    assert mean.validation_dice.dropna().tolist() == pytest.approx([(a + b) / 2 for a, b in zip(LEVEL, RISING)])


def test_runs_of_any_names_have_a_mean(trained, tmp_path):
    """As a cell's are that differ in their draw of the data, too."""
    trained("UNet-rotated-10-draw0-added0-repeat0", LEVEL)
    trained("UNet-rotated-10-draw1-added0-repeat1", RISING)
    mean = mean_records(tmp_path.iterdir())
    assert mean.validation_dice.dropna().tolist() == pytest.approx([(a + b) / 2 for a, b in zip(LEVEL, RISING)])
    assert mean_records([tmp_path / "UNet-rotated-10-draw2-added0-repeat2"]).empty
