"""DeepMedic's RMSProp against plain numpy."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.segment.rmsprop import deepmedic_rmsprop


def plain_steps(weights, gradients, rate, normalised):
    squares, velocity = np.zeros_like(weights), np.zeros_like(weights)
    for gradient in gradients:
        squares = 0.9 * squares + 0.1 * gradient**2
        step = rate * gradient / np.sqrt(squares + 1e-4) * (0.4 if normalised else 1.0)
        velocity = 0.6 * velocity - step
        weights = weights + 0.6 * velocity - step
    return weights


@pytest.mark.parametrize("normalised", [True, False])
def test_ten_steps_by_hand(normalised):
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=shape) for shape in ((3, 2), (), (4,))]
    variables = [tf.Variable(weight, dtype=tf.float32) for weight in weights]
    # From gradients that vanish beside epsilon to large ones.
    gradients = [[rng.normal(size=w.shape) * 10.0 ** rng.integers(-4, 2) for w in weights] for _ in range(10)]
    optimizer = deepmedic_rmsprop(0.01, normalised)
    optimizer.build(variables)
    step = tf.function(lambda *given: backend.apply_gradients(optimizer, given, variables))
    for given in gradients:
        step(*[tf.constant(gradient, tf.float32) for gradient in given])
    for number, variable in enumerate(variables):
        expected = plain_steps(weights[number], [given[number] for given in gradients], 0.01, normalised)
        np.testing.assert_allclose(variable.numpy() - weights[number], expected - weights[number], atol=2e-6)


def test_a_training_continues_from_a_checkpoint(tmp_path):
    def steps(optimizer, variable, count):
        for _ in range(count):
            backend.apply_gradients(optimizer, [2 * variable], [variable])

    def start():
        variable, optimizer = tf.Variable([1.0, -3.0]), deepmedic_rmsprop()
        optimizer.build([variable])
        return variable, optimizer, tf.train.Checkpoint(variable=variable, optimizer=optimizer)

    variable, optimizer, checkpoint = start()
    steps(optimizer, variable, 3)
    path = checkpoint.save(tmp_path / "at")
    steps(optimizer, variable, 2)
    other, restored, again = start()
    again.restore(path)
    restored.learning_rate = 1e-3  # as a schedule sets it
    steps(restored, other, 2)
    np.testing.assert_array_equal(other, variable)


def test_float16_scales_the_loss_and_skips_what_is_not_finite():
    backend.set_precision("mixed_float16")
    try:
        variable, optimizer = tf.Variable(1.0), deepmedic_rmsprop(0.1, normalised=False)
        optimizer.build([variable])
        for gradient, expected in ((1e-3, 1 - 1.6 * 0.1 * 1e-3 / np.sqrt(1e-7 + 1e-4)), (np.inf, None)):
            before = float(variable)
            with tf.GradientTape() as tape:
                scaled = backend.scale_loss(optimizer, gradient * variable)
            backend.apply_gradients(optimizer, tape.gradient(scaled, [variable]), [variable])
            assert float(variable) == pytest.approx(before if expected is None else expected, abs=1e-6)
    finally:
        backend.set_precision("float32")
