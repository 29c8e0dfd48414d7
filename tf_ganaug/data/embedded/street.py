"""Street scenes drawn by code, with exact labels of Cityscapes' 19 training classes and void.

Made to try the programs without any download, not to stand for streets. A scene is a street seen from a
car: what is nearer is larger and hides what is farther. Walls, fences, terrain, traffic lights, riders,
trucks, buses, trams and motorcycles are rare on purpose. Void is the car's own hood and what Cityscapes
calls static clutter.
"""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np
from scipy.ndimage import gaussian_filter

from tf_ganaug.data.cases import Case, Dataset, LabelSpec
from tf_ganaug.data.embedded import street_blocks as blocks
from tf_ganaug.data.embedded import street_plan as plan
from tf_ganaug.data.embedded.street_view import Canvas, Light, View, encode, shadows
from tf_ganaug.data.street_labels import STORED_ID

#: How much the pixels of a class vary in brightness; the others vary by `_TEXTURE`.
_TEXTURES = {"vegetation": 0.16, "terrain": 0.14, "building": 0.05, "wall": 0.08, "sky": 0.005, "road": 0.03}
_TEXTURE = 0.04


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
    canvas = Canvas(_view(rng, height, width), light)
    lots = plan.lots(street, rng, light.lamps)
    things = plan.things(street, rng, light.lamps)
    blocks.paint_sky(canvas, rng)
    canvas.across(street.end, (-150.0, 150.0), plan.skyline(rng))
    first = canvas.view.ground()[0]
    casting = things + [face for lot in lots for face in lot.walls()] if light.shade > 0.4 else things
    shadow = shadows(canvas.view, light, casting, first, 0.1 if light.shade > 0.4 else 0.5)
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
        files=(f"{name} (drawn, seed {seed}, {width} x {height} pixels)",),
        read_image=partial(_read, 0, seed, scene, height, width),
        read_label=partial(_read, 1, seed, scene, height, width),
    )


#: A case's image and label are mostly read one after the other, so the last drawing is kept.
_drawn = lru_cache(maxsize=2)(draw)


def _read(part: int, *scene: int) -> np.ndarray:
    return _drawn(*scene)[part].copy()


def _view(rng: np.random.Generator, height: int, width: int) -> View:
    return View(
        height=height,
        width=width,
        focal=rng.uniform(1.3, 1.9),
        horizon=rng.uniform(0.38, 0.48),
        aside=rng.normal(0, 0.1),
        eye=rng.uniform(1.25, 1.8),
        bend=rng.normal(0, 0.0016) * (rng.random() < 0.6),
    )


def _light(rng: np.random.Generator) -> Light:
    """Sun in half of the scenes, an overcast sky in a third, dusk in the others."""
    kind = rng.choice(["sun", "overcast", "dusk"], p=[0.5, 0.33, 0.17])
    warmth = rng.uniform(-1, 1) * np.array([0.06, 0.0, -0.07])
    turn, rise = rng.uniform(-np.pi, np.pi), rng.uniform(0.4, 1.0)
    sun = np.array([np.cos(rise) * np.sin(turn), np.sin(rise), np.cos(rise) * np.cos(turn)])
    overhead, sight = np.array([0.0, 1.0, 0.0]), rng.uniform(90, 400)
    if kind == "sun":
        warm = np.array([1.0, 0.93, 0.8]) + warmth
        sky = np.array([(0.16, 0.33, 0.68), (0.62, 0.74, 0.86)]) * rng.uniform(0.75, 1.1)
        shade = rng.uniform(0.5, 0.68)
        return Light(sun, 1.2 * warm, np.array([0.62, 0.7, 0.82]), sky[1] * 0.85, sight, sky, shade, False)
    if kind == "overcast":
        grey = np.array([0.8, 0.84, 0.88]) * rng.uniform(0.75, 1.1) + warmth
        sky = np.stack([grey * rng.uniform(0.65, 1.0), grey])
        return Light(overhead, grey * 0.15, grey * 1.1, grey * 0.8, sight * 0.6, sky, 0.35, False)
    glow = np.array([0.6, 0.38, 0.28]) * rng.uniform(0.35, 0.9)
    sky = np.stack([np.array([0.06, 0.09, 0.2]) * rng.uniform(0.6, 1.5), glow])
    ambient = np.array([0.26, 0.24, 0.3]) * rng.uniform(0.6, 1.1)
    return Light(overhead, ambient * 0.1, ambient, glow * 0.5, sight, sky, 0.3, True)


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
    seen = encode(paint * light.ambient * gloss + 0.12 * light.sky[1] * gloss).astype(np.float32)
    picture[hood] = seen[hood]
    labels[hood] = STORED_ID["ego vehicle"]


def _expose(
    picture: np.ndarray, labels: np.ndarray, rng: np.random.Generator, grain: np.random.Generator
) -> np.ndarray:
    """Surface texture, exposure, vignetting and sensor noise; returns (height, width, 3) uint8."""
    height, width = labels.shape
    rough = np.full(256, _TEXTURE, np.float32)
    for name, value in _TEXTURES.items():
        rough[STORED_ID[name]] = value
    noise = grain.standard_normal((2, height, width), np.float32)
    noise = 0.6 * noise[0] + 1.6 * gaussian_filter(noise[1], 1.0, truncate=2)
    x, y = (np.arange(width) + 0.5) / width - 0.5, (np.arange(height) + 0.5) / height - 0.5
    vignette = 1 - rng.uniform(0, 0.5) * (x**2 + y[:, None] ** 2)
    gain = np.clip(rng.normal(118, 12) / picture.mean(), 0.75, 1.5) * rng.uniform(0.96, 1.04, 3)
    picture = picture * ((1 + rough[labels] * noise) * vignette)[..., None] * gain
    picture += rng.uniform(1, 5) * grain.standard_normal(picture.shape, np.float32)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
