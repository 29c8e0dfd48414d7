"""The benchmark measures something of everything it names; that the steps train: tests/papers/test_compiled.py."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tf_ganaug.commands.benchmark import benchmark as main
from tf_ganaug.papers.benchmark import measure

PIPELINES = ["pipeline, real", "pipeline, mixed", "pipeline, real, augmented", "pipeline, mixed, augmented"]


@pytest.mark.long
def test_a_step_is_measured_in_a_process_of_its_own():
    first = next(measure("neff2018", None, "smoke", []))
    assert first.step == "WGAN-GP iteration"
    assert first.seconds > 0 and first.images_per_second > 0 and first.memory > 0.1


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "steps"),
    [
        (["neff2018"], ["WGAN-GP iteration", "generator, a minibatch", "U-Net step, real", *PIPELINES]),
    ],
)
def test_every_step_is_measured(tmp_path, arguments, steps):
    options = [*arguments, "--profile", "smoke", "--out", str(tmp_path / "figures.json")]
    done = CliRunner().invoke(main, options, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert [figure["step"] for figure in figures] == steps
    assert all(step in done.output for step in steps)
    assert all(figure["seconds"] > 0 and figure["images_per_second"] > 0 for figure in figures)
    assert all(figure["memory"] > 0.1 for figure in figures)
