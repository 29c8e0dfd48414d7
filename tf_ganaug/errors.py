"""The one kind of error a user causes and can mend."""

from __future__ import annotations

import os


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
        return " ".join(f"{where}: expected {expected}, found {found}; {remedy}".split())
