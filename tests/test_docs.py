"""The documentation is true: links lead somewhere, the quick start's commands and the notebook run."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])

#: What makes the quick start's commands a matter of seconds.
SMALL = {"run": ["--profile", "smoke", "--repeats", "1"], "drawn": ["--subjects", "8", "--size", "48"]}


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


def commands() -> list[str]:
    """The quick start's own commands, after the installation."""
    blocks = re.findall(r"^```\n(.*?)^```", (ROOT / "docs/quick-start.md").read_text(), flags=re.M | re.S)
    return [line for block in blocks[1:] for line in block.splitlines()]


def test_quick_start(tmp_path):
    for line in commands():
        words = shlex.split(line)
        named = next((SMALL[word] for word in words if word in SMALL), [])
        command = ["-m", "tf_ganaug"] if words[0] == "tf-ganaug" else [str(ROOT / words.pop(1))]
        done = subprocess.run(
            [sys.executable, *command, *words[1:], *named], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert "GAN augmentation changed Dice" in (tmp_path / "runs/question-heads/report.md").read_text()
    assert len(list((tmp_path / "pairs/images").iterdir())) == 20


def test_notebook(tmp_path):
    cells = json.loads((ROOT / "docs/question.ipynb").read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    environment = {"TF_GANAUG_PROFILE": "smoke", "TF_CPP_MIN_LOG_LEVEL": "3", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "GAN augmentation changed Dice" in done.stdout and (tmp_path / "pairs.png").exists()
