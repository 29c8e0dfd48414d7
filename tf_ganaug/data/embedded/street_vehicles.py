"""The vehicles of the drawn street scenes: cars, lorries, buses and trams.

A vehicle heads away from the camera; its origin lies on the ground below the middle of its rear.
Lengths are metres. `lit` tells whether lamps are on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tf_ganaug.data.embedded.street_shapes import FACING, circle, prism
from tf_ganaug.data.embedded.street_view import Face
from tf_ganaug.data.street_labels import STORED_ID

_GLASS = np.array([0.05, 0.07, 0.08])
_TYRE = np.array([0.02, 0.02, 0.02])
_PAINTS = np.array(
    [
        (0.75, 0.75, 0.75),
        (0.03, 0.03, 0.035),
        (0.35, 0.36, 0.38),
        (0.14, 0.15, 0.16),
        (0.45, 0.03, 0.03),
        (0.04, 0.09, 0.32),
        (0.05, 0.2, 0.12),
        (0.6, 0.5, 0.3),
        (0.8, 0.45, 0.02),
    ]
)


def car(rng: np.random.Generator, lit: bool) -> list[Face]:
    """A hatchback, saloon, estate or van; its origin is below the middle of its rear."""
    label, paint = STORED_ID["car"], rng.choice(_PAINTS, p=_shares(5, 5, 5, 4, 2, 2, 1, 1, 1)) * rng.uniform(0.8, 1.1)
    long, half = rng.uniform(3.7, 4.8), rng.uniform(0.84, 0.95)
    tall = rng.uniform(1.8, 2.1) if rng.random() < 0.15 else rng.uniform(1.4, 1.65)
    belt, hood, boot = 0.62 * tall, rng.uniform(0.9, 1.3), rng.choice([0.1, 0.2, 0.8])
    roof = 0.78 * half
    body = [(0, 0.28, half), (-0.04, 0.55, half), (0.1, belt, half * 0.97), (long - hood, belt, half * 0.97)]
    body += [(long - 0.15, belt - 0.22, half * 0.95), (long + 0.03, 0.55, half), (long, 0.28, half)]
    cabin = [(boot, belt, half * 0.94), (boot + 0.35, tall, roof), (long - hood - 0.9, tall, roof)]
    cabin += [(long - hood, belt, half * 0.94)]
    faces = _wheels(half, (0.75, long - 0.8), 0.32, label, (0, long))
    faces += prism(body, [paint * 0.7, paint, paint, paint, paint, paint * 0.7], paint, label)
    faces += prism(cabin, [_GLASS, paint, _GLASS], _GLASS, label)
    post = (boot + long - hood) / 2
    faces += _sides(half * 0.96, (post - 0.07, post + 0.07), (belt, tall - 0.03), paint, roof)
    for side in (-1, 1):
        ends = (side * half - side * 0.3, side * half - side * 0.04)
        faces.append(_end(-0.06, ends, (belt - 0.32, belt - 0.12), _red(lit)))
        faces.append(_end(long + 0.06, ends, (0.55, belt - 0.25), _white(lit), True))
    faces.append(_end(-0.06, (-0.26, 0.26), (0.48, 0.6), np.array([0.75, 0.75, 0.7])))
    faces.append(_end(-0.06, (-half, half), (0.28, 0.4), paint * 0 + 0.03))
    return [*faces, _end(long + 0.06, (-0.5, 0.5), (0.38, 0.6), paint * 0 + 0.02, True)]


def truck(rng: np.random.Generator, lit: bool) -> list[Face]:
    """A lorry with a box or a tarpaulin; its origin is below the middle of its rear."""
    label, cover = STORED_ID["truck"], rng.choice(_PAINTS) * rng.uniform(0.8, 1.1)
    paint = rng.choice(_PAINTS)
    long, half, tall = rng.uniform(5, 10), rng.uniform(1.1, 1.25), rng.uniform(2.8, 3.8)
    cab = rng.uniform(2.3, min(2.9, tall))
    box = [(0, 0.95, half), (0, tall, half), (long - 2.1, tall, half), (long - 2.1, 0.95, half)]
    front = [(long - 2.0, 0.45, half * 0.96), (long - 2.0, cab, half * 0.92), (long - 0.35, cab, half * 0.92)]
    front += [(long, cab * 0.55, half * 0.96), (long, 0.45, half * 0.96)]
    faces = _wheels(half, (1.0, 2.1, long - 1.1), 0.48, label, (0.5, long))
    dark = np.full(3, 0.04)
    faces += prism([(0.05, 0.55, half * 0.9), (0.05, 1, half * 0.9), (long, 1, half * 0.9)], [dark, dark], dark, label)
    faces += prism(front, [paint * 0.8, paint, _GLASS, paint], paint, label)
    faces += prism(box, [cover * 0.9, cover, cover], cover, label)
    faces += _sides(half * 0.97, (long - 1.5, long - 0.5), (cab * 0.58, cab * 0.85), _GLASS)
    for rib in np.arange(0.9, long - 2.5, 1.2):
        faces += _sides(half, (rib, rib + 0.06), (1, tall), cover * 0.75)
    faces.append(_end(-0.02, (-0.03, 0.03), (1.0, tall), cover * 0.5))
    for side in (-1, 1):
        faces.append(_end(-0.02, (side * half - side * 0.3, side * half), (0.65, 0.9), _red(lit)))
        ends = (side * half - side * 0.4, side * half - side * 0.1)
        faces.append(_end(long + 0.02, ends, (0.6, 0.85), _white(lit), True))
    return faces


def bus(rng: np.random.Generator, lit: bool) -> list[Face]:
    """A city bus; its origin is below the middle of its rear."""
    livery = rng.choice(np.array([(0.5, 0.04, 0.03), (0.75, 0.72, 0.65), (0.75, 0.5, 0.02), (0.03, 0.3, 0.2)]))
    return _coach(rng, "bus", livery, lit, (9.0, 13.0), 0.32)


def train(rng: np.random.Generator, lit: bool) -> list[Face]:
    """A tram, which Cityscapes counts as train; its origin is below the middle of its rear."""
    livery = rng.choice(np.array([(0.75, 0.62, 0.1), (0.6, 0.05, 0.04), (0.1, 0.25, 0.5), (0.7, 0.7, 0.68)]))
    return _coach(rng, "train", livery, lit, (16.0, 28.0), 0.14)


def _coach(
    rng: np.random.Generator, name: str, livery: np.ndarray, lit: bool, lengths: tuple[float, float], low: float
) -> list[Face]:
    label, skirt = STORED_ID[name], livery * rng.uniform(0.3, 1.0)
    long, half, tall = rng.uniform(*lengths), rng.uniform(1.2, 1.3), rng.uniform(2.9, 3.4)
    box = [(0, low, half), (0, tall, half), (long, tall, half), (long, low, half)]
    faces = _wheels(half, (2.2, long - 2.5), 0.45, label, (0.4, long - 0.4)) if low > 0.2 else []
    faces += prism(box, [livery, np.full(3, 0.4), livery], livery, label)
    glass = np.array([1.02, 0.85, 0.55]) if lit else _GLASS
    for start in np.arange(0.5, long - 1.2, 1.6):
        faces += _sides(half, (start, start + 1.4), (1.25, tall - 0.65), glass)
    faces += _sides(half, (0, long), (low, 0.75), skirt)
    faces.append(_end(-0.02, (-half * 0.85, half * 0.85), (1.5, tall - 0.7), glass))
    faces.append(_end(long + 0.02, (-half * 0.9, half * 0.9), (1.1, tall - 0.65), _GLASS, True))
    sign = np.array([1.1, 0.7, 0.1])
    faces.append(_end(-0.02, (-0.4, 0.4), (tall - 0.5, tall - 0.2), sign))
    faces.append(_end(long + 0.02, (-0.8, 0.8), (tall - 0.5, tall - 0.2), sign, True))
    for side in (-1, 1):
        ends = (side * half - side * 0.35, side * half - side * 0.1)
        faces.append(_end(-0.02, ends, (0.7, 1.1), _red(lit)))
        faces.append(_end(long + 0.02, ends, (0.5, 0.8), _white(lit), True))
    return faces


def _red(lit: bool) -> np.ndarray:
    return np.array([0.55, 0.03, 0.02]) * (2 if lit else 1)


def _white(lit: bool) -> np.ndarray:
    return np.array([0.9, 0.9, 0.8]) * (4 if lit else 1)


def _shares(*weights: float) -> np.ndarray:
    return np.array(weights) / sum(weights)


def _sides(half: float, ends: tuple[float, float], heights: tuple[float, float], colour, top: float | None = None):
    """A rectangle on both sides of a vehicle, as marks; `top` is the half width at its upper edge."""
    top = half if top is None else top
    profile = np.array([(half, heights[0], ends[0]), (top, heights[1], ends[0])])
    profile = np.concatenate([profile, profile[::-1] * (1, 1, 0) + (0, 0, ends[1])]) + (0.01, 0, 0)
    return [Face(profile * (-1, 1, 1), colour, None), Face(profile[::-1], colour, None)]


def _end(z: float, ends: tuple[float, float], heights: tuple[float, float], colour, front: bool = False) -> Face:
    """A rectangle on a vehicle's rear, or on its front, as a mark."""
    (left, right), (low, high) = sorted(ends), heights
    points = np.array([(left, low, z), (right, low, z), (right, high, z), (left, high, z)])
    return Face(points[::-1] if front else points, colour, None)


def _wheels(half: float, axles: Sequence[float], radius: float, label: int, ends: tuple[float, float]) -> list[Face]:
    """Tyres seen from either end, and wheels with hubs on both sides."""
    faces = []
    for z in (ends[1] - 0.3, ends[0] + 0.1):
        for side in (-1, 1):
            points = np.array([(0, 0, z), (-0.22, 0, z), (-0.22, 0.6, z), (0, 0.6, z)]) * (side, 1, 1)
            faces.append(Face(points + (side * half, 0, 0), _TYRE, label, FACING))
    for z in axles:
        for size, colour, name in ((1, _TYRE, label), (0.55, np.full(3, 0.3), None)):
            wheel = circle((half + 0.02, radius, z), radius * size)
            faces += [Face(wheel, colour, name), Face(wheel[::-1] * (-1, 1, 1), colour, name)]
    return faces
