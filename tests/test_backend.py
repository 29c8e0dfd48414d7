"""The seam between the stacks, held to stored numbers so that both give the same."""

import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.models import dcgan, pggan, pix2pix, pix2pixhd, spade, wgan_resnet

#: 0 1 2 3 / 10 11 12 13 / 20 21 22 23: a value is ten times its row plus its column.
PLANE = np.float32([[10 * row + column for column in range(4)] for row in range(3)])

#: (row, column) taken from the place, and the bilinear value there, by hand; outside: the nearest edge.
WARPED = [
    ((0.0, 0.0), 0.0),
    ((1.25, 2.5), 15.0),
    ((2.0, 3.0), 23.0),
    ((0.5, 0.75), 5.75),
    ((-1.5, 1.5), 1.5),
    ((7.0, 1.25), 21.25),
    ((1.5, -0.5), 15.0),
    ((1.5, 3.01), 18.0),
    ((-3.0, -3.0), 0.0),
    ((9.0, 9.0), 23.0),
]


@pytest.mark.parametrize(("source", "value"), WARPED)
def test_warp_takes_the_bilinear_value_or_the_nearest_edge(source, value):
    rows, columns = np.indices(PLANE.shape)
    flow = np.stack([rows - source[0], columns - source[1]], -1).astype(np.float32)
    images = np.stack([PLANE, -PLANE])[..., None]
    warped = backend.dense_image_warp(tf.constant(images), tf.constant(np.stack([flow, flow]))).numpy()
    np.testing.assert_allclose(warped[0], value, atol=1e-5)
    np.testing.assert_allclose(warped[1], -value, atol=1e-5)


def test_warp_takes_each_pixel_from_its_own_place():
    images = np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype(np.float32)
    rows, columns = np.indices((5, 4))
    moves = [(1, -2), (-3, 0)]
    flow = np.stack([np.broadcast_to(move, (5, 4, 2)) for move in moves]).astype(np.float32)
    expected = [
        image[np.clip(rows - down, 0, 4), np.clip(columns - right, 0, 3)] for image, (down, right) in zip(images, moves)
    ]
    warped = backend.dense_image_warp(tf.constant(images), tf.constant(flow))
    np.testing.assert_allclose(warped, expected, atol=1e-6)


def stepped(optimizer, gradient, value=1.0):
    """A variable at `value` after one step on a loss with this gradient, and the scaled gradient."""
    variable = tf.Variable(value)
    optimizer.build([variable])
    with tf.GradientTape() as tape:
        scaled = backend.scale_loss(optimizer, gradient * variable)
    gradients = tape.gradient(scaled, [variable])
    backend.apply_gradients(optimizer, gradients, [variable])
    return float(variable), float(gradients[0])


def test_adam_has_the_epsilon_of_the_originals():
    # Adam's first step is lr g / (|g| + epsilon), with epsilon weighed by 1 / sqrt(1 - beta_2).
    gradient, beta_2 = 1e-8, 0.9
    moved, given = stepped(backend.adam(1.0, 0.5, beta_2), gradient, value=0.0)
    epsilon = 1e-8 / np.sqrt(1 - beta_2)
    assert given == pytest.approx(gradient)
    assert -moved == pytest.approx(gradient / (gradient + epsilon), rel=1e-3)


def test_sgd_is_pytorchs_with_a_poly_schedule_and_faster_variables():
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=shape) for shape in ((3, 2), (2,), ())]
    variables = [tf.Variable(weight, dtype=tf.float32) for weight in weights]
    multipliers = [1.0, 10.0, 10.0]
    schedule = keras.optimizers.schedules.PolynomialDecay(0.01, 8, end_learning_rate=0.0, power=0.9)
    optimizer = backend.sgd(schedule, 0.9, 1e-2, multipliers)
    optimizer.build(variables)
    step = tf.function(lambda *gradients: backend.apply_gradients(optimizer, gradients, variables))
    velocities = [np.zeros_like(weight) for weight in weights]
    for iteration in range(8):
        gradients = [rng.normal(size=weight.shape) for weight in weights]
        step(*[tf.constant(gradient, tf.float32) for gradient in gradients])
        rate = 0.01 * (1 - iteration / 8) ** 0.9
        for n, gradient in enumerate(gradients):
            velocities[n] = 0.9 * velocities[n] + gradient + 1e-2 * weights[n]
            weights[n] = weights[n] - multipliers[n] * rate * velocities[n]
    for weight, variable in zip(weights, variables):
        np.testing.assert_allclose(variable.numpy(), weight, rtol=1e-5, atol=1e-6)


@pytest.fixture
def float16():
    backend.set_precision("mixed_float16")
    yield
    backend.set_precision("float32")


def test_float16_scales_the_loss_and_applies_the_unscaled_gradient(float16):
    plain, scaling = keras.optimizers.Adam(0.1, 0.5, 0.9, epsilon=1e-8), backend.adam(0.1, 0.5, 0.9)
    # So small that a gradient 1000 times as large would step visibly further.
    gradient = 1e-9
    variable = tf.Variable(1.0)
    plain.apply_gradients([(tf.constant(gradient), variable)])
    moved, given = stepped(scaling, gradient)
    assert given > 100 * gradient
    assert moved == pytest.approx(float(variable), abs=1e-6)
    assert 1 - moved > 1e-3


def test_float16_skips_a_step_that_is_not_finite(float16):
    for optimizer in (backend.adam(0.1, 0.5, 0.9), backend.sgd(0.1, 0.9, 1e-4, [1.0])):
        assert stepped(optimizer, float("inf"))[0] == 1.0


def test_float16_scales_the_loss_of_sgd_too(float16):
    moved, given = stepped(backend.sgd(0.1, 0.9, 0.0, [10.0]), 1e-3)
    assert given > 0.1
    assert moved == pytest.approx(1 - 0.1 * 10 * 1e-3, abs=1e-6)


def test_precision_reaches_the_layers(float16):
    assert keras.layers.Dense(1).compute_dtype == "float16"
    backend.set_precision("mixed_bfloat16")
    assert keras.layers.Dense(1).compute_dtype == "bfloat16"
    assert not hasattr(backend.adam(0.1, 0.5, 0.9), "inner_optimizer")


def test_what_must_be_float32_is_whatever_the_policy(float16):
    with backend.float32():
        assert keras.layers.Dense(1).compute_dtype == "float32"
    assert keras.layers.Dense(1).compute_dtype == "float16"


NETWORKS = {
    "DCGAN": lambda: dcgan.generator(16, 16, 4, dim=4, latent_size=6),
    "residual": lambda: wgan_resnet.generator(64, 64, 4, dim=4),
    "progressive": lambda: pggan.generator(32, 32, 4, 64, 8, 16, noise=True).fading[2],
    "pix2pix": lambda: pix2pix.generator(64, 64, 3, 1, 4),
    "pix2pixHD": lambda: pix2pixhd.global_generator(64, 64, 3, 1, 4, blocks=1),
    "SPADE": lambda: spade.generator(64, 64, 3, 1, ngf=4, upsamplings=3, hidden=8),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_in_float32_is_the_one_built_so(name, float16):
    trained = NETWORKS[name]()
    plain = backend.in_float32(trained)
    assert keras.mixed_precision.global_policy().name == "mixed_float16"
    backend.set_precision("float32")
    built = NETWORKS[name]()
    built.set_weights(trained.get_weights())
    assert backend.in_float32(built) is built
    inputs = [tf.random.stateless_normal((2, *each.shape[1:]), (0, 1)) for each in built.inputs]
    found, expected = (network(inputs if len(inputs) > 1 else inputs[0], training=False) for network in (plain, built))
    np.testing.assert_array_equal(found, expected)


def test_a_step_that_is_over_leaves_no_graph():
    """What a training leaves behind grows with every training of a process."""
    weight = tf.Variable([1.0, 2.0])
    optimizer = backend.adam(0.1, 0.9, 0.999)
    optimizer.build([weight])

    def update(x: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(weight * x))
        backend.apply_gradients(optimizer, [tape.gradient(loss, weight)], [weight])

    step = tf.function(update)
    step(tf.ones(2))
    graph = weakref.ref(step.get_concrete_function(tf.ones(2)).graph)
    assert graph() is not None and float(weight[0]) < 1
    del step
    gc.collect()
    assert graph() is None
