"""The cases `wgan_gp_dcgan` and `wgan_gp_resnet`: outputs, losses and gradients of both networks."""

from __future__ import annotations

from types import ModuleType

import keras
import numpy as np
import tensorflow as tf

from tf_ganaug.gans.wgan_gp import critic_loss, generator_loss
from tf_ganaug.golden.case import GoldenCase
from tf_ganaug.models import dcgan, wgan_resnet

_VARIABLES = {
    "W": "kernel",
    "Filters": "kernel",
    "b": "bias",
    "Biases": "bias",
    "offset": "beta",
    "scale": "gamma",
}


def _channels_last(name: str, value: np.ndarray, base: tuple[int, int, int]) -> np.ndarray:
    """The linear layers' flat axis, C x H x W in the original, as H x W x C."""
    h, w, c = base
    if name.startswith("Generator.Input."):
        lead = value.shape[:-1]
        return np.moveaxis(value.reshape(*lead, c, h, w), -3, -1).reshape(*lead, -1)
    if name == "Discriminator.Output.W":
        return np.moveaxis(value.reshape(c, h, w, 1), 0, 2).reshape(-1, 1)
    return value


def _channels_first(name: str, value: np.ndarray, base: tuple[int, int, int]) -> np.ndarray:
    """The inverse of `_channels_last`, for gradients."""
    order = _channels_last(name, np.arange(value.size).reshape(value.shape), base).ravel()
    flat = np.empty(value.size, value.dtype)
    flat[order] = value.ravel()
    return flat.reshape(value.shape)


def _variable(model: keras.Model, name: str) -> tf.Variable:
    layer, kind = name.rsplit(".", 1)
    return getattr(model.get_layer(layer), _VARIABLES[kind])


def run_dcgan(case: GoldenCase) -> dict[str, np.ndarray]:
    """Our numbers for a `wgan_gp_dcgan` case, by the names of its outputs."""
    return _run(case, dcgan)


def run_resnet(case: GoldenCase) -> dict[str, np.ndarray]:
    """Our numbers for a `wgan_gp_resnet` case, by the names of its outputs."""
    return _run(case, wgan_resnet)


def _run(case: GoldenCase, pair: ModuleType) -> dict[str, np.ndarray]:
    shape, dim = case.inputs["images"].shape[1:], case.kwargs["dim"]
    generator = pair.generator(*shape, dim=dim, latent_size=case.kwargs["latent_size"])
    critic = pair.critic(*shape, dim=dim)
    base = (4, 4, generator.get_layer("Generator.Input").units // 16)
    models = {"Generator": generator, "Discriminator": critic}
    for name, value in case.weights.items():
        _variable(models[name.split(".")[0]], name).assign(_channels_last(name, value, base))

    reals = tf.constant(case.inputs["images"])
    mix = tf.constant(case.inputs["mix"].reshape(-1, 1, 1, 1))
    with tf.GradientTape(persistent=True) as tape:
        fakes = generator(tf.constant(case.inputs["latents"]), training=True)
        terms = critic_loss(critic, reals, tf.stop_gradient(fakes), mix)
        losses = {"Discriminator": terms["critic_loss"], "Generator": generator_loss(critic, fakes)}
    ours = {
        "images": fakes.numpy(),
        "critic_loss": losses["Discriminator"].numpy(),
        "generator_loss": losses["Generator"].numpy(),
        **{key: terms[key].numpy() for key in ("scores_real", "scores_fake", "gradient_norms")},
    }
    for key in (key for key in case.outputs if key.startswith("grad:")):
        name = key.removeprefix("grad:")
        network = name.split(".")[0]
        gradient = tape.gradient(losses[network], _variable(models[network], name))
        ours[key] = _channels_first(name, np.array(gradient), base)
    return ours
