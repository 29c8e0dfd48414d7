"""Every experiment with its steps compiled, as users run them; the other tests read what uncompiled steps made."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from tf_ganaug.commands.paper import paper
from tf_ganaug.papers.experiments import all_papers

pytestmark = pytest.mark.long

EXPERIMENTS = [experiment for found in all_papers().values() for experiment in found]


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.config)
def test_a_report_comes_out(experiment, tmp_path):
    out = tmp_path / "out"
    chosen = [experiment.paper, "--experiment", experiment.name, "--profile", "smoke", "--out", str(out)]
    done = CliRunner().invoke(paper, chosen, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert (out / "report.html").exists() and "\n## " in (out / "report.md").read_text(encoding="utf-8")
