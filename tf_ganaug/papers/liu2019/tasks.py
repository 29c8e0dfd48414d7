"""What names the PSPNets of Liu's experiment."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class StreetTask:
    """One PSPNet.

    Attributes:
        method: "baseline", or the method of its supplementary images.
        draw: number of their seed.
        share: of supplementary images among all; of a baseline 0.
        longer: a baseline with as many iterations as a task with `share` of the settings has in all.
        repeat: number of the seed.
    """

    method: str = "baseline"
    draw: int = 0
    share: float = 0.0
    longer: bool = False
    repeat: int = 0

    @property
    def name(self) -> str:
        """Name of the run's folder."""
        kind = f"{self.method}{self.draw + 1 if self.draw else ''}{'-longer' if self.longer else ''}"
        share = f"-{100 * self.share:g}" if self.share else ""
        return f"pspnet-{kind}{share}-repeat{self.repeat}"

    @classmethod
    def named(cls, name: str, shares: Iterable[float]) -> StreetTask:
        """The task of a run's folder.

        Args:
            name: of the folder, which shortens the share.
            shares: one of which it is, or 0.

        Raises:
            ValueError: for a name that no task has.
        """
        found = re.fullmatch(r"pspnet-([a-z]+)(\d*)(-longer)?(?:-([\d.e-]+?))?-repeat(\d+)", name)
        if not found:
            raise ValueError(f"{name} is no segmenter's folder")
        method, draw, longer, percent, repeat = found.groups()
        share = next((share for share in shares if f"{100 * share:g}" == percent), 0.0)
        return cls(method, int(draw or 1) - 1, share, bool(longer), int(repeat))
