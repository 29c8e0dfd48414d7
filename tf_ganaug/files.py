"""Files that are either whole or not there; folders that know what made them."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tf_ganaug.errors import InputError

#: What a killed process may leave: unfinished files and folders, and TensorFlow's half-written checkpoints.
LEFTOVER = re.compile(r"\..+\.[0-9a-f]+\.part(\.\w+)?|\.probe\.\d+|\.token-[0-9a-f]{32}|ckpt-\d+_temp")

#: Holds a folder against a second process.
LOCK = ".lock"


def without_folders(text: str) -> str:
    """A path, or NAME=PATH, for others to read: an absolute one without its folders, which may name people."""
    name, equals, value = text.rpartition("=")
    return f"{name}{equals}{Path(value).name}" if os.path.isabs(value) else text


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary file beside `path`, which takes its name if the block ends well.

    It is new, and nobody can know its name before, so nothing lies in its way; it is on the disk before it is renamed.
    """
    temporary = _temporary(path).with_suffix(f".part{path.suffix}")
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield temporary
        flush(temporary)
        os.replace(temporary, path)
        flush(path.parent, contents=False)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yields a temporary folder beside `path`, which takes its name if the block ends well.

    What killed processes left of the same name is removed first: a living one holds the lock of its own.

    Raises:
        InputError: if the folder cannot be made, or another command made one there meanwhile, which stays.
    """
    make_folder(path.parent)
    for leftover in path.parent.glob(f".{_escaped(path.name)}.*.part"):
        if LEFTOVER.fullmatch(leftover.name) and not held(leftover):
            shutil.rmtree(leftover, ignore_errors=True)
    temporary = _temporary(path)
    temporary.mkdir()
    try:
        with locked(temporary):
            yield temporary
        (temporary / LOCK).unlink(missing_ok=True)
        flush(temporary)
        _take_name(temporary, path)
        flush(path.parent, contents=False)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _take_name(folder: Path, path: Path) -> None:
    try:
        os.replace(folder, path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        found = "one that another command made meanwhile"
        raise InputError(path, "no folder, or an empty one", found, "use that, or choose another place") from error


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")


def _escaped(name: str) -> str:
    return re.sub(r"([*?\[\]])", r"[\1]", name)


def remove_leftovers(folder: Path) -> None:
    """Removes what killed processes left in the folder; what others hold below it is left alone."""
    for place, names, files in os.walk(folder):
        if Path(place) != folder and LOCK in files and held(Path(place)):
            names.clear()
            continue
        for name in filter(LEFTOVER.fullmatch, files):
            Path(place, name).unlink(missing_ok=True)
        for name in filter(LEFTOVER.fullmatch, list(names)):
            names.remove(name)
            if not held(Path(place, name)):
                shutil.rmtree(Path(place, name), ignore_errors=True)


def flush(path: Path, contents: bool = True) -> None:
    """Waits until a file, or a folder and its contents, is on the disk, so that a power cut cannot leave it empty."""
    places = [*path.rglob("*"), path] if contents and path.is_dir() else [path]
    for place in places:
        # Windows writes folders at once, and opens none.
        if os.name == "nt" and place.is_dir():
            continue
        descriptor = os.open(place, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            # Some network file systems cannot.
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(descriptor)


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def write_text(path: Path, text: str) -> None:
    """Writes `path` whole or not at all, UTF-8, ending in a newline."""
    with replacing(path) as temporary:
        temporary.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")


def read_json(path: Path, remedy: str) -> Any:
    """What a file of ours holds.

    Raises:
        InputError: if it is damaged or no file, with what to do then.
    """
    if path.exists() and not path.is_file():
        raise InputError(path, "a file", "a folder, pipe or device", remedy)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(path, "JSON as it was written", str(error)[:100], remedy) from error


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
        with tempfile.TemporaryFile(dir=path):
            pass
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
    stored = read_json(path, "remove the folder, or choose another")
    names = _leaves(stored) | _leaves(wanted)
    # What both state first: a message may be cut.
    ordered = sorted(names, key=lambda name: (ABSENT in (_at(stored, name), _at(wanted, name)), name))
    differing = [
        f"{name} = {_at(stored, name)} there, {_at(wanted, name)} asked"
        for name in ordered
        if _at(stored, name) != _at(wanted, name)
    ]
    if differing:
        raise InputError(
            folder,
            "the settings it was made with",
            "; ".join(differing),
            "choose another folder, or those settings",
        )


#: In the place of a setting that is not there.
ABSENT = "absent"


def _leaves(tree: Any, prefix: str = "") -> set[str]:
    if not isinstance(tree, dict):
        return {prefix.rstrip(".")}
    return {leaf for key, value in tree.items() for leaf in _leaves(value, f"{prefix}{key}.")}


def _at(tree: Any, name: str) -> Any:
    for key in name.split("."):
        if not isinstance(tree, dict) or key not in tree:
            return ABSENT
        tree = tree[key]
    return tree


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the folder against a second process, and removes what killed ones left there; dies with the process.

    Raises:
        InputError: if another process holds it.
    """
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        found, remedy = "one that holds its lock", "wait for it or stop it"
        raise InputError(folder, "no other process at work there", found, remedy) from error
    try:
        remove_leftovers(folder)
        yield
    finally:
        lock.release()


def held(folder: Path) -> bool:
    """Whether a living process, or another part of this one, holds the folder's lock."""
    if not (folder / LOCK).exists():
        return False
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False
