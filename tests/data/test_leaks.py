"""Pools on disk cannot be tested on, nor come from held-out subjects."""

import numpy as np
import pytest

from tf_ganaug.data import folder
from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.data.leaks import copies, names_alike, require_no_leak, require_real_test, require_unseen
from tf_ganaug.data.pictures import write_png
from tf_ganaug.data.pool import new_pool
from tf_ganaug.data.provenance import Provenance, read_provenance
from tf_ganaug.data.splits import Split, cross_validation
from tf_ganaug.errors import InputError

SPEC = LabelSpec.from_names({0: "background", 1: "lesion"})
TRAINED_ON = {
    "dataset": "lesions",
    "synthetic": False,
    "cases": ["a_0", "a_1", "b_0"],
    "subjects": ["a", "b"],
    "dtype": "uint8",
    "low": 0.0,
    "high": 255.0,
    "spacing": [1.0, 1.0],
}


@pytest.fixture
def pool(tmp_path):
    rng = np.random.default_rng(0)
    with new_pool(tmp_path / "pool", SPEC, (1.0, 1.0)) as made:
        made.add(rng.integers(0, 255, (6, 4, 4, 1), np.uint8), rng.integers(0, 2, (6, 4, 4), np.uint8))
        made.finish({"trained_on": TRAINED_ON})
    return tmp_path / "pool"


def test_a_generator_that_saw_held_out_subjects_is_refused(pool):
    provenance = read_provenance(pool)
    require_no_leak(provenance, "lesions", Split(("a", "b"), ("c",), ("d",)))
    for part, split in (("validation", Split(("a",), ("b",), ("c",))), ("test", Split(("a",), ("c",), ("b", "d")))):
        with pytest.raises(InputError, match=f"not seen the {part} subjects, found b among its training subjects"):
            require_no_leak(provenance, "lesions", split)


def test_equal_names_of_other_data_are_other_people(pool):
    require_no_leak(read_provenance(pool), "other lesions", Split(("c",), ("a",), ("b",)))


def test_synthetic_cases_may_train_but_not_be_held_out(pool):
    dataset = folder.read(pool)
    for split in cross_validation([case.subject for case in dataset.cases], 3, seed=0):
        with pytest.raises(InputError, match="synthetic cases cannot validate or test"):
            require_real_test(dataset, split)
    require_real_test(dataset, Split(tuple(case.subject for case in dataset.cases), (), ()))


def test_real_cases_may_be_held_out(pool):
    (pool / "provenance.json").unlink()
    write_png(pool / "images" / "real.png", np.arange(16, dtype=np.uint8).reshape(4, 4))
    write_png(pool / "labels" / "real.png", np.eye(4, dtype=np.uint8))
    dataset = folder.read(pool)
    require_real_test(dataset, Split((), (), ("real",)))


def test_copies_that_a_split_would_part():
    digests = {"a1": "x", "a2": "x", "b1": "x", "b2": "", "c1": "", "c2": "y", "d1": "y"}
    subjects = {case: case[0] for case in digests}
    assert copies(digests, subjects, None) == {"b1": "a1", "d1": "c2"}
    assert copies(digests, subjects, {"train": ["a", "b"], "test": ["c"]}) == {}
    assert copies(digests, subjects, {"train": ["a"], "validation": ["b"], "test": ["c", "d"]}) == {"b1": "a1"}


def test_pixels_that_a_generator_has_seen_are_refused_whatever_their_names():
    require_unseen("the generator of pool", ["x", ""], {"c1": "z", "c2": ""})
    with pytest.raises(InputError, match=r"the generator of pool.*the pixels of c1 among its own"):
        require_unseen("the generator of pool", ["x", "z"], {"c1": "z", "c2": ""})


@pytest.mark.parametrize(
    ("dataset", "cases", "warned"),
    [
        ("heads", ("p01_000", "p02_000", "p03_000"), False),  # the same name: `require_no_leak` compares subjects
        ("heads copied", ("p01_000", "p02_000", "p03_000"), True),
        ("heads copied", ("P-1", "P-2", "P-9"), True),
        ("others", ("q01", "p02", "q03"), False),
    ],
)
def test_names_alike_under_another_data_set_are_a_warning(dataset, cases, warned):
    made = Provenance(dataset, False, cases, cases, "uint8", 0.0, 255.0, (1.0, 1.0))
    assert bool(names_alike(made, "heads", ["p01", "p02", "p07"])) == warned
