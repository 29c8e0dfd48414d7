"""Windows of Hounsfield units, and slices without a lesion left out, of volumes that nibabel wrote."""

import pickle

import nibabel
import numpy as np
import pytest

from tf_ganaug.data import ct, folder
from tf_ganaug.data.cache import sized_cases
from tf_ganaug.errors import InputError

#: From air to bone; the brain window's borders and middle among them.
UNITS = np.array([-1024, -1, 0, 10, 20, 40, 60, 80, 81, 1500], np.int16)


@pytest.fixture
def root(tmp_path):
    """Two scans of 3 slices: p stores integers, q stored 0.5 steps from -1024 on; lesions as in `labels`."""
    volume = np.broadcast_to(UNITS[:, None, None], (10, 4, 3)).copy()
    labels = np.zeros(volume.shape, np.uint8)
    labels[2:4, 1, 1] = 3
    labels[0, 0, 2] = 9
    for kind in ("images", "labels"):
        (tmp_path / kind).mkdir()
    scaled = nibabel.Nifti1Image(((volume + 1024) * 2).astype(np.int16), np.eye(4))
    scaled.header.set_slope_inter(0.5, -1024)
    nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), tmp_path / "images" / "p.nii.gz")
    nibabel.save(scaled, tmp_path / "images" / "q.nii.gz")
    for stem in ("p", "q"):
        nibabel.save(nibabel.Nifti1Image(labels, np.eye(4)), tmp_path / "labels" / f"{stem}.nii.gz")
    (tmp_path / "dataset.yaml").write_text("{classes: {1: IPH, 3: EDH}, ignored: [9]}")
    return tmp_path


def test_units_are_kept_until_the_window(root):
    dataset = folder.read(root)
    for case, kind in ((dataset.cases[0], np.int16), (dataset.cases[3], np.float32)):
        assert case.read_image().dtype == kind
        np.testing.assert_array_equal(case.read_image()[0, :, 0], UNITS)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ((), [0, 0, 0, 32, 64, 128, 191, 255, 255, 255]),
        ((40, 120), [0, 40, 42, 64, 85, 128, 170, 212, 215, 255]),
        ((600, 2800), [0, 73, 73, 74, 75, 76, 78, 80, 80, 209]),
    ],
)
def test_window(root, window, expected):
    """Brain 40 / 80 by default, 255 (units - low) / width."""
    for case in ct.windowed(folder.read(root), *window).cases:
        image = case.read_image()
        assert (image.dtype, image.shape) == (np.uint8, (4, 10, 1))
        np.testing.assert_array_equal(image[0, :, 0], expected)


def test_windows_have_caches_of_their_own(root, tmp_path):
    dataset = pickle.loads(pickle.dumps(ct.windowed(folder.read(root))))
    wide = ct.windowed(folder.read(root), 600, 2800)
    assert len({dataset.version, wide.version, folder.read(root).version}) == 3
    # Integers and floats on disk, one type in the cache.
    narrow_cache, wide_cache = (sized_cases(d, 4, 10, (0, 100), tmp_path / "cache") for d in (dataset, wide))
    assert narrow_cache.images.dtype == np.uint8
    assert narrow_cache.images.max() == 255 > wide_cache.images.max()


def test_width_must_be_above_0(root):
    with pytest.raises(InputError, match="width of the window: expected Hounsfield units above 0, found 0"):
        ct.windowed(folder.read(root), 40, 0)


def test_slices_without_a_lesion_are_left_out(root):
    """Ignored ids are no lesion."""
    assert [case.id for case in ct.with_lesion(folder.read(root)).cases] == ["p_1", "q_1"]


def test_no_lesion_at_all(root):
    (root / "dataset.yaml").write_text("{classes: {1: IPH}, ignored: [3, 9], name: My scans}")
    with pytest.raises(InputError, match="My scans: expected a label with a class beside the background, found none"):
        ct.with_lesion(folder.read(root))
