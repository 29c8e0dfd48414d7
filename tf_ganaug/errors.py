"""The one kind of error a user causes and can mend."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Letters of what was found that a message has.
MOST = 1000


class InputError(Exception):
    """Input that cannot be used; the message is one line made for the user.

    Args:
        where: the file, folder or setting that is wrong.
        expected: what was expected there.
        found: what was found instead.
        remedy: what the user can do about it.

    The commands print the message on stderr, without a traceback, and exit with status 2.
    """

    def __init__(self, where: str | os.PathLike, expected: str, found: str, remedy: str):
        # All four, so that the error can be passed on from another process.
        super().__init__(os.fspath(where), expected, found, remedy)

    def __str__(self) -> str:
        where, expected, found, remedy = self.args
        found = found if len(found) <= MOST else f"{found[:MOST]}..."
        return printable(" ".join(f"{where}: expected {expected}, found {found}; {remedy}".split()))


def printable(line: str) -> str:
    """A line for a terminal: what could change one, or end the line, as names of files may, is spelled out."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)


@contextmanager
def reading(path: Path, expected: str, remedy: str) -> Iterator[None]:
    """Around a library that reads a user's file and, given damaged bytes, may raise anything.

    Raises:
        InputError: for whatever it raises, or if there is no file.
    """
    if not path.is_file():
        raise InputError(path, expected, "no file", remedy)
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise InputError(path, expected, f"{type(error).__name__}: {error}".split("\n")[0][:200], remedy) from error


#: Errors of a disk by number, with what to do; libraries written in C tell them by their words alone.
_REMEDIES = {
    errno.ENOSPC: "make room there; the same command continues",
    errno.EDQUOT: "make room there; the same command continues",
    errno.EROFS: "choose another folder",
    errno.EACCES: "choose another folder, or change its permissions",
    errno.EPERM: "choose another folder, or change its permissions",
    errno.ENOENT: "if it was removed or renamed meanwhile, the same command makes it again",
    errno.ENOTDIR: "choose another folder",
    errno.ELOOP: "choose another folder",
    errno.EIO: "look after the disk; the same command continues",
    errno.ESTALE: "look after the disk; the same command continues",
    errno.EFBIG: "allow larger files (ulimit -f), or choose another disk; the same command continues",
    errno.EMFILE: "allow more open files (ulimit -n); the same command continues",
    errno.ENFILE: "end other programs; the same command continues",
    errno.ENAMETOOLONG: "choose shorter names",
}


def from_outside(error: Exception) -> InputError | None:
    """The error as one line, where a disk, a folder or the memory caused it; None where we did."""
    if isinstance(error, InputError):
        return error
    if isinstance(error, MemoryError):
        return _of_memory(str(error) or "none left")
    if isinstance(error, RuntimeError) and "Symlink loop" in str(error):  # so Python before 3.13 tells it
        return _of_disk(str(error).partition("from ")[2].strip("'"), errno.ELOOP, os.strerror(errno.ELOOP))
    if isinstance(error, OSError):
        return _of_disk(error.filename or "disk", error.errno, error.strerror or str(error))
    tf = sys.modules.get("tensorflow")
    if tf is None or not isinstance(error, tf.errors.OpError):
        return None
    if _disk_error(str(error)) is not None:
        return _of_disk("disk", None, str(error))
    return _of_memory(str(error)) if isinstance(error, tf.errors.ResourceExhaustedError) else None


def _of_memory(found: str) -> InputError:
    remedy = "choose smaller frames, minibatches or networks, or fewer runs at a time; the same command continues"
    return InputError("memory", "enough for this command", found.split("\n")[0][:200], remedy)


def _of_disk(where: str | bytes, number: int | None, found: str) -> InputError:
    number = _disk_error(found) if number is None else number
    remedy = _REMEDIES.get(number, "look after that place; the same command continues")
    return InputError(os.fsdecode(where), "a place to read and write", found.split("\n")[0][:200], remedy)


def _disk_error(text: str) -> int | None:
    return next((number for number in _REMEDIES if re.search(os.strerror(number), text, re.IGNORECASE)), None)
