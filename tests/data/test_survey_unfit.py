"""Why a survey calls data unfit for training, and what is no reason."""

import numpy as np
import pytest

from tests.data.discs import CASES, SIDE, describe, pair, save, save_pairs
from tf_ganaug.data.description import read_description
from tf_ganaug.data.splits import by_shares
from tf_ganaug.data.survey import survey
from tf_ganaug.data.survey_findings import remarks, unfit
from tf_ganaug.data.survey_report import write_dataset_yaml
from tf_ganaug.errors import InputError


@pytest.mark.parametrize("count", [3, 6])
def test_a_single_test_subject_is_told(tmp_path, count):
    subjects = [f"s{number % count}" for number in range(CASES)]
    save_pairs(tmp_path, stems=[f"{subject}_{number}" for number, subject in enumerate(subjects)])
    (remark,) = remarks(survey(describe(tmp_path, "subject: (s.)\n")))
    assert remark.startswith(f"of {count} subjects one is tested")
    assert len(by_shares(subjects, (0.6, 0.15, 0.25), 0, "these").test) == 1
    assert len(by_shares(map(str, range(7)), (0.6, 0.15, 0.25), 0, "these").test) == 2


@pytest.mark.parametrize(
    ("changed", "description", "reason"),
    [
        ({}, "subject: (c)", "too few subjects: 1,"),
        ({n: lambda i, m: (i, m * 0) for n in range(CASES)}, "", "no label has a class but the background"),
        ({}, "classes: {1: disc, 2: cyst}", "no label has the class cyst"),
        ({}, "classes: {2: cyst}", "label values [1] are no class and not ignored, in c0, c1"),
        ({3: lambda i, m: (np.stack([i] * 3, -1), m)}, "", "numbers of channels: 1 (7 cases), 3 (1 cases); 3 in c3"),
        ({3: lambda i, m: (i * 0, m)}, "", "constant images, to be left out or kept by 'keep_blank: true': c3"),
    ],
)
def test_reasons_not_to_train(tmp_path, changed, description, reason):
    save_pairs(tmp_path, changed)
    if description:
        describe(tmp_path, description)
    assert any(reason in stated for stated in unfit(survey(tmp_path)))


def test_pixel_types_may_differ(tmp_path):
    save_pairs(tmp_path, {3: lambda i, m: (i.astype(np.uint16), m)})
    surveyed = survey(tmp_path)
    assert unfit(surveyed) == []
    assert "images are stored in different types: uint8 (7 cases), uint16 (1 cases); all are read as uint16" in remarks(
        surveyed
    )


def test_ids_below_0_and_no_case_at_all(tmp_path):
    save_pairs(tmp_path)
    (tmp_path / "labels" / "c3.png").unlink()
    save(tmp_path / "labels" / "c3.npy", pair(3)[1] * np.int16(-1))
    assert "label values [-1] are below 0" in unfit(survey(tmp_path))
    describe(tmp_path, f"leave_out: [{', '.join(f'c{n}' for n in range(CASES))}]")
    with pytest.raises(InputError, match="expected cases that are not left out"):
        survey(tmp_path)


def test_the_description_that_is_written_holds_only_classes_that_are_read(tmp_path):
    save_pairs(tmp_path)
    (tmp_path / "labels" / "c3.png").unlink()
    save(tmp_path / "labels" / "c3.npy", pair(3)[1] * np.int16(-1))
    write_dataset_yaml(survey(tmp_path), tmp_path / "offered.yaml")
    assert read_description(tmp_path / "offered.yaml").spec.ids == (0, 1)
    surveyed = survey(describe(tmp_path, "ignored: [0]\nleave_out: [c3]"))
    assert unfit(surveyed) == ["one class alone, class 1, and no background to tell it from"]
    write_dataset_yaml(surveyed, tmp_path / "again.yaml")
    assert read_description(tmp_path / "again.yaml").spec is None


def test_what_is_left_out_or_kept_is_no_reason(tmp_path):
    save_pairs(tmp_path, {3: lambda i, m: (i * 0, m), 4: lambda i, m: (i[:, :30], m)})
    save(tmp_path / "labels" / "c4.png", pair(4)[1][:, :30])
    assert unfit(survey(describe(tmp_path, "leave_out: [c3]"))) == []
    assert unfit(survey(describe(tmp_path, "keep_blank: true"))) == []


def test_all_unreadable_files_are_told(tmp_path):
    save_pairs(tmp_path, {4: lambda i, m: (i, np.arange(SIDE * SIDE).reshape(SIDE, SIDE).astype(np.uint8))})
    for name in ("images/c1.png", "labels/c2.png"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[:-30])
    save(tmp_path / "labels" / "c3.png", pair(3)[1][:-1])
    messages = [str(error) for error in survey(tmp_path).unreadable]
    assert len(messages) == 4
    for name, message in zip(("images/c1", "labels/c2", "labels/c3", "labels/c4"), sorted(messages)):
        assert message.startswith(str(tmp_path / name))
    assert "at most 64 class ids" in sorted(messages)[3]


def test_more_named_classes_than_unnamed_values_could_be(tmp_path):
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
    for number in range(3):
        rng = np.random.default_rng(number)
        save(tmp_path / "images" / f"c{number}.png", rng.integers(0, 255, (12, 12)).astype(np.uint8))
        save(tmp_path / "labels" / f"c{number}.png", np.arange(144, dtype=np.uint8).reshape(12, 12) // 2)
    assert "at most 64 class ids" in str(survey(tmp_path).unreadable[0])
    names = ", ".join(f"{i}: k{i}" for i in range(1, 72))
    (tmp_path / "dataset.yaml").write_text(f"classes: {{{names}}}")
    assert not unfit(survey(tmp_path))
