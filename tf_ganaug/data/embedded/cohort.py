"""The cases of a drawn cohort whose patients are cut into slices."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Protocol

import numpy as np

from tf_ganaug.data.cases import Case


class Patient(Protocol):
    """A subject of a cohort; its class stands in a module, so that cases can be read in another process."""

    @classmethod
    def admitted(cls, rng: np.random.Generator) -> Patient:
        """Draws one."""

    def cut(self, number: int, slices: int, size: int, noise: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Image and label (size, size) of a slice; of the noise alone it depends how many pixels that is.

        Args:
            number: 0 the lowest.
            slices: how many divide the patient.
            size: side of the square picture in pixels.
            noise: of the image.
        """


def slice_cases(
    kind: type[Patient], field: float, subjects: int, slices: int, native_size: int, seed: int
) -> tuple[Case, ...]:
    """Cases "head-SUBJECT-SLICE", drawn when they are read: images (native_size, native_size, 1), and labels.

    Args:
        kind: of the patients.
        field: the picture's side in millimetres.
        subjects: how many.
        slices: of each subject.
        native_size: side of the square images in pixels.
        seed: of all subjects.
    """
    return tuple(
        _case(kind, field, seed, subject, number, slices, native_size)
        for subject in range(subjects)
        for number in range(slices)
    )


def draw(
    kind: type[Patient], seed: int, subject: int, number: int, slices: int, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Image and label (size, size) of one slice; at another size it is the same picture, but for the noise.

    Args:
        kind: of the patient.
        seed: of the data set.
        subject: 0, 1, 2, ...
        number: of the slice, 0 the lowest.
        slices: how many divide the patient.
        size: side of the square picture in pixels.
    """
    noise = np.random.default_rng([seed, subject, number, slices, size])
    return patient(kind, seed, subject).cut(number, slices, size, noise)


@lru_cache(maxsize=8)
def patient(kind: type[Patient], seed: int, subject: int) -> Patient:
    """Of a data set's seed and a number; the slices, mostly asked for in a row, are of one drawing."""
    return kind.admitted(np.random.default_rng([seed, subject]))


#: A case's image and label are mostly read one after the other, so the last drawing is kept.
_drawn = lru_cache(maxsize=2)(draw)


def _case(kind: type[Patient], field: float, seed: int, subject: int, number: int, slices: int, size: int) -> Case:
    name = f"head-{subject:04d}"
    case = f"{name}-{number:03d}"
    return Case(
        id=case,
        subject=name,
        spacing=(field / size, field / size),
        files=(f"{case} (drawn, seed {seed}, {slices} slices, {size} pixels)",),
        image=partial(_read_image, kind, seed, subject, number, slices, size),
        label=partial(_read_label, kind, seed, subject, number, slices, size),
    )


def _read_image(kind: type[Patient], *which: int) -> np.ndarray:
    return _drawn(kind, *which)[0][..., None].copy()


def _read_label(kind: type[Patient], *which: int) -> np.ndarray:
    return _drawn(kind, *which)[1].copy()
