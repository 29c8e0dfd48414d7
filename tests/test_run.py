"""The run folder."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tf_ganaug.errors import InputError
from tf_ganaug.run import RunFolder, claim_options, locked, read_metrics


def test_other_options_are_refused_with_the_difference(tmp_path):
    claim_options(tmp_path, {"gan": {"dim": 4, "batch": 8}, "seed": 1})
    claim_options(tmp_path, {"gan": {"dim": 4, "batch": 8}, "seed": 1})
    with pytest.raises(InputError) as error:
        claim_options(tmp_path, {"gan": {"dim": 5, "batch": 8}})
    assert "gan.dim = 4 there, 5 asked" in str(error.value)
    assert "seed = 1 there, absent asked" in str(error.value)
    assert "batch" not in str(error.value)


def test_metrics_are_rewound_to_the_checkpoint(tmp_path):
    run = RunFolder(tmp_path, {})
    for step in (10, 20, 30):
        run.record(step, {"loss": 1.0 / step})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 40, "lo')  # the line a killed process leaves
    run.rewind(20)
    assert [record["step"] for record in read_metrics(tmp_path)] == [10, 20]
    run.rewind(0)
    assert read_metrics(tmp_path) == []


def test_a_run_is_finished_by_its_result_alone(tmp_path):
    run = RunFolder(tmp_path / "run", {"a": 1})
    assert not run.finished
    run.say("hello")
    run.finish({"loss": 0.5})
    assert RunFolder(tmp_path / "run", {"a": 1}).finished
    assert run.result() == {"loss": 0.5}
    assert "hello" in (tmp_path / "run" / "log.txt").read_text()
    assert json.loads((tmp_path / "run" / "options.json").read_text()) == {"a": 1}


def test_a_second_process_is_refused(tmp_path):
    script = (
        "import sys; from pathlib import Path; from tf_ganaug.run import locked\n"
        "with locked(Path(sys.argv[1])): pass"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with locked(tmp_path):
        held = subprocess.run(command, capture_output=True, text=True, check=False)
    assert held.returncode != 0
    assert "no other process" in held.stderr
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
