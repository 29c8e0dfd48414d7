"""pix2pixHD's networks: parameter counts of the original, starts, sizes, and what a coarser training hands over."""

import math

import keras
import numpy as np
import pytest

from tests.models.counts import trained_numbers
from tf_ganaug.errors import InputError
from tf_ganaug.models.patch_discriminator import HalvingMean
from tf_ganaug.models.pix2pixhd import (
    ReflectionPad,
    discriminator,
    enhancer_variables,
    global_generator,
    local_enhancer,
    take_over,
)

RNG = np.random.default_rng(0)


def conv(maps_in, maps, size=3):
    return size * size * maps_in * maps + maps


def global_count(labels, images, ngf=64, levels=4, blocks=9, last=True):
    """The arithmetic: every convolution has a bias, every norm nothing."""
    widths = [ngf << level for level in range(levels + 1)]
    between = sum(conv(a, b) + conv(b, a) for a, b in zip(widths, widths[1:]))
    residual = blocks * 2 * conv(widths[-1], widths[-1])
    return conv(labels, ngf, 7) + between + residual + (conv(ngf, images, 7) if last else 0)


def enhancer_count(labels, images, ngf=32):
    ends = conv(labels, ngf, 7) + conv(ngf, images, 7)
    own = ends + conv(ngf, 2 * ngf) + 3 * 2 * conv(2 * ngf, 2 * ngf) + conv(2 * ngf, ngf)
    return own, own + global_count(labels, images, 2 * ngf, last=False)


def discriminator_count(channels, scales, ndf=64):
    widths = [channels, ndf, 2 * ndf, 4 * ndf, 8 * ndf, 1]
    return scales * sum(conv(a, b, 4) for a, b in zip(widths, widths[1:]))


def test_parameters_of_the_original():
    assert global_count(3, 3) == 182_443_267
    assert trained_numbers(global_generator(64, 128, 36, 3)) == global_count(36, 3) == 182_546_755
    assert enhancer_count(36, 3)[1] == 182_857_059
    model = local_enhancer(64, 128, 36, 3, ngf=4)
    own, both = enhancer_count(36, 3, ngf=4)
    assert trained_numbers(model) == both
    assert sum(math.prod(variable.shape) for variable in enhancer_variables(model)) == own
    assert trained_numbers(discriminator(64, 128, 36, 3)) == discriminator_count(39, 2) == 5_603_202
    assert discriminator_count(39, 3) == 8_404_803
    assert discriminator_count(6, 2) == 5_535_618


@pytest.mark.parametrize("build", [global_generator, local_enhancer])
@pytest.mark.parametrize(("height", "width", "levels"), [(16, 48, 2), (32, 16, 1)])
def test_other_sizes_and_depths(build, height, width, levels):
    model = build(height, width, 5, 2, ngf=2, downsamplings=levels, blocks=1)
    labels = np.eye(5, dtype=np.float32)[RNG.integers(0, 5, (2, height, width))]
    images = model(labels).numpy()
    assert images.shape == (2, height, width, 2)
    assert 0 < np.abs(images).max() <= 1
    # No running statistics: neither the mode nor the other image makes a difference.
    np.testing.assert_allclose(model(labels[:1], training=True), images[:1], atol=1e-5)


@pytest.mark.parametrize(
    ("build", "size", "message"),
    [
        (global_generator, (40, 64), "multiples of 16.*40"),
        (global_generator, (16, 64), "at least 32 pixels.*16"),
        (local_enhancer, (48, 64), "multiples of 32.*48"),
        (local_enhancer, (32, 64), "at least 64 pixels.*32"),
    ],
)
def test_sizes_refused(build, size, message):
    with pytest.raises(InputError, match=message):
        build(*size, 3, 1, ngf=2)


def test_reflection_does_not_repeat_the_edge():
    x = RNG.normal(size=(2, 5, 4, 3)).astype(np.float32)
    expected = np.pad(x, [(0, 0), (3, 3), (3, 3), (0, 0)], mode="reflect")
    np.testing.assert_array_equal(ReflectionPad(3)(x), expected)


@pytest.mark.parametrize("scales", [2, 3])
def test_discriminator_has_a_patch_gan_for_each_scale(scales):
    model = discriminator(256, 512, 2, 1, ndf=1, scales=scales)
    maps = model([np.zeros((1, 256, 512, channels), np.float32) for channels in (2, 1)])
    heights = [[129, 65, 33, 34, 35], [65, 33, 17, 18, 19], [33, 17, 9, 10, 11]]
    assert [[x.shape[1] for x in scale] for scale in maps] == heights[:scales]
    assert [x.shape[-1] for x in maps[0]] == [1, 2, 4, 8, 1]


def test_initial_weights_of_the_original():
    models = local_enhancer(32, 32, 3, 1, ngf=8, downsamplings=2, blocks=1), discriminator(32, 32, 3, 1, ndf=16)
    for layer in (layer for model in models for layer in model.layers if hasattr(layer, "kernel")):
        kernel, bias = layer.kernel.numpy(), layer.bias.numpy()
        # PyTorch takes the second axis of its kernels for the inputs; of transposed ones that is the outputs.
        fan_in = math.prod(kernel.shape[:2]) * kernel.shape[2]
        assert kernel.std() == pytest.approx(0.02, rel=0.2), layer.name
        assert kernel.size < 9000 or np.abs(kernel).max() > 3 * 0.02
        bound = 1 / math.sqrt(fan_in)
        assert np.abs(bias).max() <= bound
        assert bias.size < 8 or np.abs(bias).max() > 0.5 * bound, layer.name


def test_an_enhancer_takes_over_all_of_the_global_generator_but_its_last_convolution():
    coarse = global_generator(16, 16, 3, 1, ngf=4, downsamplings=2, blocks=2)
    fine = local_enhancer(32, 32, 3, 1, ngf=2, downsamplings=2, blocks=2)
    own = [variable.numpy() for variable in enhancer_variables(fine)]
    take_over(fine, coarse)
    for before, variable in zip(own, enhancer_variables(fine)):
        np.testing.assert_array_equal(variable.numpy(), before)
    # The maps that the last convolution of the coarse network sees are those that the enhancer adds its own to.
    labels = np.eye(3, dtype=np.float32)[RNG.integers(0, 3, (2, 32, 32))]
    parts = [keras.Model(model.input, model.get_layer("model.15.norm").output) for model in (coarse, fine)]
    np.testing.assert_allclose(parts[0](HalvingMean()(labels)), parts[1](labels), atol=1e-5)


def test_a_third_scale_is_above_the_two_that_are_taken_over():
    coarse, fine = discriminator(16, 16, 3, 1, ndf=2), discriminator(32, 32, 3, 1, ndf=2, scales=3)
    start = fine.get_weights()
    take_over(fine, coarse)
    by_scale = [[layer for layer in fine.layers if layer.name.startswith(f"scale{n}_")] for n in range(3)]
    for layer in (*by_scale[0], *by_scale[1]):
        for one, two in zip(layer.get_weights(), coarse.get_layer(layer.name).get_weights()):
            np.testing.assert_array_equal(one, two)
    changed = [not np.array_equal(one, two) for one, two in zip(start, fine.get_weights())]
    assert sum(changed) == 2 * 10 and len(changed) == 3 * 10


def test_networks_of_other_widths_do_not_fit():
    coarse = global_generator(16, 16, 3, 1, ngf=2, downsamplings=2, blocks=2)
    fine = local_enhancer(32, 32, 3, 1, ngf=2, downsamplings=2, blocks=2)
    with pytest.raises(InputError, match=r"layer model\.1: .*same widths"):
        take_over(fine, coarse)
