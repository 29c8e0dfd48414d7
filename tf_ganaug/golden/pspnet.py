"""The case `pspnet`: logits of the whole network."""

from __future__ import annotations

import numpy as np

from tf_ganaug.golden.case import GoldenCase
from tf_ganaug.models.pspnet import pspnet

_VARIABLES = {"running_mean": "mean", "running_var": "variance"}


def run_pspnet(case: GoldenCase) -> dict[str, np.ndarray]:
    """Our numbers for a `pspnet` case, by the names of its outputs."""
    images = case.inputs["input"]
    model = pspnet(*images.shape[1:], case.kwargs["classes"], case.kwargs["backbone_layers"])
    for name, value in case.weights.items():
        layer, kind = name.rsplit(".", 1)
        layer = model.get_layer(layer)
        if hasattr(layer, "kernel"):
            kind = {"weight": "kernel"}.get(kind, kind)
        else:
            kind = {"weight": "gamma", "bias": "beta", **_VARIABLES}[kind]
        # PyTorch's kernels are OIHW.
        getattr(layer, kind).assign(value.transpose(2, 3, 1, 0) if value.ndim == 4 else value)
    return {"output": model(images, training=False)[0].numpy()}
