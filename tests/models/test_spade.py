"""SPADE's networks: the norm against numpy, parameter counts of the original, other sizes and depths."""

import math

import numpy as np
import pytest

from tests.models.counts import trained_numbers
from tf_ganaug import backend
from tf_ganaug.errors import InputError
from tf_ganaug.models.patch_discriminator import HalvingMean, discriminator
from tf_ganaug.models.spade import SpatiallyAdaptiveNorm, generator
from tf_ganaug.models.spectral_norm import SpectralConv2D

RNG = np.random.default_rng(0)
X, GAMMA, BETA = (3 + 2 * RNG.normal(size=(3, 2, 4, 5, 2))).astype(np.float32)


def test_norm_uses_the_batch_and_follows_it_with_the_unbiased_variance():
    layer = SpatiallyAdaptiveNorm()
    mean, variance = X.mean((0, 1, 2)), X.var((0, 1, 2))
    running_mean, running_variance = np.zeros(2), np.ones(2)
    for _ in range(2):
        expected = (X - mean) / np.sqrt(variance + 1e-5) * (1 + GAMMA) + BETA
        np.testing.assert_allclose(layer([X, GAMMA, BETA], training=True), expected, atol=1e-4)
        running_mean = 0.9 * running_mean + 0.1 * mean
        running_variance = 0.9 * running_variance + 0.1 * X.var((0, 1, 2), ddof=1)
        np.testing.assert_allclose(layer.mean, running_mean, rtol=1e-5)
        np.testing.assert_allclose(layer.variance, running_variance, rtol=1e-5)
    expected = (X - running_mean) / np.sqrt(running_variance + 1e-5) * (1 + GAMMA) + BETA
    for _ in range(2):
        np.testing.assert_allclose(layer([X, GAMMA, BETA], training=False), expected, atol=1e-4)
    assert not layer.trainable_weights


def test_norm_of_a_large_mean_with_a_tiny_variance_is_exact():
    x = (1000 + 1e-2 * RNG.normal(size=(2, 8, 8, 2))).astype(np.float32)
    layer, exact, zeros = SpatiallyAdaptiveNorm(), x.astype(np.float64), np.zeros_like(x)
    expected = (exact - exact.mean((0, 1, 2))) / np.sqrt(exact.var((0, 1, 2)) + 1e-5)
    np.testing.assert_allclose(layer([x, zeros, zeros], training=True), expected, atol=1e-5)


def test_norm_is_float32_inside_under_float16():
    backend.set_precision("mixed_float16")
    try:
        layer = SpatiallyAdaptiveNorm()
        x = (300 * X).astype(np.float16)  # squares leave float16
        normed = layer([x, np.zeros_like(x), np.zeros_like(x)], training=True)
    finally:
        backend.set_precision("float32")
    x = x.astype(np.float64)
    np.testing.assert_allclose(normed, (x - x.mean((0, 1, 2))) / x.std((0, 1, 2)), atol=2e-3)
    assert layer.variance.dtype == "float32"


def generator_count(labels, images, ngf=64, hidden=128, blocks=7):
    """The arithmetic: convolutions 3 x 3 with bias but for the 1 x 1 shortcuts without."""

    def conv(maps_in, maps):
        return 9 * maps_in * maps + maps

    def spade(maps):
        return conv(labels, hidden) + 2 * conv(hidden, maps)

    widths = [16 * ngf, 16 * ngf, 16 * ngf, 8 * ngf, 4 * ngf, 2 * ngf, ngf, ngf // 2][:blocks]
    count, maps_in = conv(labels, 16 * ngf), 16 * ngf
    for maps in widths:
        count += spade(maps_in) + conv(maps_in, maps) + spade(maps) + conv(maps, maps)
        count += spade(maps_in) + maps_in * maps if maps != maps_in else 0
        maps_in = maps
    return count + conv(maps_in, images)


def discriminator_count(channels, ndf=64):
    """Two scales; 4 x 4 convolutions, biases in the first and last only."""
    widths = [channels, ndf, 2 * ndf, 4 * ndf, 8 * ndf, 1]
    return 2 * (16 * sum(a * b for a, b in zip(widths, widths[1:])) + ndf + 1)


#: By label and image channels, as the original has them; the last is Foroozandeh & Eklund's (2020).
COUNTS = {
    (36, 3): (93_048_003, 5_601_410),
    (151, 3): (96_492_483, 5_836_930),
    (184, 3): (97_480_899, 5_904_514),
    (3, 1): (92_058_433, None),
    (7, 1): (92_178_241, None),
}


def test_parameters_of_the_original():
    for (labels, images), (in_generator, in_discriminator) in COUNTS.items():
        assert generator_count(labels, images) == in_generator
        assert in_discriminator in (None, discriminator_count(labels + images))
    # One channel instead of three is 2 (9 x 64 + 1) numbers fewer.
    assert generator_count(3, 3) == 92_059_587 == generator_count(3, 1) + 2 * (9 * 64 + 1)
    assert trained_numbers(generator(256, 256, 7, 1)) == COUNTS[7, 1][0]
    assert trained_numbers(discriminator(256, 256, 36, 3)) == COUNTS[36, 3][1]


@pytest.mark.parametrize(
    ("height", "width", "upsamplings", "blocks", "doublings"),
    [
        (64, 64, 5, 7, [0, 1, 0, 1, 1, 1, 1]),
        (128, 256, 6, 7, [0, 1, 1, 1, 1, 1, 1]),
        (256, 256, 7, 8, [0, 1, 1, 1, 1, 1, 1, 1]),
        (32, 48, 3, 5, [0, 1, 0, 1, 1]),
        (8, 8, 2, 4, [0, 1, 0, 1]),
    ],
)
def test_other_sizes_and_depths(height, width, upsamplings, blocks, doublings):
    model = generator(height, width, 3, 2, ngf=2, upsamplings=upsamplings, hidden=4)
    assert trained_numbers(model) == generator_count(3, 2, 2, 4, blocks)
    sides = [height >> upsamplings << sum(doublings[: n + 1]) for n in range(blocks)]
    firsts = [layer for layer in model.layers if layer.name.endswith("norm_0.param_free_norm")]
    assert [layer.input[0].shape[1] for layer in firsts] == sides
    images = model(np.eye(3, dtype=np.float32)[RNG.integers(0, 3, (2, height, width))]).numpy()
    assert images.shape == (2, height, width, 2)
    assert 0 < np.abs(images).max() <= 1


@pytest.mark.parametrize(
    ("size", "upsamplings", "message"),
    [
        ((48, 64), 5, "multiples of 32.*48"),
        ((32, 64), 5, "at least 64 pixels.*32"),
        ((64, 64), 8, "2 to 7.*8"),
        ((64, 64), 1, "2 to 7.*1"),
    ],
)
def test_sizes_refused(size, upsamplings, message):
    with pytest.raises(InputError, match=message):
        generator(*size, 3, 1, ngf=2, upsamplings=upsamplings)


def test_discriminator_pairs_scales_with_maps():
    maps = discriminator(256, 256, 2, 1, ndf=1)([np.zeros((1, 256, 256, c), np.float32) for c in (2, 1)])
    assert [[x.shape[1] for x in scale] for scale in maps] == [[129, 65, 33, 34, 35], [65, 33, 17, 18, 19]]
    assert [x.shape[-1] for x in maps[0]] == [1, 2, 4, 8, 1]


@pytest.mark.parametrize("size", [(6, 8), (5, 7)])
def test_halving_mean_leaves_the_border_out_of_the_count(size):
    x = RNG.normal(size=(2, *size, 3)).astype(np.float32)
    expected = [
        [x[:, max(r - 1, 0) : r + 2, max(c - 1, 0) : c + 2].mean((1, 2)) for c in range(0, size[1], 2)]
        for r in range(0, size[0], 2)
    ]
    np.testing.assert_allclose(HalvingMean()(x), np.moveaxis(expected, 2, 0), atol=1e-6)


def test_initial_weights_of_the_original():
    models = generator(64, 64, 7, 1, ngf=16), discriminator(64, 64, 7, 1, ndf=16)
    layers = {layer.name: layer for model in models for layer in model.layers if hasattr(layer, "kernel")}
    spectral = {name for name, layer in layers.items() if isinstance(layer, SpectralConv2D)}
    plain = {"fc", "conv_img"} | {name for name in layers if "mlp_" in name or "model0" in name or "model4" in name}
    assert spectral | plain == set(layers)
    for name, layer in layers.items():
        assert not hasattr(layer, "bias") or not np.any(layer.bias.numpy()), name
        *area, maps_in, maps = layer.kernel.shape
        fan_in, fan_out = math.prod(area) * maps_in, math.prod(area) * maps
        xavier = 0.02 * math.sqrt(2 / (fan_in + fan_out))
        deviation = 1 / math.sqrt(3 * fan_in) if name in spectral else xavier
        # The smallest kernel has 144 numbers, which tell the deviation to 6 %.
        kernel = layer.kernel.numpy()
        assert kernel.std() == pytest.approx(deviation, rel=0.25), name
        # Uniform ends at 1.7 deviations, a truncated normal at 2.3; of 9000 normal numbers some pass 3.
        assert kernel.size < 9000 or (np.abs(kernel).max() > 3 * deviation) == (name in plain), name
