"""The cases of a drawn cohort whose subjects are cut into slices."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import TypeVar

import numpy as np

from tf_ganaug.data.cases import Case

#: (seed, subject, number of the slice, slices, size) to image and label (size, size); a function of a module.
Draw = Callable[[int, int, int, int, int], "tuple[np.ndarray, np.ndarray]"]


Subject = TypeVar("Subject")


def remembered(admitted: Callable[[np.random.Generator], Subject]) -> Callable[[int, int], Subject]:
    """From a data set's seed and a number to that subject; its slices, mostly asked for in a row, are of one drawing.

    Args:
        admitted: draws a subject.
    """

    @lru_cache(maxsize=8)
    def subject(seed: int, number: int) -> Subject:
        return admitted(np.random.default_rng([seed, number]))

    return subject


def slice_cases(draw: Draw, field: float, subjects: int, slices: int, native_size: int, seed: int) -> tuple[Case, ...]:
    """Cases "head-SUBJECT-SLICE", drawn when they are read: images (native_size, native_size, 1), and labels.

    Args:
        draw: what is read.
        field: the picture's side in millimetres.
        subjects: how many.
        slices: of each subject.
        native_size: side of the square images in pixels.
        seed: of all subjects.
    """
    return tuple(
        _case(draw, field, seed, subject, number, slices, native_size)
        for subject in range(subjects)
        for number in range(slices)
    )


def _case(draw: Draw, field: float, seed: int, subject: int, number: int, slices: int, size: int) -> Case:
    name = f"head-{subject:04d}"
    case = f"{name}-{number:03d}"
    return Case(
        id=case,
        subject=name,
        spacing=(field / size, field / size),
        files=(f"{case} (drawn, seed {seed}, {slices} slices, {size} pixels)",),
        read_image=partial(_read_image, draw, seed, subject, number, slices, size),
        read_label=partial(_read_label, draw, seed, subject, number, slices, size),
    )


@lru_cache(maxsize=2)
def _drawn(draw: Draw, *which: int) -> tuple[np.ndarray, np.ndarray]:
    # A case's image and label are mostly read one after the other, so the last drawing is kept.
    return draw(*which)


def _read_image(draw: Draw, *which: int) -> np.ndarray:
    return _drawn(draw, *which)[0][..., None].copy()


def _read_label(draw: Draw, *which: int) -> np.ndarray:
    return _drawn(draw, *which)[1].copy()
