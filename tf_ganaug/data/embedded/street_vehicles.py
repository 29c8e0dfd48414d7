"""The vehicles of the drawn street scenes: cars, lorries, buses and trams.

A vehicle heads away from the camera; its origin lies on the ground below the middle of its rear.
Lengths are metres. `lit` tells whether lamps are on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tf_ganaug.data.embedded.street_canvas import Face
from tf_ganaug.data.embedded.street_shapes import FACING, pane, prism, wheel
from tf_ganaug.data.street_labels import STORED_ID

_GLASS = np.array([0.05, 0.07, 0.08])
_DARK = np.array([0.02, 0.02, 0.02])
_METAL = np.array([0.3, 0.3, 0.3])

#: The commonest first.
_PAINTS = np.array(
    [
        (0.75, 0.75, 0.75),
        (0.03, 0.03, 0.035),
        (0.4, 0.41, 0.43),
        (0.14, 0.15, 0.17),
        (0.5, 0.03, 0.03),
        (0.04, 0.1, 0.38),
        (0.05, 0.22, 0.13),
        (0.6, 0.5, 0.3),
        (0.8, 0.45, 0.02),
    ]
)


def car(rng: np.random.Generator, lit: bool) -> list[Face]:
    """A hatchback, saloon, estate or van."""
    label, paint, glass = STORED_ID["car"], _paint(rng), _GLASS * rng.uniform(0.6, 3.0)
    long, half = rng.uniform(3.7, 4.8), rng.uniform(0.84, 0.95)
    tall = rng.uniform(1.8, 2.1) if rng.random() < 0.15 else rng.uniform(1.4, 1.65)
    belt, hood, boot = 0.62 * tall, rng.uniform(0.9, 1.3), (0.1, 0.2, 0.8)[rng.integers(3)]
    waist, roof = 0.97 * half, 0.78 * half
    under = 0.92 * half
    faces = _tyres(half, label, (0, long))
    box = [(under, 0.13, 0.15), (under, 0.5, 0.15), (under, 0.5, long - 0.15), (under, 0.13, long - 0.15)]
    faces += prism(box, [_DARK, _DARK, _DARK], _DARK, label)
    body = [(half, 0.24, 0), (half, 0.55, -0.05), (waist, belt, 0.1), (waist, belt, long - hood)]
    body += [(0.95 * half, belt - 0.2, long - 0.15), (half, 0.55, long + 0.03), (half, 0.24, long)]
    faces += prism(body, [paint * 0.75, paint, paint, paint, paint, paint * 0.75], paint, label)
    faces += _wheels(half, (0.75, long - 0.8), 0.32, label)
    cabin = [(waist, belt, boot), (roof, tall, boot + 0.4), (roof, tall, long - hood - 0.8), (waist, belt, long - hood)]
    rear, top, screen, left, right = prism(cabin, [paint * 0.9, paint, paint * 0.9], paint, label)
    faces += [rear, pane(rear, 0.84, glass), top, screen, pane(screen, 0.88, glass)]
    faces += [left, pane(left, 0.86, glass), right, pane(right, 0.86, glass)]
    post = (boot + long - hood) / 2
    faces += _sides((waist + roof) / 2, (post - 0.06, post + 0.06), (belt + 0.05, tall - 0.06), paint, roof)
    for side in (-1, 1):
        inner, outer = side * (half - 0.3), side * (half - 0.04)
        faces.append(_end(-0.06, (inner, outer), (belt - 0.3, belt - 0.12), _red(lit)))
        faces.append(_end(long + 0.05, (inner, outer), (0.56, belt - 0.24), _white(lit), True))
    faces.append(_end(-0.06, (-0.26, 0.26), (0.48, 0.6), np.array([0.75, 0.75, 0.7])))
    faces.append(_end(-0.06, (-half, half), (0.24, 0.38), _DARK))
    return [*faces, _end(long + 0.05, (-0.5, 0.5), (0.4, 0.62), _DARK, True)]


def truck(rng: np.random.Generator, lit: bool) -> list[Face]:
    """A lorry with a box or a tarpaulin."""
    label, cover, paint = STORED_ID["truck"], _paint(rng), _paint(rng)
    long, half, tall = rng.uniform(5, 10), rng.uniform(1.1, 1.25), rng.uniform(2.8, 3.8)
    cab, under, narrow = rng.uniform(2.3, min(2.9, tall)), 0.9 * half, 0.95 * half
    faces = _tyres(half, label, (0.5, long))
    chassis = [(under, 0.55, 0.05), (under, 1, 0.05), (under, 1, long - 0.05), (under, 0.55, long - 0.05)]
    faces += prism(chassis, [_DARK, _DARK, _DARK], _DARK, label)
    front = [(narrow, 0.45, long - 2), (narrow, cab, long - 2), (narrow, cab, long - 0.3)]
    front += [(narrow, 0.55 * cab, long), (narrow, 0.45, long)]
    faces += prism(front, [paint * 0.8, paint, _GLASS, paint], paint, label)
    faces += _wheels(narrow, (1.0, 2.1, long - 1.1), 0.48, label)
    faces += _sides(narrow, (long - 1.5, long - 0.5), (cab * 0.58, cab * 0.85), _GLASS)
    box = [(half, 0.95, 0), (half, tall, 0), (half, tall, long - 2.1), (half, 0.95, long - 2.1)]
    faces += prism(box, [cover * 0.9, cover, cover], cover, label)
    for rib in np.arange(0.9, long - 2.5, 1.2):
        faces += _sides(half, (rib, rib + 0.06), (1, tall), cover * 0.75)
    faces.append(_end(-0.02, (-0.03, 0.03), (1.0, tall), cover * 0.5))
    return faces + _lamps(half, long, lit)


def bus(rng: np.random.Generator, lit: bool) -> list[Face]:
    """A city bus."""
    liveries = np.array([(0.5, 0.04, 0.03), (0.75, 0.72, 0.65), (0.75, 0.5, 0.02), (0.03, 0.3, 0.2)])
    return _coach(rng, "bus", liveries, lit, (9.0, 13.0), 0.32)


def train(rng: np.random.Generator, lit: bool) -> list[Face]:
    """A tram, which Cityscapes counts as train."""
    liveries = np.array([(0.75, 0.62, 0.1), (0.6, 0.05, 0.04), (0.1, 0.25, 0.5), (0.7, 0.7, 0.68)])
    return _coach(rng, "train", liveries, lit, (16.0, 28.0), 0.14)


def _coach(
    rng: np.random.Generator, name: str, liveries: np.ndarray, lit: bool, lengths: tuple[float, float], low: float
) -> list[Face]:
    """A long box with rows of windows; `low` is its clearance, below 0.2 without wheels that show."""
    label, livery = STORED_ID[name], liveries[rng.integers(len(liveries))]
    skirt, glass = livery * rng.uniform(0.3, 1.0), np.array([1.02, 0.85, 0.55]) if lit else _GLASS
    long, half, tall = rng.uniform(*lengths), rng.uniform(1.2, 1.3), rng.uniform(2.9, 3.4)
    faces = _tyres(half, label, (0.4, long - 0.4)) if low > 0.2 else []
    box = [(half, low, 0), (half, tall, 0), (half, tall, long), (half, low, long)]
    faces += prism(box, [livery, _METAL, livery], livery, label)
    faces += _sides(half, (0, long), (low, 0.75), skirt)
    for start in np.arange(0.5, long - 1.2, 1.6):
        faces += _sides(half, (start, start + 1.4), (1.25, tall - 0.65), glass)
    if low > 0.2:
        faces += _wheels(half, (2.2, long - 2.5), 0.45, label)
    sign = np.array([1.1, 0.7, 0.1])
    faces.append(_end(-0.02, (-0.85 * half, 0.85 * half), (1.5, tall - 0.7), glass))
    faces.append(_end(-0.02, (-0.4, 0.4), (tall - 0.5, tall - 0.2), sign))
    faces.append(_end(long + 0.02, (-0.9 * half, 0.9 * half), (1.1, tall - 0.65), _GLASS, True))
    faces.append(_end(long + 0.02, (-0.8, 0.8), (tall - 0.5, tall - 0.2), sign, True))
    return faces + _lamps(half, long, lit)


def _paint(rng: np.random.Generator) -> np.ndarray:
    return _PAINTS[int(len(_PAINTS) * rng.random() ** 1.8)] * rng.uniform(0.8, 1.1)


def _red(lit: bool) -> np.ndarray:
    return np.array([0.55, 0.03, 0.02]) * (2 if lit else 1)


def _white(lit: bool) -> np.ndarray:
    return np.array([0.9, 0.9, 0.8]) * (4 if lit else 1)


def _lamps(half: float, long: float, lit: bool) -> list[Face]:
    """A large vehicle's lamps at both ends."""
    faces = []
    for side in (-1, 1):
        ends = side * (half - 0.35), side * (half - 0.08)
        faces += [_end(-0.02, ends, (0.6, 0.95), _red(lit)), _end(long + 0.02, ends, (0.55, 0.85), _white(lit), True)]
    return faces


def _sides(
    half: float, ends: tuple[float, float], heights: tuple[float, float], colour: np.ndarray, top: float | None = None
) -> list[Face]:
    """A rectangle on both sides of a vehicle, as marks; `top` is the half width at its upper edge."""
    foot, top, (low, high), (near, far) = half + 0.01, (top or half) + 0.01, heights, ends
    right = [(foot, low, far), (top, high, far), (top, high, near), (foot, low, near)]
    return [Face([(-x, y, z) for x, y, z in right[::-1]], colour, None), Face(right, colour, None)]


def _end(
    z: float, ends: tuple[float, float], heights: tuple[float, float], colour: np.ndarray, front: bool = False
) -> Face:
    """A rectangle on a vehicle's rear, or on its front, as a mark."""
    (left, right), (low, high) = sorted(ends, reverse=front), heights
    return Face([(left, low, z), (right, low, z), (right, high, z), (left, high, z)], colour, None)


def _tyres(half: float, label: int, ends: tuple[float, float]) -> list[Face]:
    """What shows of the tyres below the body at its far and near end."""
    faces = []
    for z in (ends[1] - 0.3, ends[0] + 0.1):
        for x in (0.22 - half, half):
            points = [(x - 0.22, 0, z), (x, 0, z), (x, 0.6, z), (x - 0.22, 0.6, z)]
            faces.append(Face(points, _DARK, label, FACING))
    return faces


def _wheels(half: float, axles: Sequence[float], radius: float, label: int) -> list[Face]:
    """Wheels with hubs on both sides."""
    faces = []
    for z in axles:
        tyre = Face(wheel(half + 0.02, z, radius), _DARK, label)
        for right in (tyre, pane(tyre, 0.55, _METAL)):
            faces += [right, right._replace(points=[(-x, y, z) for x, y, z in right.points[::-1]])]
    return faces
