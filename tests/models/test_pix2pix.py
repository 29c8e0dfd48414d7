"""pix2pix's networks: parameter counts of the original, its sizes and others, dropout by gates, the first weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.models.counts import trained_numbers
from tf_ganaug.errors import InputError
from tf_ganaug.models.pix2pix import discriminator, generator

RNG = np.random.default_rng(0)


def generator_count(channels_in, channels_out, ngf=64, levels=8):
    """Kernels 4 x 4 with bias everywhere; norms of two numbers a map but on the first encoder and last decoder."""
    maps = [ngf * min(8, 2**level) for level in range(levels)]
    encoders = sum(16 * a * b + b for a, b in zip([channels_in, *maps], maps))
    norms = 2 * sum(maps[1:]) + 2 * sum(maps[:-1])
    decoders = 16 * maps[-1] * maps[-2] + maps[-2]  # the innermost has no skip
    decoders += sum(16 * 2 * a * b + b for a, b in zip(maps[:-1], [channels_out, *maps[:-2]]))
    return encoders + norms + decoders


def discriminator_count(channels, ndf=64):
    """4 x 4 with bias; norms on the second to fourth layer."""
    widths = [channels, ndf, 2 * ndf, 4 * ndf, 8 * ndf, 1]
    return sum(16 * a * b + b for a, b in zip(widths, widths[1:])) + 2 * sum(widths[2:5])


def test_parameters_of_the_original():
    assert generator_count(3, 3) == 54_420_483
    assert generator_count(1, 1) == 54_414_337
    assert (discriminator_count(6), discriminator_count(2)) == (2_769_601, 2_765_505)
    # Five kinds of haemorrhage and background, to one channel.
    assert trained_numbers(generator(256, 256, 6, 1)) == generator_count(6, 1)
    assert trained_numbers(discriminator(256, 256, 3, 3)) == 2_769_601


def gates_of(model, count, value=1.0):
    return [tf.fill((count, *gate.shape[1:]), value) for gate in model.inputs[1:]]


@pytest.mark.parametrize(
    ("size", "levels", "gates"),
    [
        ((256, 256), 8, [(2, 2, 16), (4, 4, 16), (8, 8, 16)]),
        ((128, 128), 7, [(2, 2, 16), (4, 4, 16), (8, 8, 16)]),
        ((32, 64), 5, [(2, 4, 16), (4, 8, 8), (8, 16, 4)]),
    ],
)
def test_levels_follow_the_size(size, levels, gates):
    model = generator(*size, 3, 1, ngf=2)
    assert trained_numbers(model) == generator_count(3, 1, 2, levels)
    assert [tuple(gate.shape[1:]) for gate in model.inputs[1:]] == gates
    condition = tf.constant(RNG.integers(0, 2, (2, *size, 3)).astype(np.float32))
    images = model([condition, *gates_of(model, 2)], training=True).numpy()
    assert images.shape == (2, *size, 1)
    assert 0 < np.abs(images).max() <= 1


@pytest.mark.parametrize(("size", "patches"), [((256, 256), (30, 30)), ((128, 128), (14, 14)), ((32, 64), (2, 6))])
def test_patches(size, patches):
    real = discriminator(*size, 2, 1, ndf=1)([tf.zeros((1, *size, channels)) for channels in (2, 1)], training=True)
    assert real.shape == (1, *patches, 1)


def test_a_patch_sees_seventy_pixels():
    model = discriminator(256, 256, 1, 1, ndf=1)
    images = tf.Variable(RNG.normal(size=(1, 256, 256, 1)).astype(np.float32))
    with tf.GradientTape() as tape:
        # Frozen statistics, as those of a minibatch would spread the gradient over the whole image.
        patch = model([tf.zeros_like(images), images], training=False)[0, 15, 15, 0]
    rows, columns = np.nonzero(tape.gradient(patch, images).numpy()[0, :, :, 0])
    assert np.ptp(rows) + 1 == np.ptp(columns) + 1 == 70


def test_gates_drop_and_ones_do_not():
    model = generator(32, 32, 2, 1, ngf=2)
    condition = tf.constant(RNG.normal(size=(2, 32, 32, 2)).astype(np.float32))
    outer = keras.Model(model.inputs, model.get_layer("decoder_5.conv2d_transpose").output)
    plain = model([condition, *gates_of(model, 2)], training=True)
    dropped = [tf.zeros_like(gate) for gate in gates_of(model, 2)]
    assert np.abs(model([condition, *dropped], training=True) - plain).max() > 1e-5
    # The gates come after the innermost decoder's own convolution.
    same = outer([condition, *gates_of(model, 2)], training=True), outer([condition, *dropped], training=True)
    np.testing.assert_array_equal(*same)


def test_one_image_leaves_nothing_of_itself_on_the_innermost_map():
    model = generator(32, 32, 2, 1, ngf=2)
    norm = model.get_layer("encoder_5.batch_normalization")
    norm.beta.assign(RNG.normal(size=16))
    inner = keras.Model(model.inputs, norm.output)
    condition = tf.constant(RNG.normal(size=(1, 32, 32, 2)).astype(np.float32))
    np.testing.assert_allclose(
        inner([condition, *gates_of(model, 1)], training=True)[0, 0, 0], norm.beta.numpy(), atol=1e-4
    )


def test_initial_weights_of_the_original():
    for model in (generator(64, 64, 6, 1, ngf=16), discriminator(64, 64, 6, 1, ndf=16)):
        kernels = np.concatenate([layer.kernel.numpy().ravel() for layer in model.layers if hasattr(layer, "kernel")])
        assert kernels.mean() == pytest.approx(0, abs=1e-3)
        assert kernels.std() == pytest.approx(0.02, rel=0.01)
        assert np.abs(kernels).max() > 0.06  # a truncated normal would end at 0.045
        gammas = np.concatenate([layer.gamma.numpy() for layer in model.layers if hasattr(layer, "gamma")])
        assert gammas.mean() == pytest.approx(1, abs=0.01)
        assert gammas.std() == pytest.approx(0.02, rel=0.3)
        zeros = [w for layer in model.layers for w in (getattr(layer, "bias", None), getattr(layer, "beta", None))]
        assert not any(np.any(weight.numpy()) for weight in zeros if weight is not None)


@pytest.mark.parametrize("network", [generator, discriminator])
@pytest.mark.parametrize("size", [(16, 32), (48, 64)])
def test_sizes_refused(network, size):
    with pytest.raises(InputError, match="powers of two of at least 32"):
        network(*size, 2, 1, 2)
