"""The Cityscapes experiment from end to end, on a tree in the data set's own layout and on drawn scenes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.papers.runs import refusal, run

pytestmark = pytest.mark.usefixtures("eager_file")

#: Ids of one training class of each category, and of void.
IDS = {"flat": 7, "construction": 11, "object": 17, "nature": 21, "sky": 23, "human": 24, "vehicle": 26, "void": 4}

CITYSCAPES = ("neff2018", "--experiment", "cityscapes")

#: One validation for each of the U-Nets.
SHORT = ("--set", "segmenter.max_iterations=2")

ROWS = ("8-0-Aug", "8-0-NoAug", "4-4-Aug", "4-4-NoAug", "0-8-Aug", "0-8-NoAug")


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """Nine training images of two cities and three official validation images, 64 x 32."""
    root = tmp_path_factory.mktemp("cityscapes")
    rng = np.random.default_rng(0)
    for part, cities in (("train", ("aachen", "ulm")), ("val", ("munster",))):
        for number in range(9 if part == "train" else 3):
            city = cities[number % len(cities)]
            ids = rng.permutation(list(IDS.values())).repeat(8).astype(np.uint8)
            label = np.tile(ids, (32, 1))
            image = np.stack([label * 7, label * 3, rng.integers(0, 255, label.shape).astype(np.uint8)], -1)
            name = f"{city}_{number:06d}_000019"
            save(root / "leftImg8bit" / part / city / f"{name}_leftImg8bit.png", image)
            save(root / "gtFine" / part / city / f"{name}_gtFine_labelIds.png", label)
    return root


@pytest.fixture(scope="module")
def finished(tree, tmp_path_factory) -> Path:
    pytest.importorskip("cityscapesscripts")
    out = tmp_path_factory.mktemp("results") / "out"
    options = ("--data", tree, "--reader", "cityscapes", "--out", out)
    run(*CITYSCAPES, *options, *SHORT, "--only", "table3,table4,figure4,figure5,samples")
    return out


def test_official_validation_images_are_the_test_set(finished):
    splits = json.loads((finished / "splits.json").read_text())
    assert len(splits) == 1 and all(name.startswith("munster") for name in splits[0]["test"])
    assert len(splits[0]["train"]) + len(splits[0]["validation"]) == 9
    cases = pd.read_csv(finished / "cases.csv")
    assert set(cases.case) == set(splits[0]["test"])
    assert list(cases["class"].unique()) == [name for name in IDS if name != "void"]
    # An eighth of each image is void and in no count: 32 x 56 pixels remain, 256 of each category.
    assert set(cases.pixels_true) == {256.0}
    found = cases.groupby(["row", "case"]).pixels_found.sum()
    assert set(found) == {32.0 * 56}


def test_table_4_is_one_confusion_matrix(finished):
    cases, report = pd.read_csv(finished / "cases.csv"), (finished / "report.md").read_text()
    for row in ROWS:
        sums = cases[cases.row == row].groupby("class")[["pixels_true", "pixels_found", "pixels_both"]].sum()
        ious = sums.pixels_both / (sums.pixels_true + sums.pixels_found - sums.pixels_both)
        large = ious.drop(["human", "object"])
        line = next(line for line in report.splitlines() if line.startswith(f"| {row} |"))
        assert f"| {100 * ious.mean():.2f} % |" in line and f"| {100 * large.mean():.2f} % |" in line
    for printed in ("78.59 %", "88.94 %", "80.42 %", "46.32 %"):
        assert printed in report


def test_aug_is_the_flip_whatever_table_3_finds(finished):
    assert len(list(finished.glob("unet-fold0-8-0-*/cases.csv"))) == 5
    trained = {path.name for path in finished.glob("unet-fold0-4-4-*")}
    assert trained == {"unet-fold0-4-4-plain-repeat0", "unet-fold0-4-4-plain-flip-repeat0"}
    report = (finished / "report.md").read_text()
    assert "The best row here: " in report and "; Aug. is flip 1." in report


def test_figures(finished):
    for name in ("figure4.png", "figure5.png", "samples.png", "legend.png"):
        with Image.open(finished / "figures" / name) as picture:
            assert picture.width > 200
    with Image.open(finished / "gan-fold0" / "reals.png") as picture:
        assert (0, 0, 0) in {colour for _, colour in picture.convert("RGB").getcolors(100_000)}, "void is shown"


def test_embedded_scenes(tmp_path):
    run(*CITYSCAPES, "--out", tmp_path / "out", "--only", "samples")
    report = (tmp_path / "out" / "report.md").read_text()
    assert "SYNTHETIC data" in report and "street" in report
    metadata = json.loads((tmp_path / "out" / "gan-fold0" / "synthesizer" / "metadata.json").read_text())
    assert [c["name"] for c in metadata["label_spec"]["classes"]] == [name for name in IDS if name != "void"]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda root: next((root / "gtFine/train/ulm").iterdir()).unlink(), "gtFine"),
        (lambda root: [path.unlink() for path in (root / "leftImg8bit/train/ulm").iterdir()], "ulm"),
        (lambda root: save(next((root / "gtFine/val/munster").iterdir()), np.full((32, 64), 77, np.uint8)), "77"),
    ],
    ids=["no gtFine file", "empty city", "unknown id"],
)
def test_bad_trees_end_in_one_line(tree, tmp_path, spoil, says):
    pytest.importorskip("cityscapesscripts")
    root = tmp_path / "tree"
    shutil.copytree(tree, root)
    spoil(root)
    options = ("--data", root, "--reader", "cityscapes", "--out", tmp_path / "out")
    assert says in refusal(*CITYSCAPES, *options)
    assert not list((tmp_path / "out").glob("*/result.json"))
