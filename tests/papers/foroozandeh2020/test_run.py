"""Foroozandeh and Eklund's experiment from end to end, on heads drawn by code and on a tree of BraTS 2018."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from tests.papers.runs import planned, refusal, run
from tf_ganaug.commands.sample import sample
from tf_ganaug.data import brain

pytestmark = pytest.mark.usefixtures("eager_file")


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """What the command makes by default, in one epoch: the reduced chain, its rows with two classes, all figures."""
    out = tmp_path_factory.mktemp("results") / "out"
    run("foroozandeh2020", "--out", out, "--set", "segmenter.epochs=1")
    return out


def test_default_rows_and_the_papers_numbers(finished):
    report = (finished / "report.md").read_text()
    assert "SYNTHETIC data" in report and "## Table 1, 2 classes" in report
    for printed in ("6.16 %", "5.80 %", "3.5915", "7.36 M of 12.00 M", "1.882 %", "15.44 %"):
        assert printed in report
    units = sorted(finished.glob("unet-*/result.json"))
    assert len(units) == 3
    for path in units:
        loss = 100 * json.loads(path.read_text())["test_loss"]
        assert f"| {loss:.2f} % |" in report
    table = report[report.index("## Table 1, 2 classes") :]
    steps = [json.loads(path.read_text())["iterations"] for path in units]
    # As many epochs of more slices.
    assert len(set(steps)) > 1 and all(f"| {count} |" in table for count in steps)
    assert not list(finished.glob("*-full")), "the default needs the reduced chain only"
    few = report[report.index("## Generator spade-reduced") :]
    assert "No diagnosis: diagnosis: expected at least 6 reference images, found 3;" in few


def test_the_reduced_chain_never_sees_the_rest(finished):
    train = json.loads((finished / "splits.json").read_text())[0]["train"]
    metadata = json.loads((finished / "spade-reduced" / "synthesizer" / "metadata.json").read_text())
    assert set(metadata["subjects"]) == set(train[: len(metadata["subjects"])])
    assert len(metadata["subjects"]) == -(-len(train) // 5)


def test_rows_share_data_and_differ_in_synthetic_slices(finished):
    results = {path.parent.name: json.loads(path.read_text()) for path in finished.glob("unet-*/result.json")}
    counts = sorted(result["slices"] for result in results.values())
    real = counts[0]
    assert counts == [real, 5 * real, 5 * real]
    frames = [pd.read_csv(finished / name / "cases.csv") for name in results]
    assert all(list(frame.case) == list(frames[0].case) for frame in frames)
    assert all((frame.pixels_true == frames[0].pixels_true).all() for frame in frames)


def test_pictures(finished):
    for name in ("figure1", "figure3", "figure6", "figure7", "predictions_2", "pggan_curves", "unet_curves"):
        with Image.open(finished / "figures" / f"{name}.png") as picture:
            assert picture.width > 100
    assert (finished / "pggan-reduced" / "reals.png").exists() and (finished / "spade-reduced" / "reals.png").exists()


def test_pairs_of_the_whole_chain_are_sampled(finished, tmp_path):
    done = CliRunner().invoke(sample, [str(finished / "spade-reduced"), "-n", "3", "--out", str(tmp_path / "pairs")])
    assert done.exit_code == 0, done.output
    with Image.open(next((tmp_path / "pairs" / "images").iterdir())) as picture:
        assert picture.mode == "I;16" and picture.size == (16, 16)
    labels = [np.asarray(Image.open(path)) for path in (tmp_path / "pairs" / "labels").iterdir()]
    assert len(labels) == 3 and set(np.unique(labels)) <= set(brain.SEVEN.ids)


def test_the_plan_has_every_training(tmp_path):
    # Three resolutions of two progressive GANs, two SPADEs, seven rows of three views.
    assert len(planned(tmp_path / "out", "foroozandeh2020", only="table1")) == 3 * 2 + 2 + 7 * 3


def test_all_rows_can_take_the_steps_of_all_real_slices(tmp_path):
    def steps(*changes):
        found = planned(tmp_path / "out", "foroozandeh2020", *changes, only="table1")
        return {one.name: one.iterations for one in found if one.kind == "unet"}

    epochs = steps()
    assert len(set(epochs.values())) > 3
    longest = max(count for name, count in epochs.items() if name.startswith("unet-full") and "-0-7classes" in name)
    assert set(steps("equal_steps=true").values()) == {longest}


def write_brats(root: Path, patients: int = 10) -> None:
    """Volumes of 20 x 20 x 3 voxels in the layout and types of BraTS 2018."""
    rng = np.random.default_rng(0)
    for number in range(patients):
        name = f"Brats18_TST_{number:03d}_1"
        folder = root / "HGG" / name
        folder.mkdir(parents=True)
        seg = np.zeros((20, 20, 3), np.uint8)
        for stored in (2, 1, 4):
            place = rng.integers(4, 10)
            seg[place : place + 6, 8:14, 1:] = np.where(
                rng.random((6, 6, 2)) < 0.5, stored, seg[place : place + 6, 8:14, 1:]
            )
        affine = np.diag([-1.0, -1.0, 1.0, 1.0])
        nibabel.save(nibabel.Nifti1Image(seg, affine), folder / f"{name}_seg.nii.gz")
        for modality in ("t1", "t1ce", "t2", "flair"):
            volume = (rng.integers(50, 900, seg.shape) * (1 + (seg > 0))).astype(np.int16)
            nibabel.save(nibabel.Nifti1Image(volume, affine), folder / f"{name}_{modality}.nii.gz")


@pytest.mark.long
def test_brats_through_preparation_and_chain(tmp_path):
    from tf_ganaug.commands.prepare_data import prepare_data as prepare

    write_brats(tmp_path / "brats")
    prepared = tmp_path / "prepared"
    arguments = ["brats2018", str(tmp_path / "brats"), str(prepared), "--no-tissue", "--size", "32", "--jobs", "1"]
    done = CliRunner().invoke(prepare, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    options = ["--data", prepared, "--out", tmp_path / "out", "--set", "split=slices"]
    options += ["--set", "pggan.total_images=24", "--set", "spade.reduced_epochs=1", "--set", "segmenter.epochs=1"]
    run("foroozandeh2020", *options, "--only", "reduced,predictions")
    report = (tmp_path / "out" / "report.md").read_text()
    assert "training and test share subjects" in report and "30 images" in report
    results = list((tmp_path / "out").glob("unet-*-2classes-*/result.json"))
    assert len(results) == 3
    persons = {path.name for path in (tmp_path / "brats" / "HGG").iterdir()}
    frame = pd.read_csv(results[0].parent / "cases.csv")
    assert set(frame.subject) <= persons and not set(frame.case) & persons
    metadata = json.loads(next((tmp_path / "out").glob("spade-reduced/**/metadata.json")).read_text())
    assert set(metadata["subjects"]) <= persons


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("data.size=[48, 48]", "48"),
        ("data.size=[16, 32]", "equal sides"),
        ("split=patients", "subjects"),
        ("classes=4", "7, 3"),
        ("reduced=0.5", "0.2"),
        ("screen.maps=2", "screen"),
    ],
)
def test_settings_that_cannot_be(tmp_path, change, says):
    assert says in refusal("foroozandeh2020", "--out", tmp_path / "out", "--set", change)
