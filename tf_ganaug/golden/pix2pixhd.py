"""The cases `pix2pixhd_global_generator`, `pix2pixhd_local_enhancer`, `pix2pixhd_discriminator`, `pix2pixhd_losses`."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from tf_ganaug.gans.pix2pixhd import least_squares
from tf_ganaug.gans.spade import feature_matching
from tf_ganaug.golden.case import GoldenCase
from tf_ganaug.models import pix2pixhd
from tf_ganaug.models.patch_discriminator import SCORES

_VARIABLES = {"weight": "kernel", "bias": "bias"}


def _variable(model: keras.Model, name: str) -> tf.Variable:
    layer, kind = name.rsplit(".", 1)
    return getattr(model.get_layer(layer), _VARIABLES[kind])


def _set_weights(model: keras.Model, case: GoldenCase) -> None:
    for name, value in case.weights.items():
        # PyTorch's kernels are OIHW, of transposed convolutions IOHW: Keras wants the first two last, swapped.
        _variable(model, name).assign(value.transpose(2, 3, 1, 0) if value.ndim == 4 else value)


def _paint(case: GoldenCase, model: keras.Model) -> dict[str, np.ndarray]:
    _set_weights(model, case)
    return {"output": model(case.inputs["input"], training=False).numpy()}


def _shape(case: GoldenCase) -> tuple[int, ...]:
    """Height, width, channels of input and output, as our generators take them."""
    return (*case.inputs["input"].shape[1:3], case.kwargs["input_channels"], case.kwargs["output_channels"])


def _depth(case: GoldenCase) -> dict[str, int]:
    given = case.kwargs
    return {"ngf": given["ngf"], "downsamplings": given["n_downsampling"], "blocks": given["n_blocks"]}


def run_global_generator(case: GoldenCase) -> dict[str, np.ndarray]:
    """Our numbers for a `pix2pixhd_global_generator` case, by the names of its outputs."""
    return _paint(case, pix2pixhd.global_generator(*_shape(case), **_depth(case)))


def run_local_enhancer(case: GoldenCase) -> dict[str, np.ndarray]:
    """Our numbers for a `pix2pixhd_local_enhancer` case, by the names of its outputs."""
    case.require(n_local_enhancers=1, n_blocks_local=pix2pixhd.ENHANCER_BLOCKS)
    return _paint(case, pix2pixhd.local_enhancer(*_shape(case), **_depth(case)))


def _discriminator(case: GoldenCase, size: tuple[int, ...], label_channels: int, image_channels: int) -> keras.Model:
    given = case.kwargs
    case.require(n_layers=SCORES - 1)
    model = pix2pixhd.discriminator(*size, label_channels, image_channels, given["ndf"], given["num_scales"])
    _set_weights(model, case)
    return model


def run_discriminator(case: GoldenCase) -> dict[str, np.ndarray]:
    """Our numbers for a `pix2pixhd_discriminator` case, by the names of its outputs."""
    both = case.inputs["input"]  # labels and images side by side: where they part makes no difference
    parts = both[..., :1], both[..., 1:]
    model = _discriminator(case, both.shape[1:3], *(part.shape[-1] for part in parts))
    return {
        f"scale{scale}_layer{layer}": values.numpy()
        for scale, layers in enumerate(model(list(parts), training=False))
        for layer, values in enumerate(layers)
    }


def run_losses(case: GoldenCase) -> dict[str, np.ndarray]:
    """Our numbers for a `pix2pixhd_losses` case, by the names of its outputs."""
    labels, fakes, reals = (tf.constant(case.inputs[name]) for name in ("label", "fake", "real"))
    model = _discriminator(case, labels.shape[1:3], labels.shape[-1], fakes.shape[-1])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(fakes)
        fake, real = (model([labels, images], training=True) for images in (fakes, reals))
        losses = {
            "discriminator_fake_loss": least_squares(fake, 0.0),
            "discriminator_real_loss": least_squares(real, 1.0),
        }
        terms = {
            "generator_gan_loss": least_squares(fake, 1.0),
            "generator_feature_loss": case.kwargs["lambda_feature"] * feature_matching(fake, real),
        }
        judged = 0.5 * tf.add_n(list(losses.values()))
        painted = tf.add_n(list(terms.values()))
    ours = {**losses, **terms, "grad_fake": tape.gradient(painted, fakes)}
    for key in (key for key in case.outputs if key.startswith("grad:")):
        gradient = np.array(tape.gradient(judged, _variable(model, key.removeprefix("grad:"))))
        ours[key] = gradient.transpose(3, 2, 0, 1) if gradient.ndim == 4 else gradient  # as OIHW
    return {name: np.array(value) for name, value in ours.items()}
