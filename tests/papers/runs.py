"""How a test runs an experiment of a paper: at the profile smoke, in this process."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from tests.precision import PRECISION, float32_after
from tf_ganaug.commands.paper import paper as command
from tf_ganaug.experiment.sources import Request
from tf_ganaug.experiment.study import Training
from tf_ganaug.papers.experiments import experiment_of
from tf_ganaug.papers.reproduce import prepare


def invoked(paper: str, *arguments) -> Result:
    """What became of the command; a mistake of ours that escapes it fails the test."""
    options = [paper, "--profile", "smoke", "--set", f"precision={PRECISION}", *map(str, arguments)]
    with float32_after():
        return CliRunner().invoke(command, options, catch_exceptions=False)


def run(paper: str, *arguments) -> str:
    """What the command prints."""
    done = invoked(paper, *arguments)
    assert done.exit_code == 0, done.output
    return done.output


def refusal(paper: str, *arguments) -> str:
    """The line in which the command refuses; a progress bar may stand before it."""
    done = invoked(paper, *arguments)
    line = done.stderr.strip().splitlines()[-1]
    assert done.exit_code == 2 and "expected" in line and "found" in line, done.stderr
    return line


def planned(out: Path, paper: str, *changes: str, only: str | None = None) -> list[Training]:
    """What `--dry-run` counts, and times; nothing is written."""
    experiment = experiment_of(paper)
    opening, folder, _ = prepare(experiment, "smoke", changes, Request(), out)
    found = experiment.module.trainings(opening(folder), experiment.chosen("smoke", only))
    assert not out.exists()
    return found
