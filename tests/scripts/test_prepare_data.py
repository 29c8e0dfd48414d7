"""BraTS volumes to PNG slices: nothing lost, nothing done twice, nothing half done."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import png
import pytest
from click.testing import CliRunner

from tf_ganaug.commands.prepare_data import prepare_data as main
from tf_ganaug.data import brain, brats, folder
from tf_ganaug.data.files import read_image, read_label
from tf_ganaug.data.pictures import write_png
from tf_ganaug.files import locked

SHAPE = (22, 18, 6)
NAMES = ("Brats18_2013_10_1", "Brats18_CBICA_AAB_1", "Brats18_TCIA01_131_1")


@pytest.fixture
def source(tmp_path):
    """Three subjects: columns of white matter in grey matter in CSF, a tumour, an empty slice at the top."""
    radius = np.sqrt(((np.indices(SHAPE)[:2] - np.reshape([11, 9], (2, 1, 1, 1))) ** 2).sum(0))
    for seed, name in enumerate(NAMES):
        noise = np.random.default_rng(seed).normal(0, 20, SHAPE)
        image = np.select([radius < 5.5, radius < 7.5, radius < 8.5], [420, 270, 110], 0)
        image = np.where(image > 0, image + noise, 0).astype(np.int16)
        label = np.zeros(SHAPE, np.uint8)
        label[8:12, 8, 3] = 1, 2, 4, 4
        image[..., 5] = label[..., 5] = 0
        path = tmp_path / "brats" / "HGG" / name
        path.mkdir(parents=True)
        for kind, voxels in (("t1ce", image), ("flair", image // 2), ("seg", label)):
            nibabel.save(nibabel.Nifti1Image(voxels, np.diag([-1.0, -1, 1, 1])), path / f"{name}_{kind}.nii.gz")
    return tmp_path / "brats"


def run(source, out, *options):
    return CliRunner().invoke(main, ["brats2018", str(source), str(out), "--size", "32", "--jobs", "2", *options])


def assert_refused(result, *parts):
    assert result.exit_code == 2, result.output
    line = result.stderr.strip().splitlines()[-1]
    assert all(str(part) in line for part in parts), line
    assert "Traceback" not in result.stderr


def rows(out):
    return list(csv.DictReader((out / "manifest.csv").open()))


def test_png_keeps_every_value(tmp_path):
    every16 = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    every8 = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for pixels in (every16, every8):
        write_png(tmp_path / "a.png", pixels)
        np.testing.assert_array_equal(read_image(tmp_path / "a.png")[..., 0], pixels)
        np.testing.assert_array_equal(read_label(tmp_path / "a.png"), pixels)
        width, height, values, info = png.Reader(str(tmp_path / "a.png")).read()
        np.testing.assert_array_equal(np.vstack(list(values)), pixels)
        assert (width, height, info["greyscale"]) == (*pixels.shape[::-1], True)
        assert info["bitdepth"] == 8 * pixels.dtype.itemsize


def test_folder_holds_the_readers_slices(source, tmp_path):
    out = tmp_path / "out"
    result = run(source, out, "--no-tissue", "--modality", "flair")
    assert result.exit_code == 0, result.output
    assert "18 pairs" in result.output
    direct, prepared = brats.read(source, "flair", side=32), folder.read(out)
    assert prepared.name == "BraTS 2018 flair"
    assert prepared.spec.classes == brain.SEVEN.classes[:4]
    assert len(prepared.cases) == 18
    for case, expected in zip(prepared.cases, direct.cases):
        assert (case.id, case.subject, case.spacing) == (expected.id, expected.subject, expected.spacing)
        pixels = case.read_image()
        assert pixels.dtype == np.uint16
        np.testing.assert_array_equal(pixels, expected.read_image())
        np.testing.assert_array_equal(case.read_label(), expected.read_label())
    assert {case.subject for case in prepared.cases} == set(NAMES)
    listed = [(row["id"], row["subject"], row["grade"], row["slice"], row["tissue"]) for row in rows(out)]
    assert listed[4] == (f"{NAMES[0]}_004", NAMES[0], "HGG", "4", "")
    assert [row[0] for row in listed] == [case.id for case in prepared.cases]


def test_tissues_fill_what_the_tumour_leaves(source, tmp_path):
    pytest.importorskip("dipy")
    out = tmp_path / "out"
    result = run(source, out, "--modality", "flair")  # the tissues are those of the T1c all the same
    assert result.exit_code == 0, result.output
    dataset = folder.read(out)
    assert dataset.spec == brain.SEVEN
    tumours = brats.read(source, side=32)
    for case, tumour in zip(dataset.cases, tumours.cases):
        label, stored = case.read_label(), tumour.read_label()
        np.testing.assert_array_equal(label[stored > 0], stored[stored > 0])
        np.testing.assert_array_equal(label > 0, (case.read_image()[..., 0] > 0) | (stored > 0))
    middle = dataset.cases[3]
    label, image = middle.read_label(), middle.read_image()[..., 0]
    means = [image[label == tissue].mean() for tissue in (brain.CSF, brain.GREY_MATTER, brain.WHITE_MATTER)]
    assert means == sorted(means)
    assert {row["tissue"].split()[0] for row in rows(out)} <= {"dipy", "FSL"}


def test_an_interrupted_preparation_continues(source, tmp_path):
    out, unfinished = tmp_path / "out", tmp_path / "out.unfinished"
    broken = source / "HGG" / NAMES[2] / f"{NAMES[2]}_t1ce.nii.gz"
    whole = broken.read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])
    assert_refused(run(source, out, "--no-tissue", "--jobs", "1"), broken, "a whole nii.gz file")
    assert not out.exists()
    assert {row["subject"] for row in rows(unfinished)} == set(NAMES[:2])
    # One volume done, one whose manifest entry is missing and whose first picture is half written, one absent.
    text = (unfinished / "manifest.csv").read_text().splitlines()
    (unfinished / "manifest.csv").write_text("\n".join(line for line in text if NAMES[1] not in line))
    half = unfinished / "images" / f"{NAMES[1]}_000.png"
    half.write_bytes(half.read_bytes()[:40])
    done = unfinished / "images" / f"{NAMES[0]}_003.png"
    stamp = done.stat().st_mtime_ns
    broken.write_bytes(whole)
    result = run(source, out, "--no-tissue")
    assert result.exit_code == 0, result.output
    assert not unfinished.exists()
    assert (out / "images" / done.name).stat().st_mtime_ns == stamp
    for case, expected in zip(folder.read(out).cases, brats.read(source, side=32).cases):
        np.testing.assert_array_equal(case.read_image(), expected.read_image())
    assert len(rows(out)) == 18
    assert run(source, out, "--no-tissue").exit_code == 0
    assert (out / "images" / done.name).stat().st_mtime_ns == stamp


def test_a_broken_subject_that_is_left_out_leaves_nothing(source, tmp_path):
    broken = source / "HGG" / NAMES[2] / f"{NAMES[2]}_seg.nii.gz"
    label = np.zeros(SHAPE, np.uint8)
    label[0, 0, 3] = 3
    nibabel.save(nibabel.Nifti1Image(label, np.diag([-1.0, -1, 1, 1])), broken)
    assert_refused(run(source, tmp_path / "out", "--no-tissue"), f"{broken} (slice 3)")
    assert (tmp_path / "out.unfinished" / "images" / f"{NAMES[2]}_002.png").exists()
    broken.parent.rename(source / "removed")
    assert run(source, tmp_path / "out", "--no-tissue").exit_code == 0
    assert {case.subject for case in folder.read(tmp_path / "out").cases} == set(NAMES[:2])


def test_a_folder_that_is_not_ours(source, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("precious")
    assert_refused(run(source, out, "--no-tissue"), out, "new or empty folder")
    (out / "thesis.tex").unlink()
    assert run(source, out, "--no-tissue").exit_code == 0
    assert_refused(run(source, out, "--no-tissue", "--modality", "flair"), "modality = t1ce there, flair asked")
    (source / "HGG" / NAMES[0]).rename(source / "removed")
    assert_refused(run(source, out, "--no-tissue"), out, "expected the 2 subjects of the source")


def test_two_processes_on_one_folder(source, tmp_path):
    (tmp_path / "out.unfinished").mkdir()
    with locked(tmp_path / "out.unfinished"):
        assert_refused(run(source, tmp_path / "out", "--no-tissue"), "lock")


def test_bad_input_is_one_line(source, tmp_path):
    out = tmp_path / "out"
    assert_refused(run(source, out, "--no-tissue", "--modality", "t2"), f"{NAMES[0]}_t2.nii.gz", "none")
    assert_refused(run(source, out, "--no-tissue", "--size", "16"), "at most 16 x 16", "22 x 18")
    label = source / "HGG" / NAMES[1] / f"{NAMES[1]}_seg.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.full(SHAPE, 5, np.uint8), np.diag([-1.0, -1, 1, 1])), label)
    assert_refused(run(source, out, "--no-tissue"), label, "[0, 1, 2, 4]", "[5]")
    image = source / "HGG" / NAMES[0] / f"{NAMES[0]}_t1ce.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.ones(SHAPE, np.int16), np.diag([-1.0, -1, 2, 1])), image)
    assert_refused(run(source, out, "--no-tissue"), NAMES[0], "position and orientation")
    assert not out.exists()


def test_pixels_of_one_size(source, tmp_path):
    for kind in ("t1ce", "seg"):
        path = source / "HGG" / NAMES[2] / f"{NAMES[2]}_{kind}.nii.gz"
        nibabel.save(nibabel.Nifti1Image(np.ones(SHAPE, np.int16), np.diag([-0.5, -1, 1, 1])), path)
    assert_refused(run(source, tmp_path / "out", "--no-tissue"), NAMES[2], "1 x 1 mm", "1 x 0.5 mm")


def test_tensorflow_is_not_loaded():
    script = str(Path(__file__).resolve().parents[2] / "scripts" / "prepare_data.py")
    code = f"import runpy, sys; runpy.run_path({script!r}); import tf_ganaug.data.prepare; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert "tf_ganaug.data.brats" in loaded
    assert not {"tensorflow", "keras", "dipy"} & set(loaded)
