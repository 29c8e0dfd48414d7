"""People, cycles, poles, signs, trees and clutter of the drawn street scenes.

Each is a list of faces about its own origin, which lies on the ground. Lengths are metres.
"""

from __future__ import annotations

import math

import numpy as np

from tf_ganaug.data.embedded.street_shapes import FACING, ball, circle, limb, prism, turned
from tf_ganaug.data.embedded.street_view import Face
from tf_ganaug.data.street_labels import STORED_ID

_TYRE = np.array([0.02, 0.02, 0.02])
_CLOTHES = np.array(
    [
        (0.02, 0.02, 0.03),
        (0.05, 0.07, 0.16),
        (0.3, 0.3, 0.32),
        (0.7, 0.68, 0.62),
        (0.5, 0.05, 0.05),
        (0.1, 0.25, 0.5),
        (0.35, 0.25, 0.15),
        (0.12, 0.3, 0.12),
        (0.75, 0.6, 0.05),
    ]
)
_SKINS = np.array([(0.6, 0.4, 0.3), (0.45, 0.28, 0.18), (0.2, 0.11, 0.07)])


def person(rng: np.random.Generator) -> list[Face]:
    """A person on foot, or a child."""
    size = rng.uniform(0.58, 0.75) if rng.random() < 0.12 else rng.uniform(0.9, 1.08)
    stride, swing, stout = rng.uniform(-0.28, 0.28), rng.uniform(-0.2, 0.2), rng.uniform(0.16, 0.23)
    jacket, trousers, hair = rng.choice(_CLOTHES, 3) * rng.uniform(0.6, 1.2, (3, 1))
    skin, label = rng.choice(_SKINS), STORED_ID["person"]
    long = rng.choice([0.85, 0.65], p=[0.75, 0.25])  # the jacket's hem
    parts = [
        limb((-0.08, 0.9, 0), (-0.08 - stride, 0.03, 0), (0.1, 0.06), trousers * 0.8, label),
        limb((0.08, 0.9, 0), (0.08 + stride, 0.03, 0), (0.1, 0.06), trousers, label),
        limb((-stout, 1.4, 0), (-stout - 0.06 + swing, 0.85, 0), (0.06, 0.05), jacket * 0.8, label),
        limb((0, 1.45, 0), (0, long, 0), (stout, stout * 0.9), jacket, label),
        limb((stout, 1.4, 0), (stout + 0.06 + swing, 0.85, 0), (0.06, 0.05), jacket * 0.9, label),
        ball((0, 1.63, 0), 0.13, hair, label),
        ball((rng.uniform(-0.04, 0.04), 1.6, 0), 0.095, skin, None),
    ]
    if rng.random() < 0.3:
        bag = rng.choice(_CLOTHES)
        parts.append(limb((swing, 1.3, 0), (swing, 0.95, 0), (0.14, 0.15), bag, None))
    return [face._replace(points=face.points * size) for face in parts]


def bicycle(rng: np.random.Generator, angle: float) -> list[Face]:
    """A bicycle that heads at `angle` clockwise from straight ahead. What its wheels encircle counts as bicycle."""
    label, paint = STORED_ID["bicycle"], rng.choice(_CLOTHES) * 0.8
    parts = []
    for z in (-0.52, 0.52):
        ring = circle((0, 0.34, z), 0.34)
        inner = circle((0, 0.34, z), 0.27)[::-1]
        parts += [
            Face(turned(ring, angle), None, label, FACING),
            Face(turned(np.concatenate([ring, ring[:1], inner, inner[:1]]), angle), _TYRE, None, FACING),
            limb((0, 0.0, z), (0, 0.68, z), (0.025, 0.025), _TYRE, label, angle),
        ]
    saddle, crank, head = (0, 0.9, -0.22), (0, 0.3, -0.02), (0, 0.85, 0.36)
    bars = [((0, 0.34, -0.52), crank), ((0, 0.34, -0.52), saddle), (crank, saddle), (crank, head)]
    bars += [(saddle, head), (head, (0, 0.34, 0.52)), (head, (0, 1.05, 0.33))]
    parts += [limb(a, b, (0.03, 0.03), paint, label, angle) for a, b in bars]
    parts.append(limb((-0.28, 1.05, 0.33), (0.28, 1.05, 0.33), (0.03, 0.03), _TYRE, label, angle))
    parts.append(limb((0, 0.95, -0.35), (0, 0.97, -0.1), (0.07, 0.05), _TYRE, label, angle))
    return parts


def motorcycle(rng: np.random.Generator, angle: float) -> list[Face]:
    """A motorcycle or scooter that heads at `angle` clockwise from straight ahead."""
    label, paint = STORED_ID["motorcycle"], rng.choice(_CLOTHES)
    parts = []
    for z in (-0.65, 0.68):
        parts.append(Face(turned(circle((0, 0.31, z), 0.31), angle), _TYRE, label, FACING))
        parts.append(Face(turned(circle((0, 0.31, z), 0.14), angle), paint * 0 + 0.3, None, FACING))
        parts.append(limb((0, 0.0, z), (0, 0.62, z), (0.07, 0.07), _TYRE, label, angle))
    metal = np.full(3, 0.25)
    parts += [
        limb((0, 0.38, -0.4), (0, 0.4, 0.3), (0.17, 0.17), metal * 0.4, label, angle),
        limb((0, 0.31, 0.68), (0, 1.0, 0.42), (0.05, 0.05), metal, label, angle),
        limb((0, 0.72, -0.75), (0, 0.72, -0.1), (0.13, 0.17), paint, label, angle),
        limb((0, 0.78, -0.1), (0, 0.85, 0.4), (0.17, 0.14), paint * 0.8, label, angle),
        limb((0, 0.8, -0.7), (0, 0.82, -0.1), (0.1, 0.1), _TYRE, label, angle),
        limb((-0.38, 1.05, 0.38), (0.38, 1.05, 0.38), (0.035, 0.035), _TYRE, label, angle),
        ball(turned(np.array([0, 0.7, -0.8]), angle), 0.07, np.array([0.6, 0.03, 0.02]), label),
        ball(turned(np.array([0, 0.9, 0.6]), angle), 0.1, np.array([0.8, 0.8, 0.75]), label),
    ]
    return parts


def rider(rng: np.random.Generator, angle: float) -> list[Face]:
    """Who sits on a cycle that heads at `angle`."""
    label, lean = STORED_ID["rider"], rng.uniform(0.0, 0.3)
    jacket, trousers, helmet = rng.choice(_CLOTHES, 3) * rng.uniform(0.7, 1.2, (3, 1))
    top = 1.5 - 0.3 * lean
    parts = []
    for side, foot in ((-1, 0.16), (1, 0.45)):
        knee = (0.13 * side, 0.75 + 0.3 * foot, 0.15)
        parts.append(limb((0.1 * side, 0.95, -0.2), knee, (0.1, 0.08), trousers, label, angle))
        parts.append(limb(knee, (0.12 * side, foot, 0.0), (0.075, 0.06), trousers * 0.9, label, angle))
        parts.append(
            limb((0.2 * side, top - 0.08, lean), (0.27 * side, 1.05, 0.36), (0.06, 0.05), jacket, label, angle)
        )
    parts.append(limb((0, 0.92, -0.22), (0, top, lean), (0.17, 0.21), jacket, label, angle))
    head = turned(np.array([0, top + 0.19, lean + 0.08]), angle)
    return [*parts, ball(head, 0.13, rng.choice(_SKINS), label), ball(head + (0, 0.06, 0), 0.12, helmet, label)]


def tree(rng: np.random.Generator, height: float, radius: float, blobs: int) -> list[Face]:
    """A tree of `blobs` clusters of leaves about a crown of `radius`."""
    label, middle = STORED_ID["vegetation"], np.array([0, height - radius * 1.1, 0])
    leaf = np.array([0.09, 0.16, 0.035]) * rng.uniform(0.6, 1.3) * rng.uniform(0.7, 1.5, 3) ** (1, 0.3, 1)
    parts = [limb((0, 0, 0), (rng.uniform(-0.2, 0.2), middle[1], 0), (0.2, 0.11), np.array([0.12, 0.09, 0.06]), label)]
    out = rng.standard_normal((blobs, 3))
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    out = out[np.argsort(-out[:, 2])]
    reach = rng.uniform(0.35, 0.85, blobs)
    for way, far, size in zip(out, reach, rng.uniform(0.28, 0.5, blobs)):
        shape = rng.uniform(0.65, 1.2, 9)
        centre = middle + way * (1, 1.15, 1) * far * radius
        colour = leaf * (0.75 + 0.35 * far) * rng.uniform(0.8, 1.2)
        normal = tuple(0.8 * way + (0, 0.2, -0.2))
        parts.append(ball(centre, size * radius * shape, colour, label)._replace(normal=normal))
    return parts


def lamp_post(rng: np.random.Generator, side: int, lit: bool) -> list[Face]:
    """A street lamp whose arm reaches to -`side`, or a plain pole; lamps count as pole."""
    label, height, metal = STORED_ID["pole"], rng.uniform(5.5, 8.5), np.full(3, rng.uniform(0.06, 0.35))
    parts = [limb((0, 0, 0), (0, height, 0), (0.1, 0.06), metal, label)]
    if rng.random() < 0.75:
        end = (-side * rng.uniform(0.9, 1.8), height + 0.25, 0)
        head = (end[0] - side * 0.5, end[1], 0)
        parts.append(limb((0, height, 0), end, (0.05, 0.05), metal, label))
        parts.append(limb(end, head, (0.09, 0.09), np.array([0.7, 0.62, 0.4]) * (3 if lit else 1), label))
    return parts


def traffic_light(rng: np.random.Generator, side: int) -> list[Face]:
    """Signals on a pole, sometimes also on an arm over the road, which lies towards -`side`."""
    metal, label = np.full(3, rng.uniform(0.08, 0.3)), STORED_ID["pole"]
    arm = rng.uniform(2.5, 4.0) if rng.random() < 0.35 else 0.0
    height = 5.6 if arm else 3.3
    parts = [limb((0, 0, 0), (0, height, 0), (0.08, 0.07), metal, label)]
    signals = [(0.0, rng.uniform(2.2, 2.5))]
    if arm:
        parts.append(limb((0, height - 0.1, 0), (-side * arm, height - 0.1, 0), (0.06, 0.05), metal, label))
        signals.append((-side * arm, height - 0.9))
    away, state = rng.random() < 0.2, rng.integers(3)
    lamps = np.array([(1.6, 0.1, 0.05), (1.5, 0.8, 0.05), (0.1, 1.4, 0.6)])
    for x, y in signals:
        parts.append(limb((x, y, -0.1), (x, y + 1.0, -0.1), (0.19, 0.19), np.full(3, 0.02), STORED_ID["traffic light"]))
        for number, centre in enumerate((0.82, 0.5, 0.18)):
            colour = lamps[number] if number == state else lamps[number] * 0.08
            if not away:
                parts.append(ball((x, y + centre, -0.12), 0.13, colour, None))
    return parts


def traffic_sign(rng: np.random.Generator) -> list[Face]:
    """One or two signs on a pole."""
    label, height = STORED_ID["traffic sign"], rng.uniform(2.3, 3.2)
    parts = [limb((0, 0, 0), (0, height, 0), (0.045, 0.045), np.full(3, 0.3), STORED_ID["pole"])]
    red, white, blue, yellow = np.array([(0.6, 0.02, 0.03), (0.8, 0.8, 0.8), (0.02, 0.12, 0.5), (0.75, 0.5, 0.02)])
    for y in (height - 0.3, height - 1.0)[: rng.choice([1, 2], p=[0.7, 0.3])]:
        size = rng.uniform(0.3, 0.42)
        # Sides of the outline, its turn, its colours from the edge inwards.
        corners, start, rings = [
            (14, 0.0, (red, white)),
            (3, math.pi / 2, (red, white)),
            (8, math.pi / 8, (white, red)),
            (14, 0.0, (white, blue)),
            (4, math.pi / 4, (white, blue)),
            (4, 0.0, (white, yellow)),
        ][rng.integers(6)]
        for ring, (colour, part) in enumerate(zip(rings, (1.0, 0.7))):
            plate = ball((0, y, -0.06), size * part, colour, None if ring else label, corners, start)
            parts.append(plate)
    return parts


def clutter(rng: np.random.Generator) -> list[Face]:
    """A bin, a box or a skip, which Cityscapes leaves out of its classes as static."""
    half, tall, deep = rng.uniform((0.25, 0.7, 0.4), (0.8, 1.4, 1.2))
    paint = rng.choice(_CLOTHES[3:]) * 0.7
    box = [(0, 0, half * 0.9), (0, tall, half), (deep, tall, half), (deep, 0, half * 0.9)]
    return prism(box, [paint, paint * 1.2, paint], paint, STORED_ID["static"])
