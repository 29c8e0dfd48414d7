"""One compiled step for all trainings of a kind."""

from __future__ import annotations

from collections.abc import Hashable

from tf_ganaug.segment.train import Segmenter

#: Kinds whose last segmenter stays in memory: two, since a training may be in two parts.
KINDS = 2


class Reuse:
    """Segmenters that were trained before, with their compiled steps."""

    def __init__(self):
        self._kept: dict[Hashable, Segmenter] = {}

    def __call__(self, fresh: Segmenter, kind: Hashable = None) -> Segmenter:
        """The untrained segmenter, or the one of its kind that was trained before and has become it.

        What was returned for the kind before is not to be used any more.

        Args:
            fresh: untrained.
            kind: segmenters of one kind differ in nothing but the numbers that a checkpoint holds.
        """
        segmenter = self._kept.pop(kind, fresh)
        if segmenter is not fresh:
            segmenter.become(fresh)
        self._kept[kind] = segmenter
        while len(self._kept) > KINDS:
            del self._kept[next(iter(self._kept))]
        return segmenter
