"""The report in a real browser, on a telephone's width: it loads whole, says nothing in the console, and sorts."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tf_ganaug.experiment.report import Answer, Figure, Section, Table, write

pytestmark = pytest.mark.long

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *(
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--enable-logging=stderr",
        "--virtual-time-budget=10000",
        "--dump-dom",
    ),
)

#: Shows the report in a frame of a telephone's width and puts what it finds there into the page.
PROBE = """<!DOCTYPE html><iframe width="360" height="800" style="border: 0" srcdoc="{report}"></iframe><pre></pre>
<script>
addEventListener("load", () => {{
  const page = document.querySelector("iframe").contentDocument;
  const table = page.querySelector("table");
  const column = n => [...table.tBodies[0].rows].map(row => row.cells[n].textContent);
  const sorted = n => {{ table.tHead.rows[0].cells[n].firstChild.click(); return column(n); }};
  const found = {{
    answer: page.querySelector(".answer .sentence").textContent,
    images: [...page.images].map(image => image.naturalWidth),
    described: [...page.images].every(image => image.alt),
    width: page.documentElement.scrollWidth,
    boxes: [...page.querySelectorAll(".table .scroll")].map(box => box.scrollWidth > box.clientWidth),
    heights: [...page.querySelectorAll(".table .scroll")].map(box => box.clientHeight),
    fetched: page.defaultView.performance.getEntriesByType("resource").map(entry => entry.name),
    focusable: [...page.querySelectorAll("th")].every(head => head.firstChild.tabIndex === 0),
    shown: column(1), up: sorted(1), state: table.tHead.rows[0].cells[1].getAttribute("aria-sort"),
    down: sorted(1), names: sorted(0), csv: page.querySelector("a.csv").download,
    links: [...page.querySelectorAll("nav a")].every(link => page.querySelector(link.getAttribute("href"))),
  }};
  document.querySelector("pre").textContent = JSON.stringify(found);
}});
</script>
"""


def browse(folder, page):
    """The page's DOM after its scripts have run, and what it wrote to the console."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("no Chromium")
    (folder / "probe.html").write_text(page, encoding="utf-8")
    command = [browser, *FLAGS, f"--user-data-dir={folder / 'profile'}", (folder / "probe.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.fixture(scope="module")
def visit(tmp_path_factory):
    """What the probe finds in a report, and the console."""
    folder = tmp_path_factory.mktemp("report")
    Image.fromarray(np.zeros((40, 900, 3), np.uint8)).save(folder / "wide.png")
    names = ["b", "a", "c", "d"]
    scores = pd.DataFrame({"Case": names, "Change": ["+9.0", None, "\N{MINUS SIGN}10.0 ± 1", "+10.0"]})
    wide = pd.DataFrame(np.random.default_rng(0).random((60, 14)), columns=[f"Measure {n}" for n in range(14)])
    tables = Section("Tables", [Table(scores, "Short."), Table(wide, "Long and wide.")])
    answer = Answer("It helped, <b>surely</b>.", ["A remark."])
    sections = [tables, Section("Figures", [Figure(folder / "wide.png", "A figure.")])]
    report = write(folder, "A title", ["Data: drawn"], sections, answer).read_text(encoding="utf-8")
    dom, console = browse(folder, PROBE.format(report=html.escape(report)))
    return json.loads(html.unescape(re.search(r"<pre>(.+?)</pre>", dom)[1])), console


def test_the_browser_reports_errors(tmp_path):
    """So that a silent console below means something."""
    _, console = browse(tmp_path, "<script>absent();</script>")
    assert any("absent is not defined" in line for line in console)


def test_page_is_whole_and_silent(visit):
    found, console = visit
    assert console == []
    assert found["answer"] == "It helped, <b>surely</b>."
    assert found["images"] == [900]
    assert found["described"] and found["links"]
    assert found["csv"] == "tables.csv"
    assert all(name.startswith("data:") for name in found["fetched"])


def test_tables_sort_by_number_then_name(visit):
    found, _ = visit
    none, low = "\N{EN DASH}", "\N{MINUS SIGN}10.0 ± 1"
    assert found["shown"] == ["+9.0", none, low, "+10.0"]
    assert found["up"] == [low, "+9.0", "+10.0", none]
    assert found["state"] == "ascending"
    assert found["down"] == ["+10.0", "+9.0", low, none]
    assert found["names"] == ["a", "b", "c", "d"]
    assert found["focusable"]


def test_a_telephone_scrolls_tables_not_the_page(visit):
    found, _ = visit
    assert found["width"] == 360
    assert found["boxes"] == [False, True]
    assert found["heights"][1] < 600, "a long table has a box of its own"
