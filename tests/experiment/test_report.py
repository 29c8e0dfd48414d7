"""The report: whole, self-contained, and showing text as it was given."""

from __future__ import annotations

import base64
import re
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tf_ganaug.experiment.appendix import appendix, command_line
from tf_ganaug.experiment.report import Answer, Figure, Section, Table, write
from tf_ganaug.papers.liu2019.settings import StyleSettings

FRAME = pd.DataFrame(
    {
        "Network": ["8-8-NoAug", "a|b <i>*x*</i>"],
        "Dice": ["97.42 %", None],
        "Hausdorff": ["1.2 ± 0.3", "\N{MINUS SIGN}0.5 mm"],
        "p": [0.0123456, np.nan],
    }
)


@pytest.fixture
def report(tmp_path):
    """A report's folder, moved after it was written."""
    (tmp_path / "made" / "my figures").mkdir(parents=True)
    picture = tmp_path / "made" / "my figures" / "grid.png"
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(picture)
    parts = ["Plain <b>words</b>.", Table(FRAME, "<script>alert(1)</script>"), Figure(picture, "Pairs")]
    path = write(tmp_path / "made", "Title & more", ["Data: drawn", "Profile: smoke"], [Section("Help?", parts)])
    assert path == tmp_path / "made" / "report.html"
    return (tmp_path / "made").rename(tmp_path / "moved")


def test_html_is_self_contained(report):
    html = (report / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:|url\(|<link|@import", html)
    assert re.findall(r'src="([^"]{22})', html) == ["data:image/png;base64,"]
    assert 'width="30" height="20"' in html


def test_html_escapes_text(report):
    html = (report / "report.html").read_text(encoding="utf-8")
    assert html.count("<script>") == 1, "only the report's own script"
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "Plain &lt;b&gt;words&lt;/b&gt;." in html
    assert "<title>Title &amp; more</title>" in html


def test_html_tables_sort_by_number(report):
    html = (report / "report.html").read_text(encoding="utf-8")
    assert html.count('aria-sort="none"') == 4
    numbers = re.findall(r'data-number="([^"]*)">([^<]*)<', html)
    assert numbers == [
        ("97.42", "97.42 %"),
        ("1.2", "1.2 ± 0.3"),
        ("0.01235", "0.01235"),
        ("", "\N{EN DASH}"),
        ("-0.5", "\N{MINUS SIGN}0.5 mm"),
        ("", "\N{EN DASH}"),
    ]
    assert "<td>8-8-NoAug</td>" in html, "a name that begins with a digit is no number"


def test_lead_and_contents_come_first(report):
    html = (report / "report.html").read_text(encoding="utf-8")
    places = [html.index(text) for text in ("Data: drawn", 'href="#section-1"', 'id="section-1"', "<figcaption>")]
    assert places == sorted(places)


def test_markdown(report):
    lines = (report / "report.md").read_text(encoding="utf-8").splitlines()
    assert "| Network | Dice | Hausdorff | p |" in lines
    assert "| --- | ---: | ---: | ---: |" in lines
    assert "| 8-8-NoAug | 97.42 % | 1.2 ± 0.3 | 0.01235 |" in lines
    assert any(line.startswith(r"| a\|b \<i>\*x\*\</i> |") for line in lines)
    (link,) = [line.split("](")[1].rstrip(")") for line in lines if line.startswith("![")]
    assert (report / link.replace("%20", " ")).is_file()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("![b](http://evil/x.png)", r"![b\](http\://evil/x.png)"),
        ("[c](javascript:alert)", r"[c\](javascript:alert)"),
        ("[c]: http://evil", r"[c\]: http\://evil"),
        ("# not a title", r"\# not a title"),
        ("- a\n- b", r"\- a - b"),
        ("1. one", r"1\. one"),
        ("> said", r"\> said"),
        ("_a_ left_lung", r"\_a\_ left_lung"),
        ("~~gone~~ &lt;b&gt; R&D", r"\~\~gone\~\~ \&lt;b\&gt; R&D"),
        ("a\x1b[31mred", r"a\\x1b[31mred"),
        ("+0.3 [-1.2, 1.8] %", "+0.3 [-1.2, 1.8] %"),
    ],
)
def test_names_are_text_in_markdown(tmp_path, name, shown):
    frame = pd.DataFrame({"Class": [name]})
    write(tmp_path, name, [name], [Section(name, [name, Table(frame, name)])], Answer(name, [name]))
    lines = (tmp_path / "report.md").read_text(encoding="utf-8").splitlines()
    for line in (f"# {shown}", f"**{shown}**", shown, f"> {shown}  ", f"## {shown}", f"| {shown} |"):
        assert line in lines


def test_the_command_is_told_without_the_folders_of_people(monkeypatch):
    arguments = ["/home/jane/.venv/bin/tf-ganaug", "run", "--data", "/data/Doe_John/ct", "--set", "a.b=/home/jane/w.h5"]
    monkeypatch.setattr(sys, "argv", [*arguments, "--size", "64"])
    assert command_line() == "python tf-ganaug run --data ct --set a.b=w.h5 --size 64"


def test_the_answer_is_first(tmp_path):
    answer = Answer("It helped *surely*.", ["A remark."])
    html = write(tmp_path, "Does it?", ["Data: drawn"], [Section("S", ["Text."])], answer).read_text(encoding="utf-8")
    places = [html.index(text) for text in ("It helped *surely*.", "A remark.", "Data: drawn", "Text.")]
    assert places == sorted(places)
    blocks = (tmp_path / "report.md").read_text(encoding="utf-8").split("\n\n")
    assert blocks[:4] == ["# Does it?", r"**It helped \*surely\*.**", "A remark.", "> Data: drawn  "]
    assert not (tmp_path / "tables").exists()


def test_tables_as_csv(tmp_path):
    exact = pd.DataFrame({"Network, kind": ["a"], "Dice": [0.123456789]})
    twice = Section("By class: all", [Table(exact, "One."), "Text.", Table(2 * exact, "Two.")])
    html = write(tmp_path, "T", [], [twice, Section("By class, all", [Table(exact, "Three.")])]).read_text()
    names = ["by-class-all-2.csv", "by-class-all-3.csv", "by-class-all.csv"]
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == names
    assert pd.read_csv(tmp_path / "tables" / "by-class-all.csv").equals(exact)
    held = re.findall(r'href="data:text/csv;base64,([^"]*)" download="([^"]*)"', html)
    assert [name for _, name in held] == ["by-class-all.csv", "by-class-all-2.csv", "by-class-all-3.csv"]
    assert base64.b64decode(held[0][0]) == (tmp_path / "tables" / "by-class-all.csv").read_bytes()
    assert "*Two.* [CSV](tables/by-class-all-2.csv)" in (tmp_path / "report.md").read_text()
    write(tmp_path, "T", [], [Section("By class: all", [Table(exact, "One.")])])
    assert [path.name for path in (tmp_path / "tables").iterdir()] == ["by-class-all.csv"]


def test_failure_leaves_the_earlier_report(tmp_path):
    path = write(tmp_path, "First", [], [])
    earlier = path.read_text(encoding="utf-8")
    with pytest.raises(FileNotFoundError):
        write(tmp_path, "Second", [], [Section("S", [Figure(tmp_path / "absent.png", "")])])
    assert path.read_text(encoding="utf-8") == earlier
    assert sorted(p.name for p in tmp_path.iterdir()) == ["report.html", "report.md"]
    assert "First" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_the_floats_of_a_column_have_one_number_of_decimals(tmp_path):
    frame = pd.DataFrame(
        {
            "Change": [-0.8697, 20.7, np.nan],
            "p": [0.5, 0.00031, 0.04],
            "Count": [3.0, 12.0, 7.0],
            "Name": ["a", "b", "c"],
        }
    )
    answer = Answer("It is so.", ["Mostly."], [Table(frame, "small", 1)])
    write(tmp_path, "Title", [], [Section("All", [Table(frame, "large")])], answer)
    first, second = (tmp_path / "report.md").read_text(encoding="utf-8").split("## All")
    assert "| -0.87 | 0.5000 | 3 | a |" in second and "| 20.70 | 0.0003 | 12 | b |" in second
    assert "| -0.9 | 0.5 | 3.0 | a |" in first and first.index("Mostly.") < first.index("-0.9")
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert html.index("It is so.") < html.index(">-0.9<") < html.index("<nav") < html.index(">-0.87<")
    assert (tmp_path / "tables/answer.csv").read_text().startswith("Change,p,Count,Name\n-0.8697")


def test_settings_are_shown_without_folders_and_those_without_a_value_too(tmp_path):
    style = StyleSettings(None, 5, 2.0, 1000.0)
    settings = SimpleNamespace(settings=replace(style, vgg19=str(tmp_path / "vgg19.h5")))
    for study, shown in ((SimpleNamespace(settings=style), "null"), (settings, "vgg19.h5")):
        table = appendix(study)[0].parts[0].frame.set_index("Setting").Value
        assert table.tolist() == [shown, "5", "2.0", "1000.0"]
