"""The case `deepmedic_2d`: probabilities of the whole network."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from tf_ganaug.golden.case import GoldenCase
from tf_ganaug.models.deepmedic import deepmedic

_VARIABLES = {
    "bias": "bias",
    "conv": "kernel",
    "prelu": "alpha",
    "bn/gamma": "gamma",
    "bn/beta": "beta",
    "bn/mean": "means",
    "bn/variance": "variances",
}


def _ours(kind: str, value: np.ndarray) -> np.ndarray:
    """A weight of the original in our layout; every minibatch of a window has the same statistics."""
    if kind == "conv":
        return value[..., 0].transpose(2, 3, 1, 0)
    return value[None, None] if kind == "prelu" else value


def run_deepmedic(case: GoldenCase) -> dict[str, np.ndarray]:
    """Our numbers for a `deepmedic_2d` case, by the names of its outputs."""
    given, factors = case.kwargs, case.kwargs["subsample_factors"]
    case.require(residual_after_blocks=[*range(3, len(given["feature_maps"]), 2)], fc_residual_after_block=1)
    shape = *case.inputs["input_normal"].shape[1:], given["classes"]
    model = deepmedic(*shape, factors, given["feature_maps"], given["fc_feature_maps"])
    for name, value in case.weights.items():
        *block, kind = name.split("/")
        if block[-1] == "bn":
            block, kind = block[:-1], f"bn/{kind}"
        layer = model.get_layer(".".join([*block, kind.split("/")[0]]))
        variable = getattr(layer, _VARIABLES[kind])
        variable.assign(np.broadcast_to(_ours(kind, value), variable.shape))
    # The case draws the inputs at low resolution instead of picking them from the image.
    inputs = [model.input, *(model.get_layer(f"sub{factor}.input").output for factor in factors)]
    drawn = [case.inputs["input_normal"], *(case.inputs[f"input_sub{factor}"] for factor in factors)]
    logits = keras.Model(inputs, model.output)(drawn, training=False)
    return {"probabilities": tf.nn.softmax(logits).numpy()}
