"""People, cycles, poles, signs, trees and clutter of the drawn street scenes.

Each is a list of faces about its own origin, which lies on the ground. Lengths are metres.
"""

from __future__ import annotations

import math

import numpy as np

from tf_ganaug.data.embedded.street_canvas import Face
from tf_ganaug.data.embedded.street_shapes import FACING, limb, plate, prism, turned, wheel
from tf_ganaug.data.street_labels import STORED_ID

_DARK = np.array([0.02, 0.02, 0.02])
_METAL = np.array([0.25, 0.25, 0.25])
_RED, _WHITE = np.array([0.6, 0.02, 0.03]), np.array([0.8, 0.8, 0.8])
_BLUE, _YELLOW = np.array([0.02, 0.12, 0.5]), np.array([0.75, 0.5, 0.02])

#: Colours of clothes, bags and cycles.
_TINTS = np.array(
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

#: Traffic signs: corners of the outline, angle of the first, colours of the rim and of the field.
_SIGNS = (
    (14, 0.0, _RED, _WHITE),
    (3, math.pi / 2, _RED, _WHITE),
    (8, math.pi / 8, _WHITE, _RED),
    (14, 0.0, _WHITE, _BLUE),
    (4, math.pi / 4, _WHITE, _BLUE),
    (4, 0.0, _WHITE, _YELLOW),
)


def person(rng: np.random.Generator) -> list[Face]:
    """A person on foot, one in eight a child."""
    size = rng.uniform(0.58, 0.75) if rng.random() < 0.12 else rng.uniform(0.9, 1.08)
    stride, swing, stout = rng.uniform((-0.28, -0.2, 0.16), (0.28, 0.2, 0.23))
    jacket, trousers, hair = _tints(rng, 3)
    label, hem = STORED_ID["person"], 0.65 if rng.random() < 0.25 else 0.85
    parts = [
        limb((-0.08, 0.9, 0), (-0.08 - stride, 0.03, 0), (0.1, 0.06), trousers * 0.8, label),
        limb((0.08, 0.9, 0), (0.08 + stride, 0.03, 0), (0.1, 0.06), trousers, label),
        limb((-stout, 1.4, 0), (-stout - 0.06 + swing, 0.85, 0), (0.06, 0.05), jacket * 0.8, label),
        limb((0, 1.45, 0), (0, hem, 0), (stout, stout * 0.9), jacket, label),
        limb((stout, 1.4, 0), (stout + 0.06 + swing, 0.85, 0), (0.06, 0.05), jacket * 0.9, label),
        plate((0, 1.63, 0), 0.13, hair, label),
        plate((rng.uniform(-0.04, 0.04), 1.6, 0), 0.095, _SKINS[rng.integers(3)], None),
    ]
    if rng.random() < 0.3:
        parts.append(limb((swing, 1.3, 0), (swing, 0.95, 0), (0.14, 0.15), _tints(rng, 1)[0], None))
    return [face._replace(points=[(size * x, size * y, z) for x, y, z in face.points]) for face in parts]


def bicycle(rng: np.random.Generator, angle: float) -> list[Face]:
    """A bicycle that heads at `angle` clockwise from straight ahead; what its wheels encircle counts as bicycle."""
    label, paint = STORED_ID["bicycle"], _tints(rng, 1)[0]
    parts = []
    for z in (-0.52, 0.52):
        rim = [turned(point, angle) for point in wheel(0, z, 0.34)]
        hole = [turned((0, y + 0.07, z), angle) for _, y, z in wheel(0, z, 0.27)]
        parts += [
            Face(rim, None, label, FACING),
            Face([*rim, rim[0], *hole[::-1], hole[-1]], _DARK, None, FACING),
            limb((0, 0, z), (0, 0.68, z), (0.025, 0.025), _DARK, label, angle),
        ]
    saddle, crank, head, hub = (0, 0.9, -0.22), (0, 0.3, -0.02), (0, 0.85, 0.36), (0, 0.34, -0.52)
    bars = [(hub, crank), (hub, saddle), (crank, saddle), (crank, head), (saddle, head)]
    bars += [(head, (0, 0.34, 0.52)), (head, (0, 1.05, 0.33))]
    parts += [limb(a, b, (0.03, 0.03), paint, label, angle) for a, b in bars]
    parts.append(limb((-0.28, 1.05, 0.33), (0.28, 1.05, 0.33), (0.03, 0.03), _DARK, label, angle))
    return [*parts, limb((0, 0.95, -0.35), (0, 0.97, -0.1), (0.07, 0.05), _DARK, label, angle)]


def motorcycle(rng: np.random.Generator, angle: float) -> list[Face]:
    """A motorcycle or scooter that heads at `angle` clockwise from straight ahead."""
    label, paint = STORED_ID["motorcycle"], _tints(rng, 1)[0]
    parts = []
    for z in (-0.65, 0.68):
        parts.append(Face([turned(point, angle) for point in wheel(0, z, 0.31)], _DARK, label, FACING))
        parts.append(Face([turned((x, y + 0.17, z), angle) for x, y, z in wheel(0, z, 0.14)], _METAL, None, FACING))
        parts.append(limb((0, 0, z), (0, 0.62, z), (0.07, 0.07), _DARK, label, angle))
    return [
        *parts,
        limb((0, 0.38, -0.4), (0, 0.4, 0.3), (0.17, 0.17), _METAL * 0.4, label, angle),
        limb((0, 0.31, 0.68), (0, 1.0, 0.42), (0.05, 0.05), _METAL, label, angle),
        limb((0, 0.72, -0.75), (0, 0.72, -0.1), (0.13, 0.17), paint, label, angle),
        limb((0, 0.78, -0.1), (0, 0.85, 0.4), (0.17, 0.14), paint * 0.8, label, angle),
        limb((0, 0.8, -0.7), (0, 0.82, -0.1), (0.1, 0.1), _DARK, label, angle),
        limb((-0.38, 1.05, 0.38), (0.38, 1.05, 0.38), (0.035, 0.035), _DARK, label, angle),
        plate(turned((0, 0.7, -0.8), angle), 0.07, _RED, label),
        plate(turned((0, 0.9, 0.6), angle), 0.1, _WHITE, label),
    ]


def rider(rng: np.random.Generator, angle: float) -> list[Face]:
    """Who sits on a cycle that heads at `angle`."""
    label, lean = STORED_ID["rider"], rng.uniform(0.0, 0.3)
    jacket, trousers, helmet = _tints(rng, 3)
    top = 1.5 - 0.3 * lean
    parts = []
    for side, foot in ((-1, 0.16), (1, 0.45)):
        knee, hand = (0.13 * side, 0.75 + 0.3 * foot, 0.15), (0.27 * side, 1.05, 0.36)
        parts.append(limb((0.1 * side, 0.95, -0.2), knee, (0.1, 0.08), trousers, label, angle))
        parts.append(limb(knee, (0.12 * side, foot, 0.0), (0.075, 0.06), trousers * 0.9, label, angle))
        parts.append(limb((0.2 * side, top - 0.08, lean), hand, (0.06, 0.05), jacket * 0.9, label, angle))
    parts.append(limb((0, 0.92, -0.22), (0, top, lean), (0.17, 0.21), jacket, label, angle))
    face, crown = ((0, top + rise, lean + 0.08) for rise in (0.19, 0.25))
    parts.append(plate(turned(face, angle), 0.13, _SKINS[rng.integers(3)], label))
    return [*parts, plate(turned(crown, angle), 0.12, helmet, label)]


def tree(rng: np.random.Generator, height: float, radius: float, blobs: int) -> list[Face]:
    """A tree whose crown is `blobs` clusters of leaves."""
    label, middle = STORED_ID["vegetation"], np.array([0, height - 1.1 * radius, 0])
    leaf = np.array([0.09, 0.16, 0.035]) * rng.uniform((0.4, 0.5, 0.4), (1.7, 1.4, 1.5))
    bark = np.array([0.12, 0.09, 0.06])
    way = rng.standard_normal((blobs, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    way = way[np.argsort(-way[:, 2])]  # the far side first
    far, size = rng.uniform((0.35, 0.24), (0.9, 0.42), (blobs, 2)).T
    shape = size[:, None] * rng.uniform(0.6, 1.25, (blobs, 10)) * radius
    angle = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    outline = np.stack([shape * np.cos(angle), shape * np.sin(angle), 0 * shape], axis=-1)
    points = outline + (middle + way * (1, 1.15, 1) * far[:, None] * radius)[:, None]
    colours = leaf * ((0.7 + 0.4 * far) * rng.uniform(0.75, 1.25, blobs))[:, None]
    normals = 0.8 * way + (0, 0.2, -0.2)
    trunk = limb((0, 0, 0), (rng.uniform(-0.2, 0.2), middle[1], 0), (0.2, 0.11), bark, label)
    crown = zip(points.tolist(), colours, normals)
    return [trunk, *(Face(outline, colour, label, normal) for outline, colour, normal in crown)]


def lamp_post(rng: np.random.Generator, side: int, lit: bool) -> list[Face]:
    """A street lamp whose arm reaches to -`side`, or a plain pole; lamps count as pole."""
    label, height, metal = STORED_ID["pole"], rng.uniform(5.5, 8.5), _METAL * rng.uniform(0.3, 1.4)
    parts = [limb((0, 0, 0), (0, height, 0), (0.1, 0.06), metal, label)]
    if rng.random() < 0.75:
        x, y = -side * rng.uniform(0.9, 1.8), height + 0.25
        lamp = np.array([0.7, 0.62, 0.4]) * (3 if lit else 1)
        parts.append(limb((0, height, 0), (x, y, 0), (0.05, 0.05), metal, label))
        parts.append(limb((x, y, 0), (x - side * 0.5, y, 0), (0.09, 0.09), lamp, label))
    return parts


def traffic_light(rng: np.random.Generator, side: int) -> list[Face]:
    """Signals on a pole, sometimes also on an arm over the road, which lies towards -`side`."""
    metal, label = _METAL * rng.uniform(0.3, 1.2), STORED_ID["pole"]
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
        parts.append(limb((x, y, -0.1), (x, y + 1.0, -0.1), (0.19, 0.19), _DARK, STORED_ID["traffic light"]))
        for number, rise in enumerate((0.82, 0.5, 0.18)):
            if not away:
                colour = lamps[number] * (1 if number == state else 0.08)
                parts.append(plate((x, y + rise, -0.12), 0.13, colour, None))
    return parts


def traffic_sign(rng: np.random.Generator) -> list[Face]:
    """One or two signs on a pole."""
    label, height = STORED_ID["traffic sign"], rng.uniform(2.3, 3.2)
    parts = [limb((0, 0, 0), (0, height, 0), (0.045, 0.045), _METAL, STORED_ID["pole"])]
    for y in (height - 0.3, height - 1.0)[: 2 if rng.random() < 0.3 else 1]:
        size = rng.uniform(0.3, 0.42)
        corners, start, rim, field = _SIGNS[rng.integers(len(_SIGNS))]
        parts.append(plate((0, y, -0.06), size, rim, label, corners, start))
        parts.append(plate((0, y, -0.06), 0.7 * size, field, None, corners, start))
    return parts


def clutter(rng: np.random.Generator) -> list[Face]:
    """A bin, a box or a skip, which Cityscapes leaves out of its classes as static."""
    half, tall, deep = rng.uniform((0.25, 0.7, 0.4), (0.8, 1.4, 1.2))
    paint = 0.7 * _tints(rng, 1)[0]
    box = [(0.9 * half, 0, 0), (half, tall, 0), (half, tall, deep), (0.9 * half, 0, deep)]
    return prism(box, [paint, paint * 1.2, paint], paint, STORED_ID["static"])


def _tints(rng: np.random.Generator, count: int) -> np.ndarray:
    """Colours (count, 3)."""
    return _TINTS[rng.integers(len(_TINTS), size=count)] * rng.uniform(0.6, 1.2, (count, 1))
