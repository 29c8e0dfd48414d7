"""Parts by subject: the sizes of Neff 2018, leaks, and the written file."""

from collections import Counter

import pytest

from tf_ganaug.data.cases import Case
from tf_ganaug.data.splits import Split, by_shares, cross_validation, nested, read_splits, select, write_splits
from tf_ganaug.errors import InputError

SUBJECTS = [f"JPCLN{number:03d}" for number in range(247)]


def test_parts_of_neff_2018():
    splits = cross_validation(SUBJECTS, folds=3, seed=0)
    assert [len(split.test) for split in splits] == [82, 82, 83]
    assert [len(split.validation) for split in splits] == [30, 30, 30]
    assert [len(split.train) for split in splits] == [135, 135, 134]
    assert Counter(subject for split in splits for subject in split.test) == Counter(SUBJECTS)
    for split in splits:
        assert sorted(split.train + split.validation + split.test) == SUBJECTS


def test_parts_depend_on_the_seed_and_on_the_names_alone():
    splits = cross_validation(SUBJECTS, 3, seed=0)
    assert cross_validation([*reversed(SUBJECTS), *SUBJECTS], 3, seed=0) == splits
    assert cross_validation(SUBJECTS, 3, seed=1) != splits
    # Shuffled: the test part is not a run of neighbours.
    assert splits[0].test != tuple(SUBJECTS[:82])


@pytest.mark.parametrize(("count", "folds"), [(3, 3), (4, 2), (5, 4), (11, 10)])
def test_few_subjects_fill_every_part(count, folds):
    for split in cross_validation(SUBJECTS[:count], folds, seed=0):
        assert split.train and split.validation and split.test


@pytest.mark.parametrize(("count", "folds"), [(2, 3), (2, 2), (3, 4), (0, 2)])
def test_too_few_subjects(count, folds):
    with pytest.raises(InputError, match=rf"each of {folds} folds, found {count};"):
        cross_validation(SUBJECTS[:count], folds, seed=0)


@pytest.mark.parametrize("parts", [(("a", "b"), ("b",), ("c",)), (("a",), ("b",), ("a",)), (("a",), ("c",), ("c",))])
def test_a_leak_is_an_error(parts):
    leaking = next(name for name in "abc" if sum(name in part for part in parts) == 2)
    with pytest.raises(InputError, match=f"{leaking} in both"):
        Split(*parts)


def test_written_splits_are_read_again(tmp_path):
    path = tmp_path / "splits.json"
    splits = cross_validation(SUBJECTS[:10], 2, seed=3)
    write_splits(splits, path)
    assert read_splits(path) == splits


@pytest.mark.parametrize(
    "text",
    [
        "not JSON",
        '[{"train": ["a"]}]',
        '["a"]',
        '[{"train": ["a"], "validation": ["a"], "test": ["b"]}]',
    ],
)
def test_files_that_hold_no_splits(tmp_path, text):
    path = tmp_path / "splits.json"
    path.write_text(text)
    with pytest.raises(InputError):
        read_splits(path)


def test_selection_keeps_the_order_of_cases():
    cases = [Case(f"{n}{s}", s, (1, 1), ("",), lambda: None, lambda: None) for n in (2, 1) for s in "cab"]
    assert [case.id for case in select(cases, ["a", "c"])] == ["2c", "2a", "1c", "1a"]


def test_shares_of_subjects_leave_no_part_empty():
    subjects = [f"s{n}" for n in range(20)]
    split = by_shares([*subjects, *subjects], (0.6, 0.15, 0.25), 0, "drawn")
    assert [len(part) for part in (split.train, split.validation, split.test)] == [12, 3, 5]
    assert sorted((*split.train, *split.validation, *split.test)) == sorted(subjects)
    assert by_shares(subjects, (0.6, 0.15, 0.25), 1, "drawn") != split
    for count in range(3, 9):
        few = by_shares(subjects[:count], (0.9, 0.05, 0.05), 0, "drawn")
        assert all((few.train, few.validation, few.test))
    with pytest.raises(InputError, match="a subject to train, validate and test each"):
        by_shares(subjects[:2], (0.6, 0.15, 0.25), 0, "drawn")


def test_smaller_shares_are_part_of_larger_ones():
    subjects = [f"s{n}" for n in range(11)]
    parts = [nested(subjects, share, 3) for share in (0.01, 0.1, 0.5, 1.0)]
    assert [len(part) for part in parts] == [1, 2, 6, 11]
    assert all(set(small) < set(large) for small, large in zip(parts, parts[1:]))
