"""The canvas of the drawn street scenes, and the faces, things and surfaces that are painted on it.

What is painted later hides what is there, so all goes from far to near. A pixel's label is that of its
centre; its colour is the weighted mean of the 3 x 3 samples around it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tf_ganaug.data.embedded.street_view import NEAR, Light, View

#: Marks whose area, doubled, is below this many square samples are not painted.
_SMALL = 6.0

#: (x, y, z).
Point = tuple[float, float, float]


class Face(NamedTuple):
    """A flat polygon of an object.

    Attributes:
        points: convex or nearly so, counterclockwise as seen from outside.
        colour: (3,); None to leave the colours as they are, where one sees through.
        label: stored id; None for a mark upon another face, which has the label already.
        normal: of a face that is seen from both sides, (3,); None for a face of a solid body.
    """

    points: Sequence[Point]
    colour: np.ndarray | None
    label: int | None
    normal: Point | np.ndarray | None = None


class Thing(NamedTuple):
    """An object in the street.

    Attributes:
        x: of its origin.
        z: of its origin.
        faces: about that, those to be painted first first.
    """

    x: float
    z: float
    faces: list[Face]


class Mesh(NamedTuple):
    """The faces of all things, in the order they are painted.

    Attributes:
        points: (n, 3), those of the first face first.
        starts: (F + 1,), where the points of each face begin, and n.
        faces: F of them, for their colours, labels and normals.
    """

    points: np.ndarray
    starts: np.ndarray
    faces: list[Face]

    @classmethod
    def of(cls, things: Sequence[Thing]) -> Mesh:
        """Things in this order."""
        faces = [face for thing in things for face in thing.faces]
        starts = np.cumsum([0] + [len(face.points) for face in faces])
        values = chain.from_iterable(point for face in faces for point in face.points)
        points = np.fromiter(values, float).reshape(-1, 3)
        counts = [sum(len(face.points) for face in thing.faces) for thing in things]
        points += np.repeat([(thing.x, 0.0, thing.z) for thing in things], counts, axis=0)
        return cls(points, starts, faces)


class Surface(NamedTuple):
    """What a tall upright plane shows: a house front, a wall, a row of trees.

    Attributes:
        label: stored id of all that lies below `top`.
        palette: (K, 3) colours.
        pattern: from metres along the plane (n,) and metres above the ground (m, n) to indices (m, n) of
            `palette`, of any integer type.
        top: from metres along the plane (n,) to its height there (n,).
        holes: whether one sees through where the index is K.
    """

    label: int
    palette: np.ndarray
    pattern: Callable[[np.ndarray, np.ndarray], np.ndarray]
    top: Callable[[np.ndarray], np.ndarray]
    holes: bool = False


class Canvas:
    """Colours and labels at two samples per pixel, painted from far to near.

    Args:
        view: the camera.
        light: of the scene.
    """

    def __init__(self, view: View, light: Light):
        self.view, self.light = view, light
        shape = (2 * view.height + 1, 2 * view.width + 1)
        self.colours = np.zeros((*shape, 3), np.uint8)
        self.labels = np.zeros(shape, np.uint8)

    def along(self, x: float, ends: tuple[float, float], surface: Surface) -> None:
        """Paints a plane that follows the street at x from `ends[0]` to `ends[1]` metres ahead."""
        start, end = max(ends[0], NEAR), ends[1]
        if x * self.view.bend > 0:  # Past this the plane turns its back and is hidden by its nearer part.
            end = min(end, (x / self.view.bend) ** 0.5)
        if end <= start:
            return
        z = np.geomspace(start, end, 48)
        at = self.view.column(x, z)
        order = slice(None, None, 1 if at[-1] > at[0] else -1)
        columns = self._columns(at.min(), at.max())
        depth = 1 / np.interp(columns, at[order], 1 / z[order])
        self._upright(columns, depth, depth, surface, np.array([-np.sign(x), 0, 0], np.float32))

    def across(self, z: float, ends: tuple[float, float], surface: Surface) -> None:
        """Paints a plane that faces the camera z metres ahead, from x = `ends[0]` to `ends[1]`."""
        if z <= NEAR:
            return
        left, right = self.view.column(np.array(ends), z)
        columns = self._columns(left, right)
        x = np.interp(columns, (left, right), ends)
        self._upright(columns, x, np.full(x.shape, z), surface, np.array([0, 0, -1], np.float32))

    def _columns(self, left: float, right: float) -> np.ndarray:
        low, high = np.clip((np.ceil(left), np.floor(right) + 1), 0, self.labels.shape[1]).astype(int)
        return np.arange(low, max(low, high))

    def _upright(
        self, columns: np.ndarray, place: np.ndarray, depth: np.ndarray, surface: Surface, normal: np.ndarray
    ) -> None:
        """Columns (n,) of a surface, whose metres along it are `place` (n,) and whose distance is `depth` (n,)."""
        if not len(columns):
            return
        view, place, depth = self.view, place.astype(np.float32), depth.astype(np.float32)
        top = surface.top(place)
        first = max(0, int(view.row(top, depth).min()))
        last = max(first, min(self.labels.shape[0], int(view.row(0.0, depth).max()) + 1))
        slope = (np.arange(first, last, dtype=np.float32)[:, None] / (2 * view.height) - view.horizon) / view.focal
        height = view.eye - slope * depth
        inside = (height >= 0) & (height <= top)
        index = surface.pattern(place, np.maximum(height, 0))
        seen = self.light.seen(surface.palette, normal, depth.mean())
        window = slice(first, last), slice(columns[0], columns[-1] + 1)
        np.copyto(self.labels[window], np.uint8(surface.label), where=inside)
        if surface.holes:
            inside &= index < len(seen)
        np.copyto(self.colours[window], seen.take(index, axis=0, mode="clip"), where=inside[..., None])

    def faces(self, mesh: Mesh) -> None:
        """Paints objects, whose first face is the first painted; marks too small to be seen are left out."""
        points, starts, faces = mesh
        flat, depth = self.view.project(points), points[starts[:-1], 2:]
        solid = np.array([face.normal is None for face in faces])
        given = np.array([(0, 0, 0) if face.normal is None else face.normal for face in faces])
        normals = np.where(solid[:, None], _outward(points, starts), given)
        colours = np.array([(0, 0, 0) if face.colour is None else face.colour for face in faces])
        seen = self.light.seen(colours, normals, depth).tolist()
        area = _areas(flat, starts)
        marks = np.array([face.label is None for face in faces])
        shown = (depth[:, 0] > NEAR) & (~solid | (area > 0)) & (~marks | (np.abs(area) > _SMALL))
        colour_image, label_image = Image.fromarray(self.colours), Image.fromarray(self.labels)
        paint, mark = ImageDraw.Draw(colour_image), ImageDraw.Draw(label_image)
        flat = np.rint(flat).astype(int)
        for number in np.flatnonzero(shown):
            outline, face = flat[starts[number] : starts[number + 1]].ravel().tolist(), faces[number]
            if face.colour is not None:
                paint.polygon(outline, fill=tuple(seen[number]))
            if face.label is not None:
                mark.polygon(outline, fill=face.label)
        self.colours, self.labels = np.array(colour_image), np.array(label_image)

    def develop(self) -> tuple[np.ndarray, np.ndarray]:
        """The picture, (height, width, 3) float32 from 0 to 255, and its stored ids, (height, width) uint8."""
        rows = self.colours[1::2].astype(np.float32) * 2
        rows += self.colours[:-1:2]
        rows += self.colours[2::2]
        picture = 2 * rows[:, 1::2] + rows[:, :-1:2] + rows[:, 2::2]
        return picture / 16, self.labels[1::2, 1::2].copy()


def shadows(view: View, light: Light, meshes: Sequence[Mesh], first: int) -> np.ndarray:
    """Where objects keep the sun from the ground.

    Args:
        first: the first sample row of the ground.

    Returns:
        (rows from `first` on, columns) float32, 1 in full shadow.
    """
    mask = Image.new("L", (2 * view.width + 1, 2 * view.height + 1 - first))
    draw = ImageDraw.Draw(mask)
    for points, starts, faces in meshes:
        fallen = points - points[:, 1:2] * (light.sun / light.sun[1])
        flat = np.rint(view.project(fallen) - (0, first)).astype(int)
        ahead = np.maximum.reduceat(fallen[:, 2], starts[:-1]) > NEAR
        for face, start, end, seen in zip(faces, starts, starts[1:], ahead):
            if seen and face.label is not None:
                draw.polygon(flat[start:end].ravel().tolist(), fill=255)
    radius = light.blur * view.focal / 10 * 2 * view.height
    return np.asarray(mask.filter(ImageFilter.BoxBlur(radius)), np.float32) / 255


def _outward(points: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Unit normals of the faces whose points (n, 3) begin at `starts` and end at the next."""
    corner = points[starts[:-1]]
    # The world's axes are left-handed, so the product's order is the reverse of the usual.
    normal = np.cross(points[starts[:-1] + 2] - corner, points[starts[:-1] + 1] - corner)
    return normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)


def _areas(flat: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Of outlines (n, 2) that begin at `starts`; above 0 for those that are seen from outside."""
    after = np.arange(1, len(flat) + 1)
    after[starts[1:] - 1] = starts[:-1]
    x, y = flat.T
    return -np.add.reduceat(x * y[after] - x[after] * y, starts[:-1])
