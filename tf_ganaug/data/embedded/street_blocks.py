"""Sky, ground and roadsides of the drawn street scenes: what is painted before anything stands on it.

Lengths are metres; x is measured from the camera, to the right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from tf_ganaug.data.embedded.street_canvas import Canvas, Surface
from tf_ganaug.data.embedded.street_view import encode
from tf_ganaug.data.street_labels import STORED_ID

_UP = np.array([0, 1, 0], np.float32)

#: Side of the tile of noise that textures repeat, in its cells.
_TILE = 256


def _noise_tile() -> np.ndarray:
    """Grain of two sizes that repeats without a seam, (256, 256) float32 of mean 0 and spread about 1."""
    fine, coarse = np.random.default_rng(0).standard_normal((2, _TILE, _TILE))
    wave = np.fft.fftfreq(_TILE) ** 2
    coarse = np.fft.ifft2(np.fft.fft2(coarse) * np.exp(-200 * (wave[:, None] + wave))).real
    return ((fine + coarse / coarse.std()) / 2**0.5).astype(np.float32)


_NOISE = _noise_tile()

#: Six shades of leaves.
_LEAVES = np.clip(1.4 * _NOISE + 3, 0, 5).astype(np.uint8)


@dataclass(frozen=True)
class Street:
    """The plan of a street.

    Attributes:
        road: x of its left and right edge.
        walks: width of the sidewalk on the left and on the right.
        verges: width of the grass behind each sidewalk.
        lanes: x of the middle of each, from left to right, and whether its traffic comes towards the camera.
        rails: x of the middle of a tram's track; None without.
        crossing: where a cross street begins and ends, z; None without.
        zebra: whether a zebra crossing lies before the cross street.
        end: z of the skyline that closes the view.
    """

    road: tuple[float, float]
    walks: tuple[float, float]
    verges: tuple[float, float]
    lanes: tuple[tuple[float, bool], ...]
    rails: float | None
    crossing: tuple[float, float] | None
    zebra: bool
    end: float

    def front(self, side: int) -> float:
        """X of the line where lots begin, on the left (0) or on the right (1)."""
        return self.road[side] + (self.walks[side] + self.verges[side]) * (1 if side else -1)

    @property
    def divide(self) -> float:
        """X of the border between the traffic that comes and the traffic that goes."""
        ahead = min(x for x, oncoming in self.lanes if not oncoming)
        return max([self.road[0], *((x + ahead) / 2 for x, oncoming in self.lanes if oncoming)])

    @property
    def borders(self) -> np.ndarray:
        """X of the borders between verge, sidewalk, road, sidewalk and verge, (4,)."""
        (left, right), walks = self.road, self.walks
        return np.array([left - walks[0], left, right, right + walks[1]], np.float32)


def paint_sky(canvas: Canvas, rng: np.random.Generator) -> None:
    """Sky down to the horizon, with clouds."""
    top, low = canvas.light.sky
    rows, columns = canvas.view.ground()[0], canvas.labels.shape[1]
    height = np.linspace(0, 1, rows, dtype=np.float32)[:, None, None]
    wide, fine = rng.standard_normal((3, 7)), rng.standard_normal((6, 28))
    grid = Image.fromarray((np.kron(wide, np.ones((2, 4))) + 0.6 * fine).astype(np.float32))
    clouds = np.asarray(grid.resize((columns, rows), Image.Resampling.BICUBIC))[..., None]
    cover = np.clip(0.5 * clouds + np.float32(rng.uniform(-0.5, 0.4)), 0, 1) * np.float32(rng.uniform(0.2, 0.7))
    blue = top + (low - top) * height**0.7
    canvas.colours[:rows] = encode(blue + (np.maximum(low * 1.05, top) - blue) * cover)
    canvas.labels[:rows] = STORED_ID["sky"]


def paint_ground(canvas: Canvas, street: Street, shadow: np.ndarray, rng: np.random.Generator) -> None:
    """Road, sidewalks and verges with their markings.

    Args:
        shadow: (rows below the horizon, columns) float32, 1 where no sun falls.
    """
    first, x, z = canvas.view.ground()
    zone = sum((x > border).view(np.uint8) for border in street.borders)
    if street.crossing:
        start, end = street.crossing
        zone[(z[:, 0] > start) & (z[:, 0] < end)] = 2
    labels, colours = _zones(street, rng)
    canvas.labels[first:] = labels.take(zone)
    lit = canvas.light.on(_UP)
    colour = (colours * lit).take(zone, axis=0)
    _mark_road(colour, zone == 2, street, (x, z), lit, rng)
    offset = rng.integers(_TILE, size=2)
    row, column = (3 * z + offset[0]).astype(np.intp) % _TILE, (6 * x + offset[1]).astype(np.intp)
    column &= _TILE - 1
    column += _TILE * row
    dim = 1 + np.float32(rng.uniform(0.03, 0.13)) * _NOISE.take(column)
    dim *= 1 - np.float32(canvas.light.shade) * shadow
    colour *= dim[..., None]
    canvas.colours[first:] = encode(canvas.light.through_air(colour, z[..., None]))


def _zones(street: Street, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Stored ids (5,) and colours (5, 3) of verge, sidewalk, road, sidewalk and verge."""
    grass = np.array([0.13, 0.19, 0.05]) * rng.uniform(0.7, 1.4)
    if rng.random() < 0.25:
        grass = np.array([0.3, 0.22, 0.12]) * rng.uniform(0.7, 1.1)  # bare soil
    walk = np.array([0.27, 0.26, 0.24]) * rng.uniform(0.75, 1.35) * rng.uniform(0.93, 1.07, 3)
    road = np.array([0.13, 0.13, 0.135]) * rng.uniform(0.7, 1.7)
    verges = [grass if width else walk for width in street.verges]
    names = ["terrain" if width else "sidewalk" for width in street.verges]
    ids = [STORED_ID[name] for name in (names[0], "sidewalk", "road", "sidewalk", names[1])]
    return np.array(ids, np.uint8), np.array([verges[0], walk, road, walk, verges[1]], np.float32)


def _mark_road(
    colour: np.ndarray,
    road: np.ndarray,
    street: Street,
    place: tuple[np.ndarray, np.ndarray],
    lit: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Lanes, kerbs, patches, rails and zebra stripes, painted into colours (m, n, 3) under the light `lit`."""
    x, z = place
    near = int(np.searchsorted(-z[:, 0], -60.0))  # farther away no line is wide enough to see
    colour, road, x, z = colour[near:], road[near:], x[near:], z[near:]
    white = lit * np.float32(rng.uniform(0.35, 0.65))
    for _ in range(rng.poisson(2)):
        low, high = (street.road[0], 4, 0.6, 1), (street.road[1], 30, 2.5, 9)
        across, ahead, wide, long = rng.uniform(low, high).tolist()
        patch = road & (np.abs(x - across) < wide) & (np.abs(z - ahead) < long)
        colour[patch] *= np.float32(rng.uniform(0.7, 1.25))
    dash, phase = (6, 9, 12)[rng.integers(3)], rng.uniform(0, 9)
    dashed = (z + phase) % dash < dash / 2
    stripes = np.zeros_like(road)
    for (left, _), (right, _) in zip(street.lanes, street.lanes[1:]):
        stripes |= (np.abs(x - (left + right) / 2) < 0.075) & dashed
    if rng.random() < 0.4:
        for edge in street.road:
            stripes |= np.abs(np.abs(x - edge) - 0.4) < 0.06
    if street.crossing:
        start = street.crossing[0]
        stripes &= (z < start - 5) | (z > street.crossing[1])
        if street.zebra:
            stripes |= (x % 1.0 < 0.5) & (z > start - 4.2) & (z < start - 1.2)
        else:
            stripes |= (z > start - 1.6) & (z < start - 1.1) & (x > street.divide)
    colour[road & stripes] = white
    for edge in street.road:
        colour[(np.abs(x - edge) < 0.12) & ~road] *= np.float32(1.35)
    if street.rails is not None:
        rail = np.abs(np.abs(x - street.rails) - 0.72) < 0.06
        colour[road & rail] = 0.32 * lit


def house_front(rng: np.random.Generator, lit: bool, storeys: int) -> Surface:
    """A house with rows of windows; `lit` tells whether some shine."""
    storey, bay = rng.uniform(2.9, 3.6), rng.uniform(1.7, 3.4)
    eaves = storeys * storey + rng.uniform(0.2, 0.8)
    roof = rng.uniform(0.8, 2.5) if rng.random() < 0.55 else 0.0
    tints = [(0.5, 0.44, 0.34), (0.32, 0.14, 0.09), (0.38, 0.38, 0.37), (0.6, 0.57, 0.5), (0.5, 0.36, 0.2)]
    plaster = np.array(tints[rng.integers(5)]) * rng.uniform(0.55, 1.15) * rng.uniform(0.9, 1.1, 3)
    frame = np.array([0.55, 0.54, 0.5]) * rng.uniform(0.5, 1.2)
    tile = np.array([(0.25, 0.09, 0.05), (0.09, 0.09, 0.1)][rng.integers(2)])
    glass = np.array([0.05, 0.065, 0.08]) * rng.uniform(0.5, 3.5, (8, 1))
    if lit:
        glass[:3] = (1.01, 0.72, 0.35)
    shop, base = rng.random() < 0.4, plaster * rng.uniform(0.5, 0.9)
    # Of even and odd floors, frames, the roof, the foot, and eight panes.
    palette = np.array([plaster, plaster * 0.94, frame, tile, base, *glass])
    width, sill, head = rng.uniform(0.4, 0.7), rng.uniform(0.22, 0.32), rng.uniform(0.75, 0.9)
    if rng.random() < 0.2:
        width = 1.0  # an office's bands of glass
    panes, ledge = rng.integers(8, size=64), rng.random() < 0.5

    def pattern(place: np.ndarray, height: np.ndarray) -> np.ndarray:
        level, number = height / storey, np.floor(place / bay)
        aside = np.abs(place / bay - number - 0.5)
        floor = level.astype(np.uint8)
        level -= floor
        index = floor & 1
        np.copyto(index, 2, where=(level < sill) & (level > sill - 0.07) & (aside <= width / 2 + 0.06))
        windows = (level > sill) & (level < head) & (aside <= width / 2)
        ground = height < (0.85 * storey if shop else 0.8)
        np.copyto(index, 4, where=ground)
        if shop:
            windows = np.where(ground, (aside < 0.44) & (height > 0.4), windows)
        if ledge:
            np.copyto(index, 2, where=level < 0.05)
        glasses = 5 + (3 * floor + panes[number.astype(int) % 64].astype(np.uint8)) % 8
        np.copyto(index, glasses, where=windows)
        np.copyto(index, 3, where=height > eaves)
        return index

    return Surface(STORED_ID["building"], palette, pattern, lambda place: np.full_like(place, eaves + roof))


def wall(rng: np.random.Generator) -> Surface:
    """A wall of blocks or concrete."""
    tall, wide, high = rng.uniform(1.6, 3.5), rng.uniform(0.5, 2.5), rng.uniform(0.25, 0.7)
    stone = np.array([(0.33, 0.31, 0.28), (0.3, 0.16, 0.11), (0.45, 0.43, 0.4)][rng.integers(3)])
    palette = stone * np.append(rng.uniform(0.8, 1.15, 5), [0.55, 1.25])[:, None]

    def pattern(place: np.ndarray, height: np.ndarray) -> np.ndarray:
        row = (height / high).astype(np.int16)
        at = place / wide + (row % 2) * np.float32(0.5)
        column = np.floor(at)
        index = (row * 7 + column.astype(np.int16) * 3) % 5
        index[(at - column < 0.05) | (height / high - row < 0.1)] = 5
        index[height > tall - 0.2] = 6
        return index

    return Surface(STORED_ID["wall"], palette, pattern, lambda place: np.full_like(place, tall))


def fence(rng: np.random.Generator) -> Surface:
    """Bars, boards or mesh between posts; as in Cityscapes its gaps count as fence."""
    tall, step = rng.uniform(1.0, 2.2), rng.uniform(0.14, 0.3)
    gap = (0.15, 0.55, 0.65)[rng.integers(3)]
    tint = np.array([(0.04, 0.05, 0.05), (0.3, 0.3, 0.3), (0.26, 0.16, 0.09), (0.6, 0.6, 0.58)][rng.integers(4)])

    def pattern(place: np.ndarray, height: np.ndarray) -> np.ndarray:
        bars = (place / step) % 1 > gap
        posts = (place / 2.2) % 1 < 0.06
        rails = (np.abs(height - 0.2) < 0.06) | (np.abs(height - tall + 0.12) < 0.06)
        return np.where(posts, 1, np.where(bars | rails, 0, 2))

    palette = np.array([tint, tint * 0.7])
    return Surface(STORED_ID["fence"], palette, pattern, lambda place: np.full_like(place, tall), holes=True)


def foliage(rng: np.random.Generator, tall: float, rough: float) -> Surface:
    """A hedge or a row of trees, `tall` high give or take `rough`."""
    leaf = np.array([0.075, 0.13, 0.03]) * rng.uniform(0.7, 1.4) * rng.uniform(0.8, 1.25, 3)
    palette = leaf * np.linspace(0.35, 1.5, 6)[:, None]
    offset, grain = int(rng.integers(_TILE)), rng.uniform(2.5, 5.0)
    crests = np.convolve(rng.standard_normal(80), [0.25, 0.5, 0.25], "same")

    def pattern(place: np.ndarray, height: np.ndarray) -> np.ndarray:
        row, column = (grain * height + offset).astype(np.intp), (grain * place).astype(np.intp) % _TILE
        row %= _TILE
        row *= _TILE
        row += column
        return _LEAVES.take(row)

    def top(place: np.ndarray) -> np.ndarray:
        twigs = _NOISE[offset, (4 * place).astype(np.intp) % _TILE]
        crest = np.interp(place / 2.5, np.arange(-40, 40), crests)
        return (tall + rough * crest + 0.12 * rough * twigs).astype(np.float32)

    return Surface(STORED_ID["vegetation"], palette, pattern, top)
