"""The drawn chest radiographs: deterministic, alike at every size, and true to their masks."""

import pickle

import numpy as np
import pytest
from scipy.ndimage import label as find_components

from tf_ganaug.data.embedded import chest
from tf_ganaug.data.scr import ORGANS
from tf_ganaug.errors import InputError

SUBJECTS = range(12)


@pytest.fixture(scope="module")
def drawings():
    return [chest.draw(0, subject, 128) for subject in SUBJECTS]


def test_same_seed_same_picture(drawings):
    image, masks = chest.draw(0, 3, 128)
    np.testing.assert_array_equal(image, drawings[3][0])
    for organ in ORGANS.values():
        np.testing.assert_array_equal(masks[organ], drawings[3][1][organ])
    assert not np.array_equal(image, chest.draw(1, 3, 128)[0])


def test_subjects_differ(drawings):
    lungs = [masks["left lung"] | masks["right lung"] for _, masks in drawings]
    overlaps = [(a & b).sum() / (a | b).sum() for n, a in enumerate(lungs) for b in lungs[:n]]
    assert max(overlaps) < 0.97
    assert min(overlaps) < 0.75


def test_masks(drawings):
    for image, masks in drawings:
        assert image.dtype == np.uint16
        assert image.shape == (128, 128)
        assert image.max() <= 4095
        assert set(masks) == set(ORGANS.values())
        assert all(mask.dtype == bool and mask.any() for mask in masks.values())
        left, right, heart = masks["left lung"], masks["right lung"], masks["heart"]
        assert find_components(left)[1] == find_components(right)[1] == 1
        assert not (left & right).any()
        assert not ((left | right) & heart).any()
        for organ in ("lung", "clavicle"):
            columns = [np.nonzero(masks[f"{patient} {organ}"])[1] for patient in ("left", "right")]
            assert columns[0].mean() > columns[1].mean() + 20


def test_lungs_are_dark(drawings):
    for image, masks in drawings:
        for side in ("left lung", "right lung"):
            assert image[masks[side]].mean() < image[masks["heart"]].mean()


@pytest.mark.parametrize("subject", [0, 5])
def test_sizes_agree(subject):
    small, large = chest.draw(0, subject, 64), chest.draw(0, subject, 256)
    blocks = large[0].reshape(64, 4, 64, 4).mean(axis=(1, 3))
    assert np.corrcoef(blocks.ravel(), small[0].ravel())[0, 1] > 0.98
    for organ in ("left lung", "right lung", "heart"):
        reduced = large[1][organ].reshape(64, 4, 64, 4).mean(axis=(1, 3)) > 0.5
        assert (reduced & small[1][organ]).sum() > 0.9 * (reduced | small[1][organ]).sum()


def test_all_organs(drawings):
    dataset = pickle.loads(pickle.dumps(chest.read(8, 128)))
    assert dataset.synthetic
    assert dataset.channels == 1
    assert dataset.spec.names == ("background", *ORGANS.values())
    assert len({case.subject for case in dataset.cases}) == 8
    case = dataset.cases[7]
    assert (case.id, case.spacing) == ("chest-0007", (2.8, 2.8))
    np.testing.assert_array_equal(case.read_image()[..., 0], drawings[7][0])
    label, masks = case.read_label(), drawings[7][1]
    assert sorted(np.unique(label)) == [0, *ORGANS]
    clavicles = masks["left clavicle"] | masks["right clavicle"]
    np.testing.assert_array_equal(label == 1, masks["left lung"] & ~clavicles)


def test_a_label_is_read_without_drawing_the_film(drawings, monkeypatch):
    monkeypatch.setattr(chest, "_soft_tissue", lambda *_: pytest.fail("the film was drawn"))
    label, masks = chest.read(3, 128).cases[2].read_label(), drawings[2][1]
    np.testing.assert_array_equal(label == 5, masks["right clavicle"])
    np.testing.assert_array_equal(label != 0, np.logical_or.reduce(list(masks.values())))


def test_one_organ(drawings):
    for number, organ in ORGANS.items():
        dataset = chest.read(1, 128, target=number)
        assert dataset.spec.names == ("background", organ)
        np.testing.assert_array_equal(dataset.cases[0].class_indices(dataset.spec), drawings[0][1][organ])
    with pytest.raises(InputError, match="left lung"):
        chest.read(1, 128, target=9)
