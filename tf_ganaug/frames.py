"""Tables of people's names and numbers as CSV: whole or not at all, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pandas as pd

from tf_ganaug.errors import InputError
from tf_ganaug.files import replacing

#: A spreadsheet may take a cell that begins so for a formula, which can call programs and the network.
_RISKY = re.compile(r"'*[=+\-@\t\r].*", re.DOTALL)

#: Numbers with signs, ranges and units are none: "-1.2 [-3.4, 1.0]", "+0.3 %".
_NUMBER = re.compile(r"[-+]?[\d.]+(e[-+]?\d+)?([\s%±,()\[\]]*(?<=[\s\[(,])[-+]?[\d.]+)*[\s%)\]]*", re.IGNORECASE)

#: Columns of names, which are text even where they look like numbers.
_NAMES = ("case", "subject", "class")


def to_csv(frame: pd.DataFrame, index: bool = False) -> str:
    """CSV with an apostrophe before every text that a spreadsheet could take for a formula; `read_frame` drops it."""
    safe = (frame.reset_index() if index else frame).rename(columns=_neutral)
    texts = safe.select_dtypes(exclude=["number", "bool"])
    safe = safe.assign(**{name: texts[name].map(_neutral) for name in texts})
    # The writer quotes no carriage return by itself, and a reader ends the line there.
    broken = any(texts[name].astype(str).str.contains("\r").any() for name in texts)
    quoting = csv.QUOTE_NONNUMERIC if broken else csv.QUOTE_MINIMAL
    return safe.to_csv(index=False, lineterminator="\n", quoting=quoting)


def write_frame(path: Path, frame: pd.DataFrame, index: bool = False) -> None:
    """Writes `to_csv` whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(to_csv(frame, index).encode())


def read_frame(path: Path) -> pd.DataFrame:
    """What `write_frame` wrote.

    Raises:
        InputError: if it is damaged.
    """
    try:
        frame = pd.read_csv(path, dtype=dict.fromkeys(_NAMES, str), keep_default_na=False, na_values=[""])
    except (ValueError, OSError) as error:
        remedy = f"it is damaged: remove {path.parent}; the same command makes it again"
        raise InputError(path, "a table as it was written", str(error)[:100], remedy) from error
    texts = frame.select_dtypes(exclude=["number", "bool"])
    return frame.assign(**{name: frame[name].map(_original, na_action="ignore") for name in texts})


def _neutral(value: object) -> object:
    risky = isinstance(value, str) and _RISKY.fullmatch(value) and not _NUMBER.fullmatch(value)
    return f"'{value}" if risky else value


def _original(value: object) -> object:
    return value[1:] if isinstance(value, str) and value[:1] == "'" and _RISKY.fullmatch(value[1:]) else value
