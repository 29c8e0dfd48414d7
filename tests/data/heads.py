"""Slices of drawn heads."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import center_of_mass
from scipy.ndimage import label as find_components

from tf_ganaug.data.embedded.cohort import draw


def drawn_slices(kind, subjects, slices, size):
    """Images and labels (subjects, slices, size, size) of seed 0."""
    pairs = [[draw(kind, 0, subject, number, slices, size) for number in range(slices)] for subject in range(subjects)]
    return tuple(np.array([[pair[which] for pair in row] for row in pairs]) for which in range(2))


def inside(image):
    """What the skull of a CT encloses, without the skull."""
    bone = image > 300
    parts, _ = find_components(~bone)
    return parts == parts[tuple(np.int64(center_of_mass(bone)))]
