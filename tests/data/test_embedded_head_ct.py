"""The drawn head CT: deterministic, alike at every size, in Hounsfield units, each bleed in its typical place."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, distance_transform_edt
from scipy.ndimage import label as find_components

from tests.data.heads import drawn_slices, inside
from tf_ganaug.data.embedded import head_ct
from tf_ganaug.data.embedded.cohort import draw
from tf_ganaug.data.embedded.head_bleeds import KINDS
from tf_ganaug.data.haemorrhage import BACKGROUND, EDH, FIVE, IPH, IVH, SAH, SDH

SUBJECTS, SLICES, SIZE = 28, 4, 96
PIXEL = head_ct.FIELD / SIZE


@pytest.fixture(scope="module")
def drawn():
    """Images and labels (subjects, slices, size, size)."""
    return drawn_slices(head_ct.Patient, SUBJECTS, SLICES, SIZE)


@pytest.fixture(scope="module")
def slices(drawn):
    """Images and labels (slices, size, size) of all subjects."""
    return tuple(part.reshape(-1, SIZE, SIZE) for part in drawn)


def test_classes_are_in_the_order_of_table_3():
    assert FIVE.names == ("background", "IPH", "IVH", "EDH", "SDH", "SAH")
    assert FIVE.ids == (0, 1, 2, 3, 4, 5)
    assert set(KINDS) == set(FIVE.ids) - {BACKGROUND}


def test_every_slice_bleeds(slices):
    assert (slices[1] > 0).any(axis=(1, 2)).all()


@pytest.mark.parametrize("seed", [1, 2])
def test_every_slice_bleeds_at_any_number_and_small_size(seed):
    for subject in range(6):
        assert all((draw(head_ct.Patient, seed, subject, number, 9, 64)[1] > 0).any() for number in range(9))


def test_types(drawn):
    """All five occur; about a third of the patients has two."""
    kinds = [set(np.unique(label)) - {BACKGROUND} for label in drawn[1]]
    assert set.union(*kinds) == {IPH, IVH, EDH, SDH, SAH}
    assert set(map(len, kinds)) == {1, 2}
    assert 0.15 < np.mean([len(some) == 2 for some in kinds]) < 0.55
    for kind in range(1, 6):
        assert sum(kind in some for some in kinds) >= 3


def test_hounsfield_units(slices):
    """Air, fluid < brain < clot, bone; the calcified spots and the skull's blur keep away from medians."""
    for image, label in zip(*slices):
        assert (image.dtype, label.dtype) == (np.int16, np.uint8)
        np.testing.assert_allclose(image[:4, :4].mean(), -1000, atol=20)
        assert image.max() > 900
        brain = inside(image) & ~binary_dilation(label > 0, iterations=3)
        assert 25 < np.median(image[brain]) < 42
    images, labels = slices
    seen = {kind: np.median(images[labels == kind]) for kind in range(1, 6)}
    assert all(55 < seen[kind] < 80 for kind in (IPH, EDH, SDH))
    assert all(42 < seen[kind] < 70 for kind in (IVH, SAH))


def test_typical_places(slices):
    """EDH and SDH along the skull, IVH and IPH deep within, SAH between."""
    depths = {kind: [] for kind in range(1, 6)}
    for image, label in zip(*slices):
        depth = distance_transform_edt(inside(image) | (label > 0)) * PIXEL
        for kind in np.unique(label[label > 0]):
            depths[kind].append(np.percentile(depth[label == kind], 10))
    found = {kind: np.median(values) for kind, values in depths.items()}
    assert found[EDH] < 5
    assert found[SDH] < 5
    assert found[IVH] > 25
    assert found[IPH] > 15
    assert found[SAH] < 12


def test_shapes(drawn):
    """A lens is thick for its length, a crescent long and thin; SAH is in many pieces, a clot in one."""
    measured = {EDH: [], SDH: [], IPH: [], SAH: []}
    for label in drawn[1].reshape(-1, SIZE, SIZE):
        for kind, values in measured.items():
            mask = label == kind
            if mask.sum() < 30:
                continue
            if kind in (EDH, SDH):
                spread = np.sqrt(np.linalg.eigvalsh(np.cov(np.nonzero(mask))))
                values.append(distance_transform_edt(mask).max() / spread[1])
            else:
                parts, _ = find_components(mask, np.ones((3, 3)))
                values.append(np.bincount(parts[mask]).max() / mask.sum())
    medians = {kind: np.median(values) for kind, values in measured.items()}
    assert medians[EDH] > 1.5 * medians[SDH]
    assert medians[IPH] > 0.98 > medians[SAH]


def test_bleeds_span_slices(drawn):
    """Neighbouring slices of a patient overlap far more often than slices of two patients."""
    labels = drawn[1] > 0

    def overlap(one, other):
        return np.mean([(a & b).any() for a, b in zip(one.reshape(-1, SIZE, SIZE), other.reshape(-1, SIZE, SIZE))])

    assert overlap(labels[:, 1:], labels[:, :-1]) > 0.85
    assert overlap(labels[1:, 1:], labels[:-1, :-1]) < 0.6
