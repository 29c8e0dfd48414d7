"""Commands that are killed again and again end with the bits of one that was not."""

from __future__ import annotations

import gzip
import json
import math
import os
import random
import re
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from PIL import Image

from tf_ganaug.cli import main
from tf_ganaug.files import LEFTOVER

pytestmark = pytest.mark.long

KILLS = 5

#: Shares of the files of a folder that appears when it is complete.
AT_ONCE = (0.05, 0.6)

#: Commands are forked from a process that has imported what they need: that takes longer than a small training.
FORKS = get_context("forkserver")
FORKS.set_forkserver_preload([__name__, "tf_ganaug.papers.reproduce", "tf_ganaug.question.use"])

#: What defines a training in every command; the bits are those of one number of threads.
EXACT = ["--profile", "smoke", "--set", "deterministic=true"]

#: Names of what tells how long something took.
TIMES = re.compile("second|minute|time", re.IGNORECASE)

#: Paper to the fewest networks that have all that it trains.
PAPERS = {
    "neff2018": ["--only", "figure3", "--set", "data.size=[16,16]"],
    "foroozandeh2020": ["--only", "reduced"],
    "karki2020": ["--only", "quality", "--set", "painter.epochs=[1]"],
    "liu2019": ["--only", "single", "--set", "order=mixed", "--set", "painter.scales=1"],
    "bowles2018": ["--only", "table2", "--repeats", "1", "--set", "available=[100]", "--set", "networks=[UNet]"]
    + ["--set", "gan.noise=false", "--set", "patches.size=8"],
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Eight pictures of 20 x 24 pixels with a square each."""
    root, rng = tmp_path_factory.mktemp("data") / "squares", np.random.default_rng(0)
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for number in range(8):
        mask = np.zeros((20, 24), np.uint8)
        mask[2 + number : 11 + number, 5:15] = 1
        pixels = rng.normal(80, 9, mask.shape) + 90 * mask
        Image.fromarray(pixels.astype(np.uint8)).save(root / "images" / f"s{number}.png")
        Image.fromarray(mask).save(root / "labels" / f"s{number}.png")
    (root / "dataset.yaml").write_text("classes: {1: square}\n")
    return root


def command(arguments: Sequence[str], log: Path) -> None:
    """In a process of its own: the command, its last words in a file."""
    os.environ.update(TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")
    sys.argv = ["tf-ganaug", *arguments]
    for stream in (1, 2):
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    main(sys.argv[1:])


@contextmanager
def begun(arguments: Iterable, log: Path) -> Iterator[ForkServerProcess]:
    """The command at work; it does not outlive the block."""
    process = FORKS.Process(target=command, args=(list(map(str, arguments)), log))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def complete(arguments: Iterable, log: Path) -> None:
    """Runs a command to its end."""
    with begun(arguments, log) as process:
        process.join()
        assert process.exitcode == 0, log.read_text()[-2000:]


def kill(arguments: Iterable, out: Path, after: int, seconds: float) -> None:
    """Kills a command, so many seconds after it has written so many files."""
    log, before, seen = out.parent / "log", written(out.parent), set()
    with begun(arguments, log) as process:
        while len(seen) < after and process.is_alive():
            time.sleep(0.01)
            seen |= written(out.parent) - before
        process.join(seconds)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, f"it ended by itself\n{log.read_text()[-2000:]}"


def written(place: Path) -> set[str]:
    """Names of all files, but of those that each process has anew."""
    found = (os.path.join(parent, name) for parent, _, names in os.walk(place) for name in names)
    return {name for name in found if not re.search(r"events\.|\.part(\.\w+)?$|/log$", name)}


def assert_kills_change_nothing(command: Callable, place: Path, seed: int, shares=(0.05, 0.17)) -> None:
    """Runs a command without a kill; and again, killed at five random moments, and to its end.

    Args:
        command: from the folder of results to the arguments.
        place: an empty folder.
        seed: of the moments.
        shares: from which to which share of all files a process may write; the next goes on from there. A command whose
            folder appears when all is done begins again.
    """
    moments, whole, killed = random.Random(seed), place / "whole" / "out", place / "killed" / "out"
    for out in (whole, killed):
        out.parent.mkdir(parents=True)
    complete(command(whole), whole.parent / "log")
    files = len(written(whole))
    for _ in range(KILLS):
        # What appears at once is written within a second, in the end.
        seconds = 0 if shares == AT_ONCE else moments.uniform(0, 0.3)
        kill(command(killed), killed, math.ceil(files * moments.uniform(*shares)), seconds)
    complete(command(killed), killed.parent / "log")
    assert_equal_bits(whole, killed)
    assert not [path for path in killed.parent.rglob("*") if LEFTOVER.fullmatch(path.name)]


def assert_equal_bits(whole: Path, killed: Path) -> None:
    names = [{path.relative_to(out) for path in out.rglob("*") if kept(path)} for out in (whole, killed)]
    assert names[0] == names[1] and names[0]
    for name in sorted(names[0]):
        first, second = (contents(out / name) for out in (whole, killed))
        assert first.keys() == second.keys(), name
        for key in first:
            np.testing.assert_array_equal(first[key], second[key], err_msg=f"{name} {key}")


def kept(path: Path) -> bool:
    """Weights, arrays, pictures, tables and results; not what tells times and paths, or how it went."""
    known = path.suffix in (".h5", ".npy", ".csv", ".png", ".gz", ".index") or path.name == "result.json"
    return known and path.is_file() and not {"checkpoints", "figures", "versions.csv"} & set(path.parts)


def contents(path: Path) -> dict[str, object]:
    """By name what a file holds, without times."""
    if path.suffix == ".h5":
        found = {}
        with h5py.File(path) as file:
            file.visititems(lambda name, item: found.update({name: item[()]} if isinstance(item, h5py.Dataset) else {}))
        return found
    if path.suffix == ".index":
        # A SavedModel numbers its variables as they come to it.
        reader = tf.train.load_checkpoint(str(path.with_suffix("")))
        names = [name for name in reader.get_variable_to_shape_map() if name.endswith("VARIABLE_VALUE")]
        return {"values": sorted(reader.get_tensor(name).tobytes() for name in names)}
    if path.suffix == ".csv":
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        return {name: frame[name].to_numpy() for name in frame if not TIMES.search(name)}
    if path.name == "result.json":
        stored = {name: value for name, value in json.loads(path.read_text()).items() if not TIMES.search(name)}
        return {name: json.dumps(value) for name, value in stored.items() if name != "files"}
    return {"bytes": gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()}


@pytest.mark.parametrize("paper", PAPERS)
def test_papers(paper, tmp_path):
    assert_kills_change_nothing(lambda out: ["paper", paper, *PAPERS[paper], *EXACT, "--out", out], tmp_path, 1)


def test_run(data, tmp_path):
    options = ["--data", data, "--gan", "wgan_gp", "--repeats", 1, "--arms", "real,gan", *EXACT]
    assert_kills_change_nothing(lambda out: ["run", *options, "--out", out], tmp_path, 2)


def test_train_gan(data, tmp_path):
    options = ["--data", data, "--gan", "pix2pix", *EXACT]
    assert_kills_change_nothing(lambda out: ["train-gan", *options, "--out", out], tmp_path, 3)


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """A folder with a segmenter, beside one with a GAN, and 200 of its pairs."""
    place = tmp_path_factory.mktemp("trained")
    complete(["train-gan", "--data", data, "--gan", "wgan_gp", *EXACT, "--out", place / "gan"], place / "log")
    complete(["sample", place / "gan" / "gan-1", "-n", 200, "--out", place / "pairs"], place / "log")
    return place


def test_train_segmenter(data, trained, tmp_path):
    options = ["--data", data, "--synthetic", trained / "pairs", "--repeats", 2, *EXACT]
    assert_kills_change_nothing(lambda out: ["train-segmenter", *options, "--out", out], tmp_path, 4)


def test_sample(trained, tmp_path):
    options = [trained / "gan" / "gan-1", "-n", 800, "--layout", "nifti"]
    assert_kills_change_nothing(lambda out: ["sample", *options, "--out", out], tmp_path, 5, AT_ONCE)


def test_screen(data, trained, tmp_path):
    run = tmp_path / "segmenter"
    complete(["train-segmenter", "--data", data, "--repeats", 1, *EXACT, "--out", run], tmp_path / "log")
    options = [trained / "pairs", "--run", run, "--by", "quality"]
    assert_kills_change_nothing(lambda out: ["screen", *options, "--out", out], tmp_path, 6, AT_ONCE)
