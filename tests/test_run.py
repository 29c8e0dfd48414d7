"""The run folder."""

from __future__ import annotations

import json

import pytest

from tf_ganaug.errors import InputError
from tf_ganaug.run import RunFolder, peak_memory, read_metrics, whole


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


def test_what_a_finished_run_made_is_compared_with_what_it_wrote(tmp_path):
    run = RunFolder(tmp_path / "run", {})
    model = tmp_path / "run" / "synthesizer"
    (model / "variables").mkdir(parents=True)
    made = [model / "saved_model.pb", model / "variables" / "a.data", tmp_path / "run" / "cases.csv"]
    for path in made:
        path.write_text(path.name)
    assert whole(model) == model, "nothing is known before it is finished"
    run.record(1, {"loss": 1.0})
    run.finish({"loss": 0.5})
    run.say("written after the end")
    for path in (model, made[2], tmp_path / "run" / "log.txt"):
        assert whole(path) == path
    made[1].write_text("A.data")
    with pytest.raises(InputError, match=r"a\.data: expected SHA-256 .* remove .*run; the same command"):
        whole(model)
    assert whole(made[2]) == made[2]
    made[2].unlink()
    with pytest.raises(InputError, match=r"cases\.csv.*found none"):
        whole(made[2])


@pytest.mark.parametrize("text", ["", '{"loss": 0.', "[1]", "\0" * 20])
def test_a_damaged_result_is_one_line(tmp_path, text):
    run = RunFolder(tmp_path, {})
    run.finish({"loss": 0.5})
    (tmp_path / "result.json").write_text(text)
    with pytest.raises(InputError, match=r"result\.json.*remove it"):
        run.result()


def test_damaged_metrics_are_one_line_and_a_cut_end_is_forgotten(tmp_path):
    run = RunFolder(tmp_path, {})
    run.record(2, {"loss": 1.0})
    good = (tmp_path / "metrics.jsonl").read_text()
    for middle in ('{"step": 2, "lo\n', "\0\0\0\n", "[2]\n", "\xff\n"):
        (tmp_path / "metrics.jsonl").write_text(good + middle + good)
        with pytest.raises(InputError, match=r"metrics\.jsonl.*in line 2; .*remove"):
            run.rewind(2)
        with pytest.raises(InputError, match=r"metrics\.jsonl"):
            read_metrics(tmp_path)
        (tmp_path / "metrics.jsonl").write_text(good + middle)
        run.rewind(2)
        assert (tmp_path / "metrics.jsonl").read_text() == good


def test_memory_is_in_gigabytes():
    assert 0.05 < peak_memory() < 64
