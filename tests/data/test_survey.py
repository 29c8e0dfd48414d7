"""What a survey finds in small folders whose faults are known, and that it finds none where there are none."""

import tracemalloc

import nibabel
import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image

from tf_ganaug.data import folder
from tf_ganaug.data.cases import Case
from tf_ganaug.data.description import read_description
from tf_ganaug.data.sides import mirrors
from tf_ganaug.data.splits import by_shares
from tf_ganaug.data.subjects import subject_pattern
from tf_ganaug.data.survey import survey
from tf_ganaug.data.survey_case import facts_of, fit_of
from tf_ganaug.data.survey_findings import findings, remarks, unfit
from tf_ganaug.data.survey_overlays import write_overlays
from tf_ganaug.data.survey_report import summary, write_cases, write_dataset_yaml
from tf_ganaug.errors import InputError

SIDE = 48
CASES = 8


def pair(number):
    """(SIDE, SIDE) uint8: a bright disc and a notch beside it on noise, and its mask of 0 and 1."""
    rng = np.random.default_rng(number)
    row, column = np.indices((SIDE, SIDE))
    top, left = rng.integers(18, 24, 2)
    inside = np.hypot(row - top, column - left) < 9
    inside |= (abs(row - top - 12) < 4) & (abs(column - left - 9) < 7)
    image = np.clip(90 + 80 * inside + rng.normal(0, 8, inside.shape), 0, 250)
    return image.astype(np.uint8), inside.astype(np.uint8)


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, pixels)
    elif path.suffix == ".tif":
        tifffile.imwrite(path, pixels)
    elif path.suffix == ".gz":
        nibabel.save(nibabel.Nifti1Image(pixels, np.diag([0.5, 0.75, 3.0, 1.0])), path)
    else:
        Image.fromarray(pixels).save(path)


def save_pairs(root, changed=None, stems=None):
    """CASES pairs; `changed` maps the number of a pair to what is done with its image and label."""
    for number in range(CASES):
        image, label = (changed or {}).get(number, lambda *both: both)(*pair(number))
        stem = stems[number] if stems else f"c{number}"
        save(root / "images" / f"{stem}.png", image)
        save(root / "labels" / f"{stem}.png", label)


def told(root):
    """Case to the kinds of its findings."""
    kinds = {}
    for finding in findings(survey(root)):
        kinds.setdefault(finding.case, []).append(finding.kind)
    return kinds


def describe(root, text):
    (root / "dataset.yaml").write_text(text)
    return root


def test_sound_data_have_no_findings(tmp_path):
    save_pairs(tmp_path)
    surveyed = survey(tmp_path)
    assert (findings(surveyed), unfit(surveyed), remarks(surveyed)) == ([], [], [])
    assert surveyed.spec.names == ("background", "class 1")
    assert surveyed.pixels[1].tolist() == [int(pair(number)[1].sum()) for number in range(CASES)]
    assert "fit for training" in summary(surveyed, [])


@pytest.mark.parametrize("count", [3, 6])
def test_a_single_test_subject_is_told(tmp_path, count):
    subjects = [f"s{number % count}" for number in range(CASES)]
    save_pairs(tmp_path, stems=[f"{subject}_{number}" for number, subject in enumerate(subjects)])
    (remark,) = remarks(survey(describe(tmp_path, "subject: (s.)\n")))
    assert remark.startswith(f"of {count} subjects one is tested")
    assert len(by_shares(subjects, (0.6, 0.15, 0.25), 0, "these").test) == 1
    assert len(by_shares(map(str, range(7)), (0.6, 0.15, 0.25), 0, "these").test) == 2


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
        voxels = np.stack([pair(ord(name) + z)[0] for z in range(5)], -1)[:, :41].astype(np.int16)
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


def test_binary_masks_of_255_get_a_mapping(tmp_path):
    save_pairs(tmp_path, {n: lambda image, label: (image, label * 255) for n in range(CASES)})
    surveyed = survey(tmp_path)
    assert remarks(surveyed) == ["masks are coded 0 and 255: the class has id 255, see dataset.yaml"]
    write_dataset_yaml(surveyed, tmp_path / "dataset.yaml")
    spec = folder.read(tmp_path).spec
    assert [(c.name, c.ids) for c in spec.classes] == [("background", (0,)), ("foreground", (255,))]


@pytest.mark.parametrize(
    ("stated", "names"), [(None, ("left lung", False)), (None, ("lesion", True)), ("true", ("liver", True))]
)
def test_whether_images_may_be_mirrored_is_told_and_written(tmp_path, stated, names):
    name, mirrored = names
    save_pairs(tmp_path)
    described = f"classes: {{1: {name}, 2: other}}\n" + (f"mirror: {stated}\n" if stated else "")
    (tmp_path / "dataset.yaml").write_text(described)
    surveyed = survey(tmp_path)
    said = {(None, False): "never to train: left lung on one side", (None, True): "no class is on one side"}
    assert said.get((stated, mirrored), "may be done to train, as dataset.yaml says") in summary(surveyed, [])
    write_dataset_yaml(surveyed, tmp_path / "written.yaml")
    dataset = folder.read(tmp_path, tmp_path / "written.yaml")
    assert dataset.mirror is mirrored and mirrors(folder.read(tmp_path)) is mirrored


def test_255_beside_small_ids_is_a_question(tmp_path):
    save_pairs(tmp_path, {2: lambda image, label: (image, np.where(label == 1, 255, label).astype(np.uint8))})
    (remark,) = remarks(survey(tmp_path))
    assert remark.startswith("value 255 stands beside small ids, in ") and "a class, or pixels to ignore?" in remark
    write_dataset_yaml(survey(tmp_path), tmp_path / "dataset.yaml")
    assert "# ignored: [255]" in (tmp_path / "dataset.yaml").read_text()
    assert folder.read(tmp_path).spec.ids == (0, 1, 255)


@pytest.mark.parametrize(
    ("stems", "subjects"),
    [
        (["p01_0", "p01_1", "p02_0", "p03_0"], 3),
        (["TCGA_CS_4941_008", "TCGA_CS_4941_012", "TCGA_DU_5871_027", "TCGA_HT_7473_023"], 3),
        (["a-slice1", "a-slice2", "b-slice1", "c-slice1"], 3),
        (["a_L", "a_R", "b_L", "c_L"], 3),
        (["img_001", "img_002", "img_003", "img_004"], None),
        (["001", "002", "003"], None),
        (["a_1", "b_1", "c_1"], None),
        (["p01_0", "p01_1", "p02_0", "p03"], None),
    ],
)
def test_subjects_are_guessed_from_names(tmp_path, stems, subjects):
    guessed = subject_pattern(stems)
    assert (guessed and guessed[1]) == subjects
    for stem in stems if guessed else ():
        save(tmp_path / "images" / f"{stem}.png", pair(0)[0])
        save(tmp_path / "labels" / f"{stem}.png", pair(0)[1])
    if guessed:
        write_dataset_yaml(survey(tmp_path), tmp_path / "dataset.yaml")
        assert len({case.subject for case in folder.read(tmp_path).cases}) == subjects


def test_a_table_of_subjects_is_offered(tmp_path):
    save_pairs(tmp_path)
    rows = "".join(f"c{n}.png,s{n // 2}\n" for n in range(CASES))
    (tmp_path / "scans.csv").write_text(f"file,scan\n{rows}")
    (tmp_path / "other.csv").write_text("colour,number\nred,1\n")
    (remark,) = remarks(survey(tmp_path))
    assert remark.startswith("scans.csv lists all files")


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


def test_ids_below_0_and_no_case_at_all(tmp_path):
    save_pairs(tmp_path)
    (tmp_path / "labels" / "c3.png").unlink()
    save(tmp_path / "labels" / "c3.npy", pair(3)[1] * np.int16(-1))
    assert "label values [-1] are below 0" in unfit(survey(tmp_path))
    describe(tmp_path, f"leave_out: [{', '.join(f'c{n}' for n in range(CASES))}]")
    with pytest.raises(InputError, match="expected cases that are not left out"):
        survey(tmp_path)


def test_what_is_left_out_or_kept_is_no_reason(tmp_path):
    save_pairs(tmp_path, {3: lambda i, m: (i * 0, m), 4: lambda i, m: (i[:, :30], m)})
    save(tmp_path / "labels" / "c4.png", pair(4)[1][:, :30])
    assert unfit(survey(describe(tmp_path, "leave_out: [c3]"))) == []
    assert unfit(survey(describe(tmp_path, "keep_blank: true"))) == []


def test_the_description_that_is_written_leaves_constant_images_out(tmp_path):
    save_pairs(tmp_path, {3: lambda i, m: (i * 0, m)})
    write_dataset_yaml(survey(tmp_path), tmp_path / "dataset.yaml")
    assert "c3" not in {case.id for case in folder.read(tmp_path).cases}


def test_a_description_is_kept_in_the_one_that_is_written(tmp_path):
    for number in range(4):
        save(tmp_path / f"s{number}" / "t1.png", pair(number)[0])
        save(tmp_path / f"s{number}" / "mask.png", pair(number)[1])
    text = """
        name: My discs
        classes: {1: {name: disc, colour: [1, 2, 3]}}
        ignored: [9]
        spacing: [0.5, 0.25]
        subject: s(.)
        files: {image: t1.png, label: mask.png}
        splits: {train: [0, 1], validation: [2], test: [3]}
        """
    before = folder.read(describe(tmp_path, text))
    write_dataset_yaml(survey(tmp_path), tmp_path / "dataset.yaml")
    after = folder.read(tmp_path)
    assert (after.name, after.spec, after.given_splits) == (before.name, before.spec, before.given_splits)
    assert [(c.id, c.subject, c.spacing) for c in after.cases] == [(c.id, c.subject, c.spacing) for c in before.cases]


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


def test_cases_are_written_with_their_findings(tmp_path):
    save_pairs(tmp_path, {3: lambda image, label: (image, label * 0)})
    surveyed = survey(tmp_path)
    write_cases(surveyed, findings(surveyed), tmp_path / "cases.csv")
    table = pd.read_csv(tmp_path / "cases.csv", index_col="case")
    assert len(table) == CASES
    assert table.loc["c3", "findings"] == "empty label: no class but the background"
    assert (table["pixels_of_0"] + table["pixels_of_1"] == SIDE * SIDE).all()


def test_names_that_would_add_lines_to_the_written_description(tmp_path):
    names = ("c0", "x\nspacing: [9, 9]", "y\u2028spacing: [9, 9]", "z\x85spacing: [8, 8]", "\u00fc \u4e2d")
    for part in ("images", "labels"):
        (tmp_path / "in" / part).mkdir(parents=True)
    for name in names:
        save(tmp_path / "in" / "images" / f"{name}.png", np.full((8, 8), 7, np.uint8))
        save(tmp_path / "in" / "labels" / f"{name}.png", np.eye(8, dtype=np.uint8))
    found = survey(tmp_path / "in")
    write_dataset_yaml(found, tmp_path / "dataset.yaml")
    described = read_description(tmp_path / "dataset.yaml")
    assert described.spacing is None
    assert sorted(described.leave_out) == sorted(names)
    assert str(tmp_path) not in (tmp_path / "dataset.yaml").read_text()


def test_a_table_of_subjects_is_found_though_its_names_have_endings(tmp_path):
    save_pairs(tmp_path)
    stems = sorted(path.stem for path in (tmp_path / "images").iterdir())
    lines = [f"{stem}.png;p{number // 2}" for number, stem in enumerate(stems)]
    (tmp_path / "groups.csv").write_text("\n".join(["file;subject", *lines]), encoding="utf-8-sig")
    assert any(remark.startswith("groups.csv lists all files") for remark in remarks(survey(tmp_path)))


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
