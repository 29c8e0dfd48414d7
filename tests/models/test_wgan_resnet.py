"""The "Good" residual pair: the original's parameter counts and initial weights, other sizes."""

import math

import numpy as np
import pytest

from tests.models.counts import trained_numbers
from tf_ganaug.errors import InputError
from tf_ganaug.models import wgan_resnet

#: Generator and critic of the original by channels (counted from gan_64x64.py).
COUNTS = {3: (8_540_483, 7_491_841), 1: (8_539_329, 7_490_689), 2: (8_539_906, 7_491_265)}


@pytest.mark.parametrize("channels", COUNTS)
def test_parameters_of_the_original(channels):
    c = channels
    # Up block: norm, 3 x 3 without bias to the new width, norm, 3 x 3 with bias, 1 x 1 shortcut.
    ups = ((512, 512), (512, 256), (256, 128), (128, 64))
    generator = 128 * 8192 + 8192 + 2 * 64 + 9 * 64 * c + c
    generator += sum(2 * i + 9 * i * o + 2 * o + 9 * o * o + o + i * o + o for i, o in ups)
    # Down block: the first convolution keeps the width.
    downs = ((64, 128), (128, 256), (256, 512), (512, 512))
    critic = 9 * c * 64 + 64 + 8192 + 1
    critic += sum(2 * i + 9 * i * i + 2 * i + 9 * i * o + o + i * o + o for i, o in downs)
    assert (generator, critic) == COUNTS[channels]
    assert trained_numbers(wgan_resnet.generator(64, 64, channels)) == generator
    assert trained_numbers(wgan_resnet.critic(64, 64, channels)) == critic


@pytest.mark.parametrize(
    ("height", "width", "base", "widest"),
    [(256, 256, (4, 4), 8), (128, 256, (4, 8), 8), (32, 32, (4, 4), 8), (16, 16, (4, 4), 4)],
)
def test_other_sizes(height, width, base, widest):
    generator = wgan_resnet.generator(height, width, 2, dim=2, latent_size=5)
    critic = wgan_resnet.critic(height, width, 2, dim=2)
    images = generator(np.random.default_rng(0).normal(size=(2, 5)), training=True)
    assert images.shape == (2, height, width, 2)
    assert np.abs(images).max() <= 1
    assert critic(images).shape == (2,)
    assert max(layer.filters for layer in critic.layers if hasattr(layer, "filters")) == widest * 2
    assert generator.get_layer("Generator.Input").units == math.prod(base) * widest * 2


@pytest.mark.parametrize("build", [wgan_resnet.generator, wgan_resnet.critic])
@pytest.mark.parametrize(("height", "width"), [(48, 64), (64, 48), (4, 64)])
def test_sizes_refused(build, height, width):
    wrong = {48, 4}.intersection((height, width)).pop()
    with pytest.raises(InputError, match=rf"powers of two of at least 8.*{wrong}"):
        build(height, width, 1)


def test_initial_weights_of_the_original():
    models = wgan_resnet.generator(64, 64, 1, dim=32), wgan_resnet.critic(64, 64, 1, dim=32)
    kernels = {
        layer.name: layer.kernel.numpy() for model in models for layer in model.layers if hasattr(layer, "kernel")
    }
    # 4 / (fan in + fan out) for the 3 x 3 of the blocks and the generator's output; 2 / (...) for the
    # shortcuts, the critic's input and the dense layers.
    expected = {
        "Generator.Input": 2 / (128 + 16 * 256),
        "Generator.Res2.Conv1": 4 / (9 * 256 + 9 * 128),
        "Generator.Res2.Conv2": 4 / (9 * 128 + 9 * 128),
        "Generator.Res2.Shortcut": 2 / (256 + 128),
        "Generator.Output": 4 / (9 * 32 + 9 * 1),
        "Discriminator.Input": 2 / (9 * 1 + 9 * 32),
        "Discriminator.Res3.Conv1": 4 / (9 * 128 + 9 * 128),
        "Discriminator.Res3.Conv2": 4 / (9 * 128 + 9 * 256),
        "Discriminator.Res3.Shortcut": 2 / (128 + 256),
        "Discriminator.Output": 2 / (16 * 256 + 1),
    }
    for name, variance in expected.items():
        # The smallest kernels have 288 numbers: their deviation is known to about 3 %.
        assert kernels[name].std() == pytest.approx(math.sqrt(variance), rel=0.1), name
        assert np.abs(kernels[name]).max() <= math.sqrt(3 * variance) * 1.0001, name
