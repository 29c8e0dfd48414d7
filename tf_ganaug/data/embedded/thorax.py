"""A seeded cohort of synthetic chest radiographs, drawn by code, with exact labels for SCR's organs.

The drawing adds up what a beam meets: soft tissue, minus the air of the lungs, plus heart, spine, ribs,
clavicles, vessels and the abdomen, then exposes it. Pose, body, inflation, heart size, exposure, noise
and sometimes an opacity at a lung base differ by subject. It resembles a postero-anterior chest film;
it is nobody's anatomy and results on it say nothing about patients.
"""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np

from tf_ganaug.data.cases import PALETTE, Case, Dataset, LabelClass, LabelSpec
from tf_ganaug.data.embedded.shapes import (
    blurred,
    filled,
    letter,
    lines,
    noise_field,
    pixel_centres,
    smooth_outline,
)
from tf_ganaug.errors import InputError

#: SCR's organs by stored id; "left" is the patient's, on the right of the picture.
ORGANS = {1: "left lung", 2: "right lung", 3: "heart", 4: "left clavicle", 5: "right clavicle"}

#: Side of the field of view in mm, that of JSRT (2048 pixels of 0.175 mm).
FIELD = 358.4

LEFT_LUNG = (
    (0.590, 0.115), (0.665, 0.125), (0.735, 0.190), (0.790, 0.330), (0.825, 0.500), (0.845, 0.650), (0.848, 0.770),
    (0.790, 0.725), (0.715, 0.705), (0.650, 0.735), (0.660, 0.600), (0.590, 0.450), (0.565, 0.330), (0.555, 0.200),
)  # fmt: skip
RIGHT_LUNG = (
    (0.410, 0.115), (0.335, 0.125), (0.265, 0.190), (0.210, 0.330), (0.175, 0.500), (0.155, 0.640), (0.152, 0.745),
    (0.210, 0.690), (0.290, 0.665), (0.370, 0.680), (0.425, 0.715), (0.430, 0.560), (0.425, 0.420), (0.440, 0.200),
)  # fmt: skip
HEART = (
    (0.470, 0.400), (0.560, 0.405), (0.625, 0.490), (0.680, 0.600), (0.695, 0.690), (0.620, 0.745), (0.500, 0.750),
    (0.425, 0.720), (0.405, 0.620), (0.425, 0.490),
)  # fmt: skip
LEFT_CLAVICLE = (
    (0.525, 0.195), (0.600, 0.170), (0.690, 0.140), (0.790, 0.120), (0.795, 0.142), (0.700, 0.168), (0.610, 0.200),
    (0.535, 0.225),
)  # fmt: skip
BODY = (
    (0.400, -0.100), (0.600, -0.100), (0.615, 0.030), (0.740, 0.070), (0.900, 0.120), (1.000, 0.220), (1.060, 0.500),
    (0.930, 0.480), (0.915, 0.700), (0.945, 1.100), (0.055, 1.100), (0.085, 0.700), (0.070, 0.480), (-0.060, 0.500),
    (0.000, 0.220), (0.100, 0.120), (0.260, 0.070), (0.385, 0.030),
)  # fmt: skip


def read(subjects: int, size: int, seed: int = 0, target: int | None = None) -> Dataset:
    """The cohort as a data set; every image is a subject of its own.

    Args:
        subjects: their number.
        size: pixels a side, at least 32.
        seed: of the cohort; subject k of a seed is the same whatever the number of subjects.
        target: an id of `ORGANS`: two classes, the organ's own whole mask against the rest. None: a map
            of all five, in which clavicles hide lungs.

    Returns:
        Images (size, size, 1) uint16 in 0..4095, lungs dark; spacing 358.4 mm / size.

    Raises:
        InputError: for an unknown target or a size too small to draw.
    """
    if size < 32:
        raise InputError("data.native_size", "at least 32 pixels", str(size), "choose a larger size")
    classes = [LabelClass("background", (0,), PALETTE[0])]
    classes += [LabelClass(name, (i,), PALETTE[i]) for i, name in ORGANS.items() if target in (None, i)]
    if len(classes) == 1:
        offered = ", ".join(f"{i} ({name})" for i, name in ORGANS.items())
        raise InputError("--target", f"one of {offered}", str(target), "name one of these")
    cases = tuple(
        Case(
            id=f"chest-{number:04d}",
            subject=f"chest-{number:04d}",
            spacing=(FIELD / size, FIELD / size),
            files=(f"synthetic chest radiograph {number} of seed {seed} at {size} pixels, target {target}",),
            read_image=partial(_read_image, seed, number, size),
            read_label=partial(_read_label, seed, number, size, target),
        )
        for number in range(subjects)
    )
    return Dataset("synthetic chest radiographs", cases, LabelSpec(tuple(classes)), channels=1, synthetic=True)


def draw(seed: int, subject: int, size: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """One subject.

    Returns:
        Image (size, size) uint16 in 0..4095, and (size, size) bool by organ name. Lungs are the visible
        fields, without what heart and diaphragm cover, as in SCR; an opacity does not shrink them.
    """
    rng = np.random.default_rng([seed, subject])
    pose = _Pose(rng)
    masks = _organs(rng, pose, size)
    density = _soft_tissue(rng, pose, masks, size)
    density += _bones(rng, pose, masks, size)
    density += _vessels(rng, pose, masks, size)
    density += _opacity(rng, pose, masks, size)
    return _expose(rng, density, size), masks


class _Pose:
    """Where unit places go: body size, shift, tilt and inflation of one subject."""

    def __init__(self, rng: np.random.Generator):
        self.scale = np.array([rng.normal(1.0, 0.05), rng.normal(1.0, 0.06)])
        self.shift = rng.normal(0.0, [0.02, 0.025])
        angle = np.deg2rad(rng.normal(0.0, 2.0))
        self.turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        self.inflation = rng.normal(0.0, 0.045)
        self.stout = rng.normal(0.0, 1.0)

    def place(self, points: np.ndarray) -> np.ndarray:
        """Unit places of the standard body to those of this subject, (..., 2)."""
        points = np.array(points, float)
        # A deep breath moves what lies low, the diaphragm most.
        points[..., 1] += self.inflation * np.clip((points[..., 1] - 0.35) / 0.4, 0.0, 1.2)
        return ((points - 0.5) * self.scale) @ self.turn.T + 0.5 + self.shift

    def back(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places of this subject to the standard body, inflation left out."""
        x, y = x - 0.5 - self.shift[0], y - 0.5 - self.shift[1]
        across = self.turn[0, 0] * x + self.turn[1, 0] * y
        along = self.turn[0, 1] * x + self.turn[1, 1] * y
        return across / self.scale[0] + 0.5, along / self.scale[1] + 0.5


def _organs(rng: np.random.Generator, pose: _Pose, size: int) -> dict[str, np.ndarray]:
    def organ(points: tuple, wobble: float) -> np.ndarray:
        moved = np.array(points) + rng.normal(0.0, wobble, (len(points), 2))
        return filled(smooth_outline(pose.place(moved)), size)

    growth = 1.0 + rng.normal(0.0, 0.09)
    heart = (np.array(HEART) - (0.52, 0.6)) * (growth, np.sqrt(growth)) + (0.52, 0.6)
    mirrored = [(1.0 - x, y) for x, y in LEFT_CLAVICLE]
    masks = {"heart": organ(tuple(heart), 0.006)}
    masks["left lung"] = organ(LEFT_LUNG, 0.010) & ~masks["heart"]
    masks["right lung"] = organ(RIGHT_LUNG, 0.010) & ~masks["heart"] & ~masks["left lung"]
    masks["left clavicle"] = organ(LEFT_CLAVICLE, 0.004)
    masks["right clavicle"] = organ(tuple(mirrored), 0.004)
    return masks


def _soft_tissue(rng: np.random.Generator, pose: _Pose, masks: dict, size: int) -> np.ndarray:
    """Body, air of the lungs, heart and great vessels, abdomen."""
    x, y = pose.back(*pixel_centres(size))
    wide = np.array(BODY)
    wide[:, 0] = 0.5 + (wide[:, 0] - 0.5) * (1.0 + 0.04 * pose.stout)
    body = blurred(filled(smooth_outline(pose.place(wide)), size), 0.006)
    round_body = np.clip(1.0 - ((x - 0.5) / 0.62) ** 2, 0.0, 1.0) ** 0.5
    density = body * (0.42 + 0.25 * round_body + 0.03 * pose.stout)
    lungs = masks["left lung"] | masks["right lung"]
    air = blurred(lungs, 0.008) * (0.33 + 0.10 * blurred(lungs, 0.05)) * rng.normal(0.92, 0.16)
    middle = np.exp(-(((x - 0.505) / 0.055) ** 2)) * np.clip((y - 0.08) / 0.15, 0.0, 1.0)
    knob = np.exp(-((x - 0.572) ** 2 + (y - 0.315) ** 2) / 0.035**2)
    below = 1.0 / (1.0 + np.exp(-(y - 0.74 - pose.inflation) / 0.03))
    trachea = np.exp(-(((x - 0.497) / 0.014) ** 2)) * (y < 0.36)
    density += -air + 0.16 * blurred(masks["heart"], 0.012) + 0.13 * middle + 0.07 * knob - 0.07 * trachea
    density += body * (0.16 * below * (1.0 - blurred(lungs, 0.01)) + 0.02 * noise_field(rng, 9, size))
    bubble = np.exp(-(((x - 0.70) / 0.06) ** 2 + ((y - 0.80 - pose.inflation) / 0.03) ** 2))
    return density - rng.uniform(0.0, 0.14) * bubble * body


def _bones(rng: np.random.Generator, pose: _Pose, masks: dict, size: int) -> np.ndarray:
    x, y = pose.back(*pixel_centres(size))
    side = np.abs(x - 0.5)
    out = np.clip((side - 0.03) / 0.34, 0.0, 1.0)
    cage = (side < 0.36 - 0.10 * np.clip(0.35 - y, 0.0, 1.0)) & (side > 0.03)
    bones = np.zeros((size, size), np.float32)
    step, droop = 0.069 * rng.normal(1.0, 0.03), 0.10 * rng.normal(1.0, 0.15)
    first = 0.115 + rng.normal(0.0, 0.008)
    for rib in range(10):
        back = first + step * rib - 0.045 * np.sin(np.pi * np.minimum(out * 1.15, 1.0)) + droop * out**2
        front = first + 0.05 + step * rib + droop + 0.16 * (1.0 - out) ** 1.3
        bones += cage * (0.055 * _band(y, back, 0.0115) + 0.035 * _band(y, front, 0.0135) * (out > 0.25))
    blades = np.exp(-(((side - 0.335 - 0.10 * (y - 0.25)) / 0.012) ** 2)) * ((y > 0.13) & (y < 0.45))
    vertebrae = 0.75 + 0.25 * np.cos(2.0 * np.pi * y / 0.055)
    spine = np.exp(-(((x - 0.5) / 0.030) ** 4)) * vertebrae
    for name in ("left clavicle", "right clavicle"):
        bones += 0.12 * blurred(masks[name], 0.003)
    return bones + 0.05 * blades + 0.055 * spine


def _band(y: np.ndarray, centre: np.ndarray, half: float) -> np.ndarray:
    """A bone seen from the side: flat inside, a little denser at both borders."""
    t = ((y - centre) / half) ** 2
    return np.exp(-(t**2)) * (0.8 + 0.35 * t)


def _vessels(rng: np.random.Generator, pose: _Pose, masks: dict, size: int) -> np.ndarray:
    """Branches from both hila, and the fine texture of the lungs."""
    paths = []
    for side in (1.0, -1.0):
        for _ in range(16):
            angle, bend = rng.uniform(-1.45, 1.35), rng.normal(0.0, 0.5)
            reach = np.linspace(0.0, rng.uniform(0.12, 0.30), 9)
            turn = angle + bend * reach / 0.3
            path = np.stack([0.5 + side * (0.075 + reach * np.cos(turn)), 0.42 + 1.1 * reach * np.sin(turn)], -1)
            paths.append((pose.place(path), rng.uniform(0.5, 1.0)))
    lungs = blurred(masks["left lung"] | masks["right lung"], 0.006)
    x, y = pose.back(*pixel_centres(size))
    near = np.exp(-(((np.abs(x - 0.5) - 0.09) / 0.10) ** 2 + ((y - 0.43) / 0.16) ** 2))
    trees = blurred(lines(paths, size), 0.004) * 0.004 * size
    texture = 0.010 * noise_field(rng, 40, size) + 0.007 * noise_field(rng, 90, size)
    return lungs * (0.16 * trees * (0.35 + near) + 0.06 * near + texture)


def _opacity(rng: np.random.Generator, pose: _Pose, masks: dict, size: int) -> np.ndarray:
    """In half of the subjects something hazy that hides part of a lung's border."""
    chance, side, strength = rng.random(), rng.choice([-1.0, 1.0]), rng.uniform(0.14, 0.34)
    place, width = rng.normal([0.24, 0.60], [0.06, 0.09]), rng.uniform(0.06, 0.15)
    rough = noise_field(rng, 14, size)
    if chance > 0.5:
        return np.zeros((size, size), np.float32)
    x, y = pose.back(*pixel_centres(size))
    spot = np.exp(-(((x - 0.5 - side * place[0]) / width) ** 2) - ((y - place[1] - pose.inflation) / width) ** 2)
    lungs = blurred(masks["left lung"] | masks["right lung"], 0.01)
    return strength * spot * lungs * np.clip(0.9 + 0.25 * rough, 0.3, 1.4)


def _expose(rng: np.random.Generator, density: np.ndarray, size: int) -> np.ndarray:
    """Film: blur, contrast, exposure, noise that grows where little light arrives, and the marker."""
    gamma, contrast = np.exp(rng.normal(0.0, 0.20)), np.clip(rng.normal(0.92, 0.14), 0.55, 1.15)
    fog, grain = rng.uniform(0.02, 0.10), rng.uniform(0.006, 0.030)
    name, left = ("R", True) if rng.random() < 0.5 else ("L", False)
    corner = (rng.uniform(0.05, 0.12) if left else rng.uniform(0.86, 0.92), rng.uniform(0.03, 0.10))
    marker = letter(name, size, corner, rng.uniform(0.03, 0.05))
    seen = blurred(np.clip(density, 0.0, None), 0.0015)
    film = fog + contrast * np.clip(seen / 1.02, 0.0, 1.0) ** gamma
    film += rng.normal(0.0, grain, (size, size)) * (0.5 + film) * np.sqrt(size / 256)
    film = np.where(marker, 0.97, film)
    return np.clip(np.rint(film * 4095.0), 0, 4095).astype(np.uint16)


# An image and its label are usually asked for one after the other.
_drawn = lru_cache(maxsize=2)(draw)


def _read_image(seed: int, subject: int, size: int) -> np.ndarray:
    return _drawn(seed, subject, size)[0][..., None]


def _read_label(seed: int, subject: int, size: int, target: int | None) -> np.ndarray:
    masks = _drawn(seed, subject, size)[1]
    label = np.zeros((size, size), np.uint8)
    order = (2, 1, 3, 4, 5) if target is None else (target,)
    for stored_id in order:
        label[masks[ORGANS[stored_id]]] = stored_id
    return label
