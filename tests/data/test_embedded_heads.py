"""What all drawn heads have in common: deterministic, alike at every size, read in any process."""

import pickle

import numpy as np
import pytest

from tf_ganaug.data import brain, csf, haemorrhage, wmh
from tf_ganaug.data.embedded import head_csf, head_ct, head_flair, head_mr
from tf_ganaug.data.embedded.cohort import draw

SLICES, SIZE = 6, 96

#: Cohort, its classes, the picture's side in millimetres, and pixels of the label that agree at another size.
COHORTS = {
    "csf": (head_csf, csf.THREE, head_csf.FIELD, 0.96),
    "ct": (head_ct, haemorrhage.FIVE, head_ct.FIELD, 0.98),
    "flair": (head_flair, wmh.WMH, head_flair.FIELD, 0.98),
    "mr": (head_mr, brain.SEVEN, head_mr.FIELD, 0.9),
}


@pytest.mark.parametrize("name", COHORTS)
def test_same_seed_same_pixels(name):
    kind = COHORTS[name][0].Patient
    image, label = draw(kind, 0, 2, 3, SLICES, SIZE)
    again = draw(kind, 0, 2, 3, SLICES, SIZE)
    assert again[0] is not image
    np.testing.assert_array_equal(again[0], image)
    np.testing.assert_array_equal(again[1], label)
    assert not np.array_equal(label, draw(kind, 1, 2, 3, SLICES, SIZE)[1])


@pytest.mark.parametrize(
    ("name", "subject", "number"),
    [
        ("csf", 0, 1),
        ("csf", 5, 4),
        ("ct", 0, 2),
        ("ct", 3, 4),
        ("ct", 5, 1),
        ("flair", 0, 3),
        ("flair", 3, 2),
        ("mr", 0, 3),
        ("mr", 3, 4),
    ],
)
def test_sizes_agree(name, subject, number):
    cohort, spec, _, agreeing = COHORTS[name]
    small, large = (draw(cohort.Patient, 0, subject, number, SLICES, size) for size in (64, 256))
    blocks = large[0].reshape(64, 4, 64, 4).mean(axis=(1, 3))
    assert np.corrcoef(blocks.ravel(), small[0].ravel())[0, 1] > 0.97
    assert np.mean(large[1][2::4, 2::4] == small[1]) > agreeing
    assert set(np.unique(large[1])) <= set(spec.ids)


@pytest.mark.parametrize("name", COHORTS)
def test_dataset(name):
    cohort, spec, field, _ = COHORTS[name]
    dataset = pickle.loads(pickle.dumps(cohort.read(3, SLICES, SIZE)))
    assert (dataset.synthetic, dataset.channels, dataset.spec) == (True, 1, spec)
    assert [case.id for case in dataset.cases] == sorted({case.id for case in dataset.cases})
    assert [case.subject for case in dataset.cases[5:7]] == ["head-0000", "head-0001"]
    case = dataset.cases[15]
    assert (case.id, case.spacing) == ("head-0002-003", (field / SIZE, field / SIZE))
    image, label = draw(cohort.Patient, 0, 2, 3, SLICES, SIZE)
    np.testing.assert_array_equal(case.read_image()[..., 0], image)
    np.testing.assert_array_equal(case.class_indices(dataset.spec), label)
