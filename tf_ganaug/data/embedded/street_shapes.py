"""The solids and sticks that the objects of the drawn street scenes are made of.

Lengths are metres, angles radians. An object is a list of faces about its own origin, which lies on the
ground, and heads away from the camera, along z.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tf_ganaug.data.embedded.street_view import Face

#: The normal of what always shows its face to the camera.
FACING = (0.0, 0.0, -1.0)


def put(faces: Sequence[Face], x: float, z: float) -> list[Face]:
    """The object with its origin at x aside and z ahead."""
    return [face._replace(points=face.points + (x, 0.0, z)) for face in faces]


def turn(faces: Sequence[Face], angle: float) -> list[Face]:
    """The object turned about its origin, seen from above clockwise, in radians."""
    return [face._replace(points=turned(face.points, angle)) for face in faces]


def turned(points: np.ndarray, angle: float) -> np.ndarray:
    """Points (..., 3) turned about the origin, seen from above clockwise."""
    cos, sin = math.cos(angle), math.sin(angle)
    return points @ np.array([(cos, 0, -sin), (0, 1, 0), (sin, 0, cos)])


def circle(centre: tuple[float, float, float], radius: float, count: int = 12) -> np.ndarray:
    """Points (count, 3) of an upright circle in the plane x = centre[0]."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([0 * angle, radius * np.sin(angle), radius * np.cos(angle)], axis=1) + centre


def limb(a, b, radii: tuple[float, float], colour: np.ndarray, label: int | None, angle: float = 0.0) -> Face:
    """A stick from a to b, turned by `angle` and then shown broadside."""
    a, b = turned(np.array([a, b], float), angle)
    along = (b - a)[:2]
    reach = np.hypot(*along)
    across = np.array([-along[1], along[0], 0]) / reach if reach > 0.05 else np.array([1.0, 0, 0])
    points = np.stack([a - across * radii[0], a + across * radii[0], b + across * radii[1], b - across * radii[1]])
    return Face(points, colour, label, FACING)


def ball(centre, radius, colour: np.ndarray, label: int | None, count: int = 9, start: float = 0.0) -> Face:
    """A disc or regular polygon that faces the camera; one radius, or one for each of its `count` corners."""
    angle = start + np.linspace(0, 2 * np.pi, count, endpoint=False)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle), 0 * angle], axis=1) + centre
    return Face(points, colour, label, FACING)


def prism(profile: Sequence[tuple], colours: Sequence[np.ndarray], side: np.ndarray, label: int) -> list[Face]:
    """A body by its profile (z, y, half width), from the rear's foot over the top to the front's foot.

    Args:
        colours: of the strips between the profile's points, one fewer than those.
        side: colour of both sides.
    """
    z, y, half = np.array(profile, float).T
    left, right = np.stack([-half, y, z], axis=1), np.stack([half, y, z], axis=1)
    faces = [
        Face(np.stack([left[n], right[n], right[n + 1], left[n + 1]]), colour, label)
        for n, colour in enumerate(colours)
    ]
    return [*faces, Face(left, side, label), Face(right[::-1], side, label)]
