"""A results' folder that a disk or a copy has damaged: one line that says what to do, or the same numbers again."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import click
import pandas as pd
import pytest
from click.testing import CliRunner

from tests.commands.questions import squares
from tf_ganaug.commands.common import input_errors
from tf_ganaug.experiment.sources import Request
from tf_ganaug.gans.model_files import export
from tf_ganaug.gans.weights import export_weights
from tf_ganaug.question.checks import settings_of
from tf_ganaug.question.learning import validations
from tf_ganaug.question.makers import makers_of
from tf_ganaug.question.opening import Source, open_question

pytestmark = pytest.mark.usefixtures("eager_file")

CHANGES = ["gan=wgan_gp", "repeats=1", "arms=[real,gan]", "data.size=[16,16]"]
REAL, GAN = "unet-1-real-repeat0", "unet-1-gan-repeat0"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return squares(tmp_path_factory.mktemp("data") / "squares", 6, 16, 20)


def ask(data, out):
    """What `run` does before its report: every training, then what they measured and learned."""
    study, asked = open_question(Source(Request(data)), settings_of("smoke", CHANGES), out)
    with study.at_work(asked):
        for task in study.tasks:
            study.segmenter(task)
        validations(study, 1.0), makers_of(study, 1.0, "wgan_gp")
        return pd.concat([study.measures(task) for task in study.tasks], ignore_index=True)


def end_of(work):
    """What a command that does this ends with: exit status, result, lines on stderr."""
    found = []
    done = CliRunner().invoke(click.command()(input_errors(lambda: found.append(work()))), [])
    return done.exit_code, found, [line for line in done.stderr.splitlines() if "see its log.txt" not in line]


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    """A finished folder, and its numbers."""
    out = tmp_path_factory.mktemp("runs") / "finished"
    return out, ask(data, out)


def cut(path, share=0.5):
    stored = path.read_bytes()
    path.write_bytes(stored[: int(len(stored) * share)])


def flip(path):
    stored = bytearray(path.read_bytes())
    stored[len(stored) // 2] ^= 4
    path.write_bytes(bytes(stored))


def in_cache(name):
    return lambda out: next(out.glob(f"cache/*/{name}"))


def in_run(run, name):
    return lambda out: next(iter(sorted((out / run).glob(name), reverse=True)))


def newest(kind):
    """The file of a kind of the newest checkpoint of the segmenter on generated pairs."""

    def find(out):
        found = (out / GAN / "checkpoints").glob(f"ckpt-*.{kind}*")
        return max(found, key=lambda path: int(re.search(r"ckpt-(\d+)", path.name)[1]))

    return find


def unfinish(out, run):
    """The run as it was before its end, after its last checkpoint."""
    for name in ("result.json", "best.weights.h5", "cases.csv"):
        (out / run / name).unlink(missing_ok=True)


def all_of(find, change):
    return lambda out: change(find(out))


#: Name to what happens to a finished folder, and whether the command then ends with the same numbers.
DAMAGES = {
    "cache: images cut": (all_of(in_cache("images.npy"), cut), True),
    "cache: images empty": (all_of(in_cache("images.npy"), lambda path: path.write_bytes(b"")), True),
    "cache: a bit of the images": (all_of(in_cache("images.npy"), flip), True),
    "cache: a bit of the labels": (all_of(in_cache("labels.npy"), flip), True),
    "cache: ranges gone": (all_of(in_cache("ranges.npy"), Path.unlink), True),
    "cache: digests of images cut": (all_of(in_cache("digests.json"), cut), True),
    "cache: the mark that it is complete gone": (all_of(in_cache("complete"), Path.unlink), True),
    "cache: that mark cut": (all_of(in_cache("complete"), cut), True),
    "cache: that mark alone": (lambda out: [p.unlink() for p in out.glob("cache/*/*.npy")], True),
    "result empty": (all_of(in_run(REAL, "result.json"), lambda path: path.write_bytes(b"")), False),
    "result cut": (all_of(in_run(GAN, "result.json"), cut), False),
    "result of the GAN is a list": (all_of(in_run("gan-1", "result.json"), lambda path: path.write_text("[1]")), False),
    # No number rests on it any more; where the report is written it is named.
    "result of the pool cut": (all_of(in_run("pool-1", "result.json"), cut), True),
    "measures cut": (all_of(in_run(REAL, "cases.csv"), cut), False),
    "measures: a bit": (all_of(in_run(REAL, "cases.csv"), flip), False),
    "measures gone": (all_of(in_run(REAL, "cases.csv"), Path.unlink), False),
    "curves: zeros in the middle": (
        all_of(in_run(REAL, "metrics.jsonl"), lambda path: path.write_bytes(b"\0" * 9 + b"\n" + path.read_bytes())),
        False,
    ),
    "settings cut": (lambda out: cut(out / "options.json"), False),
    "settings of a run cut": (all_of(in_run(REAL, "options.json"), cut), False),
    "splits cut": (lambda out: cut(out / "splits.json"), False),
    "log of a run is no text": (all_of(in_run(REAL, "log.txt"), lambda path: path.write_bytes(b"\xff\0")), True),
    "lock has a text": (lambda out: (out / ".lock").write_text("me"), True),
    "events cut": (all_of(in_run(REAL, "events*"), cut), True),
    "previews gone": (lambda out: [path.unlink() for path in out.glob("gan-1/*.png")], True),
}  # fmt: skip

#: The same of a folder in which the segmenter on generated pairs has not ended.
BEFORE_THE_END = {
    "nothing": (lambda out: None, True),
    "newest checkpoint cut": (all_of(newest("data"), cut), True),
    "newest checkpoint: a bit": (all_of(newest("data"), flip), True),
    "newest checkpoint: index empty": (
        all_of(newest("index"), lambda path: path.write_bytes(b"")),
        True,
    ),
    "all checkpoints cut": (lambda out: [cut(path) for path in (out / GAN / "checkpoints").iterdir()], True),
    "checkpoints are a file": (
        lambda out: (shutil.rmtree(out / GAN / "checkpoints"), (out / GAN / "checkpoints").write_text("x")),
        False,
    ),
    "curves end in half a line": (all_of(in_run(GAN, "metrics.jsonl"), lambda path: cut(path, 0.9)), True),
    "pool: images cut": (all_of(in_run("pool-1", "images.npy"), cut), False),
    "pool: a bit of the labels": (all_of(in_run("pool-1", "labels.npy"), flip), False),
    "pool: table gone": (all_of(in_run("pool-1", "pairs.csv"), Path.unlink), False),
    "what a killed process left": (lambda out: (out / GAN / f".best.weights.h5.{'0' * 16}.part.h5").touch(), True),
}

#: The same where the pool is to be drawn again.
BEFORE_THE_POOL = {
    "synthesizer: a bit": (all_of(in_run("gan-1", "synthesizer/variables/*data*"), flip), False),
    "synthesizer: graph cut": (all_of(in_run("gan-1", "synthesizer/saved_model.pb"), cut), False),
    "synthesizer: metadata cut": (all_of(in_run("gan-1", "synthesizer/metadata.json"), cut), False),
    "synthesizer gone": (lambda out: shutil.rmtree(out / "gan-1" / "synthesizer"), False),
}


def assert_told_or_equal(data, finished, out, damage, goes_on):
    damage(out)
    status, found, lines = end_of(lambda: ask(data, out))
    if goes_on:
        assert status == 0, lines
        pd.testing.assert_frame_equal(found[0], finished[1])
        assert not [path for path in out.rglob("*") if ".part" in path.name]
    else:
        assert status == 2 and len(lines) == 1, lines
        assert str(out) in lines[0] and ("remove" in lines[0] or "choose another" in lines[0])


#: In `make test-all` alone: of the same kinds as others.
MORE = {
    "cache: images empty", "cache: ranges gone", "cache: digests of images cut", "cache: that mark cut",
    "cache: that mark alone", "result empty", "measures cut", "settings of a run cut", "events cut", "previews gone",
    "newest checkpoint cut", "newest checkpoint: index empty", "pool: images cut", "synthesizer: graph cut",
}  # fmt: skip


def names(damages):
    return [pytest.param(name, marks=[pytest.mark.long] if name in MORE else []) for name in damages]


@pytest.mark.parametrize("name", names(DAMAGES))
def test_a_finished_folder(data, finished, tmp_path, name):
    out = shutil.copytree(finished[0], tmp_path / "out")
    assert_told_or_equal(data, finished, out, *DAMAGES[name])


@pytest.mark.parametrize("name", names(BEFORE_THE_END))
def test_a_folder_before_its_end(data, finished, tmp_path, name):
    out = shutil.copytree(finished[0], tmp_path / "out")
    unfinish(out, GAN)
    assert_told_or_equal(data, finished, out, *BEFORE_THE_END[name])


@pytest.mark.parametrize("name", names(BEFORE_THE_POOL))
def test_a_folder_before_its_pool(data, finished, tmp_path, name):
    out = shutil.copytree(finished[0], tmp_path / "out")
    unfinish(out, GAN)
    shutil.rmtree(out / "pool-1")
    assert_told_or_equal(data, finished, out, *BEFORE_THE_POOL[name])


def test_the_remedy_helps(data, finished, tmp_path):
    out = shutil.copytree(finished[0], tmp_path / "out")
    cut(out / REAL / "cases.csv")
    assert f"remove {out / REAL};" in end_of(lambda: ask(data, out))[2][0]
    shutil.rmtree(out / REAL)
    pd.testing.assert_frame_equal(ask(data, out), finished[1])


@pytest.mark.parametrize("write", [export, export_weights])
@pytest.mark.parametrize("name", ["variables/variables.data-00000-of-00001", "metadata.json", "saved_model.pb"])
def test_a_damaged_generator_is_not_passed_on(finished, tmp_path, write, name):
    run = shutil.copytree(finished[0] / "gan-1", tmp_path / "gan-1")
    cut(run / "synthesizer" / name)
    status, _, lines = end_of(lambda: write(run, tmp_path / "exported"))
    assert status == 2 and len(lines) == 1 and str(run) in lines[0]
    assert not (tmp_path / "exported").exists()


def test_nothing_that_is_passed_on_has_the_place_of_the_data(data, finished, tmp_path):
    place = str(finished[0].parent)
    export(finished[0] / "gan-1", tmp_path / "model")
    export_weights(finished[0] / "gan-1", tmp_path / "weights")
    for path in tmp_path.rglob("*"):
        if path.is_file():
            stored = path.read_bytes()
            assert place.encode() not in stored and str(data.parent).encode() not in stored, path
    assert str(data) in json.loads((finished[0] / "options.json").read_text())["data"], "where it is to be found again"
