"""The training data of one generator, and its run folders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tf_ganaug.data.cache import SizedCases
from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.reuse import Reuse
from tf_ganaug.run import RunFolder


@dataclass(frozen=True)
class Subset:
    """What the generators of one part of the training data may see.

    Attributes:
        folder: of the experiment.
        name: of the part, such as "reduced"; ends the names of its run folders.
        sized: all cases at the networks' size.
        rows: of the part's slices in it.
        spec: the classes of the label maps.
        provenance: of those slices; its `low` and `high` are the stored values of -1 and 1.
        settings: of the experiment.
        each_its_own: whether every real image has the stored values of -1 and 1 of its own; generated ones have
            those of the provenance.
        mirrored: whether left and right are alike, so that a generator may be shown mirrored images.
        compiled: of the experiment's generators.
    """

    folder: Path
    name: str
    sized: SizedCases
    rows: np.ndarray
    spec: LabelSpec
    provenance: Provenance
    settings: Any
    each_its_own: bool = False
    mirrored: bool = False
    compiled: Reuse = field(default_factory=Reuse)

    def run(self, kind: str, options: Any) -> RunFolder:
        """The run folder KIND-NAME."""
        return RunFolder(self.path(kind), {"subset": self.name, kind: options})

    def path(self, kind: str) -> Path:
        """Its path."""
        return self.folder / f"{kind}-{self.name}"

    def pairs(self, rows: np.ndarray) -> Pairs:
        """The real pairs of some of the rows."""
        return Pairs([self.real(rows)])

    def real(self, rows: np.ndarray) -> Part:
        """Some of the rows."""
        if self.each_its_own:
            return Part(self.sized.images, self.sized.labels, rows, self.sized.ranges[rows])
        return self.part(self.sized.images, self.sized.labels, rows)

    def part(self, images: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> Part:
        """Rows of any images in the stored type, with the subset's own range as [-1, 1]."""
        return Part(images, labels, rows, self.provenance.ranges(len(rows)))


def chunks(rows: np.ndarray, size: int = 256) -> Iterator[np.ndarray]:
    """The rows, `size` at a time."""
    return (rows[first : first + size] for first in range(0, len(rows), size))


def extremes(images: np.ndarray, rows: np.ndarray) -> tuple[float, float]:
    """The least and the largest stored value of these rows, read in chunks."""
    ends = [(chunk.min(), chunk.max()) for chunk in (images[part] for part in chunks(rows))]
    return float(min(low for low, _ in ends)), float(max(high for _, high in ends))
