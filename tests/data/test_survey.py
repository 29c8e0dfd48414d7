"""What a survey finds in small folders whose faults are known, and that it finds none where there are none."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.data.discs import CASES, SIDE, describe, pair, save, save_pairs
from tf_ganaug.data import folder
from tf_ganaug.data.cases import Case
from tf_ganaug.data.survey import survey
from tf_ganaug.data.survey_case import facts_of, fit_of
from tf_ganaug.data.survey_findings import findings, remarks, unfit
from tf_ganaug.data.survey_overlays import write_overlays
from tf_ganaug.data.survey_report import summary, verdict, write_cases, write_dataset_yaml


def told(root):
    """Case to the kinds of its findings."""
    kinds = {}
    for finding in findings(survey(root)):
        kinds.setdefault(finding.case, []).append(finding.kind)
    return kinds


def test_sound_data_have_no_findings(tmp_path):
    save_pairs(tmp_path)
    surveyed = survey(tmp_path)
    assert (findings(surveyed), unfit(surveyed), remarks(surveyed)) == ([], [], [])
    assert surveyed.spec.names == ("background", "class 1")
    assert surveyed.pixels[1].tolist() == [int(pair(number)[1].sum()) for number in range(CASES)]
    assert "fit for training" in summary(surveyed, [])


@pytest.mark.parametrize(
    ("name", "stored", "kept", "channels"),
    [
        ("a.png", lambda p: p, "uint8", 1),
        ("a.png", lambda p: p.astype(np.uint16) * 100, "uint16", 1),
        ("a.png", lambda p: np.stack([p, p, 255 - p], -1), "uint8", 3),
        ("a.png", lambda p: Image.fromarray(p).quantize(8), "uint8", 1),
        ("a.tif", lambda p: p / np.float32(7), "float32", 1),
        ("a.npy", lambda p: np.stack([p, p], -1).astype(np.int32), "int32", 2),
    ],
)
def test_facts_of_every_format(tmp_path, name, stored, kept, channels):
    image, label = pair(0)
    pixels = stored(image)
    if isinstance(pixels, Image.Image):
        save_pairs(tmp_path)
        pixels.save(tmp_path / "images" / name)
    else:
        save(tmp_path / "images" / name, pixels)
    for path in (tmp_path / "images").glob("c*"):
        path.unlink()
        (tmp_path / "labels" / path.name).unlink()
    save(tmp_path / "labels" / "a.png", label)
    facts = survey(tmp_path).facts.loc["a"]
    assert (facts.height, facts.width, facts.channels, facts.stored) == (SIDE, SIDE, channels, kept)
    whole = folder.read(tmp_path).cases[0].read_image()
    assert (facts.minimum, facts.maximum) == (whole.min(), whole.max())
    assert facts.at_maximum == np.mean(whole == whole.max())


def test_volumes_are_surveyed_slice_by_slice(tmp_path):
    for name in "pqr":
        voxels = np.stack([pair(10 * ord(name) + z)[0] for z in range(5)], -1)[:, :41].astype(np.int16)
        voxels[:, :, 0] = 0
        save(tmp_path / "images" / f"{name}.nii.gz", voxels)
        save(tmp_path / "labels" / f"{name}.nii.gz", (voxels > 130).astype(np.uint8))
    surveyed = survey(tmp_path)
    assert (len(surveyed.facts), surveyed.facts["subject"].nunique()) == (12, 3)
    assert surveyed.facts.iloc[0][["height", "width"]].tolist() == [41, SIDE]
    assert surveyed.facts.iloc[0][["row_mm", "column_mm"]].tolist() == [0.75, 0.5]
    assert "0.75 x 0.5 mm per pixel" in summary(surveyed, [])
    assert unfit(surveyed) == []


def test_identical_images_are_found(tmp_path):
    save_pairs(tmp_path, {4: lambda image, label: pair(1)}, [f"p{n // 2}_{n}" for n in range(CASES)])
    assert told(tmp_path) == {"p2_4": ["identical images of different subjects (a leak)"]}
    assert "the same pixels in p0_1 and p2_4, of different subjects" in verdict(survey(tmp_path))
    write_dataset_yaml(survey(tmp_path), tmp_path / "offered.yaml")
    assert unfit(survey(tmp_path, dataset_yaml=tmp_path / "offered.yaml")) == []
    for folder_name, pixels in zip(("images", "labels"), pair(5)):
        save(tmp_path / folder_name / "p2_4.png", pixels)
    describe(tmp_path, "subject: (.+)_")
    assert told(tmp_path) == {"p2_5": ["identical images of one subject"]}
    assert unfit(survey(tmp_path)) == []


@pytest.mark.parametrize("move", [(5, 0), (-4, 3), (0, -5)])
def test_shifted_labels_are_found(tmp_path, move):
    save_pairs(tmp_path, {3: lambda image, label: (image, np.roll(label, move, (0, 1)))})
    assert told(tmp_path) == {"c3": ["label perhaps shifted against its image"]}
    row = survey(tmp_path).facts.loc["c3"]
    assert (row.down, row.right) == (-move[0], -move[1])


def test_mirrored_labels_are_found(tmp_path):
    save_pairs(tmp_path, {3: lambda image, label: (image, label[::-1, ::-1].copy())})
    assert "label perhaps mirrored" in told(tmp_path)["c3"]
    assert survey(tmp_path).facts.loc["c3"].mirrored == "left to right and top to bottom"


def test_a_shift_of_all_labels_is_told_once(tmp_path):
    save_pairs(tmp_path, {n: lambda image, label: (image, np.roll(label, 4, 0)) for n in range(CASES)})
    surveyed = survey(tmp_path)
    assert findings(surveyed) == []
    assert remarks(surveyed) == ["most labels lie better 4 px higher: perhaps all are shifted"]


def test_large_pictures_are_compared_at_a_reduced_size():
    image, label = (np.kron(part, np.ones((12, 12), np.uint8)) for part in pair(0))
    fit = fit_of(image[..., None], np.roll(label, (24, -36), (0, 1)))
    assert abs(fit.down + 24) <= 3 and abs(fit.right - 36) <= 3


def test_a_ribbon_is_too_thin_to_be_compared():
    label = np.zeros((8, 3072), np.uint8)
    label[2:6, 1000:2000] = 1
    assert np.isnan(fit_of(label[..., None] * 100.0, label).fit)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda image, label: (image, label * 0), "empty label"),
        (lambda image, label: (image, label * 0 + 1), "label fills the image"),
        (lambda image, label: (image * 0 + 7, label), "constant image"),
        (lambda image, label: (np.minimum(image, 110), label), "image perhaps clipped"),
        (lambda image, label: (image.repeat(3, 0), label.repeat(3, 0)), "size far from the rest"),
        (lambda image, label: (image // 8, label), "median far from the rest"),
    ],
)
def test_suspicious_cases_are_found(tmp_path, change, kind):
    save_pairs(tmp_path, {3: change})
    kinds = told(tmp_path)
    assert list(kinds) == ["c3"]
    assert kind in kinds["c3"]


def test_what_many_cases_have_is_told_once(tmp_path):
    save_pairs(tmp_path, {n: lambda image, label: (image, label * 0) for n in range(5)})
    surveyed = survey(tmp_path)
    text = summary(surveyed, findings(surveyed))
    assert "empty label: 5 of 8 cases, usual in these data" in text
    assert "  c1: " not in text


@pytest.mark.parametrize("shape", [(1, 2), (2, 1), (1, 64), (64, 1), (1, 1000)])
def test_pictures_of_one_row_or_column_are_drawn(tmp_path, shape):
    for number in range(4):
        pixels = np.arange(shape[0] * shape[1], dtype=np.uint8).reshape(shape)
        save(tmp_path / "images" / f"c{number}.png", pixels + number)
        save(tmp_path / "labels" / f"c{number}.png", np.where(pixels % 2, 1, 0).astype(np.uint8))
    surveyed = survey(tmp_path)
    assert unfit(surveyed) == []
    write_overlays(surveyed, findings(surveyed), tmp_path / "overlays.png")
    assert Image.open(tmp_path / "overlays.png").size[0] > 1000


def test_memory_of_a_large_picture_is_a_few_bytes_a_pixel(tmp_path):
    rng = np.random.default_rng(0)
    label = np.zeros((2000, 3000), np.uint8)
    label[300:900, 400:1400] = 1
    for image in (
        rng.integers(0, 255, (2000, 3000, 1)).astype(np.uint8),
        rng.normal(size=(2000, 3000, 1)).astype("f4"),
    ):
        case = Case("a", "a", (1.0, 1.0), ("a.png", "a.png"), lambda image=image: image, lambda: label)
        tracemalloc.start()
        facts_of(case)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 3 * image.nbytes + 2**24


def test_cases_are_written_with_their_findings(tmp_path):
    save_pairs(tmp_path, {3: lambda image, label: (image, label * 0)})
    surveyed = survey(tmp_path)
    write_cases(surveyed, findings(surveyed), tmp_path / "cases.csv")
    table = pd.read_csv(tmp_path / "cases.csv", index_col="case")
    assert len(table) == CASES
    assert table.loc["c3", "findings"] == "empty label: no class but the background"
    assert (table["pixels_of_0"] + table["pixels_of_1"] == SIDE * SIDE).all()
