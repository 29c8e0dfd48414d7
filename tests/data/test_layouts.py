"""Layouts of folders that need no description, and what is said where there is none."""

import json

import nibabel
import numpy as np
import pytest
from PIL import Image

from tf_ganaug.data import folder
from tf_ganaug.errors import InputError

PICTURE = np.arange(8 * 6, dtype=np.uint8).reshape(8, 6)
IDS = PICTURE // 16


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        nibabel.save(nibabel.Nifti1Image(pixels, np.eye(4)), path)
    else:
        Image.fromarray(pixels).save(path)


def refusal(root):
    with pytest.raises(InputError) as caught:
        folder.read(root)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("images/{}.png", "labels/{}.png"),
        ("image/{}.png", "mask/{}.png"),
        ("Images/{}.png", "Masks/{}_mask.png"),
        ("imagesTr/{}.png", "labelsTr/{}.png"),
        ("imagesTr/{}_0000.png", "labelsTr/{}.png"),
        ("{}.png", "{}_mask.png"),
        ("{}.png", "{}_Segmentation.png"),
    ],
)
def test_layouts_without_description(tmp_path, image, label):
    for number, stem in enumerate(("a", "b_0007")):
        save(tmp_path / image.format(stem), PICTURE + number)
        save(tmp_path / label.format(stem), IDS)
    (tmp_path / "README.md").write_text("about these data")
    cases = folder.read(tmp_path).cases
    assert [case.id for case in cases] == ["a", "b_0007"]
    np.testing.assert_array_equal(cases[1].read_image()[..., 0], PICTURE + 1)
    np.testing.assert_array_equal(cases[1].read_label(), IDS)


def save_nnunet(root, names, channels=2):
    for case in ("p1", "p2"):
        for channel in range(channels):
            save(root / "imagesTr" / f"{case}_{channel:04d}.nii.gz", (volume() + channel).astype(np.int16))
        save(root / "labelsTr" / f"{case}.nii.gz", (volume() % 3).astype(np.uint8))
    (root / "dataset.json").write_text(json.dumps({"labels": names}))


def volume():
    return np.arange(4 * 5 * 3).reshape(4, 5, 3)


@pytest.mark.parametrize(
    "names", [{"background": 0, "liver": 1, "tumour": 2}, {"0": "background", "1": "liver", "2": "tumour"}]
)
def test_channels_and_classes_of_nnunet(tmp_path, names):
    save_nnunet(tmp_path, names)
    dataset = folder.read(tmp_path)
    assert (dataset.channels, dataset.spec.names) == (2, ("background", "liver", "tumour"))
    image = dataset.cases[4].read_image()
    np.testing.assert_array_equal(image[..., 1], image[..., 0] + 1)
    (tmp_path / "dataset.yaml").write_text("classes: {1: organ, 2: lesion}")
    assert folder.read(tmp_path).spec.names == ("background", "organ", "lesion")


def test_ignored_label_of_nnunet(tmp_path):
    save_nnunet(tmp_path, {"background": 0, "liver": 1, "ignore": 2})
    spec = folder.read(tmp_path).spec
    assert (spec.names, spec.ignored) == (("background", "liver"), (2,))


def test_regions_and_missing_channels_of_nnunet_are_refused(tmp_path):
    save_nnunet(tmp_path, {"background": 0, "whole": [1, 2], "core": 2})
    assert "dataset.json: expected 'labels' with one id for each name" in refusal(tmp_path)
    (tmp_path / "imagesTr" / "p1_0000.nii.gz").unlink()
    assert "p1_0001.nii.gz: expected CASE_0000, CASE_0001, ..." in refusal(tmp_path)


def test_no_layout_says_what_there_is(tmp_path):
    save(tmp_path / "p1" / "t1.png", PICTURE)
    save(tmp_path / "p1" / "tumour.png", IDS)
    message = refusal(tmp_path)
    assert "expected a folder images/ (or image, imagesTr) with labels/" in message
    assert "found p1/; in the first folder t1.png, tumour.png;" in message
    assert "files: {image:" in message


def test_two_folders_of_labels_are_refused(tmp_path):
    for name in ("image", "mask", "label"):
        save(tmp_path / name / "a.png", PICTURE)
    assert "expected one folder of images and one of labels, found label, mask;" in refusal(tmp_path)


def test_files_of_another_format_are_named(tmp_path):
    save(tmp_path / "labels" / "a.png", IDS)
    save(tmp_path / "images" / "a.webp", PICTURE)
    assert "images: expected image files (.nii.gz, .nii, .hdr, .png" in refusal(tmp_path)
    assert "found a.webp;" in refusal(tmp_path)


def test_grey_masks_stored_as_colours_are_read_and_colours_refused(tmp_path):
    save(tmp_path / "images" / "a.png", PICTURE)
    save(tmp_path / "labels" / "a.png", np.stack([IDS] * 3, -1))
    np.testing.assert_array_equal(folder.read(tmp_path).cases[0].read_label(), IDS)
    save(tmp_path / "labels" / "a.png", np.stack([IDS, IDS, IDS * 0], -1))
    assert "expected a label of one channel, found 3 channels; store one class id for each colour" in refusal(tmp_path)
