"""The documentation is true: links lead somewhere, the quick start's commands and the notebook run."""

from __future__ import annotations

import json
import re
import runpy
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tf_ganaug.cli import main

ROOT = Path(__file__).resolve().parents[1]

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])

#: Scripts that are commands, and those that are not.
SCRIPTS = {name: [name.replace("_", "-")] for name in ("sample", "export", "prepare_data", "benchmark")}
SCRIPTS["run_paper"], OTHERS = ["paper"], ("matrix", "soak")

#: What makes the quick start's commands a matter of seconds; what `doctor` times is tested with it.
SMALL = {
    "doctor": ["--no-timing"],
    "drawn": ["--subjects", "8", "--size", "48"],
    "run": ["--profile", "smoke", "--repeats", "1", "--arms", "real,gan"],
}


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    lines = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S).splitlines()
    titles = (line.lstrip("#").strip().lower() for line in lines if line.startswith("#"))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        found = (page.parent / name).resolve() if name else page
        assert found.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in headings(found), f"{page.name}: {target}"


def test_every_page_is_in_the_index():
    index = (ROOT / "docs/index.md").read_text()
    assert [
        page.name for page in (ROOT / "docs").glob("*.md") if page.name not in ("index.md",) and page.name not in index
    ] == []


def shown_commands(page: Path) -> list[list[str]]:
    """The words of every call of a command that a page shows, in a block or in a line."""
    text = page.read_text().replace("\\\n", " ")
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```", text, flags=re.M | re.S) + re.findall(
        r"^ {4}(\S.*)$", text, flags=re.M
    )
    lines = [line for block in blocks for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S))
    found = [re.match(r"\s*(?:\S*python\S* scripts/(\w+)\.py|tf-ganaug)\s+(.*)", line) for line in lines]
    return [
        [*SCRIPTS.get(one[1], []), *shlex.split(one[2], comments=True)] for one in found if one and one[1] not in OTHERS
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_have_the_options_that_pages_show(page):
    for words in shown_commands(page):
        command = main
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            assert words[0] in command.commands, f"{page.name}: {' '.join(words)}"
            command, words = command.commands[words[0]], words[1:]
        known = {"--help", "-h"} | {
            name for option in command.params for name in (*option.opts, *option.secondary_opts)
        }
        named = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert named <= known, f"{page.name}: {command.name} {' '.join(words)}"


def commands() -> list[str]:
    """The quick start's own commands, after the installation."""
    blocks = re.findall(r"^```\n(.*?)^```", (ROOT / "docs/quick-start.md").read_text(), flags=re.M | re.S)
    return [line for block in blocks[1:] for line in block.splitlines()]


def run(words: list[str]) -> None:
    """A line of the quick start."""
    if words[0] == "tf-ganaug":
        command, options = main, words[1:]
    else:  # python scripts/NAME.py
        command, options = runpy.run_path(str(ROOT / words[1]))[Path(words[1]).stem], words[2:]
    done = CliRunner().invoke(command, options, catch_exceptions=False)
    assert done.exit_code == 0, done.output


@pytest.mark.long
def test_quick_start(tmp_path, monkeypatch, eager):
    monkeypatch.chdir(tmp_path)
    for line in commands():
        words = shlex.split(line)
        run([*words, *next((SMALL[word] for word in words if word in SMALL), [])])
    assert "Dice changed by" in (tmp_path / "runs/question-heads/report.md").read_text()
    assert len(list((tmp_path / "pairs/images").iterdir())) == 20


@pytest.mark.long
def test_notebook(tmp_path, monkeypatch, capsys, eager):
    cells = json.loads((ROOT / "docs/question.ipynb").read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    monkeypatch.setenv("TF_GANAUG_PROFILE", "smoke")
    monkeypatch.chdir(tmp_path)
    exec(code.replace("repeats=2", "repeats=1, arms='[real,gan]'"), {})
    assert "Dice changed by" in capsys.readouterr().out and (tmp_path / "pairs.png").exists()
