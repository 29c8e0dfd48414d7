"""What names a segmenter of Karki 2020."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class LesionTask:
    """One FCN-8s.

    Attributes:
        share: of the training patients.
        generated: whether their pix2pix adds an image of every training mask.
        traditional: whether a traditionally augmented copy of every image is added.
        repeat: number of the seed.
    """

    share: float
    generated: bool = False
    traditional: bool = False
    repeat: int = 0

    @property
    def name(self) -> str:
        """Name of the run's folder."""
        added = [name for name, on in (("gan", self.generated), ("traditional", self.traditional)) if on]
        return f"fcn8s-{self.share:g}-{'-'.join(added) or 'original'}-repeat{self.repeat}"

    @classmethod
    def named(cls, name: str, shares: Iterable[float]) -> LesionTask:
        """The task of a run's folder.

        Args:
            name: of the folder, which shortens the share.
            shares: one of which it is.

        Raises:
            ValueError: for a name that no task has.
        """
        found = re.fullmatch(r"fcn8s-([\d.e-]+?)-(original|gan|traditional|gan-traditional)-repeat(\d+)", name)
        if not found:
            raise ValueError(f"{name} is no segmenter's folder")
        text, added, repeat = found.groups()
        share = next(share for share in shares if f"{share:g}" == text)
        return cls(share, "gan" in added, "traditional" in added, int(repeat))
