"""Frontal chest radiographs drawn by code, with exact masks of SCR's five organs.

Made to try the programs without any download, not to stand for patients. As in SCR, a lung is its
visible field, without what the heart, the mediastinum and the diaphragm hide, and a clavicle is
marked as far as the rib cage reaches. Where an opacity hides a border, the mask is the true lung.

The subject's frame has the midline at x = 0, the patient's left at x > 0, and the picture's side as
its unit. `side` is -1 for the patient's right, which is the left of the picture, and 1 for the left.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from scipy.ndimage import label as find_components

from tf_ganaug.data.cases import Case, Dataset, LabelSpec
from tf_ganaug.data.embedded.drawing import (
    Pose,
    clouds,
    curve,
    ellipse,
    fill,
    ribbon,
    soften,
    strew,
    tube,
)
from tf_ganaug.data.scr import ORGANS

#: The film's side in millimetres: JSRT's 2048 pixels of 0.175 mm.
FILM_SIDE = 358.4

#: The largest value of an image, 12 bits as in JSRT.
WHITE = 4095

_SIDES = (-1, 1)

#: Paths of the film markers' letters in a box of width 0.65 and height 1.
_LETTERS = {
    -1: [(0, 1), (0, 0), (0.45, 0), (0.65, 0.25), (0.45, 0.5), (0.02, 0.5), (0.3, 0.5), (0.65, 1)],
    1: [(0, 0), (0, 1), (0.6, 1)],
}


def read(subjects: int, size: int, seed: int = 0, target: int | None = None) -> Dataset:
    """A data set of radiographs that are drawn when they are read.

    Args:
        subjects: how many; each has one radiograph.
        size: side of the square images in pixels.
        seed: of all subjects; subject n is the same whatever `subjects` is.
        target: a key of `ORGANS`, for that organ's whole mask alone; None for all organs in one map,
            where clavicles lie over the heart and that over the lungs.

    Returns:
        Images (size, size, 1) uint16 from 0 to 4095; labels (size, size) uint8 of `ORGANS`' ids and 0.

    Raises:
        InputError: if `target` is no organ.
    """
    spec = LabelSpec.from_names({0: "background", **ORGANS})
    if target is not None:
        target_class = spec.target(target).classes[1]
        spec = LabelSpec.from_names({0: "background", target: target_class.name})
    cases = tuple(_case(seed, subject, size, target) for subject in range(subjects))
    return Dataset("synthetic chest radiographs (drawn by code)", cases, spec, channels=1, synthetic=True)


def draw(seed: int, subject: int, size: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """One subject's radiograph; at another size it is the same picture, but for the noise.

    Args:
        seed: of the data set.
        subject: 0, 1, 2, ...
        size: side of the square picture in pixels.

    Returns:
        (size, size) uint16 from 0 to 4095, the lungs dark; and for each organ of `ORGANS` by name its
        mask, (size, size) bool.
    """
    rng = np.random.default_rng([seed, subject])
    person = _Person.born(rng)
    outlines = {name: person.pose(outline) for name, outline in _outlines(person).items()}
    masks = _masks(outlines, size)
    depth = _soft_tissue(person, outlines, masks, size)
    depth += 0.4 * _bones(person, size)
    depth -= _air(person, outlines, masks, rng, size)
    grain = np.random.default_rng([seed, subject, size])
    film = _expose(depth, rng, grain)
    return _mark(film, rng), masks


def _case(seed: int, subject: int, size: int, target: int | None) -> Case:
    name = f"chest-{subject:04d}"
    return Case(
        id=name,
        subject=name,
        spacing=(FILM_SIDE / size, FILM_SIDE / size),
        files=(f"{name} (drawn, seed {seed}, {size} pixels)",),
        read_image=partial(_read_image, seed, subject, size),
        read_label=partial(_read_label, seed, subject, size, target),
    )


#: A case's image and label are mostly read one after the other, so the last drawing is kept.
_drawn = lru_cache(maxsize=2)(draw)


def _read_image(seed: int, subject: int, size: int) -> np.ndarray:
    return _drawn(seed, subject, size)[0][..., None].copy()


def _read_label(seed: int, subject: int, size: int, target: int | None) -> np.ndarray:
    masks = _drawn(seed, subject, size)[1]
    label = np.zeros((size, size), np.uint8)
    for number, organ in ORGANS.items():
        if target in (None, number):
            label[masks[organ]] = number
    return label


@dataclass(frozen=True)
class _Person:
    """What varies from subject to subject; lengths in sides of the picture.

    Attributes:
        apex: y of the lungs' tops.
        base: y of the costophrenic angles.
        width: from the midline to the widest lung border.
        domes: y of the right and the left hemidiaphragm's top.
        heart: the heart's width as a part of the usual.
        knob: how far the aorta juts out.
        turn: how far what lies in front is moved to the patient's left, by an oblique stance.
        fat: thickness of the chest wall.
        breasts: the weight of their shadows.
        neck: half its width.
        tilt: how steeply the clavicles rise.
        pose: where the subject stands.
        seed: of what varies in each detail.
    """

    apex: float
    base: float
    width: float
    domes: tuple[float, float]
    heart: float
    knob: float
    turn: float
    fat: float
    breasts: float
    neck: float
    tilt: float
    pose: Pose
    seed: int

    @classmethod
    def born(cls, rng: np.random.Generator) -> _Person:
        apex = rng.uniform(0.13, 0.20)
        base = apex + rng.uniform(0.46, 0.66)
        right = base - rng.uniform(0.06, 0.13)
        return cls(
            apex=apex,
            base=base,
            width=rng.uniform(0.32, 0.385),
            domes=(right, right + rng.uniform(0.005, 0.04)),
            heart=rng.uniform(0.82, 1.22),
            knob=rng.uniform(0.085, 0.13),
            turn=rng.normal(0, 0.008),
            fat=rng.uniform(0.025, 0.07),
            breasts=max(0.0, rng.uniform(-0.3, 0.3)),
            neck=rng.uniform(0.08, 0.12),
            tilt=rng.uniform(0.0, 0.07),
            pose=Pose(
                scale=rng.uniform(0.88, 1.08),
                angle=np.deg2rad(rng.normal(0, 2)),
                centre=(0.0, 0.45),
                shift=(0.5 + rng.normal(0, 0.015), rng.uniform(-0.02, 0.05)),
            ),
            seed=int(rng.integers(2**31)),
        )

    def wall(self, y: np.ndarray) -> np.ndarray:
        """Distance of the rib cage's inside from the midline at heights y."""
        outer = self.lung_wall()
        top = np.argmin(outer[:, 1])
        return np.interp(y, outer[top:, 1], outer[top:, 0])

    def lung_wall(self) -> np.ndarray:
        """From beside the trachea over the apex to the costophrenic angle, (n, 2), of the left side."""
        span, w = self.base - self.apex, self.width
        return curve(
            [
                (0.05, self.apex + 0.09),
                (0.24 * w, self.apex + 0.025),
                (0.42 * w, self.apex),
                (0.66 * w, self.apex + 0.09 * span),
                (0.86 * w, self.apex + 0.30 * span),
                (0.96 * w, self.apex + 0.58 * span),
                (w, self.apex + 0.84 * span),
                (0.99 * w, self.base),
            ]
        )


def _outlines(person: _Person) -> dict[str, np.ndarray]:
    """All that is filled, each (n, 2) in the subject's frame."""
    outlines = {"torso": _torso(person), "mediastinum": _mediastinum(person), "heart": _heart(person)}
    for side, patient in zip(_SIDES, ("right", "left")):
        mirror = np.array([side, 1])
        dome = person.domes[side > 0]
        diaphragm = curve(
            [
                (0.99 * person.width, person.base),
                (0.86 * person.width, dome + 0.35 * (person.base - dome)),
                (0.55 * person.width, dome),
                (0.25 * person.width, dome + 0.015),
                (0.0, dome + 0.06),
            ]
        )
        outlines[f"{patient} lung"] = np.vstack([person.lung_wall(), diaphragm]) * mirror
        path, radius = _clavicle(person, side)
        over_ribs = np.abs(path[:, 0]) < 0.78 * person.width
        outlines[f"{patient} clavicle"] = ribbon(path[over_ribs], radius[over_ribs])
        shoulder = 0.30 + 0.1 * person.apex
        arm = curve([(0.44, shoulder - 0.05), (0.52, 0.45), (0.56, 0.8), (0.57, 1.2)], 24) * mirror
        outlines[f"{patient} arm"] = ribbon(arm, 0.06 + 0.4 * person.fat)
        centre = (side * 0.55 * person.width, person.base - 0.05)
        outlines[f"{patient} breast"] = ellipse(centre, (0.42 * person.width, 0.16))
    return outlines
