"""The progressive GAN's networks: the original's parameter counts, its layers by hand, levels and fades."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.errors import InputError
from tf_ganaug.gans.synthesizer import Synthesizer
from tf_ganaug.models import pggan
from tf_ganaug.models.pggan_layers import (
    DownConv2D,
    EqualizedConv2D,
    EqualizedDense,
    MinibatchDeviation,
    PixelNorm,
    UpConv2D,
)

RNG = np.random.default_rng(0)

#: Generator and critic of the original by size, channels, fmap_base and fmap_max.
COUNTS = {
    (64, 1, 8192, 512): (22_485_765, 22_493_441),
    (128, 3, 2048, 512): (13_629_810, 13_636_897),
    (32, 3, 4096, 128): (1_296_908, 1_298_689),
}


def numbers(variables):
    return sum(math.prod(variable.shape) for variable in variables)


@pytest.mark.parametrize(("size", "c", "base", "most"), COUNTS)
def test_parameters_of_the_original(size, c, base, most):
    latent = min(base, most)
    maps = [min(2 * base // side, most) for side in (4, 8, 16, 32, 64, 128) if side <= size]
    pairs = list(zip(maps, maps[1:]))
    # Dense to 4 x 4 with a bias per channel, 3 x 3; then 3 x 3 to the new width and 3 x 3; 1 x 1 to colours.
    generator = latent * 16 * maps[0] + maps[0] + 9 * maps[0] ** 2 + maps[0]
    generator += sum(9 * i * o + o + 9 * o * o + o for i, o in pairs) + sum(m * c + c for m in maps)
    # 1 x 1 from colours; 3 x 3 and 3 x 3 to the coarser width; at 4 x 4 one map more, two dense layers.
    critic = sum(c * m + m for m in maps) + sum(9 * i * i + i + 9 * i * o + o for o, i in pairs)
    critic += 9 * (maps[0] + 1) * maps[0] + maps[0] + 16 * maps[0] ** 2 + maps[0] + maps[0] + 1
    assert (generator, critic) == COUNTS[size, c, base, most]
    shape = size, size, c, base, most
    assert numbers(pggan.generator(*shape, latent_size=latent).trainable_variables) == generator
    assert numbers(pggan.critic(*shape).trainable_variables) == critic


def small(height=16, width=16, channels=2, **changes):
    keras.utils.set_random_seed(1)
    generator = pggan.generator(height, width, channels, fmap_base=32, fmap_max=8, latent_size=6)
    return generator, pggan.critic(height, width, channels, fmap_base=32, fmap_max=8, **changes)


LATENTS = RNG.normal(size=(4, 6)).astype(np.float32)


@pytest.mark.parametrize(("height", "width", "levels"), [(4, 4, 1), (16, 16, 3), (8, 32, 2)])
def test_every_level_and_fade_has_its_size(height, width, levels):
    generator, critic = small(height, width, channels=3)
    assert generator.top == critic.top == levels - 1
    for fine in range(levels):
        for coarse in {fine, max(fine - 1, 0)}:
            images = generator.view(coarse, fine)(LATENTS)
            shift = levels - 1 - fine
            assert images.shape == (4, height >> shift, width >> shift, 3)
            assert critic.view(coarse, fine)(images).shape == (4,)


def test_a_model_has_the_weights_of_its_levels_only():
    for network in small():
        lowest, fading, full = (network.view(*levels) for levels in ((0, 0), (0, 1), (2, 2)))
        identities = [{id(v) for v in model.trainable_variables} for model in (lowest, fading, full)]
        assert identities[0] < identities[1]
        everything = {id(v) for v in network.trainable_variables}
        # All but the 1 x 1 layers of the two coarser levels, kernel and bias.
        assert identities[2] < everything
        assert len(everything - identities[2]) == 4


def test_a_fade_runs_from_the_coarse_level_to_the_fine():
    generator, critic = small()
    images = RNG.uniform(-1, 1, (4, 8, 8, 2)).astype(np.float32)
    means = images.reshape(4, 4, 2, 4, 2, 2).mean((2, 4))
    ends = {
        1.0: (generator.stable[0](LATENTS).numpy().repeat(2, 1).repeat(2, 2), critic.stable[0](means)),
        0.0: (generator.stable[1](LATENTS), critic.stable[1](images)),
    }
    for fraction, (drawn, scores) in ends.items():
        for network in (generator, critic):
            network.fade.fraction.assign(fraction)
        np.testing.assert_allclose(generator.fading[0](LATENTS), drawn, atol=1e-5)
        np.testing.assert_allclose(critic.fading[0](images), scores, atol=1e-5)
    generator.fade.fraction.assign(0.25)
    expected = 0.75 * np.asarray(ends[0.0][0]) + 0.25 * ends[1.0][0]
    np.testing.assert_allclose(generator.fading[0](LATENTS), expected, atol=1e-5)


def plain_convolution(images, kernel):
    """3 x 3 with zeros around, as sums of nine shifted images, float64."""
    padded = np.pad(images.astype(np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)))
    height, width = images.shape[1:3]
    return sum(padded[:, y : y + height, x : x + width] @ kernel[y, x] for y in range(3) for x in range(3))


def built(layer, shape):
    keras.utils.set_random_seed(2)
    layer.build((None, *shape[1:]))
    layer.bias.assign(RNG.normal(size=layer.bias.shape))
    return layer, layer.kernel.numpy(), layer.bias.numpy()


def halved(images):
    n, height, width, channels = images.shape
    return images.reshape(n, height // 2, 2, width // 2, 2, channels).mean((2, 4))


@pytest.mark.parametrize("side", [8, 32])  # 32: computed with a stride
@pytest.mark.parametrize("kind", [EqualizedConv2D, UpConv2D, DownConv2D])
def test_convolutions_by_hand(kind, side):
    side = side // 2 if kind is UpConv2D else side
    images = RNG.normal(size=(2, side, side, 3)).astype(np.float32)
    layer, kernel, bias = built(kind(5), images.shape)
    kernel = kernel * math.sqrt(2 / 27)
    if kind is UpConv2D:
        expected = plain_convolution(images.repeat(2, 1).repeat(2, 2), kernel)
    else:
        expected = plain_convolution(images, kernel)
        expected = halved(expected) if kind is DownConv2D else expected
    np.testing.assert_allclose(layer(images), expected + bias, atol=2e-5)


@pytest.mark.parametrize("kind", [UpConv2D, DownConv2D])
def test_both_computations_have_the_same_gradients_of_gradients(kind, monkeypatch):
    side = 16 if kind is UpConv2D else 32
    images = tf.constant(RNG.normal(size=(1, side, side, 2)), tf.float32)
    layer, *_ = built(kind(3), images.shape)

    def gradients():
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(images)
                total = tf.reduce_mean(tf.nn.leaky_relu(layer(images)) ** 2)
            gradient = inner.gradient(total, images)
            squared = tf.reduce_sum(gradient**2)
        return gradient, outer.gradient(squared, layer.kernel)

    strided = gradients()
    monkeypatch.setattr("tf_ganaug.models.pggan_layers.STRIDED_FROM", 10**9)
    for one, two in zip(strided, gradients()):
        np.testing.assert_allclose(one, two, atol=1e-5 * np.abs(two).max())


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


@pytest.mark.parametrize("fused", [True, False])
def test_fused_scale_averages_before_the_nonlinearity(fused):
    keras.utils.set_random_seed(2)
    images = RNG.normal(size=(2, 8, 8, 3)).astype(np.float32)
    block = keras.Sequential([keras.Input((8, 8, 3)), *pggan._critic_block("8x8", 3, 4, fused)])
    first, second = (block.get_layer(f"8x8.{name}") for name in ("Conv0", "Conv1_down"))
    for layer in (first, second):
        layer.bias.assign(RNG.normal(size=layer.bias.shape))
    kernels = [layer.kernel.numpy() * math.sqrt(2 / 27) for layer in (first, second)]
    expected = leaky(plain_convolution(images, kernels[0]) + first.bias.numpy())
    expected = plain_convolution(expected, kernels[1])
    bias = second.bias.numpy()
    expected = leaky(halved(expected) + bias) if fused else halved(leaky(expected + bias))
    np.testing.assert_allclose(block(images), expected, atol=2e-5)


def test_fused_scale_changes_no_weight():
    fused, unfused = (small(fused_scale=fused)[1] for fused in (True, False))
    images = RNG.normal(size=(4, 16, 16, 2)).astype(np.float32)
    for one, two in zip(fused.trainable_variables, unfused.trainable_variables):
        two.assign(one)
    assert np.abs(fused.stable[-1](images) - unfused.stable[-1](images)).max() > 1e-3


def test_dense_has_one_bias_per_channel():
    x = RNG.normal(size=(3, 6)).astype(np.float32)
    layer, kernel, bias = built(EqualizedDense((2, 4, 5), gain=0.5), x.shape)
    assert bias.shape == (5,)
    expected = (x @ kernel * 0.5 / math.sqrt(6)).reshape(3, 2, 4, 5) + bias
    np.testing.assert_allclose(layer(x), expected, atol=1e-5)


def test_gains_of_the_original():
    generator, critic = small()
    expected = {"4x4.Dense": math.sqrt(2) / 4, "ToRGB_lod0": 1.0, "16x16.Conv1": math.sqrt(2)}
    assert {name: generator.stable[-1].get_layer(name).gain for name in expected} == expected
    expected = {"4x4.Dense1": 1.0, "4x4.Dense0": math.sqrt(2), "FromRGB_lod0": math.sqrt(2)}
    assert {name: critic.stable[-1].get_layer(name).gain for name in expected} == expected


def test_initial_weights_are_standard_normal_and_not_truncated():
    _, kernel, _ = built(EqualizedConv2D(64), (1, 8, 8, 64))
    assert kernel.std() == pytest.approx(1, rel=0.02)
    assert np.abs(kernel).max() > 3


def test_pixel_norm():
    x = RNG.normal(size=(2, 3, 3, 5)).astype(np.float32)
    np.testing.assert_allclose(PixelNorm()(x), x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-8), rtol=1e-5)


@pytest.mark.parametrize(("batch", "groups"), [(8, [[0, 2, 4, 6], [1, 3, 5, 7]]), (3, [[0, 1, 2]]), (1, [[0]])])
def test_minibatch_deviation(batch, groups):
    x = RNG.normal(size=(batch, 4, 4, 5)).astype(np.float32)
    out = MinibatchDeviation()(x).numpy()
    np.testing.assert_array_equal(out[..., :5], x)
    for group in groups:
        expected = np.sqrt(x[group].var(0) + 1e-8).mean()
        np.testing.assert_allclose(out[group, :, :, 5], expected, rtol=1e-5)


def test_norms_are_float32_inside_under_float16():
    backend.set_precision("mixed_float16")
    try:
        large = (1000 * RNG.normal(size=(4, 4, 4, 5))).astype(np.float16)  # squares leave the format
        normed, deviation = PixelNorm()(large), MinibatchDeviation()(large)
    finally:
        backend.set_precision("float32")
    x = large.astype(np.float64)
    np.testing.assert_allclose(normed, x / np.sqrt((x**2).mean(-1, keepdims=True)), atol=1e-3)
    np.testing.assert_allclose(deviation[..., 5], x.std(0).mean(), rtol=1e-3)


def test_noise_adds_a_map_to_the_fourth_level():
    generator = pggan.generator(32, 32, 2, noise=True)
    assert numbers(generator.trainable_variables) == 20_717_576 + 9 * 512  # the original's, and 4,608
    assert {model.input_shape for model in (*generator.stable, *generator.fading)} == {(None, 512 + 32 * 32)}
    layer = generator.stable[-1].get_layer("32x32.Conv0_up")
    assert layer.kernel.shape == (3, 3, 513, 512)
    assert layer.scale == pytest.approx(math.sqrt(2 / (513 * 9)))


def noisy_generator():
    keras.utils.set_random_seed(3)
    return pggan.generator(64, 64, 1, fmap_base=64, fmap_max=4, latent_size=6, noise=True)


def test_noise_joins_the_doubled_maps():
    model = noisy_generator().stable[3]
    ends = [model.get_layer("16x16.Conv1"), model.get_layer("32x32.Conv0_up")]
    part = keras.Model(model.input, [ends[0].output, ends[1].output])
    latents = RNG.normal(size=(2, 6 + 32 * 32)).astype(np.float32)
    before, after = part(latents)
    before = leaky(before.numpy())
    before = before / np.sqrt((before**2).mean(-1, keepdims=True) + 1e-8)
    noise = latents[:, 6:].reshape(2, 32, 32, 1)
    joined = np.concatenate([before.repeat(2, 1).repeat(2, 2), noise], -1)
    kernel = ends[1].kernel.numpy() * math.sqrt(2 / (9 * 5))
    np.testing.assert_allclose(after, plain_convolution(joined, kernel) + ends[1].bias.numpy(), atol=1e-4)


def test_noise_moves_nothing_below_its_level_and_the_place_it_is_at_above():
    generator = noisy_generator()
    latents = RNG.normal(size=(2, 6 + 32 * 32)).astype(np.float32)
    moved = latents.copy()
    moved[:, 6 + 32 * 10 + 20] += 1  # row 10, column 20
    for level, model in enumerate(generator.stable):
        change = np.abs(model(moved) - model(latents)).max((0, 3))
        if level < 3:
            assert change.max() == 0
            continue
        rows, columns = (np.abs(side / (1 << level - 3) - at) for side, at in zip(np.nonzero(change), (10, 20)))
        # Two 3 x 3 convolutions at 32 x 32, and two more at 64 x 64.
        assert len(rows) and max(rows.max(), columns.max()) <= {3: 2, 4: 3.5}[level]


def test_a_saved_model_draws_the_noise_from_the_seed(tmp_path):
    model = noisy_generator().stable[3]
    spec = LabelSpec.from_names({0: "background"})
    provenance = Provenance("drawn", True, ("a",), ("s",), "uint8", 0.0, 255.0, (1.0, 1.0))

    def make(latents):
        images = model(latents, training=False)
        return images, tf.zeros(tf.shape(images)[:3], tf.uint8)

    Synthesizer.from_function(make, model.input_shape[-1], spec, provenance).save(tmp_path / "saved")
    saved = Synthesizer.load(tmp_path / "saved")
    assert saved.latent_size == 6 + 32 * 32
    images, _ = saved.draw(3, seed=5)
    np.testing.assert_array_equal(saved.draw(2, seed=5)[0], images[:2])
    latents = RNG.normal(size=(1, saved.latent_size)).astype(np.float32).repeat(2, 0)
    latents[1, 6:] *= -1
    one, other = saved.pairs(tf.constant(latents))[0]
    assert np.abs(one - other).max() > 1e-3


def test_noise_needs_its_level():
    with pytest.raises(InputError, match="at least 32 pixels for the map of noise, found 16"):
        pggan.generator(16, 16, 1, noise=True)


@pytest.mark.parametrize("build", [pggan.generator, pggan.critic])
@pytest.mark.parametrize(("height", "width"), [(48, 64), (64, 48), (2, 64)])
def test_sizes_refused(build, height, width):
    wrong = {48, 2}.intersection((height, width)).pop()
    with pytest.raises(InputError, match=rf"powers of two of at least 4.*{wrong}"):
        build(height, width, 1)


def test_too_narrow_a_network_is_refused():
    with pytest.raises(InputError, match=r"feature maps at 64 pixels.*fmap_base 16.*at least 32"):
        pggan.generator(64, 64, 1, fmap_base=16)
