"""Folders of pairs, of volumes and of subjects, with and without a dataset.yaml."""

import pickle
from pathlib import Path

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.data.refusals import line_of
from tf_ganaug.data import folder
from tf_ganaug.errors import InputError

SHARED = Path(__file__).parents[3] / "shared" / "data"
PICTURE = np.arange(8 * 6, dtype=np.uint8).reshape(8, 6)
IDS = PICTURE // 16


def save(path, pixels, affine=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, pixels)
    elif path.suffix == ".tif":
        tifffile.imwrite(path, pixels)
    elif path.suffix == ".png":
        Image.fromarray(pixels).save(path)
    else:
        nibabel.save(nibabel.Nifti1Image(pixels, np.eye(4) if affine is None else affine), path)
    return path


def save_pairs(root, *stems):
    for stem in stems:
        save(root / "images" / f"{stem}.png", PICTURE)
        save(root / "labels" / f"{stem}.png", IDS)


def describe(root, text):
    (root / "dataset.yaml").write_text(text)
    return root


def refusal(root, *arguments):
    return line_of(folder.read, root, *arguments)


def volume(shape=(4, 5, 6)):
    """int16 voxels that name their place: x + 10 y + 100 z."""
    places = np.indices(shape)
    return (places[0] + 10 * places[1] + 100 * places[2]).astype(np.int16)


def test_pairs_in_mixed_formats_without_description(tmp_path):
    save(tmp_path / "images" / "b.tif", PICTURE)
    save(tmp_path / "labels" / "b.npy", IDS.astype(np.float32))
    save(tmp_path / "images" / "a.v2.npy", PICTURE)
    save(tmp_path / "labels" / "a.v2.png", np.minimum(IDS, 1) * 9)
    (tmp_path / "images" / "notes.txt").write_text("not a picture")
    dataset = folder.read(tmp_path)
    assert dataset.name == tmp_path.name
    assert dataset.channels == 1
    assert dataset.given_splits is None
    assert [(c.id, c.subject, c.spacing) for c in dataset.cases] == [
        ("a.v2", "a.v2", (1.0, 1.0)),
        ("b", "b", (1.0, 1.0)),
    ]
    assert dataset.spec.ids == (0, 1, 2, 9)
    assert dataset.spec.names == ("background", "class 1", "class 2", "class 9")
    case = pickle.loads(pickle.dumps(dataset.cases[1]))
    assert case.source == str(tmp_path / "images" / "b.tif")
    np.testing.assert_array_equal(case.read_image(), PICTURE[..., None])
    np.testing.assert_array_equal(case.read_label(), IDS)


def test_description(tmp_path):
    save_pairs(tmp_path, "001_a", "001_b", "2_a", "x_a")
    describe(
        tmp_path,
        """
        name: My data
        classes: {1: lung, 2: {name: heart, colour: [1, 2, 3]}}
        ignored: [7]
        spacing: [0.5, 0.25]
        subject: (.*)_
        splits: {train: [001], validation: [2], test: [x]}
        """,
    )
    dataset = folder.read(tmp_path)
    assert dataset.name == "My data"
    assert dataset.spec.names == ("background", "lung", "heart")
    assert dataset.spec.classes[2].colour == (1, 2, 3)
    assert dataset.spec.ignored == (7,)
    assert [case.subject for case in dataset.cases] == ["001", "001", "2", "x"]
    assert {case.spacing for case in dataset.cases} == {(0.5, 0.25)}
    assert dataset.given_splits == {"train": ("001",), "validation": ("2",), "test": ("x",)}


def test_ignored_zero_gets_no_background(tmp_path):
    save_pairs(tmp_path, "a")
    described = folder.read(describe(tmp_path, "{classes: {1: road, 2: car}, ignored: [0]}"))
    assert described.spec.names == ("road", "car")
    scanned = folder.read(describe(tmp_path, "ignored: [0]"))
    assert scanned.spec.names == ("class 1", "class 2")
    fewer = folder.read(describe(tmp_path, "ignored: [2]"))
    assert (fewer.spec.names, fewer.spec.ignored) == (("background", "class 1"), (2,))


def test_description_elsewhere_must_exist(tmp_path):
    save_pairs(tmp_path / "data", "a")
    path = tmp_path / "other.yaml"
    assert f"{path}: expected a file, found none" in refusal(tmp_path / "data", path)
    path.write_text("name: Other")
    assert folder.read(tmp_path / "data", path).name == "Other"


def test_splits_name_subjects_of_the_folder(tmp_path):
    save_pairs(tmp_path, "a")
    message = refusal(describe(tmp_path, "splits: {train: [a, c], validation: [d], test: [e]}"))
    expected = "expected 'splits' of known subjects in train, found c;"
    assert f"{tmp_path / 'dataset.yaml'}: {expected}" in message


def test_subject_that_does_not_match_names_the_file(tmp_path):
    save_pairs(tmp_path, "p1_a", "other")
    message = refusal(describe(tmp_path, r"subject: p(\d+)_"))
    assert message.startswith(str(tmp_path / "images" / "other.png"))


def test_missing_and_empty_folders(tmp_path):
    assert f"{tmp_path / 'none'}: expected a folder, found none" in refusal(tmp_path / "none")
    assert f"{tmp_path}: expected a folder images/" in refusal(tmp_path)
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    assert f"{tmp_path / 'images'}: expected files, found none" in refusal(tmp_path)
    (tmp_path / "images" / "notes.txt").touch()
    assert f"{tmp_path / 'images'}: expected image files" in refusal(tmp_path)


def test_class_0_is_the_background_by_its_name_only(tmp_path):
    save_pairs(tmp_path, "a")
    for classes, measured in (
        ("{1: lung}", ("lung",)),
        ("{0: Background, 1: lung}", ("lung",)),
        ("{0: sky, 1: lung}", ("sky", "lung")),
        ("{1: lung, 2: heart}\nignored: [0]", ("lung", "heart")),
    ):
        (tmp_path / "dataset.yaml").write_text(f"classes: {classes}\n")
        spec = folder.read(tmp_path).spec
        assert tuple(spec.names[i] for i in spec.measured) == measured


def test_partners_are_named(tmp_path):
    save_pairs(tmp_path, *"abcdefgh")
    for stem in "abcdefg":
        (tmp_path / "labels" / f"{stem}.png").unlink()
    assert "one label for every image, found none for a, b, c, d, e, +2 more" in refusal(tmp_path)
    for stem in "abcdefgh":
        (tmp_path / "images" / f"{stem}.png").unlink()
    save(tmp_path / "images" / "z.png", PICTURE)
    save(tmp_path / "labels" / "z.png", PICTURE)
    assert "one label for every image, found no image for h;" in refusal(tmp_path)
    (tmp_path / "labels" / "z.png").unlink()
    assert "found none for z, no image for h;" in refusal(tmp_path)


def test_one_stem_in_two_files(tmp_path):
    save_pairs(tmp_path, "a")
    save(tmp_path / "images" / "a.tif", PICTURE)
    assert "a.tif: expected one file per stem, found a.png too" in refusal(tmp_path)


def test_sizes_and_channels_must_agree(tmp_path):
    save_pairs(tmp_path, "a", "b")
    save(tmp_path / "images" / "b.png", np.stack([PICTURE] * 3, -1))
    assert "b.png: expected 1 channels as in a.png, found 3" in refusal(tmp_path)
    path = save(tmp_path / "labels" / "b.png", IDS[:-1])
    assert f"{path}: expected 8 x 6 as b.png, found 7 x 6" in refusal(tmp_path)


def test_labels_that_name_no_classes(tmp_path):
    save(tmp_path / "images" / "a.png", PICTURE)
    path = save(tmp_path / "labels" / "a.png", PICTURE * 0)
    assert "a class beside 0, found none" in refusal(tmp_path)
    save(path, np.arange(96, dtype=np.uint8).reshape(8, 12)[:, ::2] + np.arange(8, dtype=np.uint8)[:, None])
    assert folder.read(tmp_path).spec.ids[-1] == 101
    save(tmp_path / "images" / "a.png", np.arange(80, dtype=np.uint8).reshape(8, 10))
    save(path, np.arange(80, dtype=np.uint8).reshape(8, 10))
    assert f"{path}: expected at most 64 class ids, whole numbers, found 80 values" in refusal(tmp_path)


def test_unknown_label_value_is_refused_when_encoded(tmp_path):
    save_pairs(tmp_path, "a")
    dataset = folder.read(describe(tmp_path, "classes: {1: lung}"))
    with pytest.raises(InputError, match=r"a\.png: expected label values among \[0, 1\], found \[2\]"):
        dataset.spec.encode(dataset.cases[0].read_label(), dataset.cases[0].source)


def test_damaged_picture_is_refused_when_read(tmp_path):
    save_pairs(tmp_path, "a")
    path = tmp_path / "images" / "a.png"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"images/a\.png: expected a whole png file"):
        folder.read(tmp_path).cases[0].read_image()


def test_nifti_volumes_are_sliced(tmp_path):
    voxels = volume((4, 5, 12))
    voxels[:, :, :3] = 0  # empty slices, as around every head
    affine = np.diag([2.0, 0.5, 3.0, 1.0])
    save(tmp_path / "images" / "p1.nii.gz", voxels, affine)
    save(tmp_path / "labels" / "p1.nii", (voxels > 500).astype(np.uint8), affine)
    dataset = folder.read(tmp_path)
    assert [case.id for case in dataset.cases] == [f"p1_{index:02d}" for index in range(3, 12)]
    assert {case.subject for case in dataset.cases} == {"p1"}
    assert {case.spacing for case in dataset.cases} == {(0.5, 2.0)}
    case = pickle.loads(pickle.dumps(dataset.cases[2]))
    np.testing.assert_array_equal(case.read_image(), np.rot90(voxels[:, :, 5])[..., None])
    np.testing.assert_array_equal(case.read_label(), np.rot90(voxels[:, :, 5] > 500))
    describe(tmp_path, "slice_axis: 1")
    assert (len(folder.read(tmp_path).cases), folder.read(tmp_path).cases[0].spacing) == (5, (3.0, 2.0))
    other = folder.read(tmp_path, None, 0)
    assert len(other.cases) == 4
    assert other.version != dataset.version


def test_blank_images_are_kept_if_stated(tmp_path):
    voxels = volume()
    voxels[:, :, :2] = 0
    save(tmp_path / "images" / "p.nii.gz", voxels)
    save(tmp_path / "labels" / "p.nii.gz", (voxels > 300).astype(np.uint8))
    save(tmp_path / "images" / "q.png", PICTURE * 0)
    save(tmp_path / "labels" / "q.png", PICTURE * 0)
    dataset = folder.read(describe(tmp_path, "keep_blank: true"))
    assert [case.id for case in dataset.cases] == ["p_0", "p_1", "p_2", "p_3", "p_4", "p_5", "q"]
    assert not dataset.cases[1].read_image().any()
    assert not dataset.cases[6].read_image().any()
    dataset = folder.read(describe(tmp_path, "keep_blank: false"))
    assert [case.id for case in dataset.cases] == ["p_2", "p_3", "p_4", "p_5", "q"]
    with pytest.raises(InputError, match=r"q\.png: expected a picture, found 0 everywhere"):
        dataset.cases[4].read_image()


def test_cases_are_left_out(tmp_path):
    save_pairs(tmp_path, "a", "b", "c")
    dataset = folder.read(describe(tmp_path, "leave_out: [b]"))
    assert [case.id for case in dataset.cases] == ["a", "c"]
    message = refusal(describe(tmp_path, "leave_out: [b, d]"))
    assert f"{tmp_path / 'dataset.yaml'}: expected 'leave_out' of known cases, found d;" in message


def test_npy_volumes_are_sliced_across_a_stated_axis(tmp_path):
    save(tmp_path / "images" / "p.npy", volume())
    save(tmp_path / "labels" / "p.npy", (volume() % 3).astype(np.uint8))
    dataset = folder.read(tmp_path, None, 1)
    assert (len(dataset.cases), dataset.channels, dataset.spec.ids) == (5, 1, (0, 1, 2))
    np.testing.assert_array_equal(dataset.cases[3].read_image(), volume()[:, 3, :, None])


def test_damaged_slice_names_file_and_slice(tmp_path):
    voxels = volume().astype(np.float32)
    voxels[1, 1, 2] = np.nan
    path = save(tmp_path / "images" / "p.nii", voxels)
    save(tmp_path / "labels" / "p.nii", (volume() % 3).astype(np.uint8))
    dataset = folder.read(tmp_path)
    assert len(dataset.cases) == 6
    with pytest.raises(InputError) as caught:
        dataset.cases[2].read_image()
    assert str(caught.value).startswith(f"{path} (slice 2 across axis 2): expected finite values, found 1 NaN")
    save(path, np.zeros((4, 5, 6), np.float32))
    assert f"{path}: expected a volume that varies" in refusal(tmp_path)


def test_truncated_volume_names_the_file(tmp_path):
    path = save(tmp_path / "images" / "p.nii.gz", volume())
    save(tmp_path / "labels" / "p.nii.gz", (volume() % 3).astype(np.uint8))
    path.write_bytes(path.read_bytes()[:-30])
    assert f"{path}: expected a whole nii.gz file" in refusal(tmp_path)


def test_one_folder_per_subject_with_channels(tmp_path):
    for name in ("s1", "s2"):
        save(tmp_path / name / "FLAIR.nii.gz", volume())
        second = volume() * 2
        second[:, :, 0] = 0  # empty in one channel only: the slice stays
        save(tmp_path / name / "T1.nii.gz", second)
        save(tmp_path / name / "mask.nii.gz", (volume() % 2).astype(np.uint8))
    (tmp_path / ".cache").mkdir()
    text = "files: {image: [FLAIR.nii.gz, T1.nii.gz], label: mask.nii.gz}"
    dataset = folder.read(describe(tmp_path, text))
    assert [case.id for case in dataset.cases][5:7] == ["s1_5", "s2_0"]
    assert {case.subject for case in dataset.cases} == {"s1", "s2"}
    assert dataset.channels == 2
    image = dataset.cases[5].read_image()
    np.testing.assert_array_equal(image[..., 1], 2 * image[..., 0])
    (tmp_path / "s2" / "T1.nii.gz").unlink()
    assert "expected T1.nii.gz in every folder, found none in s2" in refusal(tmp_path)


def test_files_of_a_volume_share_one_grid(tmp_path):
    save(tmp_path / "images" / "p.nii.gz", volume())
    for label, affine, expected in (
        (volume((4, 5, 7)), np.eye(4), "expected 4 x 5 x 6 as p.nii.gz, found 4 x 5 x 7"),
        (volume(), np.diag([1, 1, 1.5, 1]), "expected the position and orientation of p.nii.gz"),
    ):
        path = save(tmp_path / "labels" / "p.nii.gz", label, affine)
        assert f"{path}: {expected}" in refusal(tmp_path)
    path.unlink()
    path = save(tmp_path / "labels" / "p.png", IDS)
    assert f"{path}: expected a volume (NIfTI or npy), found .png" in refusal(tmp_path)


@pytest.mark.skipif(not (SHARED / "chest-xray-wingspan").is_dir(), reason="chest-xray-wingspan is not here")
def test_chest_xray_wingspan():
    dataset = folder.read(SHARED / "chest-xray-wingspan")
    assert (len(dataset.cases), dataset.channels) == (259, 1)
    assert dataset.spec.ids == (0, 1, 2, 3)
    case = dataset.cases[258]
    assert (case.id, case.read_image().shape) == ("258", (256, 256, 1))
    assert np.unique(case.read_label()).tolist() == [0, 1, 2, 3]


@pytest.mark.skipif(not (SHARED / "brain-mr-ms-lesions").is_dir(), reason="brain-mr-ms-lesions is not here")
def test_brain_mr_ms_lesions(tmp_path):
    text = """
        classes: {1: lesion}
        files: {image: [FLAIR.nii.gz, T1.nii.gz], label: lesions.nii.gz}
        leave_out: [msl39_099]  # its README names this slice's mask as wrong
        """
    dataset = folder.read(SHARED / "brain-mr-ms-lesions", describe(tmp_path, text) / "dataset.yaml")
    assert dataset.channels == 2
    assert "msl39_098" in {case.id for case in dataset.cases}
    cases = [case for case in dataset.cases if case.subject == "oms07"]
    assert cases[0].read_image().shape == (180, 146, 2)
    lesions = [int(case.read_label().sum()) for case in cases]
    assert (sum(lesions), np.count_nonzero(lesions)) == (1300, 74)  # as its README counts them


@pytest.mark.skipif(not (SHARED / "brain-mr-lgg-flair").is_dir(), reason="brain-mr-lgg-flair is not here")
def test_brain_mr_lgg_flair(tmp_path):
    text = "{classes: {1: tumour}, subject: '(TCGA_[^_]+_[^_]+)_'}"
    dataset = folder.read(SHARED / "brain-mr-lgg-flair", describe(tmp_path, text) / "dataset.yaml")
    assert (len(dataset.cases), len({case.subject for case in dataset.cases})) == (496, 110)
    tumours = [bool(case.class_indices(dataset.spec).any()) for case in dataset.cases]
    assert sum(tumours) == 459  # as its README counts them


def test_subjects_from_a_table(tmp_path):
    save_pairs(tmp_path, "0001", "0002", "0003")
    describe(tmp_path, "subjects: groups.csv")
    (tmp_path / "groups.csv").write_text("file,scan,remark\n0002.png,b,\n0001.png,a,\n0003.png,b,late\n")
    assert [case.subject for case in folder.read(tmp_path).cases] == ["a", "b", "b"]


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ("file,scan\n0001.png,a\n", "none"),
        ("file,scan\n0001.png,a\n0001.png,b\n0002.png,c\n", "the line 0001.png, b"),
        ("file,scan\n0001.png,a\n0002.png\n", "the line 0002.png"),
        (None, "a file, found none"),
    ],
    ids=["lacks a file", "twice", "no subject", "absent"],
)
def test_a_damaged_table_of_subjects_is_refused(tmp_path, table, found):
    save_pairs(tmp_path, "0001", "0002")
    describe(tmp_path, "subjects: groups.csv")
    if table is not None:
        (tmp_path / "groups.csv").write_text(table)
    with pytest.raises(InputError) as caught:
        folder.read(tmp_path)
    assert found in str(caught.value) and "groups.csv" in str(caught.value)


def test_pictures_turned_by_a_mark_are_told(tmp_path):
    save_pairs(tmp_path, "a", "b")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(PICTURE).copy()).save(tmp_path / "images" / "a.png", exif=exif)
    dataset = folder.read(tmp_path)
    np.testing.assert_array_equal(dataset.cases[0].read_image()[..., 0], PICTURE)
    assert dataset.notes == (
        "turned as an orientation mark (EXIF) says, so the other file of the pair must lie as viewers show both: a.png",
    )
    Image.fromarray(PICTURE).save(tmp_path / "images" / "a.png", exif=exif)
    assert "expected 6 x 8 as a.png, found 8 x 6" in refusal(tmp_path)
