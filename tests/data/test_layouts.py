"""Layouts of folders that need no description, and what is said where there is none."""

import json
import os

import nibabel
import numpy as np
import pytest
from PIL import Image

from tests.data.refusals import line_of
from tf_ganaug.data import folder

PICTURE = np.arange(8 * 6, dtype=np.uint8).reshape(8, 6)
IDS = PICTURE // 16


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        nibabel.save(nibabel.Nifti1Image(pixels, np.eye(4)), path)
    else:
        Image.fromarray(pixels).save(path)


def refusal(root):
    return line_of(folder.read, root)


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


def test_one_folder_of_another_name_says_which(tmp_path):
    save(tmp_path / "images" / "a.png", PICTURE)
    save(tmp_path / "drawings" / "a.png", IDS)
    message = refusal(tmp_path)
    assert "found drawings/, images/;" in message and "name the folder that belongs to images/ so" in message
    assert "files:" not in message


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
    assert "expected a label of one channel, found 3 channels; state 'colours' in dataset.yaml" in refusal(tmp_path)


def volume_file(path, channels=1, **kind):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = np.stack([volume() + n for n in range(channels)], -1) if channels > 1 else volume()
    nibabel.save(nibabel.Nifti1Image(data.astype(np.int16), np.eye(4)), path)


def test_subfolders_of_images_and_labels_are_subjects(tmp_path):
    for name in ("p1/a", "p1/b", "p2/a", "alone"):
        save(tmp_path / "images" / f"{name}.png", PICTURE)
        save(tmp_path / "labels" / f"{name}.png", IDS)
    data = folder.read(tmp_path)
    assert [(case.id, case.subject) for case in data.cases] == [
        ("alone", "alone"), ("p1_a", "p1"), ("p1_b", "p1"), ("p2_a", "p2"),
    ]  # fmt: skip
    assert not data.notes
    (tmp_path / "dataset.yaml").write_text("subject: (?:p\\d_)?(.*)")
    assert {case.subject for case in folder.read(tmp_path).cases} == {"alone", "a", "b"}


def test_what_is_passed_over_is_named(tmp_path):
    for name in ("a", "b"):
        save(tmp_path / "images" / f"{name}.png", PICTURE)
        save(tmp_path / "labels" / f"{name}.png", IDS)
    for name in ("images/c.webp", "images/Thumbs.db", "labels/c.webp", "imagesTs/x.png", "loose.png", "README.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "images" / ".DS_Store").write_bytes(b"x")
    assert folder.read(tmp_path).notes == (
        "passed over in images/, of no format that is read: 2 (Thumbs.db, c.webp)",
        "passed over in labels/, of no format that is read: 1 (c.webp)",
        f"passed over in {tmp_path.name}, beside images/ and labels/: 2 (imagesTs/, loose.png)",
    )


def test_flat_folders_name_what_they_pass_over(tmp_path):
    save(tmp_path / "a.png", PICTURE)
    save(tmp_path / "a_mask.png", IDS)
    save(tmp_path / "more" / "b.png", PICTURE)
    assert folder.read(tmp_path).notes == (
        f"passed over in {tmp_path.name}, files of other formats and folders: 1 (more/)",
    )


def test_a_flat_folder_for_each_subject(tmp_path):
    for name, ending in (("p1/p1_1", "mask"), ("p1/p1_2", "gt"), ("p2/p2_1", "seg")):
        save(tmp_path / f"{name}.png", PICTURE)
        save(tmp_path / f"{name}_{ending}.png", IDS)
    cases = folder.read(tmp_path).cases
    assert [(case.id, case.subject) for case in cases] == [("p1_p1_1", "p1"), ("p1_p1_2", "p1"), ("p2_p2_1", "p2")]


def test_folders_of_equal_names_are_guessed_and_the_guess_is_told(tmp_path):
    for subject in ("p1", "p2"):
        for name in ("FLAIR", "T1"):
            volume_file(tmp_path / subject / f"{name}.nii.gz")
        save(tmp_path / subject / "lesions.nii.gz", (volume() % 3).astype(np.uint8))
    data = folder.read(tmp_path)
    assert (data.channels, data.cases[0].subject, data.sequences) == (2, "p1", True)
    line = 'files: {image: ["FLAIR.nii.gz", "T1.nii.gz"], label: "lesions.nii.gz"}'
    assert data.notes == (f"guessed from the names, to be stated in dataset.yaml: {line}",)
    (tmp_path / "dataset.yaml").write_text(line)
    assert folder.read(tmp_path).notes == ()
    (tmp_path / "dataset.yaml").unlink()
    for subject in ("p1", "p2"):
        (tmp_path / subject / "lesions.nii.gz").rename(tmp_path / subject / "Truth.nii.gz")
    assert 'label: "Truth.nii.gz"}' in folder.read(tmp_path).notes[0]
    for subject in ("p1", "p2"):
        (tmp_path / subject / "Truth.nii.gz").rename(tmp_path / subject / "drawn.nii.gz")
    message = refusal(tmp_path)
    assert 'such as \'files: {image: ["FLAIR.nii.gz", "T1.nii.gz"], label: "drawn.nii.gz"}\'' in message


def test_names_that_look_alike(tmp_path):
    composed, parted = "Z\u00fcrich", "Zu\u0308rich"
    save(tmp_path / "images" / f"{composed}.png", PICTURE)
    save(tmp_path / "labels" / f"{parted}.png", IDS)
    assert [case.id for case in folder.read(tmp_path).cases] == [composed]
    save(tmp_path / "images" / f"{parted}.png", PICTURE)
    assert "(U+0308 against U+00FC, two ways to write one letter)" in refusal(tmp_path)


def test_folders_that_look_alike(tmp_path):
    for name in ("images", "Images", "labels"):
        save(tmp_path / name / "a.png", PICTURE)
    assert "found Images, images (upper and lower case differ); rename" in refusal(tmp_path)
    for name in ("Z\u00fcrich", "Zu\u0308rich"):
        save(tmp_path / "two" / name / "a.png", PICTURE)
    (tmp_path / "two" / "dataset.yaml").write_text("files: {image: a.png, label: a.png}")
    assert "U+0308 against U+00FC" in refusal(tmp_path / "two")


def test_partners_that_differ_in_case(tmp_path):
    save(tmp_path / "images" / "P01.png", PICTURE)
    save(tmp_path / "labels" / "p01.png", IDS)
    assert "(P01 and p01 differ in upper and lower case)" in refusal(tmp_path)


def test_a_folder_named_as_a_file(tmp_path):
    save(tmp_path / "images" / "v0.nii" / "v0.png", PICTURE)
    save(tmp_path / "labels" / "v0.png", IDS)
    assert f"{tmp_path / 'images' / 'v0.nii'}: expected a file, found a folder" in refusal(tmp_path)


def test_names_that_are_no_utf8(tmp_path):
    save(tmp_path / "images" / "a.png", PICTURE)
    save(tmp_path / "labels" / "a.png", IDS)
    os.rename(tmp_path / "labels" / "a.png", os.fsencode(tmp_path / "labels") + b"/a\xff.png")
    assert "expected a name in UTF-8" in refusal(tmp_path)


def test_pairs_of_header_and_voxels_count_once(tmp_path):
    for number in range(2):
        (tmp_path / "images").mkdir(exist_ok=True)
        nibabel.save(nibabel.Nifti1Pair(volume().astype(np.int16), np.eye(4)), tmp_path / "images" / f"v{number}.img")
        save(tmp_path / "labels" / f"v{number}.nii.gz", (volume() % 3).astype(np.uint8))
    data = folder.read(tmp_path)
    assert {case.subject for case in data.cases} == {"v0", "v1"} and not data.notes
    names = [path.rpartition("/")[2] for path in data.cases[0].files]
    assert names == ["v0.hdr", "v0.img", "v0.nii.gz"]  # a changed .img makes the cache anew


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ({"background": 0, "a": 1, "b": 1}, "1 of a and b"),
        ({"background": 0, "a": 1.5}, "a: 1.5"),
        ({"background": 0, "a": True}, "a: True"),
        ({"background": 0, "a": -1}, "a: -1"),
        ({"background": 0, "a": [1, 2]}, "a: [1, 2]"),
        ([], "list"),
        ({"0": "background", "1": "a", "2": "a"}, "a twice"),
    ],
)
def test_dataset_json_whose_labels_are_none(tmp_path, labels, found):
    save_nnunet(tmp_path, labels)
    assert f"found {found}" in refusal(tmp_path)


def test_id_0_of_dataset_json_is_the_background_whatever_its_name(tmp_path):
    save_nnunet(tmp_path, {"bg": 0, "a": 1, "b": 2})
    assert folder.read(tmp_path).spec.measured == (1, 2)


def test_volumes_of_four_dimensions_are_the_channels_that_dataset_json_names(tmp_path):
    for case in ("p1", "p2"):
        volume_file(tmp_path / "imagesTr" / f"{case}.nii.gz", channels=3)
        save(tmp_path / "labelsTr" / f"{case}.nii.gz", (volume() % 3).astype(np.uint8))
    described = {"labels": {"0": "background", "1": "a", "2": "b"}}
    (tmp_path / "dataset.json").write_text(json.dumps(described))
    assert "expected one volume, found 3" in refusal(tmp_path)
    names = {"modality": {"0": "FLAIR", "1": "T1w", "2": "T2w"}}
    (tmp_path / "dataset.json").write_text(json.dumps({**described, **names}))
    data = folder.read(tmp_path)
    assert (data.channels, data.sequences) == (3, True)
    four = {"modality": {**names["modality"], "3": "DWI"}}
    (tmp_path / "dataset.json").write_text(json.dumps({**described, **four}))
    assert "found 3; store each in a file of its own, or name as many channels" in refusal(tmp_path)
    (tmp_path / "dataset.json").write_text(json.dumps({**described, **names}))
    first = data.cases[0].read_image()
    np.testing.assert_array_equal(first[..., 2], first[..., 0] + 2)


def test_spacing_that_one_volume_does_not_state_is_none_of_all(tmp_path):
    for number, size in enumerate((0.5, 0)):
        image = nibabel.Nifti1Image(volume().astype(np.int16), None)
        image.header["pixdim"][1:4] = size
        for name in ("images", "labels"):
            (tmp_path / name).mkdir(exist_ok=True)
            nibabel.save(image, tmp_path / name / f"v{number}.nii")
            with (tmp_path / name / f"v{number}.nii").open("r+b") as file:
                file.seek(80)
                file.write(np.float32([size, size, size]).tobytes())
    (tmp_path / "dataset.yaml").write_text(f"classes: {{{', '.join(f'{i}: c{i}' for i in range(1, 200))}}}")
    data = folder.read(tmp_path)
    assert {case.spacing for case in data.cases} == {(1.0, 1.0)}
    assert any("voxel size not stated" in note and note.endswith(": v1.nii") for note in data.notes)
    assert any("all distances are in pixels" in note for note in data.notes)


def test_channels_that_dataset_json_names_are_all_there(tmp_path):
    save_nnunet(tmp_path, {"background": 0, "a": 1, "b": 2})
    described = json.loads((tmp_path / "dataset.json").read_text())
    described["channel_names"] = {"0": "FLAIR", "1": "T1", "2": "T2"}
    (tmp_path / "dataset.json").write_text(json.dumps(described))
    assert "p1_0000.nii.gz: expected 3 channels as dataset.json names them, found 2" in refusal(tmp_path)
