"""YAML, JSON and tables as users and hostile people write them."""

import json
import os

import pytest

from tests.data.refusals import line_of
from tf_ganaug.data import patterns, texts
from tf_ganaug.data.description import read_description
from tf_ganaug.errors import InputError


def refusal(read, path, text):
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    line = line_of(read, path)
    assert line.startswith(str(path)) and len(line) < 600
    return line


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("name: a\nname: b\n", "the key 'name' a second time, line 2, column 1"),
        ("classes: {1: a, 2: b, 1: c}\n", "the key '1' a second time, line 1, column 23"),
        ("classes: [1, 2\nname: a\n", "line 2, column 5"),
        ("a: &x [1]\nb: *x\n", "an alias (*), which is not read, line 2, column 4"),
        ("name: " + "[" * 100_000, "more than 20 levels"),
        ("name: \x01\n", "special characters are not allowed"),
        ("? [1, 2]\n: a\n", "unhashable key"),
        (b"name: \xff\xfe", "byte 0xff at position 6"),
        ("# " + "x" * 2_000_000, "2,000,002; shorten it"),
    ],
)
def test_yaml_is_refused_with_the_place(tmp_path, text, found):
    assert found in refusal(texts.read_yaml, tmp_path / "dataset.yaml", text)


def test_a_bomb_of_aliases_is_refused_before_it_unfolds(tmp_path):
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert "an alias" in refusal(read_description, tmp_path / "dataset.yaml", "\n".join(levels) + "\nname: *a8\n")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"labels": {"a": 1,}}', "line 1, column 20"),
        ('{"labels": {"a": 1, "a": 2}}', "the key 'a' a second time"),
        ('{"a": Infinity}', "Infinity, which is no number"),
        ('{"a": NaN}', "NaN, which is no number"),
        ("[" * 100_000, "more levels"),
        ("", "line 1, column 1"),
    ],
)
def test_json_is_refused_with_the_place(tmp_path, text, found):
    assert found in refusal(texts.read_json, tmp_path / "dataset.json", text)


@pytest.mark.parametrize("read", [texts.read_text, texts.read_yaml, texts.read_json, texts.read_table])
def test_pipes_folders_and_what_is_not_there(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    assert "found a pipe" in refusal(read, tmp_path / "pipe", None)
    assert "found a folder" in refusal(read, tmp_path / "folder", None)
    assert "expected a file, found none" in refusal(read, tmp_path / "none", None)


def test_byte_order_mark_is_passed_over(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"a": 1}), encoding="utf-8-sig")
    assert texts.read_json(tmp_path / "a.json") == {"a": 1}
    (tmp_path / "a.yaml").write_text("name: a", encoding="utf-8-sig")
    assert texts.read_yaml(tmp_path / "a.yaml") == {"name": "a"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_tables_as_programs_write_them(tmp_path, delimiter, end):
    lines = [delimiter.join(row) for row in (("file", "subject"), ('"a b.png"', " p1 "), ("c.png", "p2"))]
    (tmp_path / "a.csv").write_bytes(end.join([*lines, "", delimiter, ""]).encode("utf-8-sig"))
    assert texts.read_table(tmp_path / "a.csv") == [["file", "subject"], ["a b.png", "p1"], ["c.png", "p2"]]


def test_a_cell_beyond_the_limit_of_tables(tmp_path):
    assert "a table (CSV)" in refusal(texts.read_table, tmp_path / "a.csv", "file,subject\na," + "x" * 200_000)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("files: {image: ../../x.png, label: y.png}", "'files' as {image: name or names, label: name}, inside"),
        ("files: {image: [a.png, /etc/passwd], label: y.png}", "inside each subject's folder"),
        ("files: {image: a.png, label: b/../../y.png}", "inside each subject's folder"),
        ("subjects: ../x.csv", "'subjects' as the name of a CSV file in the folder"),
        ("classes: {1: a, 01: b}", "each id once"),
        ("classes: {1: a, 2: a}", "a name of its own for each class, found a twice"),
        ("classes: {1: background}", "background twice"),
        ("splits: {train: [a], validation: [b], test: []}", "'splits' with a subject in test, found none"),
        ("splits: {train: [a], validation: [b], test: [c, a]}", "found a in both train and test"),
        ("subject: (a{99999999999999999999})", "'subject' as a regular expression"),
        ("subject: " + "(" * 5_000 + ")" * 5_000, "'subject' as a regular expression"),
        ("spacing: [nan, 1]", "'spacing' as two millimetres"),
    ],
)
def test_descriptions_that_contradict_themselves_or_leave_their_folder(tmp_path, text, found):
    assert found in refusal(read_description, tmp_path / "dataset.yaml", text)


def test_subjects_by_a_pattern_that_never_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(patterns, "SECONDS", 1)
    (tmp_path / "dataset.yaml").write_text("subject: (a+)+$")
    described = read_description(tmp_path / "dataset.yaml")
    assert described.subjects_of({"aaa": tmp_path}) == {"aaa": "aaa"}
    with pytest.raises(InputError) as caught:
        described.subjects_of({"a" * 60 + "b": tmp_path})
    assert "within 1 s, found no end of (a+)+$" in str(caught.value)


def test_table_of_subjects_takes_names_with_and_without_endings(tmp_path):
    names = ("scan0.nii.gz", "1.2.840.0", "p01.png", "series.dcm", "plain", "Zu\u0308rich.png")
    (tmp_path / "groups.csv").write_text("file;subject\n" + "".join(f"{name};s{n}\n" for n, name in enumerate(names)))
    (tmp_path / "dataset.yaml").write_text("subjects: groups.csv")
    listed = read_description(tmp_path / "dataset.yaml").with_subjects(tmp_path).listed
    assert list(listed) == ["scan0", "1.2.840.0", "p01", "series", "plain", "Z\u00fcrich"]
