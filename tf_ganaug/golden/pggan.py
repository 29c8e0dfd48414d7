"""The cases `pggan`, `pggan_reals` and `pggan_schedule` of the progressive GAN."""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from tf_ganaug.gans.pggan_reals import from_labels, reals_at_level
from tf_ganaug.gans.pggan_schedule import ProgressiveSchedule
from tf_ganaug.gans.progressive import critic_loss
from tf_ganaug.gans.wgan_gp import generator_loss
from tf_ganaug.golden.case import GoldenCase
from tf_ganaug.models import pggan
from tf_ganaug.models.pggan import ProgressiveNetwork


def _ours(name: str, value: np.ndarray, fused_scale: bool) -> np.ndarray:
    """A weight of the original in our layout: channels last on dense axes, no flipped kernels."""
    if name == "G/4x4/Dense/weight":
        return np.moveaxis(value.reshape(len(value), -1, 4, 4), 1, -1).reshape(value.shape)
    if name == "D/4x4/Dense0/weight":
        return np.moveaxis(value.reshape(-1, 4, 4, value.shape[1]), 0, 2).reshape(value.shape)
    if name.endswith("Conv0_up/weight") and fused_scale:  # the kernel of a transposed convolution
        return value[::-1, ::-1].swapaxes(2, 3)
    return value


def _theirs(name: str, value: np.ndarray, fused_scale: bool) -> np.ndarray:
    """The inverse of `_ours`, for gradients."""
    if name == "G/4x4/Dense/weight":
        return np.moveaxis(value.reshape(len(value), 4, 4, -1), -1, 1).reshape(value.shape)
    if name == "D/4x4/Dense0/weight":
        return np.moveaxis(value.reshape(4, 4, -1, value.shape[1]), 2, 0).reshape(value.shape)
    return _ours(name, value, fused_scale)


def _variables(network: ProgressiveNetwork, prefix: str) -> dict[str, tf.Variable]:
    """Trained variables by the original's names."""
    layers = {layer.name: layer for model in (*network.stable, *network.fading) for layer in model.layers}
    kinds = {"weight": "kernel", "bias": "bias"}
    return {
        f"{prefix}/{name.replace('.', '/')}/{theirs}": getattr(layer, ours)
        for name, layer in layers.items()
        if layer.trainable_weights
        for theirs, ours in kinds.items()
    }


def _at(network: ProgressiveNetwork, lod: float) -> keras.Model:
    """The model at a level of detail, with its fade set."""
    coarse, fine = network.top - math.ceil(lod), network.top - math.floor(lod)
    if coarse != fine:
        network.fade.fraction.assign(lod % 1.0)
    return network.view(coarse, fine)


def _full_size(images: tf.Tensor, lod: float) -> np.ndarray:
    times = 1 << math.floor(lod)
    return images.numpy().repeat(times, 1).repeat(times, 2)


def run_networks(case: GoldenCase) -> dict[str, np.ndarray]:
    """Our numbers for a `pggan` case, by the names of its outputs."""
    given = case.kwargs
    case.require(fmap_decay=1.0)
    shape = given["resolution"], given["resolution"], given["num_channels"], given["fmap_base"], given["fmap_max"]
    generator = pggan.generator(*shape, latent_size=given["latent_size"])
    critic = pggan.critic(*shape, fused_scale=given["fused_scale"], group=given["mbstd_group_size"])
    variables = {**_variables(generator, "G"), **_variables(critic, "D")}
    for name, value in case.weights.items():
        variables[name].assign(_ours(name, value, given["fused_scale"]))

    latents, reals = tf.constant(case.inputs["latents"]), tf.constant(case.inputs["images"])
    ours = {}
    for name in case.outputs:
        kind, _, lod = name.partition("_lod")
        if kind == "images":
            ours[name] = _full_size(_at(generator, float(lod))(latents), float(lod))
        elif kind == "scores":
            images = reals_at_level(reals, math.floor(float(lod)))
            ours[name] = _at(critic, float(lod))(images).numpy()[:, None]
    if "critic_loss" in case.outputs:
        ours |= _losses_and_gradients(case, generator.stable[-1], critic.stable[-1], variables)
    return ours


def _losses_and_gradients(
    case: GoldenCase, generator: keras.Model, critic: keras.Model, variables: dict[str, tf.Variable]
) -> dict[str, np.ndarray]:
    reals, mix = (tf.constant(case.inputs[name]) for name in ("images", "mix"))
    with tf.GradientTape(persistent=True) as tape:
        fakes = generator(tf.constant(case.inputs["latents"]), training=True)
        losses = {
            "D": critic_loss(critic, reals, tf.stop_gradient(fakes), mix)["critic_loss"],
            "G": generator_loss(critic, fakes),
        }
    ours = {"critic_loss": losses["D"].numpy(), "generator_loss": losses["G"].numpy()}
    for key in (key for key in case.outputs if key.startswith("grad:")):
        name = key.removeprefix("grad:").replace("|", "/")
        gradient = np.array(tape.gradient(losses[name[0]], variables[name]))
        ours[key] = _theirs(name, gradient, case.kwargs["fused_scale"])
    return ours


def run_reals(case: GoldenCase) -> dict[str, np.ndarray]:
    """Our real images for a `pggan_reals` case, by the names of its outputs."""
    case.require(drange_net=[-1, 1])
    classes = case.kwargs["drange_data"][1] + 1
    reals = from_labels(tf.constant(case.inputs["labels"]), classes)[..., 0]
    ours = {}
    for name in case.outputs:
        lod = float(name.removeprefix("reals_lod"))
        fraction = tf.constant(lod % 1.0, tf.float32) if lod % 1.0 else None
        ours[name] = _full_size(reals_at_level(reals, math.floor(lod), fraction), lod)
    return ours


def run_schedule(case: GoldenCase) -> dict[str, np.ndarray]:
    """Our stages for a `pggan_schedule` case, by the columns of its rows."""
    given, ours = case.kwargs, {name: [] for name in case.outputs}
    for resolution, kimg in zip(case.outputs["final_resolution"], case.outputs["kimg"]):
        schedule = ProgressiveSchedule(
            int(resolution),
            stable_images=1000 * given["lod_training_kimg"],
            fade_images=1000 * given["lod_transition_kimg"],
            minibatch={int(size): batch for size, batch in given["minibatch"].items()},
            learning_rate=given["learning_rate_base"],
            learning_rates={int(size): rate for size, rate in given["learning_rate"].items()},
        )
        stage = schedule.at(round(1000 * kimg))
        row = {"final_resolution": resolution, "kimg": kimg, "tick_kimg": stage.tick_images / 1000}
        row |= {name: getattr(stage, name) for name in ("lod", "resolution", "minibatch", "learning_rate")}
        for name, value in row.items():
            ours[name].append(value)
    return {name: np.array(values) for name, values in ours.items()}
