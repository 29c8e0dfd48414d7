"""What a survey keeps of one case: numbers and a fingerprint, never its pixels."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from tf_ganaug.data.cases import Case
from tf_ganaug.data.content import digest_of
from tf_ganaug.data.files import split_name
from tf_ganaug.data.folder import MOST_CLASSES, require_ids
from tf_ganaug.data.label_traits import count_areas, share_on_edges
from tf_ganaug.data.levels import Levels, counts_of

#: Edges and boundaries are compared at most at so many pixels a side.
_SIDE = 256

#: Boundaries of fewer pixels lie anywhere by chance.
_FEWEST = 20

#: Values in all labels that are counted where classes are named; of more, at most 254 can be classes.
MOST_VALUES = 4096

#: Names of the mirrored labels that `fit_of` tries.
MIRRORED = ("left to right", "top to bottom", "left to right and top to bottom")


class Fit(NamedTuple):
    """How well a label's boundaries lie on the edges of its image.

    A placement is worth the mean edge under the boundaries; it is counted in standard deviations above the mean
    of all placements within an eighth of the image.

    Attributes:
        fit: of the label where it is.
        gain: by how much the best placement is better, at least 0.
        down: pixels by which the best placement lies lower, negative for higher.
        right: pixels to the right.
        mirrored_gain: by how much the best mirrored label is better where it is, negative if worse.
        mirrored: one of `MIRRORED`.
    """

    fit: float = np.nan
    gain: float = np.nan
    down: float = np.nan
    right: float = np.nan
    mirrored_gain: float = np.nan
    mirrored: str = ""


class Facts(NamedTuple):
    """One case.

    Attributes:
        case: its id.
        subject: the person or scene.
        image: its first image file.
        label: its label file.
        height, width, channels: of the image.
        stored: type of the image's pixels.
        format: suffix of the image file.
        row_mm, column_mm: millimetres per pixel.
        minimum, maximum: stored values.
        level: median of the values above the minimum.
        contrast: 99th percentile less the 1st.
        at_maximum: share of the values that are the image's own maximum.
        digest: of the decoded pixels, equal only for equal images.
        on_edges: `label_traits.share_on_edges` of the label.
        areas: `label_traits.count_areas` of the label.
        fit: of label to image, NaN where boundaries are too short.
        values: stored label value to its number of pixels.
    """

    case: str
    subject: str
    image: str
    label: str
    height: int
    width: int
    channels: int
    stored: str
    format: str
    row_mm: float
    column_mm: float
    minimum: float
    maximum: float
    level: float
    contrast: float
    at_maximum: float
    digest: str
    on_edges: float
    areas: int
    fit: Fit
    values: dict[int, int]


def facts_of(case: Case, most: int = MOST_CLASSES) -> Facts:
    """Reads a case once; its label may have `most` values.

    Raises:
        InputError: if its image or label cannot be read, or the label's values are no class ids.
    """
    image, label = case.read_image(), case.read_label()
    values, counts = counts_of(label)
    require_ids(Path(case.files[-1]), values.tolist(), most)
    levels = Levels(image)
    height, width, channels = image.shape
    name = Path(case.source)
    return Facts(
        case=case.id,
        subject=case.subject,
        image=case.source,
        label=case.files[-1],
        height=height,
        width=width,
        channels=channels,
        stored=str(image.dtype),
        format=split_name(name)[1] or name.suffix.lower() or "no suffix",
        row_mm=case.spacing[0],
        column_mm=case.spacing[1],
        minimum=levels.minimum,
        maximum=levels.maximum,
        level=levels.middle,
        contrast=levels.high - levels.low,
        at_maximum=levels.at_maximum,
        digest=digest_of(image),
        on_edges=share_on_edges(label),
        areas=count_areas(label),
        fit=fit_of(image, label),
        values={int(value): int(count) for value, count in zip(values, counts)},
    )


def fit_of(image: np.ndarray, label: np.ndarray) -> Fit:
    """How well label (H, W) lies on image (H, W, C)."""
    factor = -(-max(label.shape) // _SIDE)
    height, width = (side // factor for side in label.shape)
    reach = min(height, width) // 8
    if reach == 0:
        return Fit()
    blocks = image[: height * factor, : width * factor].reshape(height, factor, width, factor, -1)
    plane = blocks.mean((1, 3, 4), dtype=np.float32)
    boundary = _boundary(label[factor // 2 :: factor, factor // 2 :: factor][:height, :width])
    edges = ndimage.gaussian_gradient_magnitude(plane, 1.0)
    edges = np.minimum(edges, np.percentile(edges, 95))  # else a few strong edges decide
    if boundary.sum() < _FEWEST or edges.max() == 0:
        return Fit()
    spectrum = np.fft.rfft2(edges) * np.conj(np.fft.rfft2(boundary.astype(np.float32)))
    around = np.roll(np.fft.irfft2(spectrum, edges.shape), (reach, reach), (0, 1))[: 2 * reach + 1, : 2 * reach + 1]
    worth = around / boundary.sum()
    mean, deviation = worth.mean(), max(worth.std(), 1e-12)
    down, right = np.unravel_index(worth.argmax(), worth.shape)
    here = worth[reach, reach]
    mirrors = (boundary[:, ::-1], boundary[::-1], boundary[::-1, ::-1])
    mirrored = [edges[mirror].mean() for mirror in mirrors]
    return Fit(
        fit=float((here - mean) / deviation),
        gain=float((worth.max() - here) / deviation),
        down=float((down - reach) * factor),
        right=float((right - reach) * factor),
        mirrored_gain=float((max(mirrored) - here) / deviation),
        mirrored=MIRRORED[int(np.argmax(mirrored))],
    )


def _boundary(label: np.ndarray) -> np.ndarray:
    """(H, W) booleans: pixels unlike the one at their left or above."""
    boundary = np.zeros(label.shape, bool)
    boundary[:, 1:] |= label[:, 1:] != label[:, :-1]
    boundary[1:] |= label[1:] != label[:-1]
    return boundary
