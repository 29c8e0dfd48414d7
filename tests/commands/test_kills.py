"""Commands that are killed again and again end with the bits of one that was not."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from PIL import Image

pytestmark = pytest.mark.long

KILLS = 5

#: What defines a training in every command; the bits are those of one number of threads.
EXACT = ["--profile", "smoke", "--set", "deterministic=true"]

#: Names of what tells how long something took.
TIMES = re.compile("second|minute|time", re.IGNORECASE)

PAPERS = {
    "neff2018": ["--only", "table2,figure2"],
    "foroozandeh2020": [],
    "karki2020": [],
    "liu2019": [],
    "bowles2018": [],
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


def begin(arguments) -> subprocess.Popen:
    command = [sys.executable, "-m", "tf_ganaug", *map(str, arguments)]
    environment = {**os.environ, "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def complete(arguments) -> float:
    """The seconds that a command takes to its end."""
    began = time.monotonic()
    with begin(arguments) as process:
        errors = process.communicate()[1]
    assert process.returncode == 0, errors[-2000:]
    return time.monotonic() - began


def ends_within(arguments, seconds: float) -> bool:
    """Whether a command ends well by itself in that time; else it is killed."""
    with begin(arguments) as process:
        try:
            errors = process.communicate(timeout=seconds)[1]
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            return False
    assert process.returncode == 0, errors[-2000:]
    return True


def assert_kills_change_nothing(command, place: Path, seed: int, at_once: bool = False) -> None:
    """Runs a command without a kill; and again, killed at five random moments of that time, and to its end.

    With `at_once` its folder appears when all is done; then it would not begin again.
    """
    moments, whole, killed = random.Random(seed), place / "whole", place / "killed"
    seconds, kills = complete(command(whole)), 0
    ended = False
    while kills < KILLS and not ended:
        ended = ends_within(command(killed), seconds * moments.uniform(0.3, 0.9)) or (at_once and killed.exists())
        kills += not ended
    if not ended:
        complete(command(killed))
    assert_equal_bits(whole, killed)


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
    options = ["--data", data, "--gan", "wgan_gp", "--repeats", 1, *EXACT]
    assert_kills_change_nothing(lambda out: ["run", *options, "--out", out], tmp_path, 2)


def test_train_gan(data, tmp_path):
    options = ["--data", data, "--gan", "pix2pix", *EXACT]
    assert_kills_change_nothing(lambda out: ["train-gan", *options, "--out", out], tmp_path, 3)


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """A folder with a segmenter, beside one with a GAN, and 200 of its pairs."""
    place = tmp_path_factory.mktemp("trained")
    complete(["train-gan", "--data", data, "--gan", "wgan_gp", *EXACT, "--out", place / "gan"])
    complete(["sample", place / "gan" / "gan-1", "-n", 200, "--out", place / "pairs"])
    return place


def test_train_segmenter(data, trained, tmp_path):
    options = ["--data", data, "--synthetic", trained / "pairs", "--repeats", 3, *EXACT]
    assert_kills_change_nothing(lambda out: ["train-segmenter", *options, "--out", out], tmp_path, 4)


def test_sample(trained, tmp_path):
    options = [trained / "gan" / "gan-1", "-n", 3000, "--layout", "nifti"]
    assert_kills_change_nothing(lambda out: ["sample", *options, "--out", out], tmp_path, 5, at_once=True)


def test_screen(data, trained, tmp_path):
    run = tmp_path / "segmenter"
    complete(["train-segmenter", "--data", data, "--repeats", 1, *EXACT, "--out", run])
    options = [trained / "pairs", "--run", run, "--by", "quality"]
    assert_kills_change_nothing(lambda out: ["screen", *options, "--out", out], tmp_path, 6, at_once=True)
