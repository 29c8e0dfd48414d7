"""How many numbers a network learns."""

from __future__ import annotations

import math


def trained_numbers(model):
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)
