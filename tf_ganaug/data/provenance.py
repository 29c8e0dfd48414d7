"""What a generator was trained on: stated beside its model, and beside the pairs it made."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from tf_ganaug.data.texts import read_json
from tf_ganaug.errors import InputError

#: The file beside generated pairs.
PROVENANCE = "provenance.json"


@dataclass(frozen=True)
class Provenance:
    """What a synthesizer was trained on, and how its pixels become stored values again.

    Attributes:
        dataset: name of the training data.
        synthetic: whether that was drawn by code.
        cases: ids of the training cases.
        subjects: their subjects.
        dtype: of the stored images.
        low: stored value of -1, the median over the training cases; one for each channel where these have ranges of
            their own.
        high: stored value of 1, likewise.
        spacing: millimetres per pixel (row, column) at the generator's size, median likewise.
        percentiles: of each training image's own values, which became -1 and 1; None where `low` and `high` did
            for all of them.
        padded: whether training images kept their proportions, in a frame (`data.fit.Window`).
        digests: of the training images as they are stored (`data.content.digest_of`); none of an older generator.
    """

    dataset: str
    synthetic: bool
    cases: tuple[str, ...]
    subjects: tuple[str, ...]
    dtype: str
    low: float | tuple[float, ...]
    high: float | tuple[float, ...]
    spacing: tuple[float, float]
    percentiles: tuple[float, float] | None = None
    padded: bool = False
    digests: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Provenance:
        """From what `dataclasses.asdict` and JSON made of it; other keys are left out.

        Raises:
            TypeError: if a field is missing or of another type.
            ValueError: for a number that is none.
        """
        known = {field.name: stored[field.name] for field in fields(cls) if field.name in stored}
        made = cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in known.items()})
        made._require_sound()
        return made

    def _require_sound(self) -> None:
        """Names are texts, and numbers finite: a text in place of a list would be taken for its letters."""
        lists = (self.cases, self.subjects, self.digests, self.spacing, self.percentiles or ())
        ends = [end if isinstance(end, tuple) else (end,) for end in (self.low, self.high)]
        if not all(isinstance(part, tuple) for part in lists):
            raise TypeError("a list expected")
        if not all(isinstance(name, str) for name in (self.dataset, *self.cases, *self.subjects, *self.digests)):
            raise TypeError("a text expected")
        if not all(map(math.isfinite, (*ends[0], *ends[1], *self.spacing, *(self.percentiles or ())))):
            raise ValueError("a number that is not finite")
        if np.dtype(self.dtype).kind not in "uif" or len(self.spacing) != 2:
            raise ValueError(f"pixels of {self.dtype}, spacing {self.spacing}")

    def ranges(self, count: int) -> np.ndarray:
        """The stored values of -1 and 1 for each of `count` images, as `Part` takes them."""
        return np.repeat(np.float32([[self.low, self.high]]), count, axis=0)

    def from_stored(self, images: np.ndarray) -> np.ndarray:
        """Stored values to [-1, 1], float32, not clipped."""
        low, high = np.float32(self.low), np.float32(self.high)
        return (images.astype(np.float32) - low) * (2 / (high - low)) - 1

    def to_stored(self, images: np.ndarray) -> np.ndarray:
        """[-1, 1] to stored values, rounded and clipped where the type is integer.

        Raises:
            InputError: for a picture that is not finite, of which an integer would say nothing.
        """
        require_finite(images, f"a generator trained on {self.dataset}")
        low, high = np.float64(self.low), np.float64(self.high)
        stored = low + (np.asarray(images, np.float64) + 1.0) * (high - low) / 2.0
        dtype = np.dtype(self.dtype)
        if dtype.kind not in "ui":
            return stored.astype(dtype)
        limits = np.iinfo(dtype)
        return np.clip(np.rint(stored), limits.min, limits.max).astype(dtype)


def require_finite(images: np.ndarray, where: str) -> None:
    """Refuses generated images (N, ...) that are not all numbers; `where` names what made them.

    Raises:
        InputError: if one is not.
    """
    broken = np.count_nonzero(~np.isfinite(images).reshape(len(images), -1).all(1))
    if broken:
        found = f"{broken} of {len(images)} with NaN or infinity"
        remedy = "train the generator anew with --precision float32, a lower learning rate or another seed"
        raise InputError(where, "finite pixels", found, remedy)


def read_provenance(folder: Path) -> Provenance | None:
    """What the generator of a folder's pairs was trained on; None for a folder that no generator made.

    Raises:
        InputError: if there is a provenance.json that does not say it.
    """
    path = folder / PROVENANCE
    if not os.path.lexists(path):
        return None
    try:
        return Provenance.from_json(read_json(path)["trained_on"])
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        found, remedy = f"{type(error).__name__}: {error}", "restore the file, or rename it if it is none of ours"
        raise InputError(path, "what the generator was trained on", found, remedy) from error
