"""Haemorrhages of the drawn head CT: where each of the five types lies, its shape, and what gives way to it.

Points and lengths are in millimetres of the head's frame. A bleed has two methods: `before`, where the
tissue that is at a point was before the bleed, and `solid`, the bleed's distance, negative inside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce
from typing import Union

import numpy as np

from tf_ganaug.data.embedded.head_anatomy import Head, Tissues
from tf_ganaug.data.embedded.solids import Waves, ellipsoid, melt, parted
from tf_ganaug.data.haemorrhage import EDH, IPH, IVH, SAH, SDH

#: The middle of the cranial cavity, from which directions are taken.
_MIDDLE = np.array((0, 0, 9), np.float32)

#: Putamen and thalamus of the left side, where high blood pressure makes vessels burst.
_DEEP = np.array([(27, -8, 3), (13, 9, 7)], np.float32)

#: Corners of the box in which lobar clots begin.
_LOBES = ((-55, -65, -5), (55, 65, 50))

#: Sylvian fissure and basal cisterns of the left side, where the blood of an aneurysm gathers.
_CISTERNS = np.array([(46, -20, -2), (20, -12, -10)], np.float32)


@dataclass(frozen=True)
class Clot:
    """Within the brain: one or several lumps, of rough surface, with a rim of oedema.

    Attributes:
        centres: (n, 3) of the ellipsoids it is made of.
        radii: (n, 3).
        rough: irregularity of its surface.
        push: by how much the surroundings give way, 0 to below 1.
    """

    centres: np.ndarray
    radii: np.ndarray
    rough: Waves
    push: float

    @classmethod
    def bled(cls, rng: np.random.Generator, head: Head) -> Clot:
        """In the basal ganglia, or in the white matter of a lobe."""
        deep = rng.random() < 0.5
        size = rng.uniform(10, 18) if deep else rng.uniform(10, 24)
        centre = _DEEP[rng.integers(2)] * (_side(rng), 1, 1) if deep else head.white_matter(rng, _LOBES, 14)
        lumps = rng.integers(1, 4)
        offsets = rng.uniform(-0.5, 0.5, (lumps, 3)) * size
        offsets[0] = 0
        radii = size * rng.uniform(0.7, 1, (lumps, 1)) * rng.uniform(0.75, 1.2, (lumps, 3))
        return cls(
            (centre + offsets).astype(np.float32),
            radii.astype(np.float32),
            Waves.drawn(rng, size + 8),
            rng.uniform(0.2, 0.6),
        )

    def before(self, points: np.ndarray, brain: np.ndarray) -> np.ndarray:
        # The skull does not give way.
        give = self.push * np.clip(-brain / 20, 0, 1)
        return parted(points, self.centres[0], 1.4 * self.radii.max(), give)

    def solid(self, points: np.ndarray, tissues: Tissues) -> np.ndarray:
        lumps = reduce(partial(melt, width=4), (ellipsoid(points, c, r) for c, r in zip(self.centres, self.radii)))
        lumps = lumps + 0.08 * self.radii.max() * self.rough(points)
        return np.maximum(lumps, np.maximum(tissues.cerebrum + 1, 0.5 - tissues.ventricles))


@dataclass(frozen=True)
class Sediment:
    """Within the ventricles: settled at the back of both, for the patient lies on it, or filling those of one side.

    Attributes:
        level: y of its surface.
        side: -1 or 1, the ventricle that is full; 0 for neither.
    """

    level: float
    side: int

    @classmethod
    def bled(cls, rng: np.random.Generator, head: Head) -> Sediment:
        return cls(rng.uniform(18, 34), rng.choice((0, 0, -1, 1)))

    def before(self, points: np.ndarray, brain: np.ndarray) -> np.ndarray:
        return points

    def solid(self, points: np.ndarray, tissues: Tissues) -> np.ndarray:
        settled = self.level - points[1]
        if self.side:
            settled = np.minimum(settled, -1.5 - self.side * points[0])
        return np.maximum(tissues.ventricles, settled)


@dataclass(frozen=True)
class Lens:
    """Between skull and dura: the dura holds fast around it, so that it bulges inwards.

    Attributes:
        centre: (3,) on the inner table of the skull.
        normal: (3,) unit vector outwards.
        radius: along the skull.
        thickness: at the centre.
    """

    centre: np.ndarray
    normal: np.ndarray
    radius: float
    thickness: float

    @classmethod
    def bled(cls, rng: np.random.Generator, head: Head) -> Lens:
        """Temporal or parietal, mostly; nowhere near the midline."""
        side, turn, rise = _side(rng), rng.uniform(-0.9, 0.8), rng.uniform(-0.15, 0.6)
        centre, normal = _inner_table(head, _direction(side, turn, rise))
        radius = rng.uniform(28, 44)
        return cls(centre, normal, radius, radius * rng.uniform(0.4, 0.6))

    def _place(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distances (...) of points from the axis of the lens, and along it, outwards."""
        offset = points - self.centre.reshape(3, *[1] * (points.ndim - 1))
        along = np.einsum("i,i...->...", self.normal, offset)
        return np.sqrt(np.maximum((offset**2).sum(axis=0) - along**2, 0)), along

    def before(self, points: np.ndarray, brain: np.ndarray) -> np.ndarray:
        aside, along = self._place(points)
        depth = self.thickness * np.sqrt(np.maximum(1 - (aside / self.radius) ** 2, 0)) - aside**2 / 160
        # Far from it, on the other side, nothing has moved.
        given = np.maximum(depth, 0) * np.exp(-np.maximum(-along - depth, 0) / 35)
        return points + self.normal.reshape(3, *[1] * given.ndim) * given

    def solid(self, points: np.ndarray, tissues: Tissues) -> np.ndarray:
        return np.maximum(ellipsoid(self._place(points), (0, 0), (self.radius, self.thickness)), tissues.brain)


@dataclass(frozen=True)
class Crescent:
    """Between dura and brain: spread over a hemisphere, as far as the falx.

    Attributes:
        direction: (3,) unit vector from the middle to its thickest place.
        side: -1 or 1.
        spread: cosine of the angle at which it ends.
        thickness: at most.
        uneven: how its thickness varies.
    """

    direction: np.ndarray
    side: int
    spread: float
    thickness: float
    uneven: Waves

    @classmethod
    def bled(cls, rng: np.random.Generator, head: Head) -> Crescent:
        side = _side(rng)
        direction = _direction(side, rng.uniform(-0.6, 0.5), rng.uniform(0.1, 0.5))
        return cls(direction, side, np.cos(rng.uniform(0.9, 1.35)), rng.uniform(6, 14), Waves.drawn(rng, 90))

    def _depth(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How thick it is below points' place of the skull (...), and the unit vectors (3, ...) to there."""
        offset = points - _MIDDLE.reshape(3, *[1] * (points.ndim - 1))
        outward = offset / np.maximum(np.sqrt((offset**2).sum(axis=0)), 1)
        near = (np.einsum("i,i...->...", self.direction, outward) - self.spread) / (1 - self.spread)
        even = np.clip(1 + 0.2 * self.uneven(points), 0.5, 1.5)
        return self.thickness * even * np.sqrt(np.clip(near, 0, 1)), outward

    def before(self, points: np.ndarray, brain: np.ndarray) -> np.ndarray:
        depth, outward = self._depth(points)
        return points + outward * depth * np.exp(-np.maximum(-brain - depth, 0) / 35)

    def solid(self, points: np.ndarray, tissues: Tissues) -> np.ndarray:
        below = -tissues.brain - self._depth(points)[0] + 0.5
        return np.maximum(np.maximum(tissues.brain + 0.5, below), 2 - self.side * points[0])


@dataclass(frozen=True)
class Film:
    """Below the arachnoid: in the sulci and cisterns of a region.

    Attributes:
        centre: (3,) of the region.
        radii: (3,).
        rough: irregularity of its border.
    """

    centre: np.ndarray
    radii: np.ndarray
    rough: Waves

    @classmethod
    def bled(cls, rng: np.random.Generator, head: Head) -> Film:
        """From an aneurysm, at the base; or after an injury, on the convexity."""
        side = _side(rng)
        if rng.random() < 0.5:
            centre = _CISTERNS[rng.integers(2)] * (side, 1, 1)
        else:
            centre = _inner_table(head, _direction(side, rng.uniform(-1, 1), rng.uniform(0, 0.9)))[0]
        return cls(np.float32(centre), rng.uniform(26, 45, 3).astype(np.float32), Waves.drawn(rng, 30))

    def before(self, points: np.ndarray, brain: np.ndarray) -> np.ndarray:
        return points

    def solid(self, points: np.ndarray, tissues: Tissues) -> np.ndarray:
        region = ellipsoid(points, self.centre, self.radii) + 4 * self.rough(points)
        # Blood widens what it fills.
        filled = np.maximum(tissues.fluid - 0.7, np.maximum(tissues.brain + 0.3, 2 - tissues.ventricles))
        return np.maximum(filled, region)


Bleed = Union[Clot, Sediment, Lens, Crescent, Film]

#: Stored id to what makes such a bleed, in the order in which they are drawn: later ones win.
KINDS: dict[int, Callable[[np.random.Generator, Head], Bleed]] = {
    SAH: Film.bled,
    IVH: Sediment.bled,
    SDH: Crescent.bled,
    EDH: Lens.bled,
    IPH: Clot.bled,
}

#: How often each type is the main one.
_MAIN = {IPH: 0.25, IVH: 0.15, EDH: 0.17, SDH: 0.23, SAH: 0.2}

#: What goes with it: a clot breaks into the ventricles, an injury bleeds above and below the arachnoid.
_BESIDE = {IPH: (IVH, SAH), IVH: (IPH, SAH), EDH: (SAH, SDH), SDH: (SAH, IPH), SAH: (IVH, SDH)}

#: The part of the patients that has two types.
TWICE = 0.35


def drawn_kinds(rng: np.random.Generator) -> tuple[int, ...]:
    """The stored ids of a patient's bleeds, one or two, in the order in which they are drawn."""
    main = int(rng.choice(list(_MAIN), p=list(_MAIN.values())))
    kinds = {main, int(rng.choice(_BESIDE[main]))} if rng.random() < TWICE else {main}
    return tuple(kind for kind in KINDS if kind in kinds)


def _side(rng: np.random.Generator) -> int:
    return int(rng.choice((-1, 1)))


def _direction(side: int, turn: float, rise: float) -> np.ndarray:
    """(3,) unit vector to a side, turned to the back and raised by radians."""
    return np.array([side * np.cos(turn) * np.cos(rise), np.sin(turn) * np.cos(rise), np.sin(rise)], np.float32)


def _inner_table(head: Head, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the ray from the middle meets the skull, (3,), and the unit vector (3,) outwards there."""
    reach = np.arange(30, 120, 0.5, np.float32)
    ray = _MIDDLE[:, None] + direction[:, None] * reach
    place = ray[:, np.argmax(head.outline(ray) > 0)]
    steps = np.concatenate([np.eye(3), -np.eye(3)], dtype=np.float32) * 4
    around = head.outline(place[:, None] + steps.T)
    slope = around[:3] - around[3:]
    return place, slope / np.linalg.norm(slope)
