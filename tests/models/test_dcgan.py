"""The DCGAN pair: the original's parameter counts and initial weights, other sizes, sizes refused."""

import math

import numpy as np
import pytest

from tests.models.counts import trained_numbers
from tf_ganaug.errors import InputError
from tf_ganaug.models import dcgan

#: Generator and critic of the original by channels (counted from gan_64x64.py).
COUNTS = {3: (5_364_739, 4_316_545), 1: (5_361_537, 4_313_345), 2: (5_363_138, 4_314_945)}


@pytest.mark.parametrize("channels", COUNTS)
def test_parameters_of_the_original(channels):
    c = channels
    # Dense 128 -> 4 x 4 x 512; four norms; transposed 5 x 5 convolutions 512-256-128-64-c, with biases.
    generator = 128 * 8192 + 8192 + 2 * (512 + 256 + 128 + 64)
    generator += 25 * (512 * 256 + 256 * 128 + 128 * 64 + 64 * c) + 256 + 128 + 64 + c
    # 5 x 5 convolutions c-64-128-256-512, with biases; norms after all but the first; dense 8192 -> 1.
    critic = 25 * (c * 64 + 64 * 128 + 128 * 256 + 256 * 512) + 64 + 128 + 256 + 512
    critic += 2 * (128 + 256 + 512) + 8192 + 1
    assert (generator, critic) == COUNTS[channels]
    assert trained_numbers(dcgan.generator(64, 64, channels)) == generator
    assert trained_numbers(dcgan.critic(64, 64, channels)) == critic


def filters(model):
    return [layer.filters for layer in model.layers if hasattr(layer, "filters")]


@pytest.mark.parametrize(
    ("height", "width", "base", "widths"),
    [
        (256, 256, (4, 4), [32, 32, 32, 16, 8, 4]),
        (128, 256, (4, 8), [32, 32, 16, 8, 4]),
        (32, 32, (4, 4), [16, 8, 4]),
        (8, 8, (4, 4), [4]),
    ],
)
def test_other_sizes(height, width, base, widths):
    generator = dcgan.generator(height, width, 2, dim=4, latent_size=5)
    critic = dcgan.critic(height, width, 2, dim=4)
    images = generator(np.random.default_rng(0).normal(size=(2, 5)), training=True)
    assert images.shape == (2, height, width, 2)
    assert np.abs(images).max() <= 1
    assert critic(images).shape == (2,)
    assert generator.get_layer("Generator.Input").units == math.prod(base) * widths[0]
    assert filters(generator) == [*widths[1:], 2]
    assert filters(critic) == widths[::-1]


@pytest.mark.parametrize("build", [dcgan.generator, dcgan.critic])
@pytest.mark.parametrize(("height", "width"), [(48, 64), (64, 48), (4, 64), (0, 8)])
def test_sizes_refused(build, height, width):
    wrong = {48, 4, 0}.intersection((height, width)).pop()
    with pytest.raises(InputError, match=rf"powers of two of at least 8.*{wrong}"):
        build(height, width, 1)


def layer_kernels(model):
    return {layer.name: layer.kernel.numpy() for layer in model.layers if hasattr(layer, "kernel")}


def test_initial_weights_of_the_original():
    kernels = {**layer_kernels(dcgan.generator(64, 64, 1)), **layer_kernels(dcgan.critic(64, 64, 1))}
    assert len(kernels) == 10
    for name, kernel in kernels.items():
        # Uniform on +-0.0346 has the deviation 0.02; the smallest kernel (1600 numbers) tells it to 5 %.
        assert kernel.std() == pytest.approx(0.02, rel=0.05), name
        assert 0.03 < np.abs(kernel).max() <= 0.02 * math.sqrt(3) + 1e-7, name


def test_initial_weights_by_he():
    kernels = {
        **layer_kernels(dcgan.generator(64, 64, 1, he=True)),
        **layer_kernels(dcgan.critic(64, 64, 1, he=True)),
    }
    expected = {
        "Generator.Input": math.sqrt(2 / (128 + 8192)),
        "Generator.2": math.sqrt(4 / (25 / 4 * 512 + 25 * 256)),
        "Generator.5": math.sqrt(4 / (25 / 4 * 64 + 25 * 1)),
        "Discriminator.1": math.sqrt(4 / (25 * 1 + 25 / 4 * 64)),
        "Discriminator.4": math.sqrt(4 / (25 * 256 + 25 / 4 * 512)),
        "Discriminator.Output": math.sqrt(2 / (8192 + 1)),
    }
    for name, deviation in expected.items():
        assert kernels[name].std() == pytest.approx(deviation, rel=0.05), name
        assert np.abs(kernels[name]).max() <= deviation * math.sqrt(3) * 1.0001, name


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_slope_of_the_critic(slope):
    critic = dcgan.critic(8, 8, 1, dim=4, negative_slope=slope)
    critic.get_layer("Discriminator.1").bias.assign([-10.0] * 4)
    critic.get_layer("Discriminator.Output").kernel.assign(np.ones((64, 1)))
    assert float(critic(np.zeros((1, 8, 8, 1), np.float32))[0]) == pytest.approx(64 * -10 * slope)
