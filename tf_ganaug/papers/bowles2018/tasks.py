"""What a run of the patch experiments is, from its name and back."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Fraction:
    """The part of the training data that a GAN and its segmenters see.

    Attributes:
        available: percentage of the training subjects, or slices.
        rotation: whether its patches are turned.
        draw: number of the order from which the first are taken; the same for all repeats unless `redraw`.
    """

    available: int
    rotation: bool
    draw: int = 0

    @property
    def name(self) -> str:
        """Ends the names of run folders."""
        return f"{'rotated' if self.rotation else 'unrotated'}-{self.available}-draw{self.draw}"


@dataclass(frozen=True)
class PatchTask:
    """One segmenter.

    Attributes:
        network: of `patch_networks.NETWORKS`.
        fraction: of the real data.
        added: synthetic patches, a percentage of the real ones.
        repeat: number of the seed.
    """

    network: str
    fraction: Fraction
    added: float
    repeat: int

    @property
    def name(self) -> str:
        """Name of the run's folder."""
        # The shortest digits that are read as the same number again.
        added = np.format_float_positional(self.added, trim="-")
        return f"{self.network}-{self.fraction.name}-added{added}-repeat{self.repeat}"


def named(name: str) -> Fraction | PatchTask:
    """The segmenter of a run's folder, or the fraction of a GAN's.

    Raises:
        ValueError: for a name that no run has.
    """
    found = re.fullmatch(r"(\w+)-(un)?rotated-(\d+)-draw(\d+)(?:-added([\d.]+)-repeat(\d+))?", name)
    if not found:
        raise ValueError(f"{name} is no run's folder")
    network, unrotated, available, draw, added, repeat = found.groups()
    fraction = Fraction(int(available), not unrotated, int(draw))
    return fraction if added is None else PatchTask(network, fraction, float(added), int(repeat))
