"""The shapes of the drawn chest radiographs, and how they vary from subject to subject.

The subject's frame has the midline at x = 0, the patient's left at x > 0, and the picture's side as
its unit. `side` is -1 for the patient's right, which is the left of the picture, and 1 for the left.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tf_ganaug.data.embedded.drawing import Pose, curve, ellipse, ribbon

SIDES = (-1, 1)


@dataclass(frozen=True)
class Person:
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

    @classmethod
    def born(cls, rng: np.random.Generator) -> Person:
        apex = rng.uniform(0.13, 0.20)
        base = apex + rng.uniform(0.46, 0.66)
        right = base - rng.uniform(0.06, 0.13)
        return cls(
            apex=apex,
            base=base,
            width=rng.uniform(0.33, 0.39),
            domes=(right, right + rng.uniform(0.005, 0.04)),
            heart=rng.uniform(0.82, 1.22),
            knob=rng.uniform(0.085, 0.13),
            turn=rng.normal(0, 0.008),
            fat=rng.uniform(0.03, 0.11),
            breasts=max(0.0, rng.uniform(-0.3, 0.4)),
            neck=rng.uniform(0.08, 0.12),
            tilt=rng.uniform(0.0, 0.07),
            pose=Pose(
                scale=rng.uniform(0.88, 1.13),
                angle=np.deg2rad(rng.normal(0, 3)),
                centre=(0.0, 0.45),
                shift=(0.5 + rng.normal(0, 0.022), rng.uniform(-0.03, 0.06)),
            ),
        )

    def wall(self, y: np.ndarray) -> np.ndarray:
        """Distance of the rib cage's inside from the midline at heights y."""
        outer = self.lung_wall
        top = np.argmin(outer[:, 1])
        return np.interp(y, outer[top:, 1], outer[top:, 0])

    @cached_property
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


def outlines_of(person: Person) -> dict[str, np.ndarray]:
    """All that is filled, each (n, 2) in the subject's frame."""
    drawn = {"torso": _torso(person), "mediastinum": _mediastinum(person), "heart": _heart(person)}
    floor = max(person.domes) + 0.08
    drawn["abdomen"] = np.array([(-1, floor), (1, floor), (1, 2), (-1, 2)])
    for side, patient in zip(SIDES, ("right", "left")):
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
        drawn[f"{patient} lung"] = np.vstack([person.lung_wall, diaphragm]) * mirror
        path, radius = _clavicle(person, side)
        over_ribs = np.abs(path[:, 0]) < 0.78 * person.width
        drawn[f"{patient} clavicle"] = ribbon(path[over_ribs], radius[over_ribs])
        shoulder = 0.30 + 0.1 * person.apex
        arm = curve([(0.44, shoulder - 0.05), (0.52, 0.45), (0.56, 0.8), (0.57, 1.2)], 24) * mirror
        drawn[f"{patient} arm"] = ribbon(arm, 0.06 + 0.4 * person.fat)
        centre = (side * 0.55 * person.width, person.base - 0.05)
        drawn[f"{patient} breast"] = ellipse(centre, (0.42 * person.width, 0.16))
    return drawn


class Tubes(NamedTuple):
    """Alike tubes, for `drawing.tubes`: paths (..., n, 2) in the subject's frame and a factor of thickness."""

    paths: np.ndarray
    radius: float | np.ndarray
    core: float
    weight: float


def bones(person: Person) -> list[Tubes]:
    """Spine, ribs, clavicles, scapulae and upper arms."""
    clavicles = [_clavicle(person, side) for side in SIDES]
    found = [Tubes(path, radius, 0.75, 1.0) for path, radius in clavicles]
    return found + _spine() + _ribs(person) + _shoulders(person)


def airways(person: Person) -> list[Tubes]:
    """The trachea and the main bronchi."""
    carina = np.array([person.turn, person.apex + 0.19])
    trachea = curve([(0.0, -0.1), (0.005 + person.turn, person.apex), carina], 24)
    bronchi = _both(curve([(0, 0), (0.03, 0.03), (0.07, 0.055)], 12)) + carina
    return [Tubes(trachea, 0.02, 0.0, 1.0), Tubes(bronchi, 0.013, 0.0, 0.7)]


def vessels(person: Person, rng: np.random.Generator) -> list[Tubes]:
    """Both lungs' vessels, by generation; a thick one has more blood in the beam."""
    generations = []
    side = np.repeat(SIDES, 9)
    hilum = np.stack([side * 0.075, np.where(side < 0, 0.245, 0.225) + person.apex], axis=1)
    start = hilum + rng.normal(0, 1, hilum.shape) * (0.008, 0.035)
    heading = np.tile(np.linspace(-1.25, 1.35, 9), 2) + rng.normal(0, 0.12, 18)
    width, length = 0.0075, 0.085
    for _ in range(6):
        bend = rng.normal(0, 0.35, len(side))
        reach = length * rng.uniform(0.6, 1.3, len(side))
        along = np.linspace(0, 1, 8)
        turned = heading[:, None] + bend[:, None] * along
        step = np.stack([np.cos(turned) * side[:, None], np.sin(turned)], axis=2) / (len(along) - 1)
        paths = np.cumsum(step * reach[:, None, None], axis=1)
        paths += start[:, None] - paths[:, :1]
        generations.append(Tubes(paths, width, 0.0, 32 * width))
        # Each branch forks in two.
        start, side = np.repeat(paths[:, -1], 2, axis=0), np.repeat(side, 2)
        fork = np.tile([-1, 1], len(heading)) * rng.uniform(0.15, 0.55, len(side))
        heading = np.repeat(heading + bend, 2) + fork
        width, length = 0.72 * width, 0.8 * length
    return generations


def _torso(person: Person) -> np.ndarray:
    chest = person.width + 0.02 + person.fat
    half = curve(
        [
            (person.neck, -0.2),
            (person.neck, 0.4 * person.apex - 0.04),
            (person.neck + 0.09, 0.55 * person.apex),
            (0.38, person.apex - 0.05 - 0.8 * person.tilt),
            (0.52, person.apex - 0.6 * person.tilt),
            (max(0.56, chest + 0.08), person.apex + 0.13),
            (chest + 0.05, 0.30 + 0.5 * person.apex),
            (chest, 0.42 + 0.5 * person.apex),
            (chest, 0.8),
            (chest + 0.01, 1.2),
        ]
    )
    return np.vstack([half, half[::-1] * (-1, 1)])


def _mediastinum(person: Person) -> np.ndarray:
    a, knob, turn = person.apex, person.knob, person.turn
    left = [(0.05, -0.1), (0.085, a), (0.072, a + 0.07), (knob, a + 0.135), (0.085, a + 0.195)]
    left += [(0.098, a + 0.24), (0.10, a + 0.34), (0.05, 0.85), (0.05, 1.2)]
    right = [(-0.05, -0.1), (-0.085, a), (-0.072, a + 0.1), (-0.075, a + 0.2), (-0.08, a + 0.3)]
    right += [(-0.06, 0.85), (-0.06, 1.2)]
    return np.vstack([curve(left), curve(right)[::-1]]) + (turn, 0)


def _heart(person: Person) -> np.ndarray:
    outline = [(0.0, -0.30), (0.075, -0.285), (0.14, -0.21), (0.205, -0.12), (0.245, -0.04)]
    outline += [(0.21, 0.01), (0.10, 0.03), (-0.03, 0.015), (-0.095, -0.04), (-0.115, -0.11)]
    outline += [(-0.105, -0.19), (-0.07, -0.26)]
    # The heart lies on the diaphragm, its lower border hidden by the domes.
    floor = (person.turn, max(person.domes) + 0.055)
    return curve(outline, 96, closed=True) * (person.heart, 0.5 + 0.5 * person.heart) + floor


def _clavicle(person: Person, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Path (n, 2) and radius (n,), from the breastbone outwards."""
    rise = person.tilt * np.array([0, 0.2, 0.6, 0.9, 1.0])
    path = np.array([(0.035, 0.075), (0.12, 0.07), (0.21, 0.045), (0.30, 0.015), (0.40, 0.005)])
    path[:, 1] += person.apex - rise
    drawn = curve(path * (side, 1) + (1.5 * person.turn, 0), 48)
    return drawn, np.interp(np.linspace(0, 1, 48), [0, 0.15, 0.6, 0.9, 1], [0.017, 0.011, 0.010, 0.013, 0.006])


def _both(paths: np.ndarray) -> np.ndarray:
    """Paths (..., n, 2) of the left side, with their mirror images: (2, ..., n, 2)."""
    return np.stack([paths * (side, 1) for side in SIDES])


def _ribs(person: Person) -> list[Tubes]:
    """The back parts, from the spine to the rib cage's side, and the front parts, which lie lower."""
    rib = np.arange(11)[:, None]
    pitch = (person.base - person.apex) / 10.5
    top = person.apex - 0.01 + pitch * rib
    drop = pitch * (0.9 + 0.24 * rib)
    wall = person.wall(top + drop) + 0.006
    # Equal steps of the angle are equal lengths of rib, which crowd where it runs to the front.
    back = np.linspace(0.12, np.pi / 2, 40)
    # The lowest ribs end at the side, short of the front.
    front = np.pi * (0.5 + 0.33 * np.linspace(0, 1, 32) * np.minimum(1, (12 - rib) / 5))
    height = top + drop * (1 - np.cos(back)) - 0.1 * pitch * np.sin(2 * back)
    rear = np.stack([wall * np.sin(back), height], axis=-1)
    fore = np.stack([wall * np.sin(front), top + drop - 1.5 * drop * np.cos(front)], axis=-1)
    return [Tubes(_both(rear), 0.0105, 0.86, 0.45), Tubes(_both(fore), 0.013, 0.86, 0.26)]


def _shoulders(person: Person) -> list[Tubes]:
    """Scapulae with their spines, and the upper arms' bones."""
    x, y = person.width + 0.01, person.apex
    blade = curve([(x - 0.10, y + 0.07), (x - 0.09, y + 0.16), (x - 0.03, y + 0.27)], 24)
    border = curve([(x - 0.03, y + 0.27), (x + 0.0, y + 0.19), (x + 0.075, y + 0.08)], 24)
    spine = curve([(x - 0.06, y + 0.06), (x + 0.02, y + 0.01), (x + 0.11, y)], 24)
    head = curve([(x + 0.125, y + 0.03), (x + 0.13, y + 0.065), (x + 0.13, y + 0.10)], 12)
    shaft = curve([(x + 0.135, y + 0.09), (x + 0.17, 0.5), (x + 0.2, 0.9)], 24)
    return [
        Tubes(_both(blade), 0.007, 0.0, 0.12),
        Tubes(_both(border), 0.012, 0.8, 0.22),
        Tubes(_both(spine), 0.014, 0.85, 0.4),
        Tubes(_both(head), np.interp(np.arange(12), [0, 6, 11], [0.015, 0.042, 0.03]), 0.9, 0.5),
        Tubes(_both(shaft), 0.024, 0.8, 0.6),
    ]


def _spine() -> list[Tubes]:
    """Vertebrae with brighter end plates, pedicles and spinous processes; all grow downwards."""
    height = 0.041 * 1.022 ** np.arange(23)
    y = (np.cumsum(height) - 0.1)[:, None, None]
    height = height[:, None, None]
    size = height * np.array([1.0, 0.88])
    body = np.array([(-0.78, 0.0), (0.78, 0.0)]) * size
    plate = np.array([(-0.76, 0.42), (0.76, 0.42)]) * size
    pedicle = np.array([(0.55, -0.2), (0.55, 0.1)]) * size
    process = np.array([(0.0, 0.0), (0.02, 0.5)]) * size
    down = np.array([0.0, 1.0]) * y
    return [
        Tubes(body + down, 0.02, 0.0, 0.22),
        Tubes(plate + down, 0.0025, 0.0, 0.16),
        Tubes(plate * (1, -1) + down, 0.0025, 0.0, 0.16),
        Tubes(_both(pedicle + down), 0.006, 0.5, 0.3),
        Tubes(process + down, 0.005, 0.0, 0.25),
    ]
