"""Earlier answers on the same test subjects: the best of many tries looks better than it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tf_ganaug.files import write_text
from tf_ganaug.question.settings import Settings

#: What a question leaves in its folder for later ones to find.
ANSWER = "answer.json"

#: Earlier answers that are named.
NAMED = 8


def record(folder: Path, sentence: str, settings: Settings, tested: Sequence[str]) -> None:
    """Leaves an answer in its folder.

    Args:
        folder: of the question.
        sentence: its answer.
        settings: that it was found with.
        tested: digests of its test images.
    """
    s = settings
    how = f"{s.gan}, {s.segmenter}, mix {s.mix}, screen {s.screen}, seed {s.seed}, profile {s.profile}"
    write_text(folder / ANSWER, json.dumps({"sentence": sentence, "how": how, "tested": sorted(tested)}, indent=1))


def earlier_answers(folder: Path, tested: Sequence[str]) -> list[str]:
    """A remark on the answers in folders beside this one that were found on some of the same test images, if any."""
    mine, found = set(tested) - {""}, []
    for path in sorted(folder.resolve().parent.glob(f"*/{ANSWER}"), key=lambda path: path.stat().st_mtime_ns):
        if path.parent == folder.resolve() or not path.is_file():
            continue
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            if mine & set(stored["tested"]):
                found.append(f"{path.parent.name} ({stored['how']})")
        except (OSError, ValueError, KeyError, TypeError):
            continue  # another program's file
    if not found:
        return []
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return [
        f"Asked before: {len(found)} other answer{'s' * (len(found) > 1)} beside this one come"
        f"{'s' * (len(found) == 1)} from some of the same test images: {'; '.join(found[:NAMED])}{more}. The best of "
        "several tries looks better than it is."
    ]
