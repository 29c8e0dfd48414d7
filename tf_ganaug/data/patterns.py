"""A user's regular expression on file names, within a time: some, such as (a+)+$, would never end."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tf_ganaug.errors import InputError

#: Seconds for all names of a folder, of which a sound pattern needs a millionth each.
SECONDS = 4

_MATCH = (
    "import json, re, sys; pattern, names = json.load(sys.stdin); pattern = re.compile(pattern); "
    "json.dump([match and match[1] for match in map(pattern.match, names)], sys.stdout)"
)


def first_groups(pattern: re.Pattern[str], names: Sequence[str], where: Path) -> list[str | None]:
    """The pattern's first group at the start of each name, None where it does not match.

    A process of its own matches, for Python cannot stop a match that has begun. (The package re2 needs no such limit,
    but lacks the look-arounds and back-references that users' patterns may have, and would be one more to install.)

    Raises:
        InputError: naming `where`, if it takes longer than `SECONDS`.
    """
    try:
        matched = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _MATCH],
            input=json.dumps([pattern.pattern, list(names)]),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        expected = f"'subject' that matches all names within {SECONDS} s"
        remedy = "write it without a repetition inside a repetition"
        raise InputError(where, expected, f"no end of {pattern.pattern}"[:120], remedy) from error
    return json.loads(matched.stdout)
