"""The commands that show how far the reports' numbers can be trusted."""

from __future__ import annotations

import re

import numpy as np
from click.testing import CliRunner

from tf_ganaug.cli import main
from tf_ganaug.data.pictures import write_png


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)))


def write_persons(root, count):
    rng = np.random.default_rng(0)
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for number in range(count):
        write_png(root / "images" / f"p{number}.png", rng.integers(0, 255, (40, 48), np.uint8))
        write_png(root / "labels" / f"p{number}.png", np.eye(40, 48, dtype=np.uint8))
    (root / "dataset.yaml").write_text("classes: {1: lesion}\n")


def test_the_copy_detector_on_ones_own_data(tmp_path):
    write_persons(tmp_path / "data", 12)
    done = run("copies", "--data", tmp_path / "data")
    assert done.exit_code == 0, done.output
    assert "data: 12 images of 12 subjects" in done.output
    shares = dict(re.findall(r"copies:\s+(\S.*?)\s{2,}([\d.]+) %", done.output))
    assert shares["exact"] == shares["mirrored"] == "100.0" and shares["unseen persons"] == "0.0"


def test_the_copy_detector_needs_persons(tmp_path):
    write_persons(tmp_path / "data", 3)
    done = run("copies", "--data", tmp_path / "data")
    assert done.exit_code == 2 and "10 subjects at least, found 3" in done.stderr


def test_the_copy_detectors_cost():
    done = run("copies", "--cost", 8)
    assert done.exit_code == 0 and re.search(r"8 images against 8: [\d.]+ s, [\d.]+ s of processor time", done.output)


def test_coverage_names_the_mean_and_the_worst():
    done = run("coverage", "--studies", 3)
    assert done.exit_code == 0, done.output
    for text in ("one jump in ten", "either way", "all designs:", "the worst:", "with one repeat: 0.0"):
        assert text in done.output
