"""Every experiment with its steps compiled, as users run them; the other tests read what uncompiled steps made."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from tf_ganaug import backend
from tf_ganaug.commands.paper import paper
from tf_ganaug.papers.experiments import all_papers

pytestmark = pytest.mark.long

EXPERIMENTS = [experiment for found in all_papers().values() for experiment in found]


@pytest.fixture
def float32_again():
    """The policy is the process's."""
    yield
    backend.set_precision("float32")


@pytest.mark.usefixtures("float32_again")
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.config)
def test_a_report_comes_out(experiment, precision, tmp_path):
    out = tmp_path / "out"
    chosen = [experiment.paper, "--experiment", experiment.name, "--profile", "smoke", "--precision", precision]
    done = CliRunner().invoke(paper, [*chosen, "--out", str(out)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert (out / "report.html").exists() and "\n## " in (out / "report.md").read_text(encoding="utf-8")
