"""Norms against numpy, and the gradient of a gradient against finite differences."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.models.layers import BatchStatisticsNorm, ImageLayerNorm, InstanceNorm

RNG = np.random.default_rng(0)
X = (3 + 2 * RNG.normal(size=(4, 3, 5, 2))).astype(np.float32)
GAMMA, BETA = np.float32([1.5, -0.5]), np.float32([0.25, 2.0])


def with_weights(layer):
    layer.build(X.shape)
    layer.gamma.assign(GAMMA)
    layer.beta.assign(BETA)
    return layer


def test_batch_norm_uses_the_batch_in_training_and_remembers_nothing():
    layer = with_weights(BatchStatisticsNorm())
    mean, variance = X.mean((0, 1, 2)), X.var((0, 1, 2))
    for _ in range(2):
        expected = (X - mean) / np.sqrt(variance + 1e-5) * GAMMA + BETA
        np.testing.assert_allclose(layer(X, training=True), expected, atol=1e-5)
        np.testing.assert_allclose(layer(X, training=False), X / np.sqrt(1 + 1e-5) * GAMMA + BETA, atol=1e-5)


def test_batch_norm_uses_its_frozen_statistics_otherwise():
    layer = with_weights(BatchStatisticsNorm(epsilon=0.5))
    layer.mean.assign([1.0, -2.0])
    layer.variance.assign([4.0, 0.5])
    expected = (X - np.float32([1, -2])) / np.sqrt(np.float32([4.5, 1.0])) * GAMMA + BETA
    np.testing.assert_allclose(layer(X, training=False), expected, atol=1e-5)
    np.testing.assert_allclose(layer(X[:1]), expected[:1], atol=1e-5)
    assert len(layer.trainable_weights) == len(layer.non_trainable_weights) == 2


def test_image_norm_normalises_each_sample_with_one_scale_a_channel():
    layer = with_weights(ImageLayerNorm())
    mean, variance = X.mean((1, 2, 3), keepdims=True), X.var((1, 2, 3), keepdims=True)
    np.testing.assert_allclose(layer(X), (X - mean) / np.sqrt(variance + 1e-5) * GAMMA + BETA, atol=1e-5)
    assert [tuple(weight.shape) for weight in layer.weights] == [(2,), (2,)]


def test_instance_norm_of_stored_numbers():
    # Two samples of 2 x 2 pixels and two channels. Deviations sqrt(1.25 + 1e-5) times 1, 10, 2; a constant
    # channel becomes zero.
    images = np.float32([[[[1, 10], [2, 20]], [[3, 30], [4, 40]]], [[[2, 5], [4, 5]], [[6, 5], [8, 5]]]])
    steps = np.float32([-1.3416354, -0.4472118, 0.4472118, 1.3416354]).reshape(2, 2)
    layer = InstanceNorm()
    normed = layer(images, training=True).numpy()
    for sample, channel in ((0, 0), (0, 1), (1, 0)):
        np.testing.assert_allclose(normed[sample, ..., channel], steps, atol=2e-5)
    np.testing.assert_allclose(normed[1, ..., 1], 0, atol=1e-4)
    np.testing.assert_array_equal(layer(images[1:], training=False), normed[1:])
    assert not layer.weights


#: Of a norm over these axes, and the mean and deviation of the map.
OVER = {BatchStatisticsNorm: (0, 1, 2), ImageLayerNorm: (1, 2, 3), InstanceNorm: (1, 2)}


@pytest.mark.parametrize("norm", OVER)
@pytest.mark.parametrize(("mean", "deviation"), [(100, 1e-2), (-1000, 1e-3), (1000, 0.1)])
def test_norms_of_a_large_mean_with_a_tiny_variance_are_exact(norm, mean, deviation):
    x = (mean + deviation * RNG.normal(size=(2, 8, 8, 3))).astype(np.float32)
    layer, exact = norm(), x.astype(np.float64)
    normed = layer(x, training=True) if norm is BatchStatisticsNorm else layer(x)
    over = {"axis": OVER[norm], "keepdims": True}
    expected = (exact - exact.mean(**over)) / np.sqrt(exact.var(**over) + 1e-5)
    np.testing.assert_allclose(normed, expected, atol=1e-5)


@pytest.mark.parametrize("norm", OVER)
def test_gradients_through_norms_of_a_large_mean_are_exact(norm):
    x = (300 + 1e-2 * RNG.normal(size=(2, 4, 4, 3))).astype(np.float32)
    weights, axes = RNG.normal(size=x.shape), OVER[norm]
    layer, images = norm(), tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(images)
        normed = layer(images, training=True) if norm is BatchStatisticsNorm else layer(images)
        total = tf.reduce_sum(normed * weights.astype(np.float32))
    scale = 1 / np.sqrt(x.var(axes, np.float64, keepdims=True) + 1e-5)
    expected = (x - x.mean(axes, np.float64, keepdims=True)) * scale
    along = (weights * expected).mean(axes, keepdims=True)
    gradient = scale * (weights - weights.mean(axes, keepdims=True) - expected * along)
    np.testing.assert_allclose(tape.gradient(total, images), gradient, atol=1e-5 * np.abs(gradient).max())


def test_a_single_pixel_has_the_shift_alone():
    layer = BatchStatisticsNorm()
    x = np.float32([123.456, -0.7891]).reshape(1, 1, 1, 2)
    layer.build(x.shape)
    layer.beta.assign([0.1, -0.3])
    np.testing.assert_array_equal(layer(x, training=True).numpy().ravel(), np.float32([0.1, -0.3]))
    np.testing.assert_array_equal(InstanceNorm()(x), 0 * x)


def test_frozen_statistics_of_a_large_mean_are_exact():
    minibatches = (1000 + 1e-2 * RNG.normal(size=(3, 4, 2, 2, 2))).astype(np.float32)
    layer = BatchStatisticsNorm()
    layer.build(minibatches[0].shape)
    layer.freeze([layer.batch_moments(tf.constant(x)) for x in minibatches])
    exact = minibatches.astype(np.float64)
    np.testing.assert_allclose(layer.mean, exact.mean((0, 1, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(layer.variance, exact.var((0, 1, 2, 3)), rtol=1e-2)
    expected = (exact - exact.mean((0, 1, 2, 3))) / np.sqrt(exact.var((0, 1, 2, 3)) + 1e-5)
    # The stored mean is float32: half a last digit of 1000 times the scale.
    np.testing.assert_allclose(layer(minibatches[0]), expected[0], atol=2e-2)


def squared_gradient(x, weights):
    """The squared norm of the gradient of sum(weights * norm(x)) by x, from the formula, float64."""
    deviation = np.sqrt(x.var() + 1e-5)
    normed = (x - x.mean()) / deviation
    pulled = weights * GAMMA.astype(np.float64)
    gradient = (pulled - pulled.mean() - normed * (pulled * normed).mean()) / deviation
    return (gradient**2).sum()


@pytest.mark.parametrize("spread", [1.0, 0.01])
def test_image_norm_can_be_differentiated_twice(spread):
    layer = with_weights(ImageLayerNorm())
    x = spread * RNG.normal(size=(3, 2, 2))
    weights = RNG.normal(size=x.shape)
    images = tf.constant(x[None], tf.float32)
    with tf.GradientTape() as outer:
        outer.watch(images)
        with tf.GradientTape() as inner:
            inner.watch(images)
            total = tf.reduce_sum(layer(images) * tf.constant(weights[None], tf.float32))
        squared = tf.reduce_sum(inner.gradient(total, images) ** 2)
    second = outer.gradient(squared, images).numpy()[0]

    step = 1e-4 * spread
    numerical = np.empty_like(x)
    for place in np.ndindex(x.shape):
        more, less = x.copy(), x.copy()
        more[place] += step
        less[place] -= step
        numerical[place] = (squared_gradient(more, weights) - squared_gradient(less, weights)) / (2 * step)
    assert squared.numpy() == pytest.approx(squared_gradient(x, weights), rel=1e-4)
    np.testing.assert_allclose(second, numerical, atol=1e-3 * np.abs(numerical).max())


def test_image_norm_of_a_constant_image_has_finite_derivatives():
    layer = with_weights(ImageLayerNorm())
    images = tf.fill((1, 4, 4, 2), 0.3)
    with tf.GradientTape() as outer:
        outer.watch(images)
        with tf.GradientTape() as inner:
            inner.watch(images)
            total = tf.reduce_sum(layer(images) ** 2)
        squared = tf.reduce_sum(inner.gradient(total, images) ** 2)
    assert np.isfinite(outer.gradient(squared, images)).all()


def test_norms_are_float32_inside_under_float16():
    backend.set_precision("mixed_float16")
    try:
        images, batches = ImageLayerNorm(), BatchStatisticsNorm()
        images.build(X.shape)
        batches.build(X.shape)
        batches.variance.assign([1e6, 1e6])  # float16 ends at 65,504
        large = (300 * X).astype(np.float16)
        by_image, by_statistics = images(large), batches(large, training=False)
        by_instance = InstanceNorm()(np.float16([[[[6000], [6001]], [[6002], [60000]]]]))  # squares leave float16
    finally:
        backend.set_precision("float32")
    x = large.astype(np.float64)
    expected = (x - x.mean((1, 2, 3), keepdims=True)) / x.std((1, 2, 3), keepdims=True)
    np.testing.assert_allclose(by_image, expected, atol=2e-3)
    np.testing.assert_allclose(by_statistics, x / 1000, atol=2e-3)
    np.testing.assert_allclose(by_instance.numpy().ravel(), [-0.5774, -0.5774, -0.5774, 1.7321], atol=1e-3)
