"""The drawn head MR: deterministic, alike at every size, with tumours that hang together."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, center_of_mass
from scipy.ndimage import label as find_components

from tests.data.heads import drawn_slices
from tf_ganaug.data import brain
from tf_ganaug.data.embedded import head_mr
from tf_ganaug.data.embedded.cohort import draw
from tf_ganaug.data.embedded.head_anatomy import Head

SUBJECTS, SLICES, SIZE = 8, 8, 96
TUMOUR = (brain.NECROTIC, brain.OEDEMA, brain.ENHANCING)


@pytest.fixture(scope="module")
def drawn():
    """Images and labels (subjects, slices, size, size)."""
    return drawn_slices(head_mr.Patient, SUBJECTS, SLICES, SIZE)


@pytest.fixture(scope="module")
def cohort():
    """Small labels of many subjects."""
    return np.array([[draw(head_mr.Patient, 3, n, number, 8, 32)[1] for number in range(8)] for n in range(60)])


def test_values(drawn):
    images, labels = drawn
    assert (images.dtype, labels.dtype) == (np.uint16, np.uint8)
    assert np.unique(labels).tolist() == list(brain.SEVEN.ids) == list(range(7))
    np.testing.assert_array_equal(images == 0, labels == brain.BACKGROUND)
    assert 1500 < images.max() < 4000


def test_contrast(drawn):
    """T1-weighted with contrast agent: fluid < core < grey matter < oedema < white matter < rim, of each subject."""
    order = (brain.CSF, brain.NECROTIC, brain.GREY_MATTER, brain.OEDEMA, brain.WHITE_MATTER, brain.ENHANCING)
    for images, labels in zip(*drawn):
        whole = np.array([binary_dilation(np.isin(label, TUMOUR), iterations=2) for label in labels])
        tissues = np.where(np.isin(labels, TUMOUR) | ~whole, labels, 0)
        seen = [np.median(images[tissues == i]) for i in order if np.count_nonzero(tissues == i) > 30]
        # A rim cut lengthwise may brighten its core a little.
        assert all(darker < 1.02 * brighter for darker, brighter in zip(seen, seen[1:]))


def test_tumours_are_nested(drawn):
    labels = drawn[1].reshape(-1, SIZE, SIZE)
    around = {brain.NECROTIC: [], brain.ENHANCING: []}
    for label in labels:
        for part, ids in ((brain.NECROTIC, (1,)), (brain.ENHANCING, (1, 3))):
            inside = np.isin(label, ids)
            around[part].append(label[binary_dilation(inside) & ~inside])
    assert np.mean(np.concatenate(around[brain.NECROTIC]) == brain.ENHANCING) > 0.85
    assert np.mean(np.concatenate(around[brain.ENHANCING]) == brain.OEDEMA) > 0.6


def test_tumours_hang_together():
    """Through close slices a lump is one piece, and neighbours of a subject are alike."""
    found = 0
    for subject in range(6):
        labels = np.array([draw(head_mr.Patient, 0, subject, number, 40, 48)[1] for number in range(40)])
        lump = np.isin(labels, (brain.NECROTIC, brain.ENHANCING))
        if not lump.any():
            assert not np.isin(labels, TUMOUR).any()
            continue
        found += 1
        parts, _ = find_components(np.isin(labels, TUMOUR), np.ones((3, 3, 3)))
        assert np.bincount(parts[parts > 0]).max() > 0.8 * np.count_nonzero(parts)
        parts, _ = find_components(lump, np.ones((3, 3, 3)))
        assert np.bincount(parts[parts > 0]).max() > 0.95 * np.count_nonzero(parts)
        shown = np.flatnonzero(lump.any(axis=(1, 2)))
        assert np.ptp(shown) == len(shown) - 1
        inside = labels[14:26] > 0
        assert np.mean(inside[1:] == inside[:-1]) > 0.97
    assert found >= 3


def test_shares(cohort):
    empty = (cohort == 0).all(axis=(2, 3))
    assert 0.11 < empty.mean() < 0.19
    assert not empty[:, 2:-2].any()
    diseased = np.isin(cohort, TUMOUR).any(axis=(1, 2, 3))
    assert 0.8 < diseased.mean() < 1.0
    shares = np.bincount(cohort.ravel(), minlength=7)[1:] / np.count_nonzero(cohort)
    np.testing.assert_allclose(shares, [0.007, 0.03, 0.01, 0.35, 0.4, 0.2], rtol=0.85)


def test_variety(cohort):
    tumours = np.isin(cohort, TUMOUR)
    sizes = [tumour.sum() for tumour in tumours if tumour.any()]
    assert np.percentile(sizes, 90) > 5 * np.percentile(sizes, 10)
    centres = np.array([center_of_mass(tumour) for tumour in tumours if tumour.any()])
    assert (np.ptp(centres, axis=0) > (2, 12, 8)).all()
    assert 0.25 < np.mean(centres[:, 2] < 15.5) < 0.75
    middle = cohort[:, 4] > 0
    overlaps = [(a & b).sum() / (a | b).sum() for n, a in enumerate(middle) for b in middle[:n]]
    assert min(overlaps) < 0.8
    assert max(overlaps) < 1


def test_anatomy():
    """Two like hemispheres; ventricles inside white matter; fluid around all."""
    for seed in range(4):
        head = Head.born(np.random.default_rng(seed))
        at = np.mgrid[-80:80:3, -100:100:3].astype(np.float32)
        tissues = head.tissues(np.stack([at[0], at[1], np.full_like(at[0], 14)]))
        brain_, mirrored = tissues.brain < 0, tissues.brain[::-1] < 0
        assert (brain_ & mirrored).sum() > 0.85 * (brain_ | mirrored).sum()
        ventricles = tissues.ventricles < 0
        assert ventricles[:27].sum() > 20
        assert ventricles[27:].sum() > 20
        assert (tissues.fluid[ventricles] < 0).all()
        assert tissues.brain[ventricles].max() < -15
        edge = brain_ & (tissues.brain > -1)
        assert (tissues.fluid[edge] < 0).mean() > 0.95
        np.testing.assert_allclose(head.outline(np.stack([at[0], at[1], np.full_like(at[0], 14)])), tissues.brain)


def test_views(drawn):
    assert brain.FOUR.names == ("background", "necrotic core", "oedema", "enhancing tumour")
    seven = drawn[1]
    four = np.where(seven <= 3, seven, 0)
    three = np.select([seven == 0, seven <= 3], [0, 2], 1)
    for view, expected in ((brain.FOUR, four), (brain.THREE, three), (brain.TWO, np.minimum(four, 1))):
        np.testing.assert_array_equal(view.encode(seven[0, 4], ""), expected[0, 4])
        np.testing.assert_array_equal(brain.SEVEN.view_table(view)[seven], expected)
        case = head_mr.read(1, SLICES, SIZE, spec=view).cases[4]
        np.testing.assert_array_equal(case.class_indices(view), expected[0, 4])
    assert brain.THREE.view_table(brain.TWO).tolist()[:3] == [0, 0, 1]
