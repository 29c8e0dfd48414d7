"""The camera and the light of the drawn street scenes.

World coordinates are metres: x to the right of the camera, y above the ground, z ahead of it. Pictures
are drawn on a grid of two samples per pixel, one more than twice as many each way; the odd samples are
the pixels' centres. Colours are linear reflectances from 0 to 1; a colour above 1 shines by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Nothing nearer to the camera is drawn, metres.
NEAR = 0.8


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
