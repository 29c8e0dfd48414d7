"""The package as a user has it: a wheel in an environment of its own, away from the clone."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from click.testing import CliRunner

from tf_ganaug.cli import main

ROOT = Path(__file__).resolve().parents[2]


def call(*command, cwd: Path) -> str:
    # Without the settings by which the tests themselves find the clone.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    words = list(map(str, command))
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The tf-ganaug of an environment that holds the built wheel, and sees the libraries it needs."""
    place = tmp_path_factory.mktemp("installed")
    call(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", place / "wheels", ROOT, cwd=place)
    venv.create(place / "environment", with_pip=False)
    (wheel,) = (place / "wheels").glob("*.whl")
    (packages,) = (place / "environment").glob("lib/python*/site-packages")
    call(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", packages, wheel, cwd=place)
    # A path in a .pth file is searched, but its own .pth files, which name the clone, are not read.
    (packages / "libraries.pth").write_text("\n".join(sorted({sysconfig.get_path("purelib"), *outer()})))
    return place / "environment" / "bin" / "python"


def outer() -> list[str]:
    """Where the libraries lie if the tests' own environment borrows them."""
    return [path for path in sys.path if path.endswith("site-packages")]


@pytest.mark.long
def test_a_wheel_runs_a_paper_away_from_the_clone(installed, tmp_path):
    where = call(installed, "-c", "import tf_ganaug; print(tf_ganaug.__file__)", cwd=tmp_path)
    assert str(ROOT) not in where
    told = call(installed, "-m", "tf_ganaug", "paper", "neff2018", "--profile", "smoke", cwd=tmp_path)
    assert "report: runs/neff2018-smoke/report.html" in told
    assert (tmp_path / "runs" / "neff2018-smoke" / "report.html").stat().st_size > 50_000


@pytest.mark.parametrize("names", [[], ["prepare-data"]])
def test_no_command_is_cut_in_the_help(names):
    told = CliRunner().invoke(main, [*names, "--help"]).output
    listed = told[told.index("Commands:") :].splitlines()[1:]
    group = main.commands[names[0]] if names else main
    assert len(listed) == len(group.commands) and not any(line.endswith("...") for line in listed)
