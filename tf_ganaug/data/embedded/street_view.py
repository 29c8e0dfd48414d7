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


class Face(NamedTuple):
    """A flat polygon of an object.

    Attributes:
        points: (n, 3), convex or nearly so, counterclockwise as seen from outside.
        colour: (3,); None to leave the colours as they are, where one sees through.
        label: stored id; None for a mark upon another face, which has the label already.
        normal: of a face that is seen from both sides, (3,); None for a face of a solid body.
    """

    points: np.ndarray
    colour: np.ndarray | None
    label: int | None
    normal: tuple[float, float, float] | None = None


class Surface(NamedTuple):
    """What a tall upright plane shows: a house front, a wall, a row of trees.

    Attributes:
        label: stored id of all that lies below `top`.
        palette: (K, 3) colours.
        pattern: from metres along the plane (n,) and metres above the ground (m, n) to indices (m, n) of
            `palette`; K where one sees through.
        top: from metres along the plane (n,) to its height there (n,).
    """

    label: int
    palette: np.ndarray
    pattern: Callable[[np.ndarray, np.ndarray], np.ndarray]
    top: Callable[[np.ndarray], np.ndarray]


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
        sight: metres over which the air takes 63 % of the contrast.
        sky: (2, 3) colours at the top and at the horizon.
        shade: the part of the light that a shadow takes from the ground.
        lamps: whether they are on.
    """

    sun: np.ndarray
    direct: np.ndarray
    ambient: np.ndarray
    air: np.ndarray
    sight: float
    sky: np.ndarray
    shade: float
    lamps: bool

    def on(self, colour: np.ndarray, normal: np.ndarray, depth: np.ndarray) -> np.ndarray:
        """What is seen of surfaces: colours (..., 3), unit normals (..., 3) and depths (..., 1) in metres.

        Returns:
            (..., 3) linear light.
        """
        normal = np.asarray(normal)
        sky = 0.72 + 0.28 * normal[..., 1:2]
        light = self.ambient * sky + self.direct * np.maximum(normal @ self.sun, 0)[..., None]
        lit = np.where(np.max(colour, axis=-1, keepdims=True) > 1, colour, colour * light)
        clear = np.exp(-depth / self.sight)
        return lit * clear + self.air * (1 - clear)


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
        self._upright(columns, depth, depth, surface, (-np.sign(x), 0.0, 0.0))

    def across(self, z: float, ends: tuple[float, float], surface: Surface) -> None:
        """Paints a plane that faces the camera z metres ahead, from x = `ends[0]` to `ends[1]`."""
        if z <= NEAR:
            return
        left, right = self.view.column(np.array(ends), z)
        columns = self._columns(left, right)
        x = np.interp(columns, (left, right), ends)
        self._upright(columns, x, np.full_like(x, z), surface, (0.0, 0.0, -1.0))

    def _columns(self, left: float, right: float) -> np.ndarray:
        low, high = np.clip((np.ceil(left), np.floor(right) + 1), 0, self.labels.shape[1]).astype(int)
        return np.arange(low, max(low, high))

    def _upright(
        self, columns: np.ndarray, place: np.ndarray, depth: np.ndarray, surface: Surface, normal: tuple[float, ...]
    ) -> None:
        """Columns (n,) of a surface, whose metres along it are `place` (n,) and whose distance is `depth` (n,)."""
        if not len(columns):
            return
        view, top = self.view, surface.top(place)
        first = max(0, int(view.row(top, depth).min()))
        last = min(self.labels.shape[0], int(view.row(0.0, depth).max()) + 1)
        rows = np.arange(first, max(first, last), dtype=np.float32)[:, None]
        slope = ((rows / (2 * view.height) - view.horizon) / view.focal).astype(np.float32)
        height = view.eye - slope * depth.astype(np.float32)
        inside = (height >= 0) & (height <= top.astype(np.float32))
        index = surface.pattern(place.astype(np.float32), height)
        seen = encode(self.light.on(surface.palette, normal, np.mean(depth)[None]))
        window = slice(first, max(first, last)), slice(columns[0], columns[-1] + 1)
        self.labels[window][inside] = surface.label
        opaque = inside & (index < len(seen))
        self.colours[window][opaque] = seen[index[opaque]]

    def faces(self, faces: Sequence[Face]) -> None:
        """Paints the faces of objects, the first first."""
        starts = np.cumsum([0] + [len(face.points) for face in faces])
        points = np.concatenate([face.points for face in faces])
        flat = self.view.project(points)
        front = points[starts[:-1], 2] > NEAR
        outward = _outward(points, starts)
        solid = np.array([face.normal is None for face in faces])
        normals = np.array([out if face.normal is None else face.normal for face, out in zip(faces, outward)])
        colours = np.array([(0, 0, 0) if face.colour is None else face.colour for face in faces])
        seen = encode(self.light.on(colours, normals, points[starts[:-1], 2:]))
        shown = front & (~solid | (_areas(flat, starts) > 0))
        colour_image, label_image = Image.fromarray(self.colours), Image.fromarray(self.labels)
        paint, mark = ImageDraw.Draw(colour_image), ImageDraw.Draw(label_image)
        flat = np.rint(flat).astype(int)
        for number in np.flatnonzero(shown):
            outline = flat[starts[number] : starts[number + 1]].ravel().tolist()
            face = faces[number]
            if face.colour is not None:
                paint.polygon(outline, fill=tuple(seen[number].tolist()))
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


def shadows(view: View, light: Light, faces: Sequence[Face], first: int, blur: float) -> np.ndarray:
    """Where faces keep the sun from the ground.

    Args:
        first: the first sample row of the ground.
        blur: metres that a shadow's edge is wide, as seen 10 m ahead.

    Returns:
        (rows from `first` on, columns) float32, 1 in full shadow.
    """
    mask = Image.new("L", (2 * view.width + 1, 2 * view.height + 1 - first))
    draw = ImageDraw.Draw(mask)
    casting = [face for face in faces if face.label is not None]
    starts = np.cumsum([0] + [len(face.points) for face in casting])
    points = np.concatenate([face.points for face in casting])
    fallen = points - points[:, 1:2] * (light.sun / light.sun[1])
    flat = np.rint(view.project(fallen) - (0, first)).astype(int)
    for start, end in zip(starts, starts[1:]):
        if fallen[start:end, 2].max() > NEAR:
            draw.polygon(flat[start:end].ravel().tolist(), fill=255)
    radius = blur * view.focal / 10 * 2 * view.height
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
