"""Bowles' experiments from end to end on heads drawn by code, an interruption, and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.papers.runs import invoked, planned, refusal, run
from tf_ganaug.gans import train
from tf_ganaug.gans.synthesizer import find_synthesizer

pytestmark = pytest.mark.usefixtures("eager_file")


def load(path: Path) -> dict:
    return json.loads(path.read_text())


def shown(path: Path) -> bool:
    with Image.open(path) as picture:
        return picture.width > 200


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """Table 2 and Figure 1 of the U-Net."""
    out = tmp_path_factory.mktemp("results") / "out"
    run("bowles2018", "--out", out, "--set", "networks=[UNet]", "--set", "available=[50]")
    return out


def test_table_2(finished):
    report = (finished / "report.md").read_text()
    for text in ("SYNTHETIC data", "4 segmenters, and 1 GANs", "share one subset and one GAN", "86.9 (0.36) \\*"):
        assert text in report
    scores = pd.read_csv(finished / "scores.csv")
    assert len(scores) == 4 and set(scores.columns) > {"dice", "cortical CSF", "ventricular CSF"}
    one = scores[(scores.available == 50) & (scores.added == 100)].dice
    assert f"{one.mean():.2f} ({one.std():.2f})" in report
    np.testing.assert_allclose(scores.dice, scores[[name for name in scores if name.endswith("CSF")]].mean(axis=1))
    patches = {path.parent.name: load(path)["patches"] for path in finished.glob("UNet-*/result.json")}
    assert len(patches) == 4 and all(count == (128 if "added100" in name else 64) for name, count in patches.items())
    for name in ("figure1", "predictions", "pggan_curves", "unet_curves"):
        assert shown(finished / "figures" / f"{name}.png"), name


def test_synthetic_patches_are_the_exported_generators(finished):
    folder = finished / "pggan-rotated-50-draw0"
    images, labels = np.load(folder / "images.npy"), np.load(folder / "labels.npy")
    assert images.shape == (64, 32, 32, 1) and images.dtype == np.uint8 and labels.shape == (64, 32, 32)
    synthesizer = find_synthesizer(folder)
    assert synthesizer.latent_size == 8 + 32 * 32, "the map of noise is part of the latent"
    drawn, again = (synthesizer.sample(3, seed=1) for _ in range(2))
    assert drawn[0].dtype == np.uint8 and drawn[0].shape == (3, 32, 32, 1)
    for one, other in zip(drawn, again):
        np.testing.assert_array_equal(one, other)
    train_part = load(finished / "splits.json")[0]["train"]
    assert set(synthesizer.provenance.subjects) < set(train_part)


def test_the_gan_is_diagnosed_by_patches_of_other_subjects(finished):
    report, found = (finished / "report.md").read_text(), load(finished / "pggan-rotated-50-draw0" / "diagnosis.json")
    assert found["pairs"] == [64, 64, 64] and found["network"] == "a network that learned nothing"
    section = report[report.index("## Generator pggan-rotated-50-draw0") :]
    assert f"Diagnosis: {found['words'][0]}" in section and "64 generated pairs and 64 held-out real ones" in section
    assert shown(finished / "pggan-rotated-50-draw0" / "diagnosis.png")


@pytest.mark.long
def test_an_interrupted_grid_ends_as_an_uninterrupted_one(finished, tmp_path, monkeypatch):
    record = train.RunFolder.record
    options = ("--out", tmp_path / "out", "--set", "networks=[UNet]", "--set", "available=[50]", "--repeats", "1")

    def stopped(self, step, values):
        if step == 6 and "wasserstein" in values:
            raise KeyboardInterrupt
        record(self, step, values)

    with monkeypatch.context() as patch:
        patch.setattr(train.RunFolder, "record", stopped)
        assert invoked("bowles2018", *options).exit_code == 130
    run("bowles2018", *options)
    folders = [place / "pggan-rotated-50-draw0" for place in (finished, tmp_path / "out")]
    assert "continues at iteration 4" in (folders[1] / "log.txt").read_text()
    images = [np.load(folder / "images.npy").astype(int) for folder in folders]
    # Two compiled copies of a step may round sums differently (docs/stacks.md).
    assert np.abs(images[0] - images[1]).mean() <= 1


@pytest.mark.long
def test_tables_3_and_figure_2(tmp_path):
    out = tmp_path / "out"
    changes = ["available=[50]", "sweep_available=[50]"]
    changes += ["patches.size=16", "gan.noise=false", "gan.total_images=48"]
    options = ["--out", out, "--only", "table3,figure2", "--repeats", 1]
    run("bowles2018", *options, *(f"--set={change}" for change in changes))
    report = (out / "report.md").read_text()
    for text in ("GAN + Rotation augmentation", "None, GAN, rotation", "85.0 (0.58)", "figures/figure2.png"):
        assert text in report
    # With rotation +0, +50 and +100 %, without it +0 and +100 %.
    assert len(list(out.glob("UNet-*"))) == 5
    assert len(list(out.glob("pggan-*"))) == 2
    assert shown(out / "figures" / "figure2.png")


def test_the_plan_has_every_training(tmp_path):
    assert len(planned(tmp_path / "out", "bowles2018")) == 18


def test_lesions(tmp_path):
    """The second experiment: its report has all that it makes by default, of one fraction of the data."""
    out = tmp_path / "out"
    run(
        "bowles2018",
        "--experiment",
        "wmh",
        "--out",
        out,
        "--set",
        "available=[50]",
        "--set",
        "added=[0,100]",
        "--repeats",
        1,
    )
    report = (out / "report.md").read_text()
    for text in ("synthetic FLAIR", "DeepMedic, 50 %", "61.4 (2.67)", "62.8 (1.17)"):
        assert text in report
    assert len(list(out.glob("DeepMedic-*/result.json"))) == 2
    for name in ("figure1", "figure3", "pggan_curves", "deepmedic_curves"):
        assert shown(out / "figures" / f"{name}.png"), name


def write_wmh(root: Path, kind: str) -> None:
    """Eight stacks, one of them "maskless" or on another "grid"."""
    rng = np.random.default_rng(0)
    for number in range(8):
        place = root / f"{number}"
        (place / "pre").mkdir(parents=True)
        image = rng.integers(1, 900, (20, 20, 2)).astype(np.int16)
        label = (image > 500).astype(np.uint8)
        odd = number == 3
        affine = np.diag([1.0, 1.0, 3.0, 1.0])
        nibabel.save(nibabel.Nifti1Image(image, affine), place / "pre" / "FLAIR.nii.gz")
        if not (odd and kind == "maskless"):
            other = affine * 2 if odd and kind == "grid" else affine
            nibabel.save(nibabel.Nifti1Image(label, other), place / "wmh.nii.gz")


@pytest.mark.parametrize(
    ("kind", "changes", "says"),
    [
        ("maskless", [], "one label for every image, found none for 3"),
        ("grid", [], "resample both to one grid"),
        ("", ["--set", "available=[101]"], "a fraction must leave images"),
        ("", ["--set", "networks=[UNet]", "--set", "patches.size=2"], "powers of two"),
    ],
)
def test_bad_input_ends_in_one_line_before_any_training(tmp_path, kind, changes, says):
    write_wmh(tmp_path / "data", kind)
    options = ["--experiment", "wmh", "--reader", "wmh", "--data", tmp_path / "data", "--out", tmp_path / "out"]
    assert says in refusal("bowles2018", *options, *changes)
    assert not list((tmp_path / "out").glob("*/log.txt"))


@pytest.mark.long
def test_own_stacks_smaller_than_patches_with_a_gan_for_every_repeat(tmp_path):
    write_wmh(tmp_path / "data", "")
    out = tmp_path / "out"
    options = ["--data", tmp_path / "data", "--reader", "wmh", "--out", out, "--set", "data.size=[12,12]"]
    changes = ["available=[100]", "redraw=true", "patches.count=32", "gan.label_channels=coded"]
    changes += ["patches.size=16", "gan.noise=false", "gan.total_images=48"]
    run("bowles2018", "--experiment", "wmh", *options, *(f"--set={change}" for change in changes))
    report = (out / "report.md").read_text()
    for text in (
        "12 x 12 pixels are smaller and padded",
        "66.0 (1.26)",
        "its own subset",
        "less than 0.5 times as far",
    ):
        assert text in report
    assert {path.name for path in out.glob("pggan-*")} == {f"pggan-unrotated-100-draw{draw}" for draw in (0, 1)}
    assert len(list(out.glob("DeepMedic-*"))) == 4
    assert shown(out / "figures" / "figure3.png")
