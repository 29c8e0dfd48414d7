"""The run folder."""

from __future__ import annotations

import json

from tf_ganaug.run import RunFolder, read_metrics


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
