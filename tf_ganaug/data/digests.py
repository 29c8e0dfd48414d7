"""SHA-256 of all files of a data set, as the program sha256sum lists them: most formats have no checksum."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from tf_ganaug.data.limits import require_regular
from tf_ganaug.data.listing import listed
from tf_ganaug.data.texts import read_text
from tf_ganaug.errors import InputError
from tf_ganaug.files import write_text

#: Digest, two blanks or a blank and a star, and a name; a backslash before the line marks escapes in the name.
_LINE = re.compile(r"(\\?)([0-9a-f]{64}) [ *](.+)")

_PIECE = 1 << 20


def digests(root: Path, without: Path | None = None) -> dict[str, str]:
    """Name of each file below a folder to its digest; hidden files, and `without`, are not read.

    Raises:
        InputError: for what is no file, or cannot be read.
    """
    found = {}
    for parent, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            path = Path(parent, name)
            if without is None or path.resolve() != without.resolve():
                found[path.relative_to(root).as_posix()] = _digest(path)
    return found


def write_digests(root: Path, path: Path) -> None:
    """Writes the digests of a folder into a file outside it.

    Raises:
        InputError: as of `digests`.
    """
    write_text(path, "\n".join(_line(name, digest) for name, digest in digests(root).items()))


def compare_digests(root: Path, path: Path) -> None:
    """Checks that a folder holds the files of which the digests were written, and no others.

    Raises:
        InputError: naming what differs, lacks or is new; if the file is no list of digests.
    """
    stored = dict(_parsed(path, line) for line in read_text(path).splitlines() if line)
    found = digests(root, without=path)
    kinds = {
        "changed": [name for name in stored if name in found and found[name] != stored[name]],
        "lacking": [name for name in stored if name not in found],
        "new": [name for name in found if name not in stored],
    }
    told = "; ".join(f"{len(names)} {kind} ({listed(names)})" for kind, names in kinds.items() if names)
    if told:
        remedy = "restore the files, or name another file for digests of what is there now"
        raise InputError(root, f"the files of {path.name}", told, remedy)


def _digest(path: Path) -> str:
    require_regular(path)
    sha = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                sha.update(piece)
    except OSError as error:
        raise InputError(path, "a file that can be read", error.strerror or str(error), "mend its rights") from error
    return sha.hexdigest()


def _line(name: str, digest: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if escaped == name else chr(92)}{digest}  {escaped}"


def _parsed(path: Path, line: str) -> tuple[str, str]:
    match = _LINE.fullmatch(line)
    if not match:
        raise InputError(path, "lines of a SHA-256 and a file", line[:60], "name a file that check-data wrote")
    name = match[3]
    if match[1]:
        name = re.sub(r"\\(.)", lambda found: {"n": "\n", "r": "\r"}.get(found[1], found[1]), name)
    return name, match[2]
