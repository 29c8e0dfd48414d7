"""Runs are known by the names of their folders, and can be made by processes of their own in every experiment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tf_ganaug.papers.experiments import all_papers
from tf_ganaug.papers.foroozandeh2020.tasks import SliceTask
from tf_ganaug.papers.karki2020.tasks import LesionTask
from tf_ganaug.papers.liu2019.supplements import Supplement
from tf_ganaug.papers.liu2019.tasks import StreetTask

SHARES = (0.25, 1 / 3, 0.07, 1.0)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize(("generated", "traditional"), [(False, False), (True, False), (False, True), (True, True)])
def test_names_of_karki2020(share, generated, traditional):
    task = LesionTask(share, generated, traditional, 3)
    assert LesionTask.named(task.name, SHARES) == task


def test_names_of_foroozandeh2020():
    task = SliceTask("reduced", 5208, 20832, "4", 2)
    assert SliceTask.named(task.name) == task


@pytest.mark.parametrize(
    "task",
    [
        StreetTask(repeat=4),
        StreetTask(longer=True),
        StreetTask("reconstruction", 1, 1 / 3, repeat=1),
        StreetTask("single", share=0.07),
    ],
    ids=lambda task: task.name,
)
def test_names_of_liu2019(task):
    assert StreetTask.named(task.name, SHARES) == task


def test_names_of_supplementary_sets():
    for supplement in (Supplement("single", 33), Supplement("reconstruction", 2975, 1)):
        assert Supplement.named(f"{supplement.name}-train") == supplement


@pytest.mark.parametrize("named", [SliceTask.named, lambda name: LesionTask.named(name, SHARES), Supplement.named])
def test_a_name_that_no_run_has(named):
    with pytest.raises(ValueError, match="unet-fold0"):
        named("unet-fold0")


EXPERIMENTS = [experiment for experiments in all_papers().values() for experiment in experiments]


@pytest.mark.long
@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.config)
def test_workers_make_every_run_of_an_experiment(tmp_path, experiment):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "tf_ganaug", "paper", experiment.paper, "--experiment", experiment.name]
    options = ["--profile", "smoke", "--jobs", "2", "--out", str(out)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and f"report: {out}" in done.stdout, done.stderr
    made = {path.parent.name for path in out.glob("*/result.json")}
    # Nothing is left for the command itself: a run that a worker makes holds the folder's lock.
    assert made == {path.parent.name for path in out.glob("*/.lock")} | {name for name in made if "judge-" in name}
    assert Path(out / "report.md").exists()
