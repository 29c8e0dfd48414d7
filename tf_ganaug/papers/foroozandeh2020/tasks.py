"""What names a segmenter of Foroozandeh and Eklund 2020."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class SliceTask:
    """One U-Net.

    Attributes:
        chain: "full" or "reduced": whose real and synthetic slices it sees.
        real: training slices.
        synthetic: generated ones beside them.
        view: name of the classes, "7", "4" or "2".
        repeat: number of the seed.
    """

    chain: str
    real: int
    synthetic: int
    view: str
    repeat: int = 0

    @property
    def name(self) -> str:
        """Name of the run's folder."""
        return f"unet-{self.chain}-{self.real}-{self.synthetic}-{self.view}classes-repeat{self.repeat}"

    @classmethod
    def named(cls, name: str) -> SliceTask:
        """The task of a run's folder.

        Raises:
            ValueError: for a name that no task has.
        """
        found = re.fullmatch(r"unet-(full|reduced)-(\d+)-(\d+)-(\d+)classes-repeat(\d+)", name)
        if not found:
            raise ValueError(f"{name} is no segmenter's folder")
        chain, real, synthetic, view, repeat = found.groups()
        return cls(chain, int(real), int(synthetic), view, int(repeat))
