"""A tree in the layout of the WMH Segmentation Challenge 2017, written by nibabel."""

import pickle

import nibabel
import numpy as np
import pytest

from tests.data.refusals import line_of, read_all
from tf_ganaug.data import wmh
from tf_ganaug.data.cases import IGNORE, Case, Dataset
from tf_ganaug.errors import InputError

SHAPE = (20, 24, 4)
#: The challenge's voxels are anisotropic.
AFFINE = np.diag([-0.96, 0.97, 3.0, 1])


def volumes(seed=0):
    """A stack with an empty lowest slice and zeros around the brain, and a map with all ids in each other slice."""
    rng = np.random.default_rng(seed)
    image = np.zeros(SHAPE, np.float32)
    image[4:16, 5:20, 1:] = rng.uniform(20, 400, (12, 15, 3))
    label = np.zeros(SHAPE, np.float32)
    label[4:16, 5:20, 1:] = rng.integers(0, 3, (12, 15, 3))
    return image, label


def save(folder, image=None, label=None, affine=AFFINE):
    (folder / "pre").mkdir(parents=True, exist_ok=True)
    for name, voxels in (("pre/FLAIR.nii.gz", image), ("wmh.nii.gz", label)):
        if voxels is not None:
            nibabel.save(nibabel.Nifti1Image(voxels, affine), folder / name)


@pytest.fixture
def subject(tmp_path):
    """The folder of one subject; each test spoils one thing."""
    save(tmp_path / "Utrecht" / "17", *volumes())
    return tmp_path / "Utrecht" / "17"


def refusal(root):
    return line_of(read_all, wmh.read, root)


def test_every_slice_upright(tmp_path, subject):
    image, label = volumes()
    dataset = wmh.read(tmp_path)
    assert [case.id for case in dataset.cases] == [f"Utrecht_17_{index:03d}" for index in range(4)]
    assert {case.subject for case in dataset.cases} == {"Utrecht_17"}
    assert (dataset.channels, dataset.spec, dataset.synthetic) == (1, wmh.WMH, False)
    case = pickle.loads(pickle.dumps(dataset.cases[2]))
    np.testing.assert_allclose(case.spacing, (0.97, 0.96), rtol=1e-6)
    # Stored from right to left and back to front: anterior is up and the subject's left at the left.
    np.testing.assert_array_equal(case.read_image()[..., 0], image[::-1, ::-1, 2].T)
    np.testing.assert_array_equal(case.read_label(), label[::-1, ::-1, 2].T)
    assert not dataset.cases[0].read_image().any()


def test_other_pathology_is_ignored(tmp_path, subject):
    dataset = wmh.read(tmp_path)
    case = dataset.cases[1]
    np.testing.assert_array_equal(case.class_indices(dataset.spec), np.array([0, 1, IGNORE])[case.read_label()])
    assert dataset.spec.names == ("background", "WMH")


def test_with_and_without_sites(tmp_path, subject):
    save(tmp_path / "Amsterdam" / "GE3T" / "100", *volumes(1))
    save(tmp_path / "50", *volumes(2))
    # What the challenge has beside them is not read.
    (tmp_path / "50" / "orig").mkdir()
    nibabel.save(nibabel.Nifti1Image(np.ones(SHAPE, np.float32), AFFINE), tmp_path / "50" / "orig" / "FLAIR.nii.gz")
    dataset = wmh.read(tmp_path)
    assert [case.subject for case in dataset.cases[::4]] == ["50", "Amsterdam_GE3T_100", "Utrecht_17"]
    assert dataset.cases[0].source == str(tmp_path / "50" / "pre" / "FLAIR.nii.gz")
    assert [case.subject for case in wmh.read(tmp_path / "Utrecht").cases] == ["17"] * 4


def test_a_folder_without_its_map_or_image(tmp_path, subject):
    save(tmp_path / "Singapore" / "50", image=volumes()[0])
    assert f"{tmp_path}: expected one label for every image, found none for Singapore_50" in refusal(tmp_path)
    save(tmp_path / "Singapore" / "50", label=volumes()[1])
    (subject / "pre" / "FLAIR.nii.gz").unlink()
    assert f"{tmp_path}: expected one label for every image, found no image for Utrecht_17" in refusal(tmp_path)


def test_no_subject(tmp_path):
    assert f"{tmp_path}: expected subjects with pre/FLAIR.nii.gz and wmh.nii.gz, found none" in refusal(tmp_path)


def test_volumes_of_different_grids(tmp_path, subject):
    _, label = volumes()
    path = subject / "wmh.nii.gz"
    save(subject, label=label[..., :-1])
    assert f"{path}: expected 20 x 24 x 4 as FLAIR.nii.gz, found 20 x 24 x 3" in refusal(tmp_path)
    save(subject, label=label, affine=np.diag([-0.96, 0.97, 2.9, 1]))
    assert f"{path}: expected the position and orientation of FLAIR.nii.gz" in refusal(tmp_path)


def test_bad_values_and_damaged_files(tmp_path, subject):
    image, label = volumes()
    label[5, 6, 2] = 3
    save(subject, label=label)
    assert "expected label values among [0, 1, 2], found [3]" in refusal(tmp_path)
    label[5, 6, 2] = 0.5
    save(subject, label=label)
    assert f"{subject / 'wmh.nii.gz'} (slice 2): expected whole numbers as class ids" in refusal(tmp_path)
    image[5, 6, 2] = np.nan
    save(subject, image=image)
    path = subject / "pre" / "FLAIR.nii.gz"
    assert f"{path} (slice 2): expected finite values, found 1 NaN" in refusal(tmp_path)
    path.write_bytes(path.read_bytes()[:-300])
    assert f"{path}: expected a whole nii.gz file" in refusal(tmp_path)


def test_normalised_per_stack(tmp_path, subject):
    """Mean and deviation of the stack's brain, not of the slice; whatever the scanner's scale."""
    image, label = volumes()
    save(tmp_path / "Utrecht" / "19", 7 * image, label)
    dataset = pickle.loads(pickle.dumps(wmh.normalised(wmh.read(tmp_path))))
    brain = image[image != 0].astype(np.float64)
    score = (image[::-1, ::-1, 2].T - brain.mean()) / brain.std()
    expected = np.where(image[::-1, ::-1, 2].T == 0, 0, np.rint(1 + 254 * np.clip((score + 3) / 8, 0, 1)))
    seen = dataset.cases[2].read_image()
    assert (seen.dtype, seen.shape) == (np.uint8, (24, 20, 1))
    np.testing.assert_array_equal(seen[..., 0], expected)
    assert np.abs(seen.astype(int) - dataset.cases[6].read_image()).max() <= 1
    assert not dataset.cases[0].read_image().any()
    np.testing.assert_array_equal(dataset.cases[2].read_label(), wmh.read(tmp_path).cases[2].read_label())
    assert dataset.version != wmh.read(tmp_path).version


def test_normalised_clips_and_keeps_the_brain_apart_from_what_is_outside():
    image = np.array([[[0], [1000], [10], [11], [-500]] + [[10]] * 400 + [[11]] * 400], np.int16)
    case = Case("a_0", "a", (1.0, 1.0), ("a", "a"), lambda: image, lambda: np.zeros(image.shape[:2], np.uint8))
    seen = wmh.normalised(Dataset("d", (case,), wmh.WMH, 1)).cases[0].read_image()[0, :5, 0]
    assert (seen[0], seen[1], seen[4]) == (0, 255, 1)
    assert 1 < seen[2] <= seen[3] < 255


def test_a_constant_stack_is_not_normalised(tmp_path, subject):
    save(subject, image=(volumes()[0] > 0).astype(np.float32))
    # Nothing but the stack asked for is read.
    first = wmh.normalised(wmh.read(tmp_path)).cases[0]
    with pytest.raises(InputError, match=r"FLAIR.nii.gz: expected a stack that varies"):
        first.read_image()
