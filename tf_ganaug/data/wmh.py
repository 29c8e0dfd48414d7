"""The WMH Segmentation Challenge 2017 as distributed: SUBJECT/pre/FLAIR.nii.gz beside SUBJECT/wmh.nii.gz.

Subjects lie in the folder itself or in folders of their sites (Utrecht/0, Singapore/50, Amsterdam/GE3T/100).
The maps mark white matter hyperintensities as 1 and other pathology as 2, which the challenge leaves out of its
measures. Bowles (2018), section 2, segments such lesions on FLAIR stacks whose intensities are normalised.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from tf_ganaug.data.cases import Case, Dataset, LabelClass, LabelSpec
from tf_ganaug.data.files import as_image, as_label
from tf_ganaug.data.listing import require_pairs
from tf_ganaug.data.volumes import common_grid
from tf_ganaug.data.voxels import read_slice, slice_spacing
from tf_ganaug.errors import InputError

#: Stored ids.
BACKGROUND, LESION, OTHER_PATHOLOGY = range(3)

#: Lesion or not; other pathology counts as neither.
WMH = LabelSpec(
    (LabelClass("background", (BACKGROUND,), (0, 0, 0)), LabelClass("WMH", (LESION,), (255, 0, 0))),
    ignored=(OTHER_PATHOLOGY,),
)

#: Slices lie across the third axis of the oriented volume, lower ones first.
AXIAL = 2

#: Standard deviations below and above a stack's mean that become 1 and 255.
SPAN = (-3.0, 5.0)

_IMAGE, _LABEL = "pre/FLAIR.nii.gz", "wmh.nii.gz"


def read(root: Path) -> Dataset:
    """All axial slices, blank ones included.

    Args:
        root: holds the subjects' folders, at any depth.

    Returns:
        Cases "SITE_SUBJECT_SLICE", images (H, W, 1) as stored and labels (H, W) of ids 0, 1 and 2; the subject
        is "SITE_SUBJECT", or "SUBJECT" where there are no sites.

    Raises:
        InputError: if there is no subject, one lacks its FLAIR or its map, a header is damaged, or shape or
            affine of the two differ; when a case is read, for NaN, fractions in a map and unknown ids.
    """
    images, labels = _found(root, _IMAGE), _found(root, _LABEL)
    if not images and not labels:
        raise InputError(root, f"subjects with {_IMAGE} and {_LABEL}", "none", "name the folder that holds them")
    require_pairs(root, images, labels)
    cases = [case for subject in images for case in _slices(subject, images[subject], labels[subject])]
    cases.sort(key=lambda case: case.id)
    return Dataset("WMH Segmentation Challenge 2017", tuple(cases), WMH, channels=1)


def normalised(dataset: Dataset) -> Dataset:
    """The same cases with intensities normalised per stack, that is per subject, which is read with its first image.

    The stack's voxels other than 0 get mean 0 and standard deviation 1. What lies outside the brain is 0, so
    the brain must have been extracted.

    Args:
        dataset: images (H, W, 1), integers or floats, 0 outside the brain.

    Returns:
        Images (H, W, 1) uint8: 0 outside the brain; 1 and 255 are the ends of `SPAN`, beyond which is clipped.

    Raises, when an image is read:
        InputError: for one that cannot be read, or a stack without two different values beside 0.
    """
    stacks = defaultdict(_Stack)
    for case in dataset.cases:
        stacks[case.subject].cases.append(case)
    cases = tuple(replace(case, image=partial(_scaled, case.image, stacks[case.subject])) for case in dataset.cases)
    return replace(dataset, cases=cases, version=f"{dataset.version}, per stack {SPAN[0]:g} to {SPAN[1]:g}")


def _found(root: Path, name: str) -> dict[str, Path]:
    """The files of this name by subject."""
    depth = name.count("/")
    return {"_".join(path.parents[depth].relative_to(root).parts): path for path in sorted(root.rglob(name))}


def _slices(subject: str, image: Path, label: Path) -> list[Case]:
    grid = common_grid([image, label])
    return [
        Case(
            id=f"{subject}_{index:03d}",
            subject=subject,
            spacing=slice_spacing(grid, AXIAL),
            files=(str(image), str(label)),
            image=partial(_read_image, image),
            label=partial(_read_label, label),
            number=index,
        )
        for index in range(grid.shape[AXIAL])
    ]


def _read_image(path: Path, index: int) -> np.ndarray:
    return as_image(read_slice(path, AXIAL, index), f"{path} (slice {index})", blank=True)


def _read_label(path: Path, index: int) -> np.ndarray:
    return as_label(read_slice(path, AXIAL, index), f"{path} (slice {index})")


class _Stack:
    """A subject's cases."""

    def __init__(self):
        self.cases: list[Case] = []

    @cached_property
    def mean_and_deviation(self) -> tuple[float, float]:
        """Of all voxels that are not 0."""
        images = (case.read_image() for case in self.cases)
        brain = np.concatenate([image[image != 0] for image in images], dtype=np.float64)
        if not brain.size or brain.min() == brain.max():
            expected = "a stack that varies"
            raise InputError(self.cases[0].source, expected, "constant slices only", "remove the subject")
        return brain.mean(), brain.std()


def _scaled(read: Callable[..., np.ndarray], stack: _Stack, *number: int) -> np.ndarray:
    image, (mean, deviation) = read(*number), stack.mean_and_deviation
    part = ((image - mean) / deviation - SPAN[0]) / (SPAN[1] - SPAN[0])
    return np.where(image != 0, np.rint(1 + 254 * np.clip(part, 0, 1)), 0).astype(np.uint8)
