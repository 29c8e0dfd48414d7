"""Street scenes drawn by code, with exact labels of Cityscapes' 19 training classes and void.

Made to try the programs without any download, not to stand for streets. A scene is a street seen from a
car: what is nearer is larger and hides what is farther. Walls, fences, terrain, traffic lights, riders,
trucks, buses, trams and motorcycles are rare on purpose. Void is the car's own hood and what Cityscapes
calls static clutter.
"""

from __future__ import annotations

import zlib
from functools import lru_cache, partial

import numpy as np
from scipy.ndimage import gaussian_filter

from tf_ganaug.data.cases import Case, Dataset, LabelSpec
from tf_ganaug.data.embedded import street_blocks as blocks
from tf_ganaug.data.embedded import street_plan as plan
from tf_ganaug.data.embedded.street_blocks import Street
from tf_ganaug.data.embedded.street_canvas import Canvas, Mesh, Thing, shadows
from tf_ganaug.data.embedded.street_view import Light, View, encode
from tf_ganaug.data.street_labels import STORED_ID

#: How much the pixels of a class vary in brightness; the others vary by `_TEXTURE`.
_TEXTURES = {"vegetation": 0.14, "terrain": 0.12, "building": 0.04, "wall": 0.06, "sky": 0.005, "road": 0.025}
_TEXTURE = 0.02


def read(scenes: int, height: int, width: int, seed: int, view: LabelSpec) -> Dataset:
    """A data set of street scenes that are drawn when they are read.

    Args:
        scenes: how many; each is its own subject.
        height: of the pictures in pixels.
        width: of the pictures in pixels.
        seed: of all scenes; scene n is the same whatever `scenes` is.
        view: `CATEGORIES` or `TRAINING_CLASSES` of `data/street_labels.py`.

    Returns:
        Images (height, width, 3) uint8; labels (height, width) uint8, Cityscapes' stored ids.
    """
    cases = tuple(_case(seed, scene, height, width) for scene in range(scenes))
    return Dataset("synthetic street scenes (drawn by code)", cases, view, channels=3, synthetic=True)


def draw(seed: int, scene: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """One scene; at another height it is the same street, but for the noise, and a wider picture shows more of it.

    Args:
        seed: of the data set.
        scene: 0, 1, 2, ...
        height: of the picture in pixels.
        width: of the picture in pixels.

    Returns:
        Image (height, width, 3) uint8 and stored ids (height, width) uint8.
    """
    rng = np.random.default_rng([seed, scene])
    light, street = _light(rng), plan.street(rng)
    canvas = Canvas(_view(street, rng, height, width), light)
    lots = plan.lots(street, rng, light.lamps)
    things = Mesh.of(plan.things(street, rng, light.lamps))
    blocks.paint_sky(canvas, rng)
    canvas.across(street.end, (-150.0, 150.0), plan.skyline(rng))
    first = canvas.view.ground()[0]
    walls = Mesh.of([Thing(0.0, 0.0, [face for lot in lots for face in lot.walls()])])
    shadow = shadows(canvas.view, light, (things, walls), first)
    blocks.paint_ground(canvas, street, shadow, rng)
    for lot in lots:
        lot.paint(canvas)
    canvas.faces(things)
    picture, labels = canvas.develop()
    _add_hood(picture, labels, light, rng)
    return _expose(picture, labels, rng, np.random.default_rng([seed, scene, height, width])), labels


def _case(seed: int, scene: int, height: int, width: int) -> Case:
    name = f"street-{scene:05d}"
    return Case(
        id=name,
        subject=name,
        spacing=(1.0, 1.0),
        spacing_known=False,
        files=(f"{name} (drawn, seed {seed}, {width} x {height} pixels)",),
        image=partial(_read_image, seed, scene, height, width),
        label=partial(_read_label, seed, scene, height, width),
    )


#: A case's image and label are mostly read one after the other, so the last drawing is kept.
_drawn = lru_cache(maxsize=2)(draw)


def _read_image(*scene: int) -> np.ndarray:
    return _drawn(*scene)[0].copy()


def _read_label(seed: int, scene: int, height: int, width: int) -> np.ndarray:
    stored = zlib.decompress(_label(seed, scene, height, width))
    return np.frombuffer(stored, np.uint8).reshape(height, width).copy()


@lru_cache(maxsize=1024)
def _label(*scene: int) -> bytes:
    """Compressed: an evaluation reads every label for every network, and a drawing costs a hundred times as much."""
    return zlib.compress(_drawn(*scene)[1].tobytes(), 1)


def _view(street: Street, rng: np.random.Generator, height: int, width: int) -> View:
    # Up to this bend no house comes between the camera and what stands on the street.
    bend = min(-street.front(0), street.front(1)) / plan.REACH**2
    return View(
        height=height,
        width=width,
        focal=rng.uniform(1.3, 1.9),
        horizon=rng.uniform(0.38, 0.48),
        aside=rng.normal(0, 0.1),
        eye=rng.uniform(1.25, 1.8),
        bend=bend * rng.uniform(-1, 1),
    )


def _light(rng: np.random.Generator) -> Light:
    """Sun in half of the scenes, an overcast sky in a third, dusk in the others."""
    kind, warmth = rng.random(), rng.uniform(-1, 1) * np.array([0.06, 0.0, -0.07])
    turn, rise, sight = rng.uniform((-np.pi, 0.4, 120), (np.pi, 1.0, 500)).tolist()
    sun, shade, blur = np.array([0, 1, 0]), 0.6, 0.12
    if kind < 0.5:
        sun = np.array([np.cos(rise) * np.sin(turn), np.sin(rise), np.cos(rise) * np.cos(turn)])
        direct, ambient = np.array([1.45, 1.3, 1.1]) + warmth, np.array([0.42, 0.48, 0.58])
        sky = np.array([(0.13, 0.3, 0.68), (0.62, 0.75, 0.88)]) * rng.uniform(0.75, 1.1)
        air, shade, blur = 0.85 * sky[1], rng.uniform(0.55, 0.7), 0.04
    elif kind < 0.83:
        low = np.array([0.8, 0.84, 0.88]) * rng.uniform(0.75, 1.1) + warmth
        sky = np.stack([low * rng.uniform(0.65, 1.0), low])
        direct, ambient, air, sight = 0.2 * low, 1.1 * low, 0.8 * low, 0.7 * sight
    else:
        low = np.array([0.6, 0.38, 0.28]) * rng.uniform(0.35, 0.9)
        sky = np.stack([np.array([0.06, 0.09, 0.2]) * rng.uniform(0.6, 1.5), low])
        ambient = np.array([0.26, 0.24, 0.3]) * rng.uniform(0.6, 1.1)
        direct, air = 0.1 * ambient, 0.5 * low
    arrays = (value.astype(np.float32) for value in (sun, direct, ambient, air, sky))
    return Light(*arrays, sight=sight, shade=shade, blur=blur, lamps=kind >= 0.83)


def _add_hood(picture: np.ndarray, labels: np.ndarray, light: Light, rng: np.random.Generator) -> None:
    """The car's own hood along the lower edge, in three scenes of four."""
    height, width = labels.shape
    tall, middle, paint = rng.uniform(0.04, 0.1), rng.normal(0, 0.15), rng.uniform(0.02, 0.25)
    if rng.random() < 0.25:
        return
    x = (np.arange(width) + 0.5 - width / 2) / height - middle
    edge = 1 - tall * (1 - 0.25 * x**2)
    rows = ((np.arange(height) + 0.5) / height)[:, None]
    hood = rows > edge
    gloss = np.clip(1.8 - 14 * (rows - edge), 0.35, 1.8)[..., None]
    picture[hood] = encode((paint * light.ambient + 0.12 * light.sky[1]) * gloss[hood])
    labels[hood] = STORED_ID["ego vehicle"]


def _expose(
    picture: np.ndarray, labels: np.ndarray, rng: np.random.Generator, grain: np.random.Generator
) -> np.ndarray:
    """Surface texture, exposure, vignetting and sensor noise; returns (height, width, 3) uint8."""
    height, width = labels.shape
    rough = np.full(256, _TEXTURE, np.float32)
    for name, value in _TEXTURES.items():
        rough[STORED_ID[name]] = value
    fine, coarse = grain.standard_normal((2, height, width), np.float32)
    noise = 0.6 * fine + 1.6 * gaussian_filter(coarse, 1.0, truncate=2)
    x, y = (np.arange(width) + 0.5) / width - 0.5, (np.arange(height) + 0.5) / height - 0.5
    vignette = 1 - rng.uniform(0, 0.5) * (x**2 + y[:, None] ** 2)
    gain = np.clip(rng.normal(118, 12) / picture.mean(), 0.75, 1.5) * rng.uniform(0.96, 1.04, 3)
    dim = (1 + rough[labels] * noise) * vignette.astype(np.float32)
    picture = picture * dim[..., None] * gain.astype(np.float32)
    picture += np.float32(rng.uniform(0.5, 3.5)) * grain.standard_normal(picture.shape, np.float32)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
