"""What compiled steps make, as users run them; the other tests of the papers read what uncompiled steps made."""

from __future__ import annotations

import re

import pytest

from tests.papers.runs import run
from tf_ganaug.backend import REFERENCE_STACK
from tf_ganaug.experiment.sources import Request
from tf_ganaug.papers.experiments import all_papers
from tf_ganaug.papers.reproduce import prepare

EXPERIMENTS = [experiment for found in all_papers().values() for experiment in found]

#: Compiled in `make test` on this stack; the others on the other one, where their steps are the same code.
HERE = ("neff2018", "bowles2018", "karki2020") if REFERENCE_STACK else ("neff2018", "liu2019", "foroozandeh2020")


@pytest.mark.parametrize(
    "experiment",
    [one if one.config in HERE else pytest.param(one, marks=pytest.mark.long) for one in EXPERIMENTS],
    ids=lambda experiment: experiment.config,
)
def test_every_step_takes_images(experiment, tmp_path):
    """Of every generator and every segmenter that the experiment trains; of those that grow at full size alone.

    The second experiment of a paper has the networks of its first.
    """
    opening, folder, _ = prepare(experiment, "smoke", experiment.few, Request(), tmp_path / "out")
    steps = opening(folder).steps()
    trained = {name.partition(" at ")[0]: begin for name, begin in steps.items() if re.search("step|iteration", name)}
    assert len(trained) >= 2
    for name, begin in trained.items():
        assert begin()() > 0, name


@pytest.mark.long
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.config)
def test_a_report_comes_out(experiment, precision, tmp_path):
    out = tmp_path / "out"
    run(experiment.paper, "--experiment", experiment.name, "--precision", precision, "--out", out)
    assert (out / "report.html").exists() and "\n## " in (out / "report.md").read_text(encoding="utf-8")
