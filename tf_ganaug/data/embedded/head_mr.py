"""Axial slices of T1-weighted, contrast-enhanced head MR without skull, drawn by code, with exact labels.

Made to try the programs without any download, not to stand for patients. As in BraTS, the slices of a
subject divide a stack 155 mm high, so that some lie below or above the brain: about 15 % are empty. That
is the share of Foroozandeh and Eklund (2020), section 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tf_ganaug.data.brain import CSF, ENHANCING, GREY_MATTER, NECROTIC, OEDEMA, SEVEN, WHITE_MATTER
from tf_ganaug.data.cases import Dataset, LabelSpec
from tf_ganaug.data.embedded.cohort import slice_cases
from tf_ganaug.data.embedded.head_anatomy import Head, Tissues
from tf_ganaug.data.embedded.head_tumour import Tumour, TumourParts
from tf_ganaug.data.embedded.magnitude import FIELD, MagnitudeScan
from tf_ganaug.data.embedded.solids import Waves

#: The height of the stack of slices in millimetres, and that of its middle above the head's origin.
STACK, MIDDLE = 155.0, 5.0

#: The part of the subjects that has a tumour.
DISEASED = 0.9


def read(subjects: int, slices: int, native_size: int, seed: int = 0, spec: LabelSpec = SEVEN) -> Dataset:
    """A data set of slices that are drawn when they are read.

    Args:
        subjects: how many; about 90 % have a tumour.
        slices: of each subject, evenly spaced from below the brain to above it.
        native_size: side of the square images in pixels.
        seed: of all subjects; subject n is the same whatever `subjects` is.
        spec: `brain.SEVEN`, or one of its views with fewer classes.

    Returns:
        Images (native_size, native_size, 1) uint16, 0 outside the brain and up to about 3000 in it; labels
        (native_size, native_size) uint8, the stored ids of `brain.SEVEN`. Empty slices are among them.
    """
    cases = slice_cases(Patient, FIELD, subjects, slices, native_size, seed)
    return Dataset("synthetic head MR (drawn by code)", cases, spec, channels=1, synthetic=True)


@dataclass(frozen=True)
class Scan(MagnitudeScan):
    """The same with a tumour: brightness of its `core`, its `rim` and the `oedema` around it."""

    core: float
    oedema: float
    rim: float

    @classmethod
    def taken(cls, rng: np.random.Generator) -> Scan:
        return cls(
            level=rng.uniform(600, 1300),
            grey=rng.uniform(0.74, 0.84),
            fluid=rng.uniform(0.20, 0.34),
            core=rng.uniform(0.40, 0.60),
            oedema=rng.uniform(0.80, 0.90),
            rim=rng.uniform(1.35, 1.80),
            falx=rng.uniform(0.6, 1.3),
            texture=Waves.drawn(rng, 12),
            bias=Waves.drawn(rng, 250),
            unevenness=rng.uniform(0.03, 0.12),
            noise=rng.uniform(0.015, 0.045),
        )

    def signal(self, points: np.ndarray, tissues: Tissues, tumour: TumourParts | None, pixel: float) -> np.ndarray:
        """See `MagnitudeScan.brightness`."""
        if tumour is None:
            return self.brightness(points, tissues, (), pixel)
        texture = 1 + 0.07 * self.texture(points)
        levels = self.oedema, self.rim * texture, self.core * texture
        return self.brightness(points, tissues, zip((tumour.whole, tumour.lump, tumour.core), levels), pixel)


@dataclass(frozen=True)
class Patient:
    """A subject.

    Attributes:
        offset: of the slices, 0 to 1 of their distance.
    """

    head: Head
    tumour: Tumour | None
    scan: Scan
    offset: float

    @classmethod
    def admitted(cls, rng: np.random.Generator) -> Patient:
        head = Head.born(rng)
        tumour = Tumour.grown(rng, head) if rng.random() < DISEASED else None
        return cls(head, tumour, Scan.taken(rng), rng.random())

    def cut(self, number: int, slices: int, size: int, noise: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Image (size, size) uint16, and label (size, size) uint8, ids of `brain.SEVEN`; see `cohort.Patient`."""
        height = MIDDLE + STACK * ((number + self.offset) / slices - 0.5)
        points = self.head.points(height, size, FIELD)
        tissues, tumour = self.anatomy(points)
        image = self.scan.stored(self.scan.signal(points, tissues, tumour, FIELD / size), tissues, noise)
        return image, _label(tissues, tumour)

    def anatomy(self, points: np.ndarray) -> tuple[Tissues, TumourParts | None]:
        """What is at points (3, ...) of the head's frame."""
        if self.tumour is None:
            return self.head.tissues(points), None
        # The skull does not give way.
        brain = self.head.outline(points)
        moved = self.tumour.before(points, np.clip(-brain / 20, 0, 1))
        tissues = self.head.tissues(moved)._replace(brain=brain)
        return tissues, self.tumour.parts(points, tissues)


def _label(tissues: Tissues, tumour: TumourParts | None) -> np.ndarray:
    """Stored ids (...) uint8; a tumour's parts win."""
    label = np.full(tissues.brain.shape, WHITE_MATTER, np.uint8)
    layers = [(tissues.grey, GREY_MATTER), (tissues.fluid, CSF)]
    if tumour is not None:
        layers += zip(tumour[::-1], (OEDEMA, ENHANCING, NECROTIC))
    for distance, number in layers:
        label[distance < 0] = number
    label[tissues.brain >= 0] = 0
    return label
