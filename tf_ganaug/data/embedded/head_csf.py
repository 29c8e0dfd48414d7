"""Axial slices of head CT in Hounsfield units with labelled cerebrospinal fluid, drawn by code.

Made to try the programs without any download, not to stand for patients. As Bowles (2018), section 2, does
not register the CT images, every head has a pose of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tf_ganaug.data.cases import Dataset
from tf_ganaug.data.csf import BRAIN_STEM, CORTICAL, THREE, VENTRICULAR
from tf_ganaug.data.embedded.cohort import slice_cases
from tf_ganaug.data.embedded.head_anatomy import Head, Tissues
from tf_ganaug.data.embedded.head_ct import Scan

#: The picture's side in millimetres; a head lies within it in every pose.
FIELD = 250.0

#: Scanner's millimetres between which slices lie: pons to below the crown.
_LOWEST, _HIGHEST = -34.0, 50.0

#: Standard deviations of nod, roll and turn, degrees, and the largest shifts, millimetres.
_ANGLES, _SHIFTS = (7, 4, 8), (10, 8, 6)

#: The ventricles' radius as a part of that in the other head phantoms.
_WIDENED = 1.2

#: Fluid that is nearer to the brain stem, millimetres, is the brain stem's.
_REACH = 22.0

#: Beside the falx, the hemispheres leave a film of fluid that is thinner than CT shows, millimetres.
_FILM = 1.2


def read(subjects: int, slices: int, native_size: int, seed: int = 0) -> Dataset:
    """A data set of slices that are drawn when they are read.

    Args:
        subjects: how many.
        slices: of each subject, evenly spaced from the pons to below the crown.
        native_size: side of the square images in pixels.
        seed: of all subjects; subject n is the same whatever `subjects` is.

    Returns:
        Images (native_size, native_size, 1) int16 in Hounsfield units, -1024 to 3071, as a scanner stores
        them; labels (native_size, native_size) uint8, ids of `csf.THREE`. Every slice shows fluid.
    """
    cases = slice_cases(Patient, FIELD, subjects, slices, native_size, seed)
    return Dataset("synthetic head CT with CSF (drawn by code)", cases, THREE, channels=1, synthetic=True)


@dataclass(frozen=True)
class Patient:
    """A subject."""

    head: Head
    scan: Scan

    @classmethod
    def admitted(cls, rng: np.random.Generator) -> Patient:
        angles = np.deg2rad(rng.normal(0, _ANGLES))
        shift = rng.uniform(-1, 1, 3) * _SHIFTS
        head = Head.born(rng)
        # Who gets a head CT is mostly old.
        head = replace(head, ventricle=_WIDENED * head.ventricle)
        return cls(head.turned(*angles, shift), Scan.taken(rng))

    def cut(self, number: int, slices: int, size: int, noise: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Image (size, size) int16 in Hounsfield units, and label uint8, ids of `csf.THREE`; see `cohort.Patient`."""
        height = _LOWEST + (_HIGHEST - _LOWEST) * (number + 0.5) / slices
        points = self.head.points(height, size, FIELD)
        tissues = self.head.tissues(points)
        density = self.scan.density(points, tissues, [], FIELD / size)
        return self.scan.stored(density, FIELD / size, noise), _label(tissues)


def _label(tissues: Tissues) -> np.ndarray:
    """Stored ids (...) uint8. Choroid plexus counts as ventricle, the falx with its film of fluid as no fluid."""
    outer = (tissues.fluid < 0) & (tissues.brain < 0) & (tissues.falx > _FILM)
    label = np.where(outer, np.where(tissues.stem < _REACH, BRAIN_STEM, CORTICAL), 0)
    label[np.minimum(tissues.ventricles, tissues.fourth) < 0] = VENTRICULAR
    return label.astype(np.uint8)
