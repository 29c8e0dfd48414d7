"""The benchmark measures something of everything it names."""

from __future__ import annotations

import json

from benchmark import main
from click.testing import CliRunner


def test_every_figure_is_measured(tmp_path):
    options = ["--size", "32", "--dim", "2", "--filters", "2", "--batch", "4", "--out", str(tmp_path / "figures.json")]
    done = CliRunner().invoke(main, options)
    assert done.exit_code == 0, done.output
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert json.loads(done.output.splitlines()[-1]) == figures
    measured = {name: value for name, value in figures.items() if isinstance(value, float)}
    assert len(measured) >= 11 and min(measured.values()) > 0
    assert all(value <= 1 for name, value in measured.items() if "over real" in name)
