"""Everything a user can get wrong ends in one line on stderr and exit status 2."""

from __future__ import annotations

import shutil

import nibabel
import numpy as np
import png
import pytest
from PIL import Image

from tests.papers.runs import invoked, refusal
from tf_ganaug.files import locked

SIDE = 32


def write_png(path, pixels):
    with path.open("wb") as file:
        writer = png.Writer(*pixels.shape[::-1], greyscale=True, bitdepth=8 * pixels.dtype.itemsize)
        writer.write(file, pixels)


@pytest.fixture
def data(tmp_path):
    """Twelve good pairs; each test spoils one thing."""
    rng = np.random.default_rng(0)
    root = tmp_path / "data"
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for number in range(12):
        write_png(root / "images" / f"{number:02d}.png", rng.integers(0, 255, (SIDE, SIDE), np.uint8))
        write_png(root / "labels" / f"{number:02d}.png", rng.integers(0, 2, (SIDE, SIDE), np.uint8))
    return root


def assert_refused(*arguments, names):
    line = refusal("neff2018", *arguments)
    for name in names:
        assert str(name) in line, line


def refused(data, *names, arguments=()):
    """The data are refused, and leave no run behind that a later command could take for finished."""
    out = data.parent / "out"
    assert_refused("--data", data, "--out", out, *arguments, names=names)
    assert not list(out.glob("*/result.json")) and not list(out.glob("cache/*/complete"))


def test_no_folder(tmp_path):
    refused(tmp_path / "absent", tmp_path / "absent")


def test_empty_folder(tmp_path):
    (tmp_path / "data").mkdir()
    refused(tmp_path / "data", tmp_path / "data")


def test_image_without_label(data):
    (data / "labels" / "03.png").unlink()
    refused(data, "03")


def test_label_without_image(data):
    (data / "images" / "03.png").unlink()
    refused(data, "03")


def test_sizes_that_differ(data):
    write_png(data / "labels" / "03.png", np.zeros((SIDE, SIDE + 1), np.uint8))
    refused(data, "03.png", f"{SIDE}")


def test_label_value_outside_the_spec(data):
    (data / "dataset.yaml").write_text("classes: {0: background, 1: lung}\n")
    write_png(data / "labels" / "03.png", np.full((SIDE, SIDE), 7, np.uint8))
    refused(data, "labels/03.png", "[7]")


@pytest.mark.parametrize("kind", ["png", "gif", "nii.gz"])
def test_truncated_file(data, kind):
    original = data / "images" / "03.png"
    path = original.with_name(f"03.{kind}")
    pixels = np.asarray(Image.open(original))
    if kind == "gif":
        Image.fromarray(pixels).save(path)
    elif kind == "nii.gz":
        nibabel.save(nibabel.Nifti1Image(pixels[..., None], np.eye(4)), path)
        label = data / "labels" / "03.nii.gz"
        nibabel.save(nibabel.Nifti1Image((pixels > 99).astype(np.uint8)[..., None], np.eye(4)), label)
        (data / "labels" / "03.png").unlink()
    if kind != "png":
        original.unlink()
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    refused(data, path.name)


def test_img_of_the_wrong_length(tmp_path):
    images, masks = tmp_path / "scr", tmp_path / "scr" / "fold1" / "masks" / "left lung"
    masks.mkdir(parents=True)
    (images / "JPCLN001.IMG").write_bytes(bytes(1000))
    Image.fromarray(np.eye(1024, dtype=np.uint8) * 255).save(masks / "JPCLN001.gif")
    refused(images, "JPCLN001.IMG", "8388608", "1000", arguments=["--reader", "scr"])


@pytest.mark.parametrize("pixels", [np.full((SIDE, SIDE), np.nan), np.full((SIDE, SIDE), 3.0)])
def test_nan_and_constant_images(data, pixels):
    for path in (data / "images").glob("*.png"):
        image = np.asarray(Image.open(path)).astype(np.float32)
        np.save(path.with_suffix(".npy"), pixels.astype(np.float32) if path.stem == "03" else image)
        path.unlink()
    refused(data, "03.npy")


def test_fewer_subjects_than_the_folds_need(data):
    for path in [*(data / "images").iterdir(), *(data / "labels").iterdir()]:
        if int(path.stem) > 1:
            path.unlink()
    refused(data, "folds")


def test_a_target_that_is_not_there(data):
    refused(data, "--target", "5", arguments=["--target", "5"])


def test_a_target_that_must_be_named(data):
    write_png(data / "labels" / "03.png", np.full((SIDE, SIDE), 2, np.uint8))
    refused(data, "--target")


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ("gan.iteration=5", ("gan.iteration", "gan.iterations")),
        ("gan.iterations=many", ("gan.iterations", "many")),
        ("data.size=[48,48]", ("48", "32")),
        ("segmenter.levels=9", ("32", "256")),
        ("precision=float8", ("precision", "float8")),
        ("folds_used=4", ("folds_used", "4")),
    ],
)
def test_settings(data, change, names):
    refused(data, *names, arguments=["--set", change])


def test_unknown_paper_part_and_reader(tmp_path):
    assert invoked("neff2019").exit_code == 2
    assert_refused("--only", "table7", names=["table7", "table2"])
    assert_refused("--data", tmp_path, "--reader", "dicom", names=["dicom", "folder"])


def test_a_folder_that_cannot_be_written(data):
    (data.parent / "file").write_text("in the way")
    out = data.parent / "file" / "out"
    assert_refused("--data", data, "--out", out, names=[out])


def test_two_processes_on_one_folder(data):
    out = data.parent / "out"
    out.mkdir()
    with locked(out):
        assert_refused("--data", data, "--out", out, names=[out, "lock"])


def test_other_settings_in_one_folder(data):
    out = data.parent / "out"
    out.mkdir()
    (out / "options.json").write_text('{"paper": "neff2018", "settings": {"seed": 3}}')
    assert_refused("--data", data, "--out", out, names=[out, "settings.seed = 3 there, 0 asked"])
    shutil.rmtree(out)


def test_a_description_is_for_folders_only(tmp_path):
    assert_refused("--dataset-yaml", tmp_path / "dataset.yaml", names=["--dataset-yaml", "embedded"])
