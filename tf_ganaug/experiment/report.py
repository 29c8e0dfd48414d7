"""A report of tables and figures, as Markdown and as one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from jinja2 import Environment, FileSystemLoader
from PIL import Image

from tf_ganaug.files import make_folder, write_text

MISSING = "\N{EN DASH}"

#: A number, perhaps signed or bounded, and what may follow it: "97.42 %", "1.2 ± 0.3", "< 0.001".
NUMBER = re.compile(r"^[<>≈]?\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(?=$|[\s%±(\[])", re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """A table without the frame's index; what is missing or empty is a dash, floats have four digits.

    Attributes:
        frame: the cells; strings are shown as they are.
        caption: plain text.
    """

    frame: pd.DataFrame
    caption: str


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


def write(folder: Path, title: str, lead: list[str], sections: list[Section]) -> Path:
    """Writes `report.md`, which links the figures, and `report.html`, which holds them.

    Both are rendered before either is written, so that a failure leaves an earlier report as it was.

    Args:
        folder: made if absent.
        title: the heading.
        lead: the first lines: which data, at which profile.
        sections: in order. Their titles say which table or figure of the paper they are, so parts have no number.

    Returns:
        The path of `report.html`.

    Raises:
        InputError: if the folder cannot be written.
        FileNotFoundError: if a figure is not there.
    """
    make_folder(folder)
    markdown = "\n\n".join(_markdown(folder, title, lead, sections))
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    html = templates.get_template("report.html.jinja").render(
        title=title, lead=lead, sections=sections, columns=_columns, lines=_lines, picture=_picture
    )
    write_text(folder / "report.md", markdown)
    write_text(folder / "report.html", html)
    return folder / "report.html"


def _markdown(folder: Path, title: str, lead: Sequence[str], sections: Sequence) -> Iterator[str]:
    """The blocks of report.md."""
    yield f"# {_plain(title)}"
    yield "\n".join(f"> {_plain(line)}  " for line in lead)
    for section in sections:
        yield f"## {_plain(section.title)}"
        for part in section.parts:
            if isinstance(part, str):
                yield _plain(part)
                continue
            if isinstance(part, Figure):
                # Relative, so that the folder can be moved or sent whole.
                link = quote(Path(os.path.relpath(part.path, folder)).as_posix())
                yield f"![{_plain(part.caption)}]({link})"
            yield f"*{_plain(part.caption)}*"
            if isinstance(part, Table):
                yield _pipes(part.frame)


def _pipes(frame: pd.DataFrame) -> str:
    """The table as Markdown pipes; columns of numbers are set right."""
    columns = _columns(frame)
    rules = ["---:" if numeric else "---" for _, numeric in columns]
    rows = [[name for name, _ in columns], *([text for text, _ in line] for line in _lines(frame))]
    head, *body = ["| " + " | ".join(_plain(cell).replace("|", r"\|") for cell in row) + " |" for row in rows]
    return "\n".join([head, "| " + " | ".join(rules) + " |", *body])


def _columns(frame: pd.DataFrame) -> list[tuple[str, bool]]:
    """Each column's name and whether all its cells are numbers."""
    lines = _lines(frame)
    return [
        (
            str(name),
            any(line[n][1] for line in lines) and all(line[n][1] or line[n][0] == MISSING for line in lines),
        )
        for n, name in enumerate(frame.columns)
    ]


def _lines(frame: pd.DataFrame) -> list[list[tuple[str, str]]]:
    """Each row's cells: the text, and the number to sort by or ""."""
    texts = [[_text(value) for value in row] for row in frame.itertuples(index=False, name=None)]
    return [[(text, _number(text)) for text in row] for row in texts]


def _text(value: Any) -> str:
    if value == "" or pd.isna(value):
        return MISSING
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _number(text: str) -> str:
    found = NUMBER.match(text.replace("\N{MINUS SIGN}", "-"))
    return found[1] if found else ""


def _plain(text: str) -> str:
    """Text that Markdown shows as it stands, on one line."""
    return re.sub(r"([\\`*<])", r"\\\1", " ".join(text.split()))


def _picture(figure: Figure) -> dict[str, Any]:
    """The PNG as a data URL, and its size in pixels."""
    with Image.open(figure.path) as image:
        width, height = image.size
    data = base64.b64encode(figure.path.read_bytes()).decode("ascii")
    return {"source": f"data:image/png;base64,{data}", "width": width, "height": height}
