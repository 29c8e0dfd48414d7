"""The options for runs side by side, from the command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

import tf_ganaug.experiment
from tf_ganaug.commands.paper import paper as main
from tf_ganaug.files import locked

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "run_paper.py"


def refusal(*arguments) -> str:
    """The one line in which the command refuses."""
    done = CliRunner().invoke(main, [*map(str, arguments), "--profile", "smoke"])
    assert done.exit_code == 2, done.output
    (line,) = done.stderr.strip().splitlines()
    return line


def test_one_of_the_two(tmp_path):
    assert "--jobs 2" in refusal("neff2018", "--out", tmp_path / "out", "--jobs", 2, "--ray", "auto")


def test_without_ray(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "tf_ganaug.experiment.ray_workers", raising=False)
    monkeypatch.delattr(tf_ganaug.experiment, "ray_workers", raising=False)
    try:
        assert "pip install '.[ray]'" in refusal("neff2018", "--out", tmp_path / "out", "--ray", "auto")
    finally:
        # Imported without Ray; nobody else is to find it so.
        sys.modules.pop("tf_ganaug.experiment.ray_workers", None)
        vars(tf_ganaug.experiment).pop("ray_workers", None)


@pytest.mark.long
def test_ctrl_c_ends_the_workers_and_the_command_resumes(tmp_path):
    out = tmp_path / "out"
    options = ["--profile", "smoke", "--only", "figure2", "--set", "gan.iterations=60", "--set", "data.subjects=10"]
    command = [sys.executable, str(SCRIPT), "neff2018", *options, "--out", str(out)]
    begun = subprocess.Popen(
        [*command, "--jobs", "2"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Where the tests run in the background they ignore Ctrl-C, and so would what they begin.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with begun as process:
        while process.poll() is None and not list((out / "gan-fold0" / "checkpoints").glob("*.index")):
            time.sleep(0.01)
        # As a terminal does: to the command and to all that it began.
        os.killpg(process.pid, signal.SIGINT)
        errors = process.communicate()[1]
    assert process.returncode == 130, errors
    assert errors.splitlines()[-1].startswith("stopped by Ctrl-C; ") and "Traceback" not in errors
    assert not (out / "gan-fold0" / "result.json").exists()
    # Nobody is at work there any more.
    with locked(out / "gan-fold0"):
        pass
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and str(out / "report.html") in done.stdout, done.stderr
    assert "continues at iteration" in (out / "gan-fold0" / "log.txt").read_text()
