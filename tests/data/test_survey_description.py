"""The dataset.yaml that a survey proposes: classes, subjects, mirroring, what is left out."""

import numpy as np
import pytest

from tests.data.discs import CASES, describe, pair, save, save_pairs
from tf_ganaug.data import folder
from tf_ganaug.data.description import read_description
from tf_ganaug.data.sides import mirrors
from tf_ganaug.data.subjects import subject_pattern
from tf_ganaug.data.survey import survey
from tf_ganaug.data.survey_findings import remarks
from tf_ganaug.data.survey_report import summary, write_dataset_yaml


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
    for number, stem in enumerate(stems if guessed else ()):
        save(tmp_path / "images" / f"{stem}.png", pair(number)[0])
        save(tmp_path / "labels" / f"{stem}.png", pair(number)[1])
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
