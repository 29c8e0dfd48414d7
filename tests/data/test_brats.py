"""A tree in the exact layout of BraTS 2018, written by nibabel."""

import pickle

import nibabel
import numpy as np
import pytest

from tests.data.refusals import line_of, read_all
from tf_ganaug.data import brain, brats
from tf_ganaug.errors import InputError

SHAPE = (20, 24, 5)
#: As BraTS's files: the first axis runs to the left, the second to the back.
LPS = np.array([[-1.0, 0, 0, 0], [0, -1, 0, 239], [0, 0, 1, 0], [0, 0, 0, 1]])


def volumes(seed=0):
    """An image with an empty lowest slice, and a map with all of BraTS's ids in each other slice."""
    rng = np.random.default_rng(seed)
    image = rng.integers(1, 3000, SHAPE).astype(np.int16)
    label = rng.choice(np.array([0, 1, 2, 4], np.uint8), SHAPE)
    image[..., 0] = label[..., 0] = 0
    return image, label


def save(folder, kind, voxels, affine=LPS, suffix=".nii.gz"):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{folder.name}_{kind}{suffix}"
    nibabel.save(nibabel.Nifti1Image(voxels, affine), path)
    return path


@pytest.fixture
def subject(tmp_path):
    """The folder of one subject; each test spoils one thing."""
    folder = tmp_path / "HGG" / "Brats18_TCIA01_131_1"
    image, label = volumes()
    save(folder, "t1ce", image)
    save(folder, "seg", label)
    return folder


def refusal(root, **options):
    return line_of(read_all, brats.read, root, side=32, **options)


def test_every_slice_is_padded_and_renumbered(tmp_path, subject):
    image, label = volumes()
    dataset = brats.read(tmp_path, side=32)
    assert [case.id for case in dataset.cases] == [f"Brats18_TCIA01_131_1_{index:03d}" for index in range(5)]
    assert {case.subject for case in dataset.cases} == {"Brats18_TCIA01_131_1"}
    assert (dataset.channels, dataset.spec, dataset.cases[0].spacing) == (1, brain.FOUR, (1.0, 1.0))
    case = pickle.loads(pickle.dumps(dataset.cases[3]))
    pixels, ids = case.read_image(), case.read_label()
    assert (pixels.shape, pixels.dtype, ids.shape, ids.dtype) == ((32, 32, 1), np.uint16, (32, 32), np.uint8)
    # In LPS the back is at the high end of the second axis and the left at that of the first.
    np.testing.assert_array_equal(pixels[4:28, 6:26, 0], image[::-1, :, 3].T)
    np.testing.assert_array_equal(ids[4:28, 6:26], np.array([0, 1, 2, 9, 3])[label[::-1, :, 3].T])
    assert pixels.sum() == image[..., 3].sum()
    np.testing.assert_array_equal(case.class_indices(dataset.spec), ids)
    assert not dataset.cases[0].read_image().any()


@pytest.mark.parametrize("axes", ["RAS", "LPS", "SAR", "PIR"])
def test_slices_are_axial_whatever_the_stored_axes(tmp_path, subject, axes):
    image, label = volumes()
    turned = tmp_path / "HGG" / "other"
    for kind, voxels in (("t1ce", image), ("seg", label)):
        stored = nibabel.Nifti1Image(voxels, LPS)
        change = nibabel.orientations.ornt_transform(
            nibabel.io_orientation(LPS), nibabel.orientations.axcodes2ornt(axes)
        )
        stored = stored.as_reoriented(change)
        save(turned, kind, np.asarray(stored.dataobj), stored.affine)
    cases = brats.read(tmp_path, side=24).cases
    for case, other in zip(cases[:5], cases[5:]):
        np.testing.assert_array_equal(case.read_image(), other.read_image())
        np.testing.assert_array_equal(case.read_label(), other.read_label())


def test_modality_grade_and_suffix(tmp_path, subject):
    low = tmp_path / "LGG" / "Brats18_2013_0_1"
    for kind, voxels in zip(("flair", "seg"), volumes(1)):
        save(low, kind, voxels, suffix=".nii")
    save(subject, "flair", volumes(2)[0])
    dataset = brats.read(tmp_path, "flair", lgg=True, side=24)
    assert [case.subject for case in dataset.cases[::5]] == ["Brats18_2013_0_1", "Brats18_TCIA01_131_1"]
    assert dataset.cases[1].source.endswith("Brats18_2013_0_1_flair.nii")
    assert len(brats.read(tmp_path, "flair", side=24).cases) == 5
    assert "modality: expected one of t1, t1ce, t2, flair, found pd" in refusal(tmp_path, modality="pd")


def test_whole_numbers_in_floats_are_taken_as_they_are(tmp_path, subject):
    image = volumes()[0].astype(np.float32)
    image[0, 0, 1] = 65535
    save(subject, "t1ce", image)
    pixels = brats.read(tmp_path, side=24).cases[1].read_image()
    assert (pixels.dtype, pixels.max()) == (np.uint16, 65535)


def test_missing_folders_and_files(tmp_path, subject):
    assert f"{tmp_path / 'LGG'}: expected one folder per subject" in refusal(tmp_path, lgg=True)
    assert f"{tmp_path / 'none' / 'HGG'}: expected one folder per subject" in refusal(tmp_path / "none")
    assert f"{subject}: expected {subject.name}_t2.nii.gz, found none" in refusal(tmp_path, modality="t2")
    (subject / f"{subject.name}_seg.nii.gz").unlink()
    assert f"expected {subject.name}_seg.nii.gz, found none" in refusal(tmp_path)


def test_volume_and_label_share_shape_and_affine(tmp_path, subject):
    _, label = volumes()
    path = save(subject, "seg", label[..., :-1])
    assert f"{path}: expected 20 x 24 x 5 as {subject.name}_t1ce.nii.gz, found 20 x 24 x 4" in refusal(tmp_path)
    path = save(subject, "seg", label, np.diag([-1.0, -1, 1, 1]))
    assert f"{path}: expected the position and orientation of {subject.name}_t1ce.nii.gz" in refusal(tmp_path)


def test_unknown_label(tmp_path, subject):
    _, label = volumes()
    label[3, 3, 2] = 3
    path = save(subject, "seg", label)
    assert f"{path} (slice 2): expected label values among [0, 1, 2, 4], found [3]" in refusal(tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.5, -1.0, 65536.0])
def test_intensities_that_16_bits_cannot_hold(tmp_path, subject, value):
    image = volumes()[0].astype(np.float32)
    image[5, 5, 4] = value
    path = save(subject, "t1ce", image)
    line = refusal(tmp_path)
    assert f"{path} (slice 4): expected whole numbers from 0 to 65535, found {value}" in line


def test_negative_integers(tmp_path, subject):
    path = save(subject, "t1ce", volumes()[0] - np.int16(2000))
    assert f"{path} (slice 0): expected whole numbers from 0 to 65535, found -2000" in refusal(tmp_path)


def test_a_file_of_four_dimensions(tmp_path, subject):
    image, _ = volumes()
    path = save(subject, "t1ce", np.stack([image, image], -1))
    assert f"{path}: expected one volume, found 2" in refusal(tmp_path)


def test_larger_than_the_padding(tmp_path, subject):
    with pytest.raises(InputError, match=r"t1ce.nii.gz: expected slices of at most 16 x 16, found 20 x 24"):
        brats.read(tmp_path, side=16)


def test_truncated_gz(tmp_path, subject):
    path = subject / f"{subject.name}_t1ce.nii.gz"
    path.write_bytes(path.read_bytes()[:-500])
    assert f"{path}: expected a whole nii.gz file" in refusal(tmp_path)
