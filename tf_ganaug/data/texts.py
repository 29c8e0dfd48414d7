"""YAML, JSON and tables that users write: bounded, each key once, errors with their place in the file."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tf_ganaug.data.limits import require_regular
from tf_ganaug.errors import InputError

#: Bytes of a table or a JSON file, and of a YAML file, which takes some seconds a million.
_LONGEST, _LONGEST_YAML = 16_000_000, 1_000_000

#: Levels of a YAML file, of which dataset.yaml has three, and its keys and values: 10,000 take a second.
_DEEPEST, _MOST = 20, 20_000

#: What parts the columns of a table: the one that its first line has most of.
_DELIMITERS = ",;\t|"


def read_text(path: Path, longest: int = _LONGEST) -> str:
    """UTF-8, with or without a byte order mark.

    Raises:
        InputError: if it is missing, no plain file, too long or in another encoding.
    """
    require_regular(path)
    size = path.stat().st_size
    if size > longest:
        raise InputError(path, f"a text of at most {longest:,} bytes", f"{size:,}", "shorten it")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"byte {error.object[error.start]:#04x} at position {error.start}"
        raise InputError(path, "a text in UTF-8", found, "save it as UTF-8") from error
    except OSError as error:
        raise InputError(path, "a text that can be read", error.strerror or str(error), "mend its rights") from error


def read_yaml(path: Path) -> Any:
    """A YAML file whose scalars all stay text: subject 007 must not become 7.

    Raises:
        InputError: as of `read_text`; with the place of what is no YAML, of a key that is there twice and of an alias.
    """
    text = read_text(path, _LONGEST_YAML)
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = re.sub(r"^(but )?found ", "", getattr(error, "problem", None) or str(error))
        found = f"{problem}{place}"[:200]
        raise InputError(path, "a YAML file", found, "mend the file") from error


class _Loader(yaml.BaseLoader):
    """Refuses what YAML allows and a short file can become endless by, and keys that replace one another."""

    depth, count = 0, 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node:
        mark = self.peek_event().start_mark
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="an alias (*), which is not read", problem_mark=mark)
        if self.depth > _DEEPEST:
            raise yaml.MarkedYAMLError(problem=f"more than {_DEEPEST} levels", problem_mark=mark)
        self.depth, self.count = self.depth + 1, self.count + 1
        if self.count > _MOST:
            raise yaml.MarkedYAMLError(problem=f"more than {_MOST:,} keys and values", problem_mark=mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        keys = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in keys:
                    problem = f"the key '{key.value}' a second time"
                    raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
                keys.add(key.value)
        return super().construct_mapping(node, deep)


def read_json(path: Path) -> Any:
    """A JSON file.

    Raises:
        InputError: as of `read_text`; with the place of what is no JSON, and for a key that is there twice or NaN.
    """
    text = read_text(path)
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        found = f"{error.msg}, line {error.lineno}, column {error.colno}"
        raise InputError(path, "a JSON file", found, "mend the file") from error
    except (ValueError, RecursionError) as error:
        found = str(error) if isinstance(error, ValueError) else "more levels than any of ours has"
        raise InputError(path, "a JSON file", found, "mend the file") from error


def _once(pairs: Sequence[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key '{twice}' a second time")
    return found


def _no_number(name: str) -> None:
    raise ValueError(f"{name}, which is no number")


def read_table(path: Path) -> list[list[str]]:
    """The lines of a table as lists of cells, without the empty ones; columns parted by , ; | or tabulators.

    Raises:
        InputError: as of `read_text`, or if it is no table.
    """
    text = read_text(path)
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
        return [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise InputError(path, "a table (CSV)", str(error), "mend it") from error
