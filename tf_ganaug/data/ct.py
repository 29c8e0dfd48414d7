"""What is done to CT data sets after reading: a window of Hounsfield units, and slices without a lesion left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from tf_ganaug.data.cases import Case, Dataset
from tf_ganaug.errors import InputError

#: Level and width of the usual window for the brain, Hounsfield units.
BRAIN = (40.0, 80.0)


def windowed(dataset: Dataset, level: float = BRAIN[0], width: float = BRAIN[1]) -> Dataset:
    """The same cases as they look through a window; the images' own Hounsfield units are read unchanged.

    Args:
        dataset: images (H, W, C) in Hounsfield units, integers or floats.
        level: middle of the window, Hounsfield units.
        width: of the window, above 0.

    Returns:
        Images (H, W, C) uint8: level - width / 2 and less is 0, level + width / 2 and more is 255.

    Raises:
        InputError: if the width is not above 0.
    """
    if not width > 0:
        raise InputError("width of the window", "Hounsfield units above 0", f"{width:g}", "the brain's is 80")
    cases = tuple(replace(case, image=partial(_seen, case.image, level, width)) for case in dataset.cases)
    return replace(dataset, cases=cases, version=f"{dataset.version}, window {level:g} / {width:g}")


def with_lesion(dataset: Dataset) -> Dataset:
    """The cases whose label has a class that is measured; every label is read once.

    Raises:
        InputError: for a label that cannot be read or has an unknown id, or if no case is left.
    """
    cases = tuple(case for case in dataset.cases if _has_lesion(dataset, case))
    if not cases:
        raise InputError(dataset.name, "a label with a class beside the background", "none", "add labelled slices")
    return replace(dataset, cases=cases)


def _seen(read: Callable[..., np.ndarray], level: float, width: float, *number: int) -> np.ndarray:
    part = (np.float32(read(*number)) - (level - width / 2)) / width
    return np.rint(255 * np.clip(part, 0, 1)).astype(np.uint8)


def _has_lesion(dataset: Dataset, case: Case) -> bool:
    return bool(np.isin(case.class_indices(dataset.spec), dataset.spec.measured).any())
