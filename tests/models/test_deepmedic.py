"""DeepMedic in two dimensions: parameters of the original, its layers and its low resolution against numpy."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.errors import InputError
from tf_ganaug.models.deepmedic import (
    WINDOW,
    AddEarlier,
    Bias,
    LowResolution,
    MirrorPad,
    Repeat,
    WindowBatchNorm,
    deepmedic,
)

RNG = np.random.default_rng(0)
PATHWAY = [1, 30, 30, 40, 40, 40, 40, 50, 50]


def block(maps_in, maps, size):
    """Batch norm's scale and shift, PReLU's slopes, and a kernel without bias."""
    return 3 * maps_in + size**2 * maps_in * maps


def parameters(channels, classes, pathways, fc):
    pathway = channels + 9 * channels * 30 + sum(block(i, o, 3) for i, o in zip(PATHWAY[1:], PATHWAY[2:]))
    return pathways * pathway + block(50 * pathways, fc, 3) + block(fc, fc, 1) + block(fc, classes, 1) + classes


def test_parameters_of_the_original():
    model = deepmedic(128, 128, channels=1, classes=2)
    # Pathway: 1 + 9 * 30 + 8190 + 10890 + 3 * 14520 + 18120 + 22650 = 103681; common: 135300 + 22950 + 750 + 2.
    assert parameters(1, 2, pathways=2, fc=150) == 2 * 103_681 + 135_300 + 22_950 + 750 + 2 == 366_364
    assert sum(math.prod(weight.shape) for weight in model.trainable_weights) == 366_364
    assert model.output_shape == (None, 112, 112, 2)
    later = deepmedic(37, 37, 2, 5, subsample_factors=(3, 5), fc_feature_maps=(250, 250))
    assert sum(math.prod(weight.shape) for weight in later.trainable_weights) == parameters(2, 5, 3, 250) == 715_061
    assert later.output_shape == (None, 21, 21, 5)


def small(height=20, width=21, **changes):
    keras.utils.set_random_seed(1)
    settings = {"feature_maps": (2, 2, 3, 3, 3, 3, 4, 4), "fc_feature_maps": (5, 5), **changes}
    return deepmedic(height, width, 2, 3, **settings)


def original_segment(image, factor, side_field=17):
    """One channel (H, W) as getImagePartFromSubsampledImageForTraining reads it, with a segment that is the image."""
    lists = []
    for length in image.shape:
        # From the segment's start forward to the centre of a cell, and back by whole receptive fields.
        low = factor // 2 - (factor - 1) // 2 * side_field
        many = -(-(length - side_field + 1) // factor) - 1 + side_field
        high = min(low + factor * many, length)
        lists.append((many, abs(low) // factor, range(0, high, factor)))
    corners = [image[y, x] for y in (0, -1) for x in (0, -1)]
    (rows, top, ys), (columns, left, xs) = lists
    out = np.full((rows, columns), np.mean(corners))
    for i, y in enumerate(ys):
        for j, x in enumerate(xs):
            out[top + i, left + j] = image[y, x]
    return out


@pytest.mark.parametrize("factor", [3, 5])
@pytest.mark.parametrize("size", [(128, 128), (25, 37), (17, 30)])
def test_low_resolution_is_the_originals_strided_pick(size, factor):
    images = RNG.normal(size=(2, *size, 2)).astype(np.float32)
    picked = LowResolution(factor, 8)(images)
    expected = np.stack([[original_segment(image[..., c], factor) for c in range(2)] for image in images])
    np.testing.assert_allclose(picked, np.moveaxis(expected, 1, -1), atol=1e-6)
    assert picked.shape == LowResolution(factor, 8).compute_output_shape((2, *size, 2))


@pytest.mark.parametrize("factor", [3, 5])
def test_a_pixel_at_low_resolution_lies_in_the_middle_of_those_it_is_repeated_over(factor):
    rows = np.broadcast_to(np.arange(128, dtype=np.float32)[None, :, None, None], (1, 128, 128, 1))
    picked = LowResolution(factor, 8)(rows).numpy()
    centres = picked[:, 8:-8, 8:-8]  # what eight 3 x 3 convolutions leave
    spread = Repeat(factor, 112, 112)(centres).numpy()
    whole = 112 // factor * factor
    distance = (spread - rows[:, 8:-8, 8:-8])[0, :whole, 0, 0]
    expected = np.tile(factor // 2 - np.arange(factor), whole // factor)
    inside = np.abs(distance) < 100  # outside, the corners' mean
    np.testing.assert_array_equal(distance[inside], expected[inside])
    assert inside.mean() > 0.9


def test_repeat_crops_the_end():
    x = RNG.normal(size=(2, 4, 4, 3)).astype(np.float32)
    np.testing.assert_array_equal(Repeat(3, 10, 11)(x), x.repeat(3, 1).repeat(3, 2)[:, :10, :11])


def test_mirror_repeats_the_edge():
    x = RNG.normal(size=(2, 3, 4, 2)).astype(np.float32)
    np.testing.assert_array_equal(MirrorPad()(x), np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)], "symmetric"))


@pytest.mark.parametrize("maps", [3, 5, 7])
def test_what_came_earlier_is_cropped_and_filled_up_with_zeros(maps):
    deep, earlier = (RNG.normal(size=shape).astype(np.float32) for shape in ((2, 3, 4, 5), (2, 7, 8, maps)))
    expected = deep.copy()
    expected[..., : min(maps, 5)] += earlier[:, 2:5, 2:6, :5]
    np.testing.assert_allclose(AddEarlier()([deep, earlier]), expected, rtol=1e-6)


def test_batch_norm_predicts_by_the_mean_of_its_window():
    layer = WindowBatchNorm()
    batches = [(n + RNG.normal(size=(2, 3, 4, 5)) * (1 + n % 7)).astype(np.float32) for n in range(WINDOW + 4)]
    layer.build(batches[0].shape)
    gamma, beta = RNG.normal(size=(2, 5)).astype(np.float32)
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    step = tf.function(lambda x: layer(x, training=True))
    means, variances = [np.zeros(5)] * WINDOW, [np.ones(5)] * WINDOW
    for number, x in enumerate(batches):
        x64 = x.astype(np.float64)
        mean, variance = x64.mean((0, 1, 2)), x64.var((0, 1, 2))
        expected = (x64 - mean) / np.sqrt(variance) * gamma + beta
        np.testing.assert_allclose(step(x), expected, atol=1e-3)
        means, variances = [*means[1:], mean], [*variances[1:], variance]
        if number in (0, 10, WINDOW + 3):
            expected = (x64 - np.mean(means, 0)) / np.sqrt(np.mean(variances, 0)) * gamma + beta
            for _ in range(2):  # prediction moves nothing
                np.testing.assert_allclose(layer(x, training=False), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("value", [0.5, 0.1, 123.456, -1000.7])
def test_a_constant_map_is_normalised_to_the_shift(value):
    layer = WindowBatchNorm()
    np.testing.assert_array_equal(layer(np.full((3, 9, 9, 3), value, np.float32), training=True), 0)


def test_a_large_mean_with_a_tiny_variance_is_exact():
    layer = WindowBatchNorm()
    x = (1000 + 1e-2 * RNG.normal(size=(2, 9, 9, 3))).astype(np.float32)
    exact = x.astype(np.float64)
    expected = (exact - exact.mean((0, 1, 2))) / exact.std((0, 1, 2))
    np.testing.assert_allclose(layer(x, training=True), expected, atol=1e-5)
    np.testing.assert_allclose(layer.means[-1], exact.mean((0, 1, 2)), rtol=1e-7)
    np.testing.assert_allclose(layer.variances[-1], exact.var((0, 1, 2)), rtol=1e-5)


def test_blocks_of_the_original():
    model = small()
    names = [layer.name for layer in model.layers if layer.name.startswith(("normal.0", "normal.1", "fc", "softmax"))]
    normal = ["normal.0.bias", "normal.0.conv", "normal.1.bn", "normal.1.prelu", "normal.1.conv"]
    first = ["fc.0.bn", "fc.0.prelu", "fc.0.conv"]
    others = [f"fc.{n}.{part}" for n in (1, 2) for part in ("bn", "prelu", "dropout", "conv")]
    assert names == [*normal, *first, *others, "softmax.bias"]
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert not any(layer.use_bias for layer in convolutions)
    assert [layer.kernel_size for layer in convolutions[-3:]] == [(3, 3), (1, 1), (1, 1)]
    for layer in (layer for layer in model.layers if isinstance(layer, keras.layers.PReLU)):
        np.testing.assert_allclose(layer.get_weights()[0].ravel(), 0.01, rtol=1e-6)  # one slope per map
        assert layer.get_weights()[0].shape[:2] == (1, 1)


def test_dropout_is_not_rescaled_in_training():
    model = small()
    ends = [model.get_layer(f"fc.1.{part}") for part in ("prelu", "conv")]
    part = keras.Model(model.input, [ends[0].output, ends[1].input])
    images = RNG.normal(size=(8, 20, 21, 2)).astype(np.float32)
    whole, dropped = (x.numpy() for x in part(images, training=True))
    kept = dropped != 0
    np.testing.assert_allclose(dropped[kept], whole[kept], rtol=1e-5)
    assert kept.mean() == pytest.approx(0.5, abs=0.05)
    whole, halved = part(images, training=False)
    np.testing.assert_allclose(halved, 0.5 * whole, rtol=1e-5)


def test_initial_kernels_are_he_normal_and_not_truncated():
    kernel = deepmedic(17, 17, 1, 2).get_layer("fc.0.conv").kernel.numpy()
    deviation = math.sqrt(2 / (9 * 100))
    assert kernel.std() == pytest.approx(deviation, rel=0.02)
    assert np.abs(kernel).max() > 3 * deviation


def test_another_size_takes_the_weights_and_sees_the_same():
    images = RNG.normal(size=(1, 44, 44, 2)).astype(np.float32)
    one, other = (small(side, side, subsample_factors=()) for side in (32, 44))
    other.set_weights(one.get_weights())
    # The outermost results differ by the common part's mirrored edge.
    expected = one(images[:, 6:-6, 6:-6], training=False)[:, 1:-1, 1:-1]
    np.testing.assert_allclose(other(images, training=False)[:, 7:-7, 7:-7], expected, atol=1e-5)
    both = small(44, 44)
    both.set_weights(small(32, 32).get_weights())
    assert both(images, training=False).shape == (1, 28, 28, 3)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_trains_all_of_it(policy):
    backend.set_precision(policy)
    try:
        model = small(subsample_factors=(3, 5))
    finally:
        backend.set_precision("float32")
    images = RNG.normal(size=(4, 20, 21, 2)).astype(np.float32)
    with tf.GradientTape() as tape:
        logits = model(images, training=True)
        loss = tf.reduce_mean(tf.square(logits - 1.0))
    assert logits.shape == (4, 4, 5, 3) and logits.dtype == tf.float32
    assert {layer.compute_dtype for layer in model.layers if isinstance(layer, WindowBatchNorm)} == {"float32"}
    assert model.get_layer("normal.3.conv").compute_dtype == policy.removeprefix("mixed_")
    for gradient, variable in zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables):
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0, variable.name


def test_bias_starts_at_zero():
    x = RNG.normal(size=(1, 2, 2, 3)).astype(np.float32)
    layer = Bias()
    np.testing.assert_array_equal(layer(x), x)
    layer.bias.assign([1, 2, 3])
    np.testing.assert_allclose(layer(x), x + [1, 2, 3], rtol=1e-6)


@pytest.mark.parametrize("size", [(16, 40), (40, 16), (8, 8)])
def test_sizes_refused(size):
    with pytest.raises(InputError, match="more than 16 pixels"):
        deepmedic(*size, 1, 2)
