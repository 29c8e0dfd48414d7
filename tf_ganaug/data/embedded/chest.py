"""Frontal chest radiographs drawn by code, with exact masks of SCR's five organs.

Made to try the programs without any download, not to stand for patients. As in SCR, a lung is its
visible field, without what the heart, the mediastinum and the diaphragm hide, and a clavicle is
marked as far as the rib cage reaches. Where an opacity hides a border, the mask is the true lung.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.ndimage import label as find_components

from tf_ganaug.data.cases import Case, Dataset, LabelSpec
from tf_ganaug.data.embedded.chest_anatomy import SIDES, Person, Tubes, airways, bones, outlines_of, vessels
from tf_ganaug.data.embedded.drawing import (
    clouds,
    curve,
    ellipse,
    fill,
    ribbon,
    soften,
    strew,
    tubes,
)
from tf_ganaug.data.scr import ORGANS

#: The film's side in millimetres: JSRT's 2048 pixels of 0.175 mm.
FILM_SIDE = 358.4

#: The largest value of an image, 12 bits as in JSRT.
WHITE = 4095

#: Outlines (n, 2) or masks (size, size) by name.
_Arrays = dict[str, np.ndarray]

#: Paths of the film markers' letters in a box of width 0.65 and height 1.
_LETTERS = {
    -1: [(0, 1), (0, 0), (0.45, 0), (0.65, 0.25), (0.45, 0.5), (0.02, 0.5), (0.3, 0.5), (0.65, 1)],
    1: [(0, 0), (0, 1), (0.6, 1)],
}


def read(subjects: int, size: int, seed: int = 0, target: int | None = None) -> Dataset:
    """A data set of radiographs that are drawn when they are read.

    Args:
        subjects: how many; each has one radiograph.
        size: side of the square images in pixels.
        seed: of all subjects; subject n is the same whatever `subjects` is.
        target: a key of `ORGANS`, for that organ's whole mask alone; None for all organs in one map,
            where clavicles lie over the heart and that over the lungs.

    Returns:
        Images (size, size, 1) uint16 from 0 to 4095; labels (size, size) uint8 of `ORGANS`' ids and 0.

    Raises:
        InputError: if `target` is no organ.
    """
    spec = LabelSpec.from_names({0: "background", **ORGANS})
    if target is not None:
        target_class = spec.target(target).classes[1]
        spec = LabelSpec.from_names({0: "background", target: target_class.name})
    cases = tuple(_case(seed, subject, size, target) for subject in range(subjects))
    return Dataset("synthetic chest radiographs (drawn by code)", cases, spec, channels=1, synthetic=True)


def draw(seed: int, subject: int, size: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """One subject's radiograph; at another size it is the same picture, but for the noise.

    Args:
        seed: of the data set.
        subject: 0, 1, 2, ...
        size: side of the square picture in pixels.

    Returns:
        (size, size) uint16 from 0 to 4095, the lungs dark; and for each organ of `ORGANS` by name its
        mask, (size, size) bool.
    """
    rng = np.random.default_rng([seed, subject])
    person, outlines = _posed(rng)
    masks = _masks(outlines, size)
    depth = _soft_tissue(person, outlines, masks, size)
    depth += 0.55 * _bones(person, size) * np.minimum(2 * depth, 1)  # none outside the skin
    depth -= _air(person, masks, rng, size)
    grain = np.random.default_rng([seed, subject, size])
    film = _expose(depth, rng, grain)
    return _mark(film, rng), masks


def _posed(rng: np.random.Generator) -> tuple[Person, _Arrays]:
    """A person, and the outlines of what is drawn of them; the first draws of a subject."""
    person = Person.born(rng)
    return person, {name: person.pose(outline) for name, outline in outlines_of(person).items()}


def _case(seed: int, subject: int, size: int, target: int | None) -> Case:
    name = f"chest-{subject:04d}"
    return Case(
        id=name,
        subject=name,
        spacing=(FILM_SIDE / size, FILM_SIDE / size),
        files=(f"{name} (drawn, seed {seed}, {size} pixels)",),
        image=partial(_read_image, seed, subject, size),
        label=partial(_read_label, seed, subject, size, target),
    )


def _read_image(seed: int, subject: int, size: int) -> np.ndarray:
    return draw(seed, subject, size)[0][..., None]


def _read_label(seed: int, subject: int, size: int, target: int | None) -> np.ndarray:
    # The masks alone: an evaluation reads every label for every network, and the film costs twenty times as much.
    masks = _masks(_posed(np.random.default_rng([seed, subject]))[1], size)
    label = np.zeros((size, size), np.uint8)
    for number, organ in ORGANS.items():
        if target in (None, number):
            label[masks[organ]] = number
    return label


def _masks(outlines: _Arrays, size: int) -> _Arrays:
    """What SCR marks, of the outlines in unit coordinates."""
    masks = {organ: fill(outlines[organ], size) for organ in ORGANS.values()}
    hidden = masks["heart"] | fill(outlines["mediastinum"], size)
    for organ in ("left lung", "right lung"):
        masks[organ] = _largest(masks[organ] & ~hidden)
    return masks


def _largest(mask: np.ndarray) -> np.ndarray:
    """The largest connected part."""
    parts, _ = find_components(mask)
    return parts == np.argmax(np.bincount(parts.ravel())[1:]) + 1


def _soft_tissue(person: Person, outlines: _Arrays, masks: _Arrays, size: int) -> np.ndarray:
    """Thickness of the body without bones, as if without air; about 1 at its middle."""
    torso = fill(outlines["torso"], size)
    depth = soften(torso, 0.003) * (0.25 + 0.75 * soften(torso, 0.05))
    for patient in ("right", "left"):
        arm = fill(outlines[f"{patient} arm"], size)
        depth = np.maximum(depth, 0.75 * soften(arm, 0.02))
        lower = fill(outlines[f"{patient} breast"], size)
        depth += person.breasts * soften(lower, 0.004) * soften(lower, 0.05)
    # Against the lungs the borders of these are sharp because the air ends there; elsewhere they are not.
    depth += 0.2 * soften(fill(outlines["mediastinum"], size), 0.025)
    depth += 0.22 * soften(masks["heart"], 0.02)
    return depth + 0.22 * soften(fill(outlines["abdomen"], size), 0.05) * soften(torso, 0.02)


def _bones(person: Person, size: int) -> np.ndarray:
    """Thickness of all bone; 1 is a solid clavicle's."""
    return soften(_strewn(person, bones(person), size), 0.0022)


def _strewn(person: Person, parts: list[Tubes], size: int) -> np.ndarray:
    """The parts' thickness, (size, size)."""

    def seen(part: Tubes) -> tuple[np.ndarray, np.ndarray]:
        radius = part.radius * person.pose.scale
        points, mass = tubes(person.pose(part.paths), radius, size, part.core)
        return points, part.weight * mass

    return strew(map(seen, parts), size)


def _air(person: Person, masks: _Arrays, rng: np.random.Generator, size: int) -> np.ndarray:
    """What air takes off the thickness: lungs with their vessels and opacities, airways, stomach."""
    lungs = masks["left lung"] | masks["right lung"]
    inside = soften(lungs, 0.003)
    depth = inside * (0.3 + 0.7 * soften(lungs, 0.045)) * rng.uniform(0.35, 0.72)
    texture = sum(0.05 * clouds(rng, cells, size) for cells in (8, 40, 90))
    blood = soften(_strewn(person, vessels(person, rng), size), 0.0018)
    depth *= 1 - np.clip(blood + texture, -0.3, 0.8)
    depth *= 1 - _opacities(person, rng, size)
    # Lung behind the heart and below the domes is seen through them.
    depth += 0.10 * soften(lungs, 0.03) * (1 - inside)
    depth += 0.15 * soften(_strewn(person, airways(person), size), 0.004)
    return depth + _stomach(person, rng, size)


def _opacities(person: Person, rng: np.random.Generator, size: int) -> np.ndarray:
    """The part of the lungs' air that disease displaces, 0 to 1; nothing in some subjects."""
    haze = np.zeros((size, size), np.float32)
    for side in SIDES:
        kind, reach, strength = rng.uniform(0, 1, 3)
        place = rng.uniform((0.3, -0.3), (0.8, 0.02)) * (side * person.width, 1) + (0, person.base)
        if kind < 0.3:  # a patch that hides what borders on it
            radii = (0.06 + 0.08 * reach, 0.05 + 0.07 * reach)
            patch = soften(fill(person.pose(ellipse(tuple(place), radii)), size), 0.035)
            haze += (0.7 + 0.5 * strength) * patch
        elif kind < 0.45:  # fluid: highest at the chest wall
            level = person.base - 0.05 - 0.14 * reach
            edge = np.array([(0.0, level + 0.1), (0.55, level + 0.08), (0.9, level), (1.1, level - 0.06)])
            pool = np.vstack([curve(edge), [(1.1, 1.0), (0.0, 1.0)]]) * (side * person.width, 1)
            haze += (0.75 + 0.25 * strength) * soften(fill(person.pose(pool), size), 0.014)
    return np.clip(haze * (1 + 0.2 * clouds(rng, 24, size)), 0, 1)


def _stomach(person: Person, rng: np.random.Generator, size: int) -> np.ndarray:
    """The gas below the left dome, which about two in three subjects have."""
    radii = rng.uniform((0.03, 0.015), (0.075, 0.045))
    centre = (rng.uniform(0.12, 0.22), person.domes[1] + radii[1] + rng.uniform(0.03, 0.06))
    gas = fill(person.pose(ellipse(centre, tuple(radii))), size)
    return rng.choice([0.0, 0.15, 0.3]) * soften(gas, 0.006)


def _expose(depth: np.ndarray, rng: np.random.Generator, grain: np.random.Generator) -> np.ndarray:
    """Thickness to a film's brightness from 0 to 1, with blur, uneven exposure and quantum noise."""
    size = len(depth)
    dim = rng.uniform(0.4, 0.6) if rng.random() < 0.25 else rng.uniform(0.7, 1.0)
    hardness, gamma, fog = rng.uniform(0.9, 1.6), rng.uniform(0.9, 1.6), rng.uniform(0.0, 0.08)
    depth = np.maximum(depth * (1 + 0.08 * clouds(rng, 3, size) + 0.012 * clouds(rng, 20, size)), 0)
    film = (1 - np.exp(-hardness * depth)) / (1 - np.exp(-1.9 * hardness))
    film = soften(np.clip(film, 0, 1) ** gamma, rng.uniform(0.0008, 0.0025))
    # Thick parts let few quanta through, so noise grows with brightness.
    noise = rng.uniform(0.006, 0.02) * (0.3 + film) * grain.standard_normal(film.shape, np.float32)
    return dim * np.clip(fog + (1 - fog) * (film + noise), 0, 1)


def _mark(film: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Adds the letter of a side and brings the film to 12 bits, as (size, size) uint16."""
    size, side = len(film), int(rng.choice(SIDES))
    height = rng.uniform(0.03, 0.045)
    corner = np.array([0.5 + side * rng.uniform(0.3, 0.43), rng.uniform(0.02, 0.12)])
    letter = ribbon(np.array(_LETTERS[side]) * height + corner, 0.08 * height)
    box = np.array([(-0.4, -0.3), (1.05, -0.3), (1.05, 1.3), (-0.4, 1.3)]) * height + corner
    if rng.random() < 0.5:
        film = np.where(fill(box, size), 0.02, film)
    film = np.maximum(film, 0.97 * soften(fill(letter, size), 0.001))
    return np.round(film * WHITE).astype(np.uint16)
