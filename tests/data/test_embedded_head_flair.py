"""The drawn FLAIR: deterministic, alike at every size, with bright lesions in the white matter."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, binary_erosion
from scipy.ndimage import label as find_components

from tests.data.heads import drawn_slices
from tf_ganaug.data import wmh
from tf_ganaug.data.embedded import head_flair
from tf_ganaug.data.embedded.cohort import patient

SUBJECTS, SLICES, SIZE = 12, 6, 96
PIXEL = head_flair.FIELD / SIZE


@pytest.fixture(scope="module")
def drawn():
    """Images and labels (subjects, slices, size, size)."""
    return drawn_slices(head_flair.Patient, SUBJECTS, SLICES, SIZE)


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
    subject = patient(head_flair.Patient, 0, 3)
    points = subject.head.points(12.0, 128, head_flair.FIELD)
    tissues = subject.head.tissues(points)
    lesions = subject.lesions.solid(points, tissues) < 0
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
