"""What a written picture shows, and label specs to draw."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tf_ganaug.data.cases import LabelSpec

TWO = LabelSpec.from_names({0: "background", 1: "lung"})
THREE = LabelSpec.from_names({0: "background", 1: "lung", 2: "heart"}, ignored=[9])
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def pixels(array, *places):
    return [tuple(int(v) for v in array[place]) for place in places]


def read(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))
