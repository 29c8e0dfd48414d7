"""Axial slices of FLAIR head MR without skull, with white matter hyperintensities, drawn by code, with exact labels.

Made to try the programs without any download, not to stand for patients. Heads are registered but for a
few degrees, as the stacks of Bowles (2018), section 2, are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tf_ganaug.data.cases import Dataset
from tf_ganaug.data.embedded.cohort import slice_cases
from tf_ganaug.data.embedded.head_anatomy import Head, Tissues
from tf_ganaug.data.embedded.magnitude import FIELD, MagnitudeScan
from tf_ganaug.data.embedded.solids import Waves, ellipsoid, melt
from tf_ganaug.data.wmh import LESION, WMH

#: Scanner's millimetres between which slices lie: pons to below the crown.
_LOWEST, _HIGHEST = -28.0, 56.0

#: Corners of the box in which lesions begin.
_BOX = ((-50, -60, -5), (50, 60, 50))


def read(subjects: int, slices: int, native_size: int, seed: int = 0) -> Dataset:
    """A data set of slices that are drawn when they are read.

    Args:
        subjects: how many; all have lesions, few to many.
        slices: of each subject, evenly spaced from the pons to below the crown.
        native_size: side of the square images in pixels.
        seed: of all subjects; subject n is the same whatever `subjects` is.

    Returns:
        Images (native_size, native_size, 1) uint16, 0 outside the brain and up to about 3000 in it; labels
        (native_size, native_size) uint8, ids 0 and 1 of `wmh.WMH`. Some slices have no lesion, none is empty.
    """
    cases = slice_cases(Patient, FIELD, subjects, slices, native_size, seed)
    return Dataset("synthetic FLAIR (drawn by code)", cases, WMH, channels=1, synthetic=True)


@dataclass(frozen=True)
class Lesions:
    """Hyperintense white matter along the lateral ventricles, and spots in the depth that may flow together.

    Attributes:
        reach: of what lies along the ventricles, millimetres.
        centres: (n, 3) of the spots; n may be 0.
        radii: (n, 3) millimetres.
        coarse: how the reach varies from place to place.
        rough: irregularity of all surfaces.
    """

    reach: float
    centres: np.ndarray
    radii: np.ndarray
    coarse: Waves
    rough: Waves

    @classmethod
    def grown(cls, rng: np.random.Generator, head: Head) -> Lesions:
        """The wider the ventricles, the more."""
        burden = head.ventricle * rng.uniform(0.4, 1.6)
        count = rng.poisson(7 * burden**2)
        centres = np.array([head.white_matter(rng, _BOX, 8) for _ in range(count)], np.float32)
        sizes = np.exp(rng.uniform(np.log(1.5), np.log(5), (count, 1))) * rng.uniform(0.7, 1.4, (count, 3))
        return cls(
            reach=0.5 + 2 * burden,
            centres=centres,
            radii=np.float32(sizes),
            coarse=Waves.drawn(rng, 50),
            rough=Waves.drawn(rng, 9),
        )

    def solid(self, points: np.ndarray, tissues: Tissues) -> np.ndarray:
        """The distance (...) of points (3, ...) to the lesions, which lie in the white matter of the cerebrum."""
        lesions = tissues.ventricles - self.reach * (1 + 0.5 * self.coarse(points))
        # Septum and third ventricle, between the lateral ones, show none.
        lesions = np.maximum(lesions, 8 - np.abs(points[0]))
        for centre, radii in zip(self.centres, self.radii):
            lesions = melt(lesions, ellipsoid(points, centre, radii), 2)
        room = np.maximum(tissues.cerebrum, np.maximum(1 - tissues.grey, -tissues.fluid))
        return np.maximum(lesions + 0.6 * self.rough(points), room)


@dataclass(frozen=True)
class Scan(MagnitudeScan):
    """The same with lesions, whose brightness is `lesion`; its bias is what the field's correction has left."""

    lesion: float

    @classmethod
    def taken(cls, rng: np.random.Generator) -> Scan:
        return cls(
            level=rng.uniform(600, 1300),
            grey=rng.uniform(1.12, 1.28),
            fluid=rng.uniform(0.12, 0.30),
            lesion=rng.uniform(1.6, 2.1),
            falx=rng.uniform(0.5, 0.9),
            texture=Waves.drawn(rng, 14),
            bias=Waves.drawn(rng, 250),
            unevenness=rng.uniform(0.01, 0.04),
            noise=rng.uniform(0.03, 0.06),
        )

    def signal(self, points: np.ndarray, tissues: Tissues, lesions: np.ndarray, pixel: float) -> np.ndarray:
        """See `MagnitudeScan.brightness`."""
        level = self.lesion * (1 + 0.06 * self.texture(points))
        return self.brightness(points, tissues, ((lesions, level),), pixel)


@dataclass(frozen=True)
class Patient:
    """A subject."""

    head: Head
    lesions: Lesions
    scan: Scan

    @classmethod
    def admitted(cls, rng: np.random.Generator) -> Patient:
        head = Head.born(rng)
        return cls(head, Lesions.grown(rng, head), Scan.taken(rng))

    def cut(self, number: int, slices: int, size: int, noise: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Image (size, size) uint16, and label (size, size) uint8, ids 0 and 1 of `wmh.WMH`; see `cohort.Patient`."""
        height = _LOWEST + (_HIGHEST - _LOWEST) * (number + 0.5) / slices
        points = self.head.points(height, size, FIELD)
        tissues = self.head.tissues(points)
        lesions = self.lesions.solid(points, tissues)
        image = self.scan.stored(self.scan.signal(points, tissues, lesions, FIELD / size), tissues, noise)
        return image, np.where((tissues.brain < 0) & (lesions < 0), LESION, 0).astype(np.uint8)
