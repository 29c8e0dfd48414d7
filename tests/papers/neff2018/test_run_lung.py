"""The commands from end to end, on the embedded cohort, at the smoke profile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from click.testing import CliRunner

from tests.papers.runs import planned, run
from tf_ganaug.cli import main

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"

#: One validation for each U-Net, of which there are fourteen.
SHORT = ("neff2018", "--set", "segmenter.max_iterations=2")


def command(script: str, *arguments) -> list[str]:
    return [sys.executable, str(SCRIPTS / script), *map(str, arguments)]


def call_process(script: str, *arguments) -> None:
    done = subprocess.run(command(script, *arguments), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def call(*arguments) -> str:
    """What the command prints."""
    done = CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def finished(eager_file, tmp_path_factory) -> Path:
    """A whole experiment, Table I included."""
    out = tmp_path_factory.mktemp("paper") / "out"
    assert str(out / "report.html") in run(*SHORT, "--out", out, "--only", "table1,table2,figure2,figure3")
    return out


def test_report_has_both_tables_beside_the_papers(finished):
    report = (finished / "report.md").read_text()
    assert "SYNTHETIC data" in report.splitlines()[2] and "smoke" in report
    for row in ("16-0-Aug", "16-0-NoAug", "8-8-Aug", "8-8-NoAug", "0-16-Aug", "0-16-NoAug"):
        assert f"| {row} |" in report
    for printed in ("97.68 ± 1.47 %", "96.08 ± 1.01 %", "1.3273 ± 0.3434 mm", "97.12 %"):
        assert printed in report
    assert (finished / "report.html").stat().st_size > 50_000


def test_aug_is_the_papers_bold_row_and_the_search_is_told(finished):
    searched = {path.parent.name for path in finished.glob("unet-fold0-16-0-*/cases.csv")}
    assert len(searched) == 9
    augmented = {path.name for path in finished.glob("unet-fold0-8-8-*") if "plain" not in path.name}
    assert augmented == {"unet-fold0-8-8-i0.05-s0.05-t10-e10-repeat0"}
    report = (finished / "report.md").read_text()
    assert "The best row here: " in report and "; Aug. is shift 0.05, scale 0.05, translation 10, elastic 10." in report


def test_tables_agree_with_the_cases(finished):
    cases = pd.read_csv(finished / "cases.csv")
    splits = json.loads((finished / "splits.json").read_text())
    assert set(cases.subject) == set(splits[0]["test"])
    mean, deviation = (100 * getattr(cases[cases.row == "8-8-NoAug"].dice, name)() for name in ("mean", "std"))
    assert f"{mean:.2f} ± {deviation:.2f} %" in (finished / "report.md").read_text()


def test_run_folders_hold_what_they_should(finished):
    gan = finished / "gan-fold0"
    for name in (
        "options.json",
        "log.txt",
        "metrics.jsonl",
        "reals.png",
        "fakes_init.png",
        "fakes_000004.png",
    ):
        assert (gan / name).stat().st_size > 0
    events = next(gan.glob("events*"))
    tags = {
        value.tag
        for record in tf.compat.v1.io.tf_record_iterator(str(events))
        for value in tf.compat.v1.Event.FromString(record).summary.value
    }
    assert {"wasserstein", "gradient_norm", "penalty", "generator_loss", "reals", "fakes"} <= tags
    unet = next(finished.glob("unet-*"))
    events = next(unet.glob("events*"))
    tags = {
        value.tag
        for record in tf.compat.v1.io.tf_record_iterator(str(events))
        for value in tf.compat.v1.Event.FromString(record).summary.value
    }
    assert {"loss", "validation_loss", "validation_dice", "validation"} <= tags


def test_the_same_command_again_trains_nothing(finished):
    before = {path: path.stat().st_mtime_ns for path in finished.glob("*/result.json")}
    run(*SHORT, "--out", finished)
    assert before == {path: path.stat().st_mtime_ns for path in finished.glob("*/result.json")}


def test_sample_and_export(finished, tmp_path):
    call("export", finished / "gan-fold0", tmp_path / "model")
    call("sample", tmp_path / "model", "-n", 5, "--seed", 3, "--out", tmp_path / "pairs")
    call("sample", finished / "gan-fold0", "-n", 2, "--seed", 3, "--out", tmp_path / "fewer")
    for name in ("images/000001.png", "labels/000001.png"):
        assert (tmp_path / "pairs" / name).read_bytes() == (tmp_path / "fewer" / name).read_bytes()
    assert len(list((tmp_path / "pairs" / "images").iterdir())) == 5
    provenance = json.loads((tmp_path / "pairs" / "provenance.json").read_text())
    splits = json.loads((finished / "splits.json").read_text())
    assert sorted(provenance["trained_on"]["subjects"]) == sorted(splits[0]["train"])


def test_list_and_dry_run(tmp_path):
    assert "table1" in call("paper", "--list")
    out = tmp_path / "out"
    told = call("paper", "neff2018", "--profile", "smoke", "--dry-run", "--out", out, "--only", "figure2")
    assert "1 training to do" in told and "iterations: 4" in told
    segmenters = [
        one for one in planned(out, "neff2018", "repeats=2", "segmenter.max_iterations=1") if one.kind != "gan"
    ]
    assert len(segmenters) == 12 and {one.iterations for one in segmenters} == {1}, "at least 2, but at most 1"


def weights(folder: Path) -> dict[str, np.ndarray]:
    """Every tensor of the newest checkpoint but the clock."""
    newest = max((folder / "checkpoints").glob("*.index"), key=lambda path: int(path.stem.split("-")[1]))
    reader = tf.train.load_checkpoint(str(newest.with_suffix("")))
    names = [name for name in reader.get_variable_to_shape_map() if "seconds" not in name and "_GRAPH" not in name]
    return {name: reader.get_tensor(name) for name in names}


LUNG = ["neff2018", "--only", "figure3"]
LUNG += [f"--set={x}" for x in ("gan.iterations=20", "segmenter.min_iterations=20", "segmenter.max_iterations=20")]

#: A checkpoint of SPADE lies inside an epoch. Inside a fade of the progressive GAN: tests/gans/test_progressive.py.
BRAIN = ["foroozandeh2020", "--only", "pairs", "--set=spade.reduced_epochs=6", "--set=spade.checkpoint_every=3"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "places", "made"),
    [
        (LUNG, ("gan-fold0", "unet-fold0-8-8-plain-repeat0"), "unet-*/cases.csv"),
        (BRAIN, ("spade-reduced",), "*/*.npy"),
    ],
    ids=["neff2018", "foroozandeh2020"],
)
def test_a_killed_training_ends_bit_for_bit_alike(tmp_path, arguments, places, made):
    options = [*arguments, "--profile", "smoke", "--set", "deterministic=true", "--out"]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    call_process("run_paper.py", *options, whole)
    for place in places:
        with subprocess.Popen(
            command("run_paper.py", *options, killed), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            while process.poll() is None and not list((killed / place / "checkpoints").glob("*.index")):
                time.sleep(0.01)
            os.kill(process.pid, signal.SIGKILL)
        assert not (killed / place / "result.json").exists()
    call_process("run_paper.py", *options, killed)
    for place in places:
        assert "continues at iteration" in (killed / place / "log.txt").read_text()
        first, second = weights(whole / place), weights(killed / place)
        assert first.keys() == second.keys()
        for name, value in first.items():
            np.testing.assert_array_equal(value, second[name], err_msg=f"{place} {name}")
        steps, again = ((root / place / "metrics.jsonl").read_text().splitlines() for root in (whole, killed))
        assert [json.loads(line)["step"] for line in steps] == [json.loads(line)["step"] for line in again]
    compared = [path.relative_to(whole) for path in whole.glob(made)]
    assert compared
    for path in compared:
        assert (whole / path).read_bytes() == (killed / path).read_bytes(), path
