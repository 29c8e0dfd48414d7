"""The case `pix2pix`: outputs, patches, losses and gradients of both networks."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from tf_ganaug.gans.pix2pix import discriminator_loss, generator_losses
from tf_ganaug.golden.case import GoldenCase
from tf_ganaug.models import pix2pix

#: The case's gradients are those of the generator's loss with this weight of the L1 loss.
L1_WEIGHT = 100.0


def _variable(models: dict[str, keras.Model], name: str) -> tf.Variable:
    model, *layer, kind = name.split("/")
    return getattr(models[model].get_layer(".".join(layer)), kind)


def run_pix2pix(case: GoldenCase) -> dict[str, np.ndarray]:
    """Our numbers for a `pix2pix` case, by the names of its outputs."""
    given = case.kwargs
    condition, images = (tf.constant(case.inputs[name]) for name in ("input", "target"))
    shape = *condition.shape[1:], images.shape[-1]
    generator = pix2pix.generator(*shape, ngf=given["ngf"])
    discriminator = pix2pix.discriminator(*shape, ndf=given["ndf"])
    models = {"generator": generator, "discriminator": discriminator}
    for name, value in case.weights.items():
        _variable(models, name).assign(value)
    gates = [tf.ones((len(images), *gate.shape[1:])) for gate in generator.inputs[1:]]  # no dropout
    with tf.GradientTape(persistent=True) as tape:
        fakes = generator([condition, *gates], training=True)
        real, fake = (discriminator([condition, x], training=True) for x in (images, fakes))
        losses = generator_losses(fake, fakes, images)
        totals = {
            "discriminator": discriminator_loss(real, fake),
            "generator": losses["generator_gan_loss"] + L1_WEIGHT * losses["generator_l1_loss"],
        }
    ours = {
        "output": fakes[:, ::2, ::2],
        "predict_real": real,
        "predict_fake": fake,
        "discriminator_loss": totals["discriminator"],
        **losses,
    }
    for key in (key for key in case.outputs if key.startswith("grad:")):
        name = key.removeprefix("grad:").replace("|", "/")
        ours[key] = tape.gradient(totals[name.split("/")[0]], _variable(models, name))
    return {name: np.array(value) for name, value in ours.items()}
