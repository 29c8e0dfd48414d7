"""The solids and sticks that the objects of the drawn street scenes are made of.

Points are plain tuples (x, y, z) about the object's own origin, which lies on the ground; the object
heads away from the camera, along z. Lengths are metres, angles radians.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from tf_ganaug.data.embedded.street_canvas import Face, Point

#: The normal of what always shows its face to the camera.
FACING = (0.0, 0.0, -1.0)


def turned(point: Point, angle: float) -> Point:
    """A point turned about the origin, seen from above clockwise."""
    x, y, z = point
    cos, sin = math.cos(angle), math.sin(angle)
    return x * cos + z * sin, y, z * cos - x * sin


def wheel(x: float, z: float, radius: float) -> list[Point]:
    """The corners of a disc in the plane of x that stands on the ground, its outside to the right."""
    return [(x, radius * (1 + sin), z + radius * cos) for cos, sin in _corners(12, 0.0)]


def limb(
    a: Point, b: Point, radii: tuple[float, float], colour: np.ndarray, label: int | None, angle: float = 0.0
) -> Face:
    """A stick from a to b, with its radii there, turned by `angle` and then shown broadside."""
    (ax, ay, az), (bx, by, bz) = turned(a, angle), turned(b, angle)
    reach = math.hypot(bx - ax, by - ay)
    # A stick that points at the camera is shown as wide as it is thick.
    x, y = ((ay - by) / reach, (bx - ax) / reach) if reach > 0.05 else (1.0, 0.0)
    (s, t) = radii
    points = [(ax - s * x, ay - s * y, az), (ax + s * x, ay + s * y, az)]
    return Face([*points, (bx + t * x, by + t * y, bz), (bx - t * x, by - t * y, bz)], colour, label, FACING)


def plate(
    centre: Point, radius: float, colour: np.ndarray, label: int | None, count: int = 9, start: float = 0.0
) -> Face:
    """A disc or regular polygon that faces the camera, its first corner at the angle `start`."""
    x, y, z = centre
    points = [(x + radius * cos, y + radius * sin, z) for cos, sin in _corners(count, start)]
    return Face(points, colour, label, FACING)


def prism(profile: Sequence[Point], colours: Sequence[np.ndarray], side: np.ndarray, label: int) -> list[Face]:
    """A body by its profile (half width, y, z), from the rear's foot over the top to the front's foot.

    Args:
        colours: of the strips between the profile's points, one fewer than those.
        side: colour of both sides.
    """
    left = [(-half, y, z) for half, y, z in profile]
    faces = [
        Face([left[n], profile[n], profile[n + 1], left[n + 1]], colour, label) for n, colour in enumerate(colours)
    ]
    return [*faces, Face(left, side, label), Face(profile[::-1], side, label)]


def pane(face: Face, part: float, colour: np.ndarray) -> Face:
    """A mark in the middle of a face, `part` as wide and high."""
    middle = [sum(along) / len(face.points) * (1 - part) for along in zip(*face.points)]
    points = [tuple(part * value + shift for value, shift in zip(point, middle)) for point in face.points]
    return Face(points, colour, None)


@lru_cache(maxsize=32)
def _corners(count: int, start: float) -> tuple[tuple[float, float], ...]:
    """Cosine and sine of `count` even angles."""
    angles = [start + 2 * math.pi * n / count for n in range(count)]
    return tuple((math.cos(angle), math.sin(angle)) for angle in angles)
