"""Frontal chest radiographs drawn by code, with exact masks of SCR's five organs.

Made to try the programs without any download, not to stand for patients. As in SCR, a lung is its
visible field, without what the heart, the mediastinum and the diaphragm hide, and a clavicle is
marked as far as the rib cage reaches. Where an opacity hides a border, the mask is the true lung.

The subject's frame has the midline at x = 0, the patient's left at x > 0, and the picture's side as
its unit. `side` is -1 for the patient's right, which is the left of the picture, and 1 for the left.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from scipy.ndimage import label as find_components

from tf_ganaug.data.cases import Case, Dataset, LabelSpec
from tf_ganaug.data.embedded.drawing import (
    Pose,
    clouds,
    curve,
    ellipse,
    fill,
    ribbon,
    soften,
    strew,
    tube,
)
from tf_ganaug.data.scr import ORGANS
