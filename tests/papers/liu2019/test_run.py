"""Liu's experiment from end to end on scenes drawn by code, an interruption, and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.papers.runs import invoked, planned, refusal, run
from tf_ganaug.data.street_labels import TRAINING_CLASSES
from tf_ganaug.segment import train

pytestmark = pytest.mark.usefixtures("eager_file")


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """What the command makes by default, one validation a training: the baselines, one overlay, a reconstruction."""
    out = tmp_path_factory.mktemp("results") / "out"
    run("liu2019", "--out", out, "--set", "segmenter.validate_every=100")
    return out


def load(path: Path) -> dict:
    return json.loads(path.read_text())


def test_default_rows_beside_the_papers(finished):
    report = (finished / "report.md").read_text()
    assert "SYNTHETIC data" in report and "supplementary images first" in report
    for printed in ("77.31 %", "78.65 %", "79.41 %", "+1.34", "+2.10"):
        assert printed in report
    cases = pd.read_csv(finished / "cases.csv")
    assert list(cases.row.unique()) == ["Tradition", "Tradition, longer", "Single label", "Reconstruction"]
    assert list(cases["class"].unique()) == list(TRAINING_CLASSES.names)
    for name, rows in cases.groupby("row"):
        sums = rows.groupby("class")[["pixels_true", "pixels_found", "pixels_both"]].sum()
        union = sums.pixels_true + sums.pixels_found - sums.pixels_both
        miou = 100 * (sums.pixels_both / union)[union > 0].mean()
        assert f"| {name} | {miou:.2f} % |" in report


def test_pretraining_is_carried_into_the_fine_tuning(finished):
    results = {path.parent.name: load(path) for path in finished.glob("pspnet-*/result.json")}
    steps = {name: result["iterations"] for name, result in results.items()}
    plain = steps["pspnet-baseline-repeat0"]
    assert steps["pspnet-baseline-longer-repeat0"] == 2 * plain
    for method in ("single", "reconstruction"):
        assert steps[f"pspnet-{method}-50-repeat0-pretraining"] == steps[f"pspnet-{method}-50-repeat0"] == plain
    ends = {name: dropout_passes(finished / name / "best.weights.h5") for name in results}
    assert ends["pspnet-single-50-repeat0"] == 2 * plain == 2 * ends["pspnet-baseline-repeat0"]


def dropout_passes(path: Path) -> int:
    """Training passes that the network's dropout has counted, over all its trainings."""
    found = []
    with h5py.File(path) as file:
        file.visititems(lambda _, node: found.append(node[()]) if getattr(node, "dtype", None) == np.int64 else None)
    first, second = found[::2]  # each has its seed after it
    assert first == second
    return int(first)


def test_supplementary_pairs_have_what_their_provenance_says(finished):
    for method, base in (("single", str), ("reconstruction", list)):
        folder = finished / f"supplement-{method}-33-train"
        labels, images = np.load(folder / "labels.npy"), np.load(folder / "images.npy")
        sources = load(folder / "provenance.json")
        assert len(labels) == len(images) == len(sources) == 33 and images.dtype == np.uint8
        train_cases = set(load(finished / "splits.json")[0]["train"])
        for label, source in zip(labels, sources):
            assert isinstance(source["base"], base)
            last = source["layers"][-1]
            assert last["source"] in train_cases
            assert (label == TRAINING_CLASSES.names.index(last["class"])).any()
    assert not (labels == 255).any(), "a reconstruction has no void"
    single = load(finished / "supplement-single-33-train" / "provenance.json")
    assert all([layer["class"] for layer in source["layers"]] == ["wall"] for source in single)


def test_pictures(finished):
    for name in ("legend", "figure3", "figure4_single", "figure5", "figure6", "predictions", "pspnet_curves"):
        with Image.open(finished / "figures" / f"{name}.png") as picture:
            assert picture.width > 200, name
    assert (finished / "pix2pixhd-train" / "reals.png").exists()


@pytest.mark.long
def test_the_other_methods_mixed(tmp_path):
    out = tmp_path / "out"
    options = ("--out", out, "--set", "order=mixed", "--set", "maps.several=null", "--set", "maps.raised=2")
    run("liu2019", *options, "--only", "several,style,ratio")
    report = (out / "report.md").read_text()
    for text in ("all images mixed", "Colour statistics", "78.82 %", "Chosen by this table", "Figure 7", "Figure 8"):
        assert text in report
    assert "79.10" not in report, "statistics are not the paper's style transfer"
    assert not list(out.glob("*-pretraining"))
    named = load(out / "pspnet-several-50-repeat0" / "options.json")["order"]
    assert named == "mixed"
    mixed = {path.parent.name: load(path)["images"] for path in out.glob("pspnet-*/result.json")}
    assert mixed["pspnet-style-50-repeat0"] == 66 and mixed["pspnet-baseline-longer-repeat0"] == 33


@pytest.mark.long
def test_an_interrupted_training_ends_with_the_weights_of_an_uninterrupted_one(tmp_path, monkeypatch):
    record = train.RunFolder.record
    options = ("--only", "distribution", "--set", "segmenter.epochs=2", "--out")
    run("liu2019", *options, tmp_path / "whole")

    def stopped(self, step, values):
        if step == 4 and "loss" in values:
            raise KeyboardInterrupt
        record(self, step, values)

    with monkeypatch.context() as patch:
        patch.setattr(train.RunFolder, "record", stopped)
        assert invoked("liu2019", *options, tmp_path / "out").exit_code == 130
    run("liu2019", *options, tmp_path / "out")
    log = (tmp_path / "out" / "pspnet-baseline-repeat0" / "log.txt").read_text()
    assert "continues at iteration 2" in log
    ends = [load(place / "pspnet-baseline-repeat0" / "result.json") for place in (tmp_path / "whole", tmp_path / "out")]
    assert ends[1]["validation_loss"] == pytest.approx(ends[0]["validation_loss"], rel=1e-4)


def test_the_plan_has_every_training(tmp_path):
    # A painter, two baselines, an overlay and a reconstruction with their pre-trainings.
    assert len(planned(tmp_path / "out", "liu2019")) == 1 + 2 + 2 * 2


def write_folder(root: Path, kind: str = "") -> None:
    """Labelled pictures of 32 x 16 pixels, twelve or "few"; none has a boat, half a fence, "skyless" ones no sky."""
    rng = np.random.default_rng(0)
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for number in range(5 if kind == "few" else 12):
        label = np.zeros((16, 32), np.uint8)
        label[:6] = 0 if kind == "skyless" else 1
        label[4:9, :20] = 2
        label[3:9, 22:30] = 3 if number % 2 or kind == "few" else 0
        image = (40 * label[..., None] + rng.integers(0, 40, (16, 32, 3))).astype(np.uint8)
        Image.fromarray(image).save(root / "images" / f"{number:02d}.png")
        Image.fromarray(label).save(root / "labels" / f"{number:02d}.png")
    names = {0: "road", 1: "sky", 2: "building", 3: "fence", 4: "boat"}
    lines = ["classes:", *(f"  {number}: {name}" for number, name in names.items())]
    (root / "dataset.yaml").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("kind", "single", "changes", "says"),
    [
        ("", "boat", [], "'boat'"),
        ("skyless", "fence", [], "'sky'"),
        ("few", "fence", ["--only", "reconstruction"], "a different label map for each of 4 layers"),
        ("", "wall", [], "or null to have them chosen"),
        ("", "fence", ["--set", "painter.edges=true"], "painter.edges=false"),
        ("", "fence", ["--set", "painter.vgg19=none.h5"], "no file none.h5"),
        ("", "fence", ["--set", "segmenter.imagenet=none.npz"], "segmenter.imagenet"),
    ],
)
def test_bad_input_ends_in_one_line_before_any_training(tmp_path, kind, single, changes, says):
    write_folder(tmp_path / "data", kind)
    options = ["--data", tmp_path / "data", "--out", tmp_path / "out", "--only", "single,reconstruction", *changes]
    options += ["--set", "maps.several=null", "--set", f"maps.single={single}"]
    assert says in refusal("liu2019", *options)
    assert not list((tmp_path / "out").glob("*/log.txt"))
