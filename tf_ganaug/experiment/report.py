"""A report of tables and figures: one HTML file that needs nothing beside it, Markdown, and the tables as CSV."""

from __future__ import annotations

import base64
import math
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from jinja2 import Environment, FileSystemLoader
from PIL import Image

from tf_ganaug.errors import printable
from tf_ganaug.files import make_folder, write_text
from tf_ganaug.frames import to_csv

MISSING = "\N{EN DASH}"

#: A number, perhaps signed or bounded, and what may follow it: "97.42 %", "1.2 ± 0.3", "< 0.001".
NUMBER = re.compile(r"^[<>≈]?\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(?=$|[\s%±(\[])", re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """A table without the frame's index; what is missing or empty is a dash.

    Attributes:
        frame: the cells; strings are shown as they are.
        caption: plain text.
        decimals: of all floats; None: as many for those of one column as give the largest four digits.
    """

    frame: pd.DataFrame
    caption: str
    decimals: int | None = None


@dataclass(frozen=True)
class Figure:
    """A figure.

    Attributes:
        path: a PNG.
        caption: plain text.
    """

    path: Path
    caption: str


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Attributes:
        title: its heading.
        parts: in order; a string is one paragraph of plain text.
    """

    title: str
    parts: list[str | Table | Figure]


@dataclass(frozen=True)
class Answer:
    """What the report says, above all else.

    Attributes:
        sentence: plain text, shown large.
        remarks: paragraphs of plain text below it.
        parts: tables and figures that belong to it, below these.
    """

    sentence: str
    remarks: list[str]
    parts: list[Table | Figure] = field(default_factory=list)


def write(folder: Path, title: str, lead: list[str], sections: list[Section], answer: Answer | None = None) -> Path:
    """Writes `report.md`, which links the figures, `report.html`, which holds them, and `tables/NAME.csv`.

    All are rendered before any is written, so that a failure leaves an earlier report as it was. A CSV has the frame's
    values with all their digits; its name is that of the section, numbered from the second table on. Files in `tables`
    of an earlier report are removed.

    Args:
        folder: made if absent.
        title: the heading.
        lead: the first lines: which data, at which profile.
        sections: in order. Their titles say which table or figure of the paper they are, so parts have no number.
        answer: above the lead, where the report answers a question.

    Returns:
        The path of `report.html`.

    Raises:
        InputError: if the folder cannot be written.
        FileNotFoundError: if a figure is not there.
    """
    make_folder(folder)
    named = _named([Section("Answer", answer.parts if answer else []), *sections])
    shown, *named = named
    markdown = "\n\n".join(_markdown(folder, title, lead, named, answer, shown[1]))
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    html = templates.get_template("report.html.jinja").render(
        title=title,
        lead=lead,
        answer=answer,
        shown=shown[1],
        sections=named,
        columns=_columns,
        lines=_lines,
        picture=_picture,
        csv=lambda table: _data_url("text/csv", to_csv(table.frame).encode()),
    )
    tables = {f"{name}.csv": to_csv(part.frame) for _, parts in (shown, *named) for part, name in parts if name}
    write_text(folder / "report.md", markdown)
    write_text(folder / "report.html", html)
    _write_tables(folder / "tables", tables)
    return folder / "report.html"


def _named(sections: Sequence[Section]) -> list[tuple[Section, list[tuple[str | Table | Figure, str]]]]:
    """The sections and their parts, each table with the name of its CSV, each other part with ""."""
    seen = Counter()

    def name(section: Section) -> str:
        words = re.sub(r"[^a-z0-9]+", "-", section.title.lower())[:60].strip("-") or "table"
        seen[words] += 1
        return words if seen[words] == 1 else f"{words}-{seen[words]}"

    return [(s, [(part, name(s) if isinstance(part, Table) else "") for part in s.parts]) for s in sections]


def _write_tables(folder: Path, tables: dict[str, str]) -> None:
    """Makes the folder's CSVs these and no others; no folder is made for none."""
    for path in folder.glob("*.csv"):
        if path.name not in tables:
            path.unlink()
    for name, text in tables.items():
        write_text(make_folder(folder) / name, text)


def _markdown(
    folder: Path, title: str, lead: Sequence[str], sections: Sequence, answer: Answer | None, shown: Sequence
) -> Iterator[str]:
    """The blocks of report.md."""
    yield f"# {plain(title)}"
    if answer:
        yield f"**{plain(answer.sentence)}**"
        yield from map(plain, answer.remarks)
        yield from _blocks(folder, shown)
    yield "\n".join(f"> {plain(line)}  " for line in lead)
    for section, parts in sections:
        yield f"## {plain(section.title)}"
        yield from _blocks(folder, parts)


def _blocks(folder: Path, parts: Sequence) -> Iterator[str]:
    """Parts with their names as blocks of report.md."""
    for part, name in parts:
        if isinstance(part, str):
            yield plain(part)
            continue
        if isinstance(part, Figure):
            # Relative, so that the folder can be moved or sent whole.
            link = quote(Path(os.path.relpath(part.path, folder)).as_posix())
            alternative = re.sub(r"(?<!\\)[\[\]]", r"\\\g<0>", plain(part.caption))
            yield f"![{alternative}]({link})"
        yield f"*{plain(part.caption)}*" + (f" [CSV](tables/{name}.csv)" if name else "")
        if isinstance(part, Table):
            yield _pipes(part)


def _pipes(table: Table) -> str:
    """The table as Markdown pipes; columns of numbers are set right."""
    columns = _columns(table)
    rules = ["---:" if numeric else "---" for _, numeric in columns]
    rows = [[name for name, _ in columns], *([text for text, _ in line] for line in _lines(table))]
    head, *body = ["| " + " | ".join(plain(cell) for cell in row) + " |" for row in rows]
    return "\n".join([head, "| " + " | ".join(rules) + " |", *body])


def _columns(table: Table) -> list[tuple[str, bool]]:
    """Each column's name and whether all its cells are numbers."""
    lines = _lines(table)
    return [
        (
            str(name),
            any(line[n][1] for line in lines) and all(line[n][1] or line[n][0] == MISSING for line in lines),
        )
        for n, name in enumerate(table.frame.columns)
    ]


def _lines(table: Table) -> list[list[tuple[str, str]]]:
    """Each row's cells: the text, and the number to sort by or ""."""
    frame = table.frame
    decimals = [_decimals(column) if table.decimals is None else table.decimals for _, column in frame.items()]
    texts = [
        [_text(value, digits) for value, digits in zip(row, decimals)]
        for row in frame.itertuples(index=False, name=None)
    ]
    return [[(text, _number(text)) for text in row] for row in texts]


def _decimals(column: pd.Series) -> int:
    """Those of a column's floats."""
    floats = [abs(value) for value in column if isinstance(value, float) and math.isfinite(value)]
    if not any(floats) or all(value.is_integer() for value in floats):
        return 0
    return min(max(3 - math.floor(math.log10(max(floats))), 0), 8)


def _text(value: Any, decimals: int) -> str:
    if value == "" or pd.isna(value):
        return MISSING
    # Rounded first: what is no change has no sign.
    return f"{round(value, decimals) + 0.0:.{decimals}f}" if isinstance(value, float) else str(value)


def _number(text: str) -> str:
    found = NUMBER.match(text.replace("\N{MINUS SIGN}", "-"))
    return found[1] if found else ""


def plain(text: str) -> str:
    """Text that Markdown shows as it stands, on one line: a name in it is no link, picture, tag, list or column."""
    text = printable(" ".join(text.split()))
    text = re.sub(r"[\\`*<~|]|(?<!\w)_|_(?!\w)|\](?=[(\[:])|:(?=//)|&(?=#?\w+;)", r"\\\g<0>", text)
    text = re.sub(r"^([#>+=-])(?![\d.])", r"\\\1", text)
    return re.sub(r"^(\d+)(?=[.)]\s)", r"\1\\", text)


def _picture(figure: Figure) -> dict[str, Any]:
    """The PNG as a data URL, and its size in pixels."""
    with Image.open(figure.path) as image:
        width, height = image.size
    return {"source": _data_url("image/png", figure.path.read_bytes()), "width": width, "height": height}


def _data_url(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
