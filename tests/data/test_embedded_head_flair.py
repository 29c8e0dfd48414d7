"""The drawn FLAIR: deterministic, alike at every size, with bright lesions in the white matter."""

import pickle

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, binary_erosion
from scipy.ndimage import label as find_components

from tf_ganaug.data import wmh
from tf_ganaug.data.embedded import head_flair
from tf_ganaug.data.wmh import WMH

SUBJECTS, SLICES, SIZE = 12, 6, 96
PIXEL = head_flair.FIELD / SIZE


@pytest.fixture(scope="module")
def drawn():
    """Images and labels (subjects, slices, size, size)."""
    pairs = [[head_flair.draw(0, n, number, SLICES, SIZE) for number in range(SLICES)] for n in range(SUBJECTS)]
    return tuple(np.array([[pair[which] for pair in row] for row in pairs]) for which in range(2))


def test_same_seed_same_pixels(drawn):
    image, label = head_flair.draw(0, 2, 3, SLICES, SIZE)
    np.testing.assert_array_equal(image, drawn[0][2, 3])
    np.testing.assert_array_equal(label, drawn[1][2, 3])
    assert not np.array_equal(label, head_flair.draw(1, 2, 3, SLICES, SIZE)[1])


def test_values(drawn):
    """Every slice shows brain, within a border of zeros."""
    images, labels = drawn
    assert (images.dtype, labels.dtype) == (np.uint16, np.uint8)
    assert np.unique(labels).tolist() == [0, 1]
    assert np.mean(images > 0, axis=(2, 3)).min() > 0.15
    assert not np.concatenate([images[..., 0], images[..., -1], images[..., 0, :], images[..., -1, :]], -1).any()
    assert 1000 < images.max() < 4500
    assert not labels[images == 0].any()


def test_contrast(drawn):
    """Of each subject: fluid in the ventricles dark, brain between, lesions brightest."""
    for images, labels in zip(*drawn):
        brain = np.median(images[(images > 0) & (labels == 0)])
        assert np.median(images[labels == 1]) > 1.25 * brain
        near = binary_dilation(labels[3] == 1, iterations=3) & (labels[3] == 0)
        assert images[3][near].min() < 0.45 * brain


def test_lesions_lie_in_white_matter_within_the_brain(drawn):
    images, labels = drawn
    rims = [binary_erosion(image > 0, iterations=3) for image in images.reshape(-1, SIZE, SIZE)]
    assert np.mean(np.array(rims)[labels.reshape(-1, SIZE, SIZE) == 1]) > 0.99
    patient = head_flair._patient(0, 3)
    points = patient.head.points(12.0, 128, head_flair.FIELD)
    tissues = patient.head.tissues(points)
    lesions = patient.lesions.solid(points, tissues) < 0
    assert lesions.sum() > 20
    assert (tissues.grey[lesions] > 0.9).all()
    assert (tissues.fluid[lesions] > 0).all()
    assert (tissues.cerebrum[lesions] < 0).all()


def test_lesions_from_few_to_many(drawn):
    images, labels = drawn
    shares = labels.sum(axis=(1, 2, 3)) / (images > 0).sum(axis=(1, 2, 3))
    assert shares.min() > 0.0005
    assert shares.max() < 0.1
    assert shares.max() > 5 * shares.min()
    shown = labels.any(axis=(2, 3))
    assert 0.5 < shown.mean() < 1
    pieces = [find_components(label)[1] for label in labels.reshape(-1, SIZE, SIZE) if label.any()]
    assert min(pieces) <= 3
    assert max(pieces) >= 8


@pytest.mark.parametrize(("subject", "number"), [(0, 3), (3, 2)])
def test_sizes_agree(subject, number):
    small, large = head_flair.draw(0, subject, number, 6, 64), head_flair.draw(0, subject, number, 6, 256)
    blocks = large[0].reshape(64, 4, 64, 4).mean(axis=(1, 3))
    assert np.corrcoef(blocks.ravel(), small[0].ravel())[0, 1] > 0.97
    assert np.mean(large[1][2::4, 2::4] == small[1]) > 0.98


def test_dataset(drawn):
    dataset = pickle.loads(pickle.dumps(head_flair.read(3, SLICES, SIZE)))
    assert (dataset.synthetic, dataset.channels, dataset.spec) == (True, 1, WMH)
    assert [case.id for case in dataset.cases] == sorted({case.id for case in dataset.cases})
    case = dataset.cases[15]
    assert (case.id, case.spacing) == ("head-0002-003", (PIXEL, PIXEL))
    np.testing.assert_array_equal(case.read_image()[..., 0], drawn[0][2, 3])
    np.testing.assert_array_equal(case.class_indices(dataset.spec), drawn[1][2, 3])


def test_normalising_removes_the_scanners_scale():
    """White matter varies by a factor of two from stack to stack as stored, and little once normalised."""
    dataset = head_flair.read(6, SLICES, 32)
    levels = [
        [np.median([np.median(i[i > 0]) for i in (case.read_image() for case in stack)]) for stack in stacks]
        for stacks in (
            [cases[n * SLICES : (n + 1) * SLICES] for n in range(6)]
            for cases in (dataset.cases, wmh.normalised(dataset).cases)
        )
    ]
    stored, seen = (np.std(level) / np.mean(level) for level in levels)
    assert seen < 0.3 * stored
