"""One compiled step for all trainings of a kind."""

from __future__ import annotations

from collections.abc import Hashable
from tempfile import TemporaryDirectory
from typing import Protocol, TypeVar

import tensorflow as tf

#: Kinds whose last training stays in memory: two, since a training may be in two parts.
KINDS = 2


class Trainable(Protocol):
    """Networks with their optimisers and compiled steps."""

    def parts(self) -> tf.train.Checkpoint:
        """All that tells it from another of its kind."""


Kept = TypeVar("Kept", bound=Trainable)


class Reuse:
    """What was trained before, with its compiled steps."""

    def __init__(self):
        self._kept: dict[Hashable, Trainable] = {}

    def __call__(self, fresh: Kept, kind: Hashable = None) -> Kept:
        """The untrained one, or that of its kind which was trained before and has become it.

        What was returned for the kind before is not to be used any more.

        Args:
            fresh: untrained.
            kind: those of one kind differ in nothing but the numbers that a checkpoint holds.
        """
        found = self._kept.pop(kind, fresh)
        if found is not fresh:
            _become(found, fresh)
        self._kept[kind] = found
        while len(self._kept) > KINDS:
            del self._kept[next(iter(self._kept))]
        return found


def _become(one: Trainable, other: Trainable) -> None:
    """The first takes over all that the second holds, by way of a checkpoint; compiled steps stay compiled."""
    with TemporaryDirectory() as folder:
        one.parts().read(other.parts().write(f"{folder}/state")).assert_consumed()
