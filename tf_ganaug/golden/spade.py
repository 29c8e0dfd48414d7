"""The cases `spade_generator`, `spade_discriminator`, `spade_losses` and `spectral_norm_conv`."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from tf_ganaug.gans.spade import discriminator_losses, feature_matching, generator_loss
from tf_ganaug.golden.case import GoldenCase
from tf_ganaug.models.patch_discriminator import SCALES, SCORES, discriminator
from tf_ganaug.models.spade import generator
from tf_ganaug.models.spectral_norm import SpectralConv2D

#: The original's names of its depths, as numbers of upsamplings.
UPSAMPLINGS = {"normal": 5, "more": 6, "most": 7}

_VARIABLES = {
    "weight": "kernel",
    "weight_orig": "kernel",
    "bias": "bias",
    "running_mean": "mean",
    "running_var": "variance",
}


def _height_width_first(value: np.ndarray) -> np.ndarray:
    """PyTorch's OIHW kernels as HWIO; vectors stay."""
    return value.transpose(2, 3, 1, 0) if value.ndim == 4 else value


def _outputs_first(value: np.ndarray) -> np.ndarray:
    """HWIO as OIHW; vectors stay."""
    return value.transpose(3, 2, 0, 1) if value.ndim == 4 else value


def _variable(model: keras.Model, name: str) -> tf.Variable:
    layer, kind = name.rsplit(".", 1)
    return getattr(model.get_layer(layer), _VARIABLES[kind])


def _set_exact_vectors(layer: SpectralConv2D) -> None:
    """Sets u and v to the singular vectors of the largest singular value."""
    matrix = np.array(layer.kernel, np.float64).reshape(-1, layer.filters)
    u = np.linalg.eigh(matrix.T @ matrix)[1][:, -1]
    v = matrix @ u
    layer.u.assign(u)
    layer.v.assign(v / np.linalg.norm(v))


def _set_weights(model: keras.Model, case: GoldenCase) -> None:
    for name, value in case.weights.items():
        _variable(model, name).assign(_height_width_first(value))
    for layer in model.layers:
        if isinstance(layer, SpectralConv2D):
            _set_exact_vectors(layer)


def run_generator(case: GoldenCase) -> dict[str, np.ndarray]:
    """Our numbers for a `spade_generator` case, by the names of its outputs."""
    wanted, labels = case.kwargs, case.inputs["input"]
    model = generator(
        *labels.shape[1:3],
        wanted["label_channels"],
        wanted["output_channels"],
        wanted["ngf"],
        UPSAMPLINGS[wanted["num_upsampling_layers"]],
    )
    _set_weights(model, case)
    return {"output": model(labels, training=False).numpy()}


def _discriminator(case: GoldenCase) -> keras.Model:
    wanted = case.kwargs
    case.require(num_scales=SCALES, n_layers=SCORES)
    model = discriminator(
        *case.inputs["label"].shape[1:3], wanted["label_channels"], wanted["image_channels"], wanted["ndf"]
    )
    _set_weights(model, case)
    return model


def run_discriminator(case: GoldenCase) -> dict[str, np.ndarray]:
    """Our numbers for a `spade_discriminator` case, by the names of its outputs."""
    maps = _discriminator(case)([case.inputs["label"], case.inputs["image"]], training=False)
    return {
        f"scale{scale}_layer{layer}": values.numpy()
        for scale, layers in enumerate(maps)
        for layer, values in enumerate(layers)
    }


def run_losses(case: GoldenCase) -> dict[str, np.ndarray]:
    """Our numbers for a `spade_losses` case, by the names of its outputs."""
    model = _discriminator(case)
    labels, fakes, reals = (tf.constant(case.inputs[name]) for name in ("label", "fake", "real"))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(fakes)
        maps = model([tf.concat([labels, labels], 0), tf.concat([fakes, reals], 0)], training=False)
        parts = np.s_[: len(fakes)], np.s_[len(fakes) :]
        fake_maps, real_maps = ([[layer[part] for layer in scale] for scale in maps] for part in parts)
        losses = discriminator_losses(fake_maps, real_maps)
        total = tf.add_n(list(losses.values()))
        adversarial = generator_loss(fake_maps)
        feature = case.kwargs["lambda_feature"] * feature_matching(fake_maps, real_maps)
        generators = adversarial + feature
    ours = {
        **losses,
        "generator_gan_loss": adversarial,
        "generator_feature_loss": feature,
        "grad_fake": tape.gradient(generators, fakes),
    }
    for key in (key for key in case.outputs if key.startswith("grad:")):
        gradient = tape.gradient(total, _variable(model, key.removeprefix("grad:")))
        ours[key] = _outputs_first(np.array(gradient))
    return {name: np.array(value) for name, value in ours.items()}


def run_spectral_norm(case: GoldenCase) -> dict[str, np.ndarray]:
    """Our numbers for a `spectral_norm_conv` case: three training passes, then one in evaluation."""
    layer = SpectralConv2D(case.kwargs["out_channels"], case.kwargs["kernel"])
    inputs, direction = (tf.constant(case.inputs[name]) for name in ("input", "direction"))
    layer.build(inputs.shape)
    layer.kernel.assign(_height_width_first(case.weights["weight_orig"]))
    layer.bias.assign(case.weights["bias"])
    layer.u.assign(case.weights["u"] / np.linalg.norm(case.weights["u"]))
    ours = {}
    for step in (1, 2, 3):
        with tf.GradientTape() as tape:
            output = layer(inputs, training=True)
            total = tf.reduce_sum(output * direction)
        ours[f"output_step{step}"] = output
        ours[f"grad_weight_step{step}"] = _outputs_first(np.array(tape.gradient(total, layer.kernel)))
        ours[f"u_step{step}"] = layer.u.numpy()
        ours[f"sigma_step{step}"] = layer.sigma(training=False)
    ours["output_evaluation"] = layer(inputs, training=False)
    return {name: np.array(value) for name, value in ours.items()}
