"""The case `fcn8s`: logits of the whole network."""

from __future__ import annotations

import numpy as np

from tf_ganaug.golden.case import GoldenCase
from tf_ganaug.models.fcn8s import fcn8s


def run_fcn8s(case: GoldenCase) -> dict[str, np.ndarray]:
    """Our numbers for a `fcn8s` case, by the names of its outputs."""
    images = case.inputs["input"]
    model = fcn8s(*images.shape[1:], case.kwargs["classes"])
    for name, value in case.weights.items():
        layer, kind = name.split(".")
        variable = {"weight": "kernel", "bias": "bias"}[kind]
        # PyTorch's kernels are OIHW.
        value = value.transpose(2, 3, 1, 0) if value.ndim == 4 else value
        getattr(model.get_layer(layer), variable).assign(value)
    return {"output": model(images, training=False).numpy()}
