"""Axial slices of head CT with haemorrhages, in Hounsfield units, drawn by code, with exact labels.

Made to try the programs without any download, not to stand for patients. As Karki (2020), section 4, takes
only slices with at least one haemorrhage, a patient's slices divide the part of the head that bleeds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter

from tf_ganaug.data.cases import Dataset
from tf_ganaug.data.embedded.cohort import slice_cases
from tf_ganaug.data.embedded.head_anatomy import Head, Tissues
from tf_ganaug.data.embedded.head_bleeds import KINDS, Bleed, drawn_kinds
from tf_ganaug.data.embedded.solids import Waves, covered, ellipsoid
from tf_ganaug.data.haemorrhage import FIVE, IPH, IVH, SAH

#: The picture's side in millimetres.
FIELD = 220.0

#: Heights that are searched for blood, from the sella to below the crown, and pixels of a search in them.
_HEIGHTS, _PITCH, _COARSE = np.arange(-12.0, 60.0, 4.0), 4.0, 56

#: Hounsfield units of what does not vary.
_AIR, _FAT, _SKIN, _MUSCLE, _OEDEMA = -1000, -90, 25, 55, 20

#: The spread of a pixel's signal to its neighbours, and that of the noise, millimetres.
_BLUR, _GRAIN = 0.5, 0.7

#: Choroid plexus and pineal gland, which calcify in many adults, (x, y, z) of the left side.
_CALCIFIED = ((24, 29, 12), (0, 27, 0))


def read(subjects: int, slices: int, native_size: int, seed: int = 0) -> Dataset:
    """A data set of slices that are drawn when they are read.

    Args:
        subjects: how many; about a third have two types of haemorrhage, the others one.
        slices: of each subject, evenly spaced through what bleeds.
        native_size: side of the square images in pixels.
        seed: of all subjects; subject n is the same whatever `subjects` is.

    Returns:
        Images (native_size, native_size, 1) int16 in Hounsfield units, -1024 to 3071, as a scanner stores
        them; labels (native_size, native_size) uint8, ids of `haemorrhage.FIVE`. Every slice shows blood.
    """
    cases = slice_cases(Patient, FIELD, subjects, slices, native_size, seed)
    return Dataset("synthetic head CT (drawn by code)", cases, FIVE, channels=1, synthetic=True)


@dataclass(frozen=True)
class Scan:
    """A subject's densities in Hounsfield units, and how the scanner shows them.

    Attributes:
        grey, white, fluid: of the brain.
        blood: of a clot.
        membrane: of the falx.
        cortical, spongy: of the skull's tables and of what lies between.
        calcified: of choroid plexus and pineal gland.
        skull: how its thickness varies.
        bone, scalp: thickness, millimetres.
        texture: unevenness of the blood.
        hardening: brightening of the brain beneath the skull.
        shading: unevenness of the field.
        noise: standard deviation.
    """

    grey: float
    white: float
    fluid: float
    blood: float
    membrane: float
    cortical: float
    spongy: float
    calcified: float
    skull: Waves
    bone: float
    scalp: float
    texture: Waves
    hardening: float
    shading: Waves
    noise: float

    @classmethod
    def taken(cls, rng: np.random.Generator) -> Scan:
        grey = rng.uniform(35, 39)
        return cls(
            grey=grey,
            white=grey - rng.uniform(6, 9),
            fluid=rng.uniform(4, 9),
            blood=rng.uniform(60, 74),
            membrane=rng.uniform(42, 52),
            cortical=rng.uniform(1100, 1500),
            spongy=rng.uniform(450, 800),
            calcified=rng.uniform(-100, 220),
            skull=Waves.drawn(rng, 70),
            bone=rng.uniform(5.5, 8),
            scalp=rng.uniform(4, 8),
            texture=Waves.drawn(rng, 20),
            hardening=rng.uniform(1, 5),
            shading=Waves.drawn(rng, 200),
            noise=rng.uniform(2, 4),
        )

    def density(
        self, points: np.ndarray, tissues: Tissues, bleeds: list[tuple[int, np.ndarray]], pixel: float
    ) -> np.ndarray:
        """Hounsfield units of pixels, of which several tissues may have a part, (...).

        Args:
            points: (3, ...) of the head's frame.
            bleeds: stored ids and distances, later ones in front.
            pixel: side in millimetres.
        """
        inside = tissues.brain
        bone = self.bone * (1 + 0.15 * self.skull(points))
        left = (np.abs(points[0]), *points[1:])
        # The temporal muscle thickens the scalp at the temples.
        muscle = inside - bone - 9 * np.exp(-(((left[1] + 32) / 22) ** 2) - ((left[2] + 16) / 22) ** 2) * (left[0] > 30)
        skin = np.minimum(inside - bone, muscle) - self.scalp
        layers = [
            (skin, _SKIN),
            (skin + 2, _FAT),
            (muscle, _MUSCLE),
            (inside - bone, self.cortical),
            (np.maximum(inside - 0.7 * bone, 0.3 * bone - inside), self.spongy),
            (inside, self.white),
            (np.maximum(tissues.grey, inside), self.grey),
            (np.maximum(tissues.fluid, inside), self.fluid),
        ]
        if self.calcified > 40:
            specks = np.minimum(*(ellipsoid(left, place, (3.5, 4, 3.5)) for place in _CALCIFIED))
            layers.append((specks, self.calcified))
        layers.append((np.maximum(tissues.falx - 0.8, inside), self.membrane))
        blood = self.blood * (1 + 0.05 * self.texture(points))
        for kind, distance in bleeds:
            if kind == IPH:
                layers.append((np.maximum(distance - 5, np.maximum(tissues.cerebrum, 1 - tissues.fluid)), _OEDEMA))
            # Mixed with fluid, blood is less dense.
            layers.append((distance, blood - 10 if kind in (IVH, SAH) else blood))
        image = np.full(inside.shape, _AIR, np.float32)
        for distance, level in layers:
            image += covered(distance, pixel) * (level - image)
        bright = self.hardening * np.exp(np.minimum(inside, 0) / 12) + 0.8 * self.shading(points)
        return image + bright * covered(inside, pixel)

    def stored(self, image: np.ndarray, pixel: float, rng: np.random.Generator) -> np.ndarray:
        """Stored values of an image, int16, with the scanner's blur and grain."""
        grain = gaussian_filter(rng.standard_normal(image.shape, np.float32), _GRAIN / pixel)
        image = gaussian_filter(image, _BLUR / pixel) + self.noise / grain.std() * grain
        return np.clip(np.rint(image), -1024, 3071).astype(np.int16)


@dataclass(frozen=True)
class Patient:
    """A subject.

    Attributes:
        bleeds: stored id and shape, later ones win.
        heights: millimetres of the scanner at which blood was found, `_PITCH` apart or more.
    """

    head: Head
    bleeds: tuple[tuple[int, Bleed], ...]
    scan: Scan
    heights: np.ndarray

    @classmethod
    def admitted(cls, rng: np.random.Generator) -> Patient:
        kinds = drawn_kinds(rng)
        head = Head.born(rng)
        if IVH in kinds:
            # Blood hinders the outflow, so that the ventricles widen.
            head = replace(head, ventricle=max(head.ventricle, rng.uniform(1.2, 1.8)))
        while True:
            patient = cls(head, tuple((kind, KINDS[kind](rng, head)) for kind in kinds), Scan.taken(rng), _HEIGHTS)
            heights = patient.bleeding()
            if len(heights) > 1:
                return replace(patient, heights=heights)

    def cut(self, number: int, slices: int, size: int, noise: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Image (size, size) int16 in Hounsfield units, and label uint8, ids of `FIVE`; see `cohort.Patient`."""
        points = self.head.points(self.height(number, slices), size, FIELD)
        tissues, bleeds = self.anatomy(points)
        image = self.scan.stored(self.scan.density(points, tissues, bleeds, FIELD / size), FIELD / size, noise)
        label = np.zeros((size, size), np.uint8)
        for kind, distance in bleeds:
            label[distance < 0] = kind
        return image, label

    def bleeding(self) -> np.ndarray:
        """Those of the heights at which several points of a coarse grid bleed."""
        points = np.stack([self.head.points(height, _COARSE, FIELD) for height in _HEIGHTS], axis=1)
        found = np.any([distance < 0 for _, distance in self.anatomy(points)[1]], axis=0)
        return _HEIGHTS[found.sum(axis=(1, 2)) >= 3]

    def height(self, number: int, slices: int) -> float:
        """Millimetres of a slice; those that bleed are laid end to end and divided evenly."""
        place = (number + 0.5) / slices * len(self.heights)
        return self.heights[int(place)] + _PITCH * (place % 1 - 0.5)

    def anatomy(self, points: np.ndarray) -> tuple[Tissues, list[tuple[int, np.ndarray]]]:
        """What is at points (3, ...) of the head's frame: tissues, and stored ids and distances of the bleeds."""
        brain = self.head.outline(points)
        moved = points
        for _, bleed in self.bleeds:
            moved = bleed.before(moved, brain)
        tissues = self.head.tissues(moved)._replace(brain=brain)
        return tissues, [(kind, bleed.solid(points, tissues)) for kind, bleed in self.bleeds]
