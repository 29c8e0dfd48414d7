"""Tumours of the drawn head phantoms: where they are, and how the brain gives way to them.

Points and lengths are in millimetres of the head's frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial, reduce
from typing import NamedTuple

import numpy as np

from tf_ganaug.data.embedded.head_anatomy import Head, Tissues
from tf_ganaug.data.embedded.solids import Waves, ellipsoid, melt, parted

#: Corners of the box in which tumours begin.
_BOX = ((-60, -75, -35), (60, 75, 65))


class TumourParts(NamedTuple):
    """Distances, each (...) float32 millimetres, negative inside; a part holds those before it.

    Attributes:
        core: what has died.
        lump: core and enhancing rim.
        whole: all, with the oedema.
    """

    core: np.ndarray
    lump: np.ndarray
    whole: np.ndarray


@dataclass(frozen=True)
class Tumour:
    """A lump with a necrotic core and an enhancing rim, and oedema around it.

    Attributes:
        centres: (n, 3) of the ellipsoids it is made of.
        radii: (n, 3).
        rough: irregularity of its surface.
        coarse: how rim and oedema vary from place to place.
        rim: thickness.
        reach: of the oedema.
        push: by how much the surroundings give way, 0 to below 1.
    """

    centres: np.ndarray
    radii: np.ndarray
    rough: Waves
    coarse: Waves
    rim: float
    reach: float
    push: float

    @classmethod
    def grown(cls, rng: np.random.Generator, head: Head) -> Tumour:
        """Somewhere in the white matter of the cerebrum."""
        size = rng.uniform(8, 38)
        lumps = rng.integers(1, 4)
        offsets = rng.uniform(-0.8, 0.8, (lumps, 3)) * size
        offsets[0] = 0
        return cls(
            centres=(head.white_matter(rng, _BOX, 12) + offsets).astype(np.float32),
            radii=(size * rng.uniform(0.6, 1, (lumps, 1)) * rng.uniform(0.7, 1.2, (lumps, 3))).astype(np.float32),
            rough=Waves.drawn(rng, 0.6 * size + 6),
            coarse=Waves.drawn(rng, 40),
            rim=rng.uniform(3, 8),
            reach=rng.uniform(2, 24),
            push=rng.uniform(0.2, 0.75),
        )

    def before(self, points: np.ndarray, give: np.ndarray) -> np.ndarray:
        """Where the tissue that is at points (3, ...) was before the tumour grew.

        Args:
            give: (...) how soft it is there, 0 to 1.
        """
        return parted(points, self.centres[0], 1.4 * self.radii.max(), self.push * give)

    def parts(self, points: np.ndarray, tissues: Tissues) -> TumourParts:
        """What is at points (3, ...), where the brain that has given way is `tissues`."""
        # Beyond the midline, where the falx bars the way, places are farther than they seem.
        x, y, z = points
        far = (np.where(x * self.centres[0, 0] < 0, 2 * x, x), y, z)
        lump = reduce(partial(melt, width=4), (ellipsoid(far, c, r) for c, r in zip(self.centres, self.radii)))
        coarse = self.coarse(points)
        room = np.maximum(tissues.cerebrum, 1 - tissues.ventricles)
        lump = np.maximum(lump + 0.14 * self.radii.max() * self.rough(points), room)
        # Water spreads along white matter, so that it ends in fingers between the sulci.
        slow = 1.6 * np.clip(2 - tissues.grey, 0, 4)
        swollen = np.maximum(lump + slow - self.reach * (1 + 0.5 * coarse), np.maximum(room, -tissues.fluid))
        core = lump + np.maximum(self.rim * (1 + 0.5 * coarse), 0.8)
        return TumourParts(core, lump, np.minimum(lump, swollen))
