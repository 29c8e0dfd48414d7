"""Files that are either whole or not there; folders that know what made them."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tf_ganaug.errors import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`, which takes its name if the block ends well."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yields a temporary folder beside `path`, which takes its name if the block ends well.

    Raises:
        InputError: if the folder cannot be made.
    """
    temporary = make_folder(path.with_name(f".{path.name}.{os.getpid()}.part"))
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Writes `path` whole or not at all, UTF-8, ending in a newline."""
    with replacing(path) as temporary:
        temporary.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")


#: Characters that TensorFlow takes for a pattern when it reads a checkpoint.
PATTERNS = r"[*?\[\]]"


def require_plain(path: Path) -> None:
    """Refuses a folder where TensorFlow could write a checkpoint but not read it.

    Raises:
        InputError: if there is one of `PATTERNS` in its path.
    """
    if found := re.findall(PATTERNS, str(path)):
        expected = "a path without * ? [ ], which TensorFlow takes for patterns"
        raise InputError(path, expected, " ".join(dict.fromkeys(found)), "choose another --out")


def make_folder(path: Path) -> Path:
    """Makes the folder if needed.

    Raises:
        InputError: if it cannot be made or written to.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe = path / f".probe.{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(path, "a folder that can be written", error.strerror, "choose another folder") from error
    return path


def claim_options(folder: Path, options: Mapping[str, Any]) -> None:
    """Writes options.json, or compares with the one that is there.

    Raises:
        InputError: if the folder holds other options, naming each that differs.
    """
    path = folder / "options.json"
    wanted = json.loads(json.dumps(options))
    if not path.exists():
        write_text(path, json.dumps(wanted, indent=1))
        return
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(path, "JSON", str(error), "remove the folder, or choose another") from error
    differing = sorted(
        f"{name} = {_at(stored, name)} there, {_at(wanted, name)} asked"
        for name in _leaves(stored) | _leaves(wanted)
        if _at(stored, name) != _at(wanted, name)
    )
    if differing:
        raise InputError(
            folder,
            "the settings it was made with",
            "; ".join(differing),
            "choose another folder, or those settings",
        )


def _leaves(tree: Any, prefix: str = "") -> set[str]:
    if not isinstance(tree, dict):
        return {prefix.rstrip(".")}
    return {leaf for key, value in tree.items() for leaf in _leaves(value, f"{prefix}{key}.")}


def _at(tree: Any, name: str) -> Any:
    for key in name.split("."):
        if not isinstance(tree, dict) or key not in tree:
            return "absent"
        tree = tree[key]
    return tree


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the folder against a second process; the lock dies with the process.

    Raises:
        InputError: if another process holds it.
    """
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InputError(
                folder, "no other process at work there", "one that holds its lock", "wait for it or stop it"
            ) from error
        yield
