"""What the readers found worth saying of a data set, and a spacing that all its cases have in common."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tf_ganaug.data.cases import Case
from tf_ganaug.data.listing import listed
from tf_ganaug.errors import printable

log = logging.getLogger("tf_ganaug")


def tell(root: Path, notes: Sequence[str]) -> tuple[str, ...]:
    """The notes, after warning of each."""
    for note in notes:
        log.warning("%s", printable(f"{root}: {note}"))
    return tuple(notes)


def remarks_of(cases: Iterable[Case]) -> tuple[str, ...]:
    """Each remark on files of the cases once, with the names of the files."""
    found: dict[str, dict[str, None]] = {}
    for case in cases:
        for file, remark in case.remarks:
            found.setdefault(remark, {})[Path(file).name] = None
    return tuple(f"{remark}: {listed(list(files))}" for remark, files in found.items())


def one_unit(cases: Sequence[Case]) -> list[Case]:
    """The cases with spacings in one unit: where some are not stated, all count in pixels."""
    unknown = [case for case in cases if not case.spacing_known]
    if len(unknown) in (0, len(cases)):
        return list(cases)
    remark = "spacing is not stated here, so all distances are in pixels unless dataset.yaml states 'spacing'"
    return [
        replace(
            case,
            spacing=(1.0, 1.0),
            spacing_known=False,
            remarks=case.remarks if case.spacing_known else (*case.remarks, (case.source, remark)),
        )
        for case in cases
    ]
