"""How often the copy detector is right: of images of training persons, changed, and of what only looks alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from tf_ganaug.data import folder
from tf_ganaug.data.cache import intensity_range, resize_image
from tf_ganaug.data.cases import Case
from tf_ganaug.data.embedded import chest, head_ct, head_mr
from tf_ganaug.errors import InputError
from tf_ganaug.quality.copies import nearest, origins
from tf_ganaug.random import named_seed

#: Training persons that a mean is taken of, and subjects that are needed for it.
MEAN_OF, FEWEST = 5, 10

#: What images are brought to, pixels.
SIZE = 64

#: Drawn persons of each kind, and Hounsfield units of a brain's window.
PERSONS, WINDOW = 48, (-100.0, 200.0)


def drawn_persons(seed: int) -> dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]]:
    """Drawn data sets, read when they are called: one image (H, W, C) in [-1, 1] of each person, and their names."""
    return {
        "drawn head MR": lambda: _sized(head_mr.read(PERSONS, 5, SIZE, seed).cases[2::5]),
        "drawn head CT": lambda: _sized(head_ct.read(PERSONS, 3, SIZE, seed).cases[1::3], WINDOW),
        "drawn chest": lambda: _sized(chest.read(PERSONS, SIZE, seed).cases),
    }


def persons_of(data: Path, dataset_yaml: Path | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The images of a folder, likewise.

    Raises:
        InputError: for a folder that cannot be read, or with fewer than `FEWEST` subjects.
    """
    cases = folder.read(data, dataset_yaml).cases
    subjects = {case.subject for case in cases}
    if len(subjects) < FEWEST:
        raise InputError(data, f"images of {FEWEST} subjects at least", f"{len(subjects)}", "use more data")
    return _sized(cases)


def _sized(cases: Sequence[Case], ends: tuple[float, float] | None = None) -> tuple[np.ndarray, np.ndarray]:
    stored = (resize_image(case.read_image().astype(np.float32), SIZE, SIZE) for case in cases)
    images = []
    for image in stored:
        low, high = ends or intensity_range(image, (0.5, 99.5))
        images.append(np.clip(2 * (image - low) / (high - low) - 1, -1, 1))
    return np.stack(images).astype(np.float32), np.array([case.subject for case in cases])


def characteristic(images: np.ndarray, subjects: np.ndarray, seed: int = 0) -> dict[str, dict[str, float]]:
    """The share called copies of several kinds of images, half of the subjects being the training subjects.

    Pixels are those of the images given: 64 on the longer side are what the detector looks at.

    Args:
        images: (N, H, W, C) in [-1, 1], of at least `FEWEST` subjects.
        subjects: (N,) names.
        seed: of the halves, of noise and of what is averaged.

    Returns:
        "copies" and "not copies", each of kinds of images to a share in [0, 1].
    """
    rng = np.random.default_rng(named_seed(seed, "copy characteristic"))
    known = rng.permutation(np.unique(subjects))[: len(np.unique(subjects)) // 2]
    trained = np.isin(subjects, known)
    training, unseen = images[trained], images[~trained]
    persons = origins(subjects[trained])

    def share(made: np.ndarray) -> float:
        return nearest([made], [training], persons).share

    copies, others = _changed(training, rng), _alike(training, persons, unseen, rng)
    parts = {"copies": copies, "not copies": others}
    return {part: {name: share(made) for name, made in kinds.items()} for part, kinds in parts.items()}


def seconds(count: int, seed: int = 0) -> tuple[float, float]:
    """Time, and processor time, to compare so many random images with as many others, of one channel at `SIZE`."""
    rng = np.random.default_rng(named_seed(seed, "copy cost"))
    images, training = rng.standard_normal((2, count, SIZE, SIZE, 1), np.float32)
    began, used = time.perf_counter(), time.process_time()
    nearest([images], [training], np.arange(count))
    return time.perf_counter() - began, time.process_time() - used


def _changed(images: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Training images as a generator may give them back."""
    noise = rng.normal(0, 0.2, images.shape)
    return {
        "exact": images,
        "shifted by 2 pixels": _shifted(images, 2, 2),
        "mirrored": images[:, :, ::-1],
        "contrast x 0.7": 0.7 * images,
        "noise of deviation 0.2": images + noise,
        "blurred by 1 pixel": _blurred(images),
        "mirrored, shifted, in less contrast and with noise": 0.7 * _shifted(images[:, :, ::-1], -2, 1) + noise / 2,
    }


def _alike(
    training: np.ndarray, persons: np.ndarray, unseen: np.ndarray, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """What no generator has copied from the training images."""
    chosen = [
        [rng.choice(np.flatnonzero(persons == one)) for one in rng.permutation(persons.max() + 1)[:MEAN_OF]]
        for _ in unseen
    ]
    return {
        "unseen persons": unseen,
        "unseen persons, blurred by 1 pixel": _blurred(unseen),
        "unseen persons, noise of deviation 0.2": unseen + rng.normal(0, 0.2, unseen.shape),
        "means of five training persons": np.stack([training[rows].mean(0) for rows in chosen]),
    }


def _shifted(images: np.ndarray, down: int, right: int) -> np.ndarray:
    """Moved by so many pixels; what comes in repeats the edge."""
    height, width = images.shape[1:3]
    rows, columns = np.clip(np.arange(height) - down, 0, height - 1), np.clip(np.arange(width) - right, 0, width - 1)
    return images[:, rows][:, :, columns]


def _blurred(images: np.ndarray) -> np.ndarray:
    return gaussian_filter(images, (0, 1, 1, 0))
