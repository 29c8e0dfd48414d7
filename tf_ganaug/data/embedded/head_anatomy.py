"""The brain of the drawn head phantoms: a solid that is cut into axial slices, the same for every modality.

The head's frame is in millimetres: x to the patient's left, which is right in the picture, y to the
back, which is down, z to the crown. The origin lies in the midline between the lateral ventricles.
Most structures are given for the left side and mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tf_ganaug.data.embedded.drawing import curve
from tf_ganaug.data.embedded.solids import Waves, ellipsoid, melt, tube

#: Radii of the cerebrum, upper and lower half; all else is measured in a brain of this size.
_RADII = (66.0, 84.0, 65.0)
_LOWER = 45.0

#: The height of the cerebrum's widest level.
_LEVEL = 9.0

#: Half the length of the line that a hemisphere is curled about.
_LINE = 40.0

#: Frontal horn, body, atrium and occipital horn of the left lateral ventricle, (x, y, z, radius).
_VENTRICLE = np.array(
    [
        (15, -42, 8, 2.0),
        (9, -29, 11, 5.5),
        (8, -8, 16, 5.5),
        (12, 10, 19, 5.5),
        (21, 25, 14, 6.0),
        (27, 33, 6, 6.0),
        (25, 52, 3, 1.0),
    ],
    np.float32,
)
_TEMPORAL_HORN = np.array([(27, 33, 6, 5.0), (35, 18, -10, 2.5), (33, 0, -18, 1.5)], np.float32)

#: Ventricles are taller than wide by this factor.
_TALL = 1.6

#: From the side of the head to the insula and along it, (x, y).
_SYLVIAN = curve([(72, -20), (50, -25), (42, -14), (44, 6)], count=8)

#: Midbrain, pons, medulla, (x, y, z, radius).
_STEM = np.array([(0, 9, -12, 13), (0, 12, -28, 16), (0, 24, -48, 9), (0, 27, -58, 7)], np.float32)


class Tissues(NamedTuple):
    """Distances to what fills the head, each (...) float32 millimetres, negative inside.

    Attributes:
        brain: the brain with the fluid around it.
        fluid: cerebrospinal fluid.
        ventricles: the lateral and third ventricles, which are a part of the fluid.
        fourth: the fourth ventricle, likewise.
        stem: midbrain, pons and medulla.
        cerebrum: both hemispheres, without cerebellum and brain stem.
        grey: cortex and nuclei; where neither this nor the fluid is, there is white matter.
        falx: the membrane between the hemispheres, not signed.
    """

    brain: np.ndarray
    fluid: np.ndarray
    ventricles: np.ndarray
    fourth: np.ndarray
    stem: np.ndarray
    cerebrum: np.ndarray
    grey: np.ndarray
    falx: np.ndarray


@dataclass(frozen=True)
class Head:
    """What varies from subject to subject.

    Attributes:
        frame: (3, 3) from the scanner's millimetres to the head's, turned and scaled.
        shift: (3,) scanner's millimetres of the head's origin.
        warp: displacement, millimetres.
        folds: zero where sulci are.
        swirl: displacement that bends them.
        depth: how deep they are.
        side: radians by which the hemispheres' folds differ.
        ventricle: radius of the ventricles as a part of the usual.
        sulcus: half the width of a sulcus at the surface, millimetres.
        cortex: thickness, millimetres.
    """

    frame: np.ndarray
    shift: np.ndarray
    warp: Waves
    folds: Waves
    swirl: Waves
    depth: Waves
    side: float
    ventricle: float
    sulcus: float
    cortex: float

    @classmethod
    def born(cls, rng: np.random.Generator) -> Head:
        nod, roll, turn = np.deg2rad(rng.normal((0, 0, 0), (4, 2, 4)))
        scale = rng.uniform(0.94, 1.05) * rng.uniform((0.97, 0.97, 0.91), (1.03, 1.03, 0.95))
        age = rng.uniform()
        return cls(
            frame=(_rotation(nod, roll, turn) / scale[:, None]).astype(np.float32),
            shift=rng.uniform((-4, -4, -4), (4, 0, 4)).astype(np.float32),
            warp=Waves.drawn(rng, 110, outputs=3),
            folds=Waves.drawn(rng, 26, count=24),
            swirl=Waves.drawn(rng, 30, outputs=3),
            depth=Waves.drawn(rng, 45),
            side=rng.uniform(0.5, 1.5),
            ventricle=0.65 + 0.8 * age * rng.uniform(0.6, 1.2),
            sulcus=0.7 + 0.8 * age,
            cortex=rng.uniform(3.0, 3.6),
        )

    def points(self, height: float, size: int, field: float) -> np.ndarray:
        """Where the pixels of an axial slice lie, (3, size, size) in the head's frame.

        Args:
            height: of the slice in the scanner, millimetres.
            size: of the picture, pixels.
            field: its side, millimetres.
        """
        at = ((np.arange(size, dtype=np.float32) + 0.5) / size - 0.5) * field
        place = np.stack([*np.meshgrid(at, at), np.full((size, size), height, np.float32)])
        return np.einsum("ij,jhw->ihw", self.frame, place - self.shift[:, None, None])

    def turned(self, nod: float, roll: float, turn: float, shift: np.ndarray) -> Head:
        """The same head in another pose: turned further (radians) and moved (3,) millimetres of the scanner."""
        frame = (self.frame @ _rotation(nod, roll, turn)).astype(np.float32)
        return replace(self, frame=frame, shift=self.shift + np.float32(shift))

    def outline(self, points: np.ndarray) -> np.ndarray:
        """`Tissues.brain` alone."""
        return _outline(*_parts(self._left(points)[1]))

    def tissues(self, points: np.ndarray) -> Tissues:
        """What is at points (3, ...) of the head's frame."""
        side, left = self._left(points)
        cerebrum, cerebellum, stem = _parts(left)
        brain = _outline(cerebrum, cerebellum, stem)
        cleft = _cleft(left)
        falx = np.hypot(left[0], np.maximum(-cleft, 0))
        sulci = self._sulci(left, side, np.minimum(-cerebrum, 1.7 * falx))
        # The cistern around the midbrain; the tentorium parts cerebrum and cerebellum.
        cistern = np.minimum(ellipsoid(left, (0, 15, -26), (20, 22, 16)), cerebellum - 1.5)
        gyri = np.minimum(np.minimum(-cerebrum, cistern) - 0.5, np.minimum(sulci, falx - 1.2))
        ventricles = self._ventricles(left)
        fluid = np.maximum(gyri, np.maximum(_folia(left, -cerebellum), -stem))
        fourth = ellipsoid(left, (0, 33, -38), (7, 5, 11))
        fluid = np.minimum(fluid, np.minimum(ventricles, fourth))
        bark = np.maximum(cerebrum, gyri - self.cortex)
        leaves = np.maximum(cerebellum, -cerebellum - 11 - 1.5 * self.depth(2 * points))
        grey = np.minimum(np.minimum(bark, leaves), _nuclei(left))
        cerebrum, grey = np.maximum(cerebrum, -cistern), np.maximum(grey, -stem)
        return Tissues(brain, fluid, ventricles, fourth, stem, cerebrum, grey, falx)

    def white_matter(self, rng: np.random.Generator, box: tuple[tuple, tuple], depth: float) -> np.ndarray:
        """A place (3,) in the white matter of the cerebrum.

        Args:
            box: two corners, between which it is drawn.
            depth: least distance to the surface of the cerebrum.
        """
        while True:
            place = rng.uniform(*box, (256, 3))
            tissues = self.tissues(place.T.astype(np.float32))
            fit = (tissues.cerebrum < -depth) & (tissues.fluid > 3) & (tissues.grey > 0)
            if fit.any():
                return place[np.argmax(fit)]

    def _left(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The side of points, -1 or 1, and the place that is theirs in the left half of the common brain."""
        x, y, z = points + 2 * self.warp(points)
        return np.sign(x), np.stack([np.abs(x), y, z])

    def _sulci(self, left: np.ndarray, side: np.ndarray, depth: np.ndarray) -> np.ndarray:
        """Distance to the fluid of the sulci and of the Sylvian fissure."""
        bent = left + 2 * self.swirl(left)
        # Sulci run towards the line that the hemisphere is curled about.
        x, y, z = bent
        line = np.clip(0.8 * y, -_LINE, _LINE)
        radii = (_RADII[0], _RADII[1] - _LINE, _RADII[2])
        reach = np.sqrt(sum((c / r) ** 2 for c, r in zip((x, y - line, z - _LEVEL), radii)))
        scale = 1 / np.maximum(reach, 0.3)
        # Most are upright, so heights count less: what runs level would be cut lengthwise.
        surface = np.stack([x * scale, line + (y - line) * scale, 0.4 * (z - _LEVEL) * scale])
        aside = self.folds.distance(surface, self.side * side) * reach
        # The cortex above the corpus callosum is smooth.
        bottom = np.maximum(18 + 8 * self.depth(surface), 0) * np.clip(3 * reach - 1, 0, 1)
        width = self.sulcus * (0.9 - 0.5 * np.minimum(depth / 12, 1) + np.exp(-np.maximum(depth, 0) / 2))
        sulci = np.hypot(aside, np.maximum(depth - bottom, 0)) - width
        level = np.abs(z + 4 - 0.3 * (y + 20)) - 12
        sylvian = np.hypot(tube((x, y), _SYLVIAN, 0), np.maximum(level, 0)) - 0.3 - self.sulcus
        return np.minimum(sulci, sylvian)

    def _ventricles(self, left: np.ndarray) -> np.ndarray:
        squashed = (left[0], left[1], left[2] / _TALL)
        lateral = None
        for part in (_VENTRICLE, _TEMPORAL_HORN):
            horn = tube(squashed, part[:, :3] / (1, 1, _TALL), part[:, 3] * self.ventricle)
            lateral = horn if lateral is None else np.minimum(lateral, horn)
        third = ellipsoid(left, (0, 2, -4), (1.2 + 1.2 * self.ventricle, 14, 11))
        return np.minimum(lateral, third)


def _rotation(nod: float, roll: float, turn: float) -> np.ndarray:
    """Turns about x, y and z, radians."""
    matrix = np.eye(3)
    for axis, angle in enumerate((nod, roll, turn)):
        first, second = (axis + 1) % 3, (axis + 2) % 3
        step = np.eye(3)
        step[[first, second], [first, second]] = np.cos(angle)
        step[first, second], step[second, first] = -np.sin(angle), np.sin(angle)
        matrix = step @ matrix
    return matrix


def _parts(left: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cerebrum, cerebellum and brain stem."""
    return _cerebrum(left), _cerebellum(left), tube(left, _STEM[:, :3], _STEM[:, 3])


def _outline(cerebrum: np.ndarray, cerebellum: np.ndarray, stem: np.ndarray) -> np.ndarray:
    """All together with the fluid between and 1.5 mm around them."""
    return melt(melt(cerebrum, cerebellum, 10), stem, 8) - 1.5


def _cleft(left: np.ndarray) -> np.ndarray:
    """Distance in the midline to the corpus callosum and what lies below it, negative there."""
    return ellipsoid(left[1:], (-6, -1), (42, 28))


def _cerebrum(left: np.ndarray) -> np.ndarray:
    """Frontal to occipital lobe, flat below, and the temporal lobe."""
    _, y, z = left
    radii = (*_RADII[:2], np.where(z > _LEVEL, _RADII[2], _LOWER).astype(np.float32))
    body = ellipsoid(left, (0, 2, _LEVEL), radii)
    floor = -28 + 6 * np.clip(y / 60, 0, 1)
    temporal = ellipsoid(left, (42, -2, -24), (23, 40, 24))
    return melt(np.maximum(body, floor - z), temporal, 8)


def _cerebellum(left: np.ndarray) -> np.ndarray:
    hemisphere = ellipsoid(left, (26, 44, -39), (31, 32, 21))
    vermis = ellipsoid(left, (0, 42, -26), (16, 22, 22))
    return melt(hemisphere, vermis, 10)


def _folia(left: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Distance to the fluid around the cerebellum and between its leaves, which run around the brain stem.

    Between the leaves there is so little that no pixel is full of it.
    """
    x, y, z = left
    around = np.hypot(0.8 * x, y - 8) + 0.5 * z
    return np.minimum(depth, np.hypot(np.abs(around % 8 - 4), np.maximum(depth - 9, 0)) + 0.3)


def _nuclei(left: np.ndarray) -> np.ndarray:
    """Caudate nucleus, putamen with pallidum, thalamus."""
    caudate = tube(left, np.array([(15, -30, 8), (15, -12, 14), (17, 8, 22)]), np.array([6, 4.5, 2.5]))
    lentiform = ellipsoid(left, (27, -10, 2), (7.5, 19, 12))
    thalamus = ellipsoid(left, (11, 9, 6), (9, 15, 10))
    return np.minimum(np.minimum(caudate, lentiform), thalamus)
