"""`check-data` and `run` judge the same data the same way, before anything is trained."""

from __future__ import annotations

import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tf_ganaug.data import folder, patterns
from tf_ganaug.data.survey import survey
from tf_ganaug.data.survey_findings import unfit
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.sources import Request
from tf_ganaug.question.checks import settings_of
from tf_ganaug.question.opening import Source, open_question

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"

#: Pictures that are read, but take a minute.
LARGE = ("faults-png-bomb", "huge-png")

#: Folders of data among the cases, where they are at hand.
DATA = [
    pytest.param(
        path,
        "dicom" if "dicom" in path.parent.name and path.parent.name != "faults-dataset-json" else "folder",
        id=f"{path.parent.name}/{path.name}",
        marks=[pytest.mark.long] if path.parent.name in LARGE else [],
    )
    for path in (sorted(CASES.glob("*/*")) if CASES.is_dir() else [])
    if path.is_dir()
]


def checked(root, reader, dataset_yaml=None):
    """Why `check-data` refuses, or nothing."""
    try:
        found = survey(root, reader, dataset_yaml)
    except InputError as error:
        return str(error)
    return "; ".join([*map(str, found.unreadable), *unfit(found)])


def run(root, reader, out, dataset_yaml=None):
    """Why `run` refuses when it starts, or nothing."""
    try:
        study, asked = open_question(Source(Request(root, reader, None, dataset_yaml)), settings_of("smoke", []), out)
        with study.at_work(asked):
            return ""
    except InputError as error:
        return str(error)


def assert_one_judgement(root, reader, out, dataset_yaml=None):
    first, second = checked(root, reader, dataset_yaml), run(root, reader, out, dataset_yaml)
    assert bool(first) == bool(second), f"check-data: {first or 'fit'}\nrun: {second or 'fit'}"
    assert "\n" not in first + second
    return first


@pytest.mark.parametrize(("path", "reader"), DATA)
def test_on_all_cases(tmp_path, monkeypatch, path, reader):
    # Both wait for patterns that never end, at full load.
    monkeypatch.setattr(patterns, "SECONDS", 1)
    assert_one_judgement(path, reader, tmp_path)


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not at hand")
@pytest.mark.parametrize("name", LARGE)
def test_on_large_pictures_under_a_limit(tmp_path, name):
    """As the bombs are refused by the limit that holds without a description."""
    (root,) = (path for path in (CASES / name).iterdir() if path.is_dir())
    described = tmp_path / "limits.yaml"
    described.write_text("limits: {pixels: 1000000}\n")
    assert "at most 1,000,000 pixels" in assert_one_judgement(root, "folder", tmp_path / "out", described)


@pytest.mark.parametrize(
    ("described", "parted"),
    [
        ("", True),
        ("splits: {train: [s0], validation: [s1, s2], test: [s3]}", True),
        ("splits: {train: [s0, s3], validation: [s1], test: [s2]}", False),
        ("subject: (s[12]|s)", False),
        ("leave_out: [s3]", False),
    ],
)
@pytest.mark.parametrize("form", ["png", "npy"])
def test_the_same_pixels_of_two_subjects(tmp_path, described, parted, form):
    """The twin is stored in another container and type, as real numbers."""
    for number in range(4):
        save_pair(tmp_path / "data", number, (0, 1), *(("png", "") if number < 3 else (form, "copy")))
    (tmp_path / "data" / "dataset.yaml").write_text(f"name: data\n{described}")
    found = assert_one_judgement(tmp_path / "data", "folder", tmp_path / "out")
    assert parted == ("the same pixels in s0 and s3, of different subjects" in found)


@pytest.mark.parametrize("form", ["png", "nii.gz"])
def test_classes_are_those_of_the_cases_that_are_kept(tmp_path, form):
    """A value of a case that is left out, or of a slice without an image, is none."""
    root = tmp_path / "data"
    for number in range(4):
        save_pair(root, number, (0, 1), form, "unknown" if number == 3 else "")
    assert not assert_one_judgement(root, "folder", tmp_path / "all")
    assert folder.read(root).spec.ids == (0, 1, 77)
    (root / "dataset.yaml").write_text("leave_out: [s3]")
    assert not assert_one_judgement(root, "folder", tmp_path / "out")
    assert folder.read(root).spec.ids == survey(root).spec.ids == (0, 1)
    (root / "dataset.yaml").write_text("leave_out: [s0, s1, s2, s3]")
    assert "cases that are not left out, found none" in assert_one_judgement(root, "folder", tmp_path / "none")


MANY, TOO_MANY = (f"classes: {{{', '.join(f'{i}: c{i}' for i in range(1, most))}}}" for most in (90, 300))

#: What a set may have that the plain one, four pairs of values 0 and 1, has not.
VARIATIONS = {
    "subjects": [1, 2, 3],
    "classes": [
        "classes: {1: a}", "classes: {1: a, 2: b}", "classes: {1: a, 2: a}", "classes: {1: a, 1: b}",
        "classes: {-1: a}", "classes: {1: background, 2: b}", MANY, TOO_MANY, "ignored: [1]", "ignored: [0]",
    ],
    "splits": [
        "splits: {train: [s0], validation: [s1], test: [s2]}",
        "splits: {train: [s0, s1], validation: [s1], test: [s2]}",
        "splits: {train: [s0], validation: [s1], test: []}",
        "splits: {train: [s0], validation: [s1], test: [nobody]}",
        "splits: {train: [s0], validation: [s1], validation: [s2], test: [s3]}",
    ],
    "other": ["keep_blank: true", "leave_out: [s3]", "leave_out: [nobody]", "spacing: [1, nan]", "subject: (s)"],
    "fault": [
        "constant", "negative", "fractions", "nan", "channels", "size", "no label", "empty", "two", "unknown", "other",
        "copy",
    ],
    "values": [(0, 1, 2), (0, 255), (0,), (1, 2), tuple(range(90))],
    "form": ["npy", "nii.gz", "tif", "gif"],
}  # fmt: skip
PLAIN = {"subjects": 4, "classes": "", "splits": "", "other": "", "fault": "", "values": (0, 1), "form": "png"}


@pytest.mark.parametrize("count", [30, pytest.param(300, marks=pytest.mark.long)])
def test_on_variations(tmp_path_factory, count):
    @settings(max_examples=count, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.sampled_from([(k, v) for k, found in VARIATIONS.items() for v in found]), max_size=2))
    def judged(changes):
        assert_one_judgement_of_variation(tmp_path_factory, changes)

    judged()


def assert_one_judgement_of_variation(tmp_path_factory, changes):
    made = {**PLAIN, **dict(changes)}
    folder = tmp_path_factory.mktemp("variation")
    root = folder / "data"
    for number in range(made["subjects"]):
        save_pair(root, number, made["values"], made["form"], made["fault"] if number == made["subjects"] - 1 else "")
    lines = [made[key] for key in ("classes", "splits", "other") if made[key]]
    (root / "dataset.yaml").write_text("\n".join(lines) or "name: data")
    assert_one_judgement(root, "folder", folder / "out")
    shutil.rmtree(folder)


def save_pair(root, number, values, form, fault):
    rng = np.random.default_rng(0 if fault == "copy" else number)
    image = rng.integers(0, 255, (12, 10)).astype(np.float32)
    label = np.resize(np.array(values), (12, 10)).astype(np.float32)
    if fault == "constant":
        image[:] = 7
    if fault == "nan":
        image[0, 0] = np.nan
    if fault == "channels":
        image = np.stack([image] * 3, -1)
    if fault == "size":
        label = label[:5]
    if fault in ("negative", "fractions", "unknown"):
        label[0, 0] = {"negative": -1, "fractions": 0.5, "unknown": 77}[fault]
    if fault == "empty":
        label[:] = 0
    (root / "images").mkdir(parents=True, exist_ok=True)
    (root / "labels").mkdir(exist_ok=True)
    save(root / "images" / f"s{number}.{form}", image)
    if fault != "no label":
        save(root / "labels" / f"s{number}.{form}", label)
    if fault == "other":
        (root / "images" / "notes.txt").write_text("no picture")
    if fault == "two":
        save(root / "images" / f"s{number}.tif", image)


def save(path, pixels):
    if path.suffix == ".npy":
        np.save(path, pixels)
    elif path.suffix == ".gz":
        nibabel.save(nibabel.Nifti1Image(pixels[:, :, None], np.eye(4)), path)
    else:
        Image.fromarray(np.nan_to_num(pixels).astype(np.uint8)).save(path)
