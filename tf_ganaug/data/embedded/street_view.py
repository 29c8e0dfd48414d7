"""The camera, the light and the canvas of the drawn street scenes.

World coordinates are metres: x to the right of the camera, y above the ground, z ahead of it. Colours
are linear reflectances from 0 to 1; a colour above 1 shines by itself. Everything is drawn on a grid of
two samples per pixel whose odd samples are the pixels' centres: a pixel's label is that of its centre,
its colour the weighted mean of the 3 x 3 samples around it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

#: Nothing nearer to the camera is drawn, metres.
NEAR = 0.8

#: Marks of half as many square samples are not painted.
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
        points = np.array([point for face in faces for point in face.points])
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


@dataclass(frozen=True)
class View:
    """A pinhole camera above a street that bends gently.

    Attributes:
        height: of the picture, pixels.
        width: of the picture, pixels.
        focal: focal length in heights of the picture.
        horizon: its row, in heights of the picture.
        aside: of the street's vanishing point from the picture's middle, in heights of the picture.
        eye: height of the camera, metres.
        bend: at distance z the street lies bend * z**2 to the right, 1/m.
    """

    height: int
    width: int
    focal: float
    horizon: float
    aside: float
    eye: float
    bend: float

    def column(self, x: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Sample columns of points x aside and z ahead."""
        return 2 * self.height * (self.focal * (x / z + self.bend * z) + self.aside) + self.width

    def row(self, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Sample rows of points y above the ground and z ahead."""
        return 2 * self.height * (self.focal * (self.eye - y) / z + self.horizon)

    def project(self, points: np.ndarray) -> np.ndarray:
        """World points (..., 3) to sample columns and rows (..., 2)."""
        x, y, z = np.moveaxis(points, -1, 0)
        z = np.maximum(z, NEAR)
        return np.stack([self.column(x, z), self.row(y, z)], axis=-1)

    def ground(self) -> tuple[int, np.ndarray, np.ndarray]:
        """The first sample row below the horizon, and x (m, n) and z (m, 1) of the ground's samples from there on."""
        first = int(2 * self.height * self.horizon) + 1
        rows = np.arange(first, 2 * self.height + 1, dtype=np.float32)[:, None]
        columns = np.arange(2 * self.width + 1, dtype=np.float32)
        z = 2 * self.height * self.focal * self.eye / (rows - 2 * self.height * self.horizon)
        slope = ((columns - self.width) / (2 * self.height) - self.aside) / self.focal
        return first, slope * z - self.bend * z**2, z


@dataclass(frozen=True)
class Light:
    """Sun, sky and air.

    Attributes:
        sun: (3,) unit vector towards it; straight up where it casts no shadow.
        direct: (3,) light of the sun.
        ambient: (3,) light of the sky.
        air: (3,) colour of what is far away.
        sky: (2, 3) colours at the top and at the horizon.
        sight: metres over which the air takes 63 % of the contrast.
        shade: the part of the light that a shadow takes from the ground.
        blur: metres that a shadow's edge is wide, as seen 10 m ahead.
        lamps: whether they are on.
    """

    sun: np.ndarray
    direct: np.ndarray
    ambient: np.ndarray
    air: np.ndarray
    sky: np.ndarray
    sight: float
    shade: float
    blur: float
    lamps: bool

    def on(self, normals: np.ndarray) -> np.ndarray:
        """The light that falls on surfaces with unit normals (..., 3)."""
        sky = 0.72 + 0.28 * normals[..., 1:2]
        return self.ambient * sky + self.direct * np.maximum(normals @ self.sun, 0)[..., None]

    def through_air(self, colours: np.ndarray, depth: np.ndarray | float) -> np.ndarray:
        """How colours (..., 3) look from `depth` metres away, (..., 1)."""
        clear = np.exp(-depth / self.sight)
        return colours * clear + self.air * (1 - clear)

    def seen(self, colours: np.ndarray, normals: np.ndarray, depth: np.ndarray | float) -> np.ndarray:
        """Display values, uint8, of surfaces that reflect or shine: (n, 3), (n, 3) or (3,), and (n, 1)."""
        shines = colours.max(axis=1, keepdims=True) > 1
        return encode(self.through_air(np.where(shines, colours, colours * self.on(normals)), depth))


def encode(light: np.ndarray) -> np.ndarray:
    """Linear light to display values, uint8; the gamma is 2."""
    return (255 * np.sqrt(np.clip(light, 0, 1))).astype(np.uint8)


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
        index = surface.pattern(place, height)
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
        flipped = np.array([(0, 0, 0) if face.normal is None else face.normal for face in faces])
        normals = np.where(solid[:, None], _outward(points, starts), flipped)
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


def shadows(view: View, light: Light, mesh: Mesh, first: int) -> np.ndarray:
    """Where objects keep the sun from the ground.

    Args:
        first: the first sample row of the ground.

    Returns:
        (rows from `first` on, columns) float32, 1 in full shadow.
    """
    mask = Image.new("L", (2 * view.width + 1, 2 * view.height + 1 - first))
    draw = ImageDraw.Draw(mask)
    fallen = mesh.points - mesh.points[:, 1:2] * (light.sun / light.sun[1])
    flat = np.rint(view.project(fallen) - (0, first)).astype(int)
    ahead = np.maximum.reduceat(fallen[:, 2], mesh.starts[:-1]) > NEAR
    for face, start, end, seen in zip(mesh.faces, mesh.starts, mesh.starts[1:], ahead):
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
