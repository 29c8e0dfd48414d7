"""Spectral normalisation against numpy: the iteration, the gradient, what is kept."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.models.spectral_norm import SpectralConv2D

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 6, 8, 3)).astype(np.float32)


def largest_singular_value(kernel):
    return np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]


@pytest.fixture(autouse=True)
def seed():
    keras.utils.set_random_seed(1)


def test_training_iterates_towards_the_largest_singular_value_and_keeps_the_raw_kernel():
    layer = SpectralConv2D(5, 3)
    layer(X, training=False)
    kernel, u = layer.kernel.numpy(), layer.u.numpy()
    layer(X, training=False)
    np.testing.assert_array_equal(layer.u, u)
    for _ in range(200):
        layer(X, training=True)
    np.testing.assert_array_equal(layer.kernel, kernel)
    sigma = largest_singular_value(kernel)
    assert float(layer.sigma(training=False)) == pytest.approx(sigma, rel=1e-5)
    # In evaluation the vectors stay and the kernel of the moment counts.
    layer.kernel.assign(2 * kernel)
    assert float(layer.sigma(training=False)) == pytest.approx(2 * sigma, rel=1e-5)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_one_pass_is_one_iteration_in_float32(policy):
    backend.set_precision(policy)
    try:
        layer = SpectralConv2D(5, 3)
        layer.build(X.shape)
        matrix, u = layer.kernel.numpy().reshape(-1, 5).T, layer.u.numpy()
        outputs = layer(X, training=True)
        sigma = float(layer.sigma(training=False))
    finally:
        backend.set_precision("float32")
    assert outputs.dtype == policy.removeprefix("mixed_")
    v = matrix.T @ u / np.linalg.norm(matrix.T @ u)
    u = matrix @ v / np.linalg.norm(matrix @ v)
    np.testing.assert_allclose(layer.v, v, atol=1e-6)
    np.testing.assert_allclose(layer.u, u, atol=1e-6)
    assert sigma == pytest.approx(u @ matrix @ v, rel=1e-5)


def test_gradient_flows_through_sigma():
    layer = SpectralConv2D(4, 1, use_bias=False)
    direction = RNG.normal(size=(2, 6, 8, 4)).astype(np.float32)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(X, training=True) * direction)
    gradient = tape.gradient(total, layer.kernel).numpy()[0, 0]
    # y = x W / s, s = v^T W u: dL/dW = (G - <G, W> / s v u^T) / s with G = x^T direction.
    kernel, u, v = layer.kernel.numpy()[0, 0], layer.u.numpy(), layer.v.numpy()
    sigma = v @ kernel @ u
    plain = X.reshape(-1, 3).T @ direction.reshape(-1, 4)
    expected = (plain - (plain * kernel).sum() / sigma * np.outer(v, u)) / sigma
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-4)
    assert not np.allclose(gradient, plain / sigma, rtol=0.01)


@pytest.mark.parametrize(("padding", "strides"), [("same", 1), ("same", 2), ("valid", 1), ("valid", 2)])
def test_is_the_convolution_by_the_divided_kernel(padding, strides):
    layer = SpectralConv2D(5, 3, strides, padding)
    assert layer.compute_output_shape(X.shape) == layer(X).shape
    layer.bias.assign(RNG.normal(size=5))
    sigma = layer.u.numpy() @ layer.kernel.numpy().reshape(-1, 5).T @ layer.v.numpy()
    expected = tf.nn.conv2d(X, layer.kernel / sigma, strides, padding.upper()) + layer.bias
    np.testing.assert_allclose(layer(X), expected, rtol=1e-4, atol=1e-4)


def test_initial_weights_are_those_of_pytorch():
    layer, other = SpectralConv2D(32, 3), SpectralConv2D(32, 3)
    for one in (layer, other):
        one.build((None, 8, 8, 16))
    limit = 1 / np.sqrt(9 * 16)
    assert np.abs(layer.kernel).max() == pytest.approx(limit, rel=0.01)
    assert np.std(layer.kernel) == pytest.approx(limit / np.sqrt(3), rel=0.05)
    assert not np.any(layer.bias)
    for vector, others in ((layer.u, other.u), (layer.v, other.v)):
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
        assert abs(vector.numpy() @ others.numpy()) < 0.9
    assert [tuple(weight.shape) for weight in layer.non_trainable_weights] == [(32,), (144,)]
