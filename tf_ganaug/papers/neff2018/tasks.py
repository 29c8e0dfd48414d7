"""What names the runs of Neff's experiments."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from tf_ganaug.augment.standard import Augmentation


@dataclass(frozen=True)
class SegmenterTask:
    """One segmenter: what it is trained on names it, so that tables share it.

    Attributes:
        fold: number of the split.
        real: real pairs in a minibatch.
        generated: pairs from the fold's own generator in a minibatch.
        augmentation: of both.
        repeat: number of the seed.
    """

    fold: int
    real: int
    generated: int
    augmentation: Augmentation
    repeat: int = 0

    @property
    def name(self) -> str:
        """Name of the run's folder."""
        a = self.augmentation
        still = replace(a, flip=False) == Augmentation()
        # The shortest digits that are read as the same number again.
        shift, scale, translation, elastic = (
            np.format_float_positional(value, trim="-") for value in (a.shift, a.scale, a.translation, a.elastic)
        )
        kind = "plain" if still else f"i{shift}-s{scale}-t{translation}-e{elastic}"
        flip = "-flip" if a.flip else ""
        return f"unet-fold{self.fold}-{self.real}-{self.generated}-{kind}{flip}-repeat{self.repeat}"

    @classmethod
    def named(cls, name: str) -> SegmenterTask:
        """The task of a run's folder.

        Raises:
            ValueError: for a name that no task has.
        """
        found = re.fullmatch(
            r"unet-fold(\d+)-(\d+)-(\d+)-(?:plain|i([\d.]+)-s([\d.]+)-t([\d.]+)-e([\d.]+))(-flip)?-repeat(\d+)", name
        )
        if not found:
            raise ValueError(f"{name} is no segmenter's folder")
        fold, real, generated, *deviations, flip, repeat = found.groups()
        augmentation = Augmentation(*(float(value or 0) for value in deviations), flip=bool(flip))
        return cls(int(fold), int(real), int(generated), augmentation, int(repeat))
