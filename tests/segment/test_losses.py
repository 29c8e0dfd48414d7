"""Losses against numpy, with pixels that count for nothing."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug.data.cases import IGNORE
from tf_ganaug.segment.losses import (
    auxiliary_cross_entropy,
    class_weights,
    cross_entropy,
    dice_counts,
    foreground_dice,
    mean_dice,
    weighted_dice_counts,
    weighted_dice_loss,
)

RNG = np.random.default_rng(0)
LOGITS = (3 * RNG.normal(size=(2, 5, 4, 3))).astype(np.float32)
LABELS = RNG.integers(0, 3, (2, 5, 4)).astype(np.uint8)
IGNORED = RNG.random(LABELS.shape) < 0.3
PARTLY = np.where(IGNORED, IGNORE, LABELS).astype(np.uint8)


@pytest.mark.parametrize(("labels", "counted"), [(LABELS, np.ones_like(IGNORED)), (PARTLY, ~IGNORED)])
@pytest.mark.parametrize("weights", [None, np.float32([0.2, 3.0, 1.5])])
def test_cross_entropy(labels, counted, weights):
    shares = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)
    right = np.take_along_axis(shares, LABELS[..., None].astype(int), -1)[..., 0]
    parts = np.ones(LABELS.shape) if weights is None else weights[LABELS]
    expected = np.average(-np.log(right)[counted], weights=parts[counted])
    found = cross_entropy(tf.constant(labels), tf.constant(LOGITS), weights)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_cross_entropy_of_ignored_pixels():
    logits = tf.Variable(LOGITS)
    with tf.GradientTape() as tape:
        loss = cross_entropy(tf.constant(PARTLY), logits)
    touched = np.any(tape.gradient(loss, logits).numpy() != 0, -1)
    np.testing.assert_array_equal(touched, ~IGNORED)
    assert float(cross_entropy(tf.fill(LABELS.shape, tf.constant(IGNORE, tf.uint8)), LOGITS)) == 0.0


def test_auxiliary_head_counts_two_fifths():
    both = [tf.constant(LOGITS), tf.constant(LOGITS[..., ::-1])]
    main, auxiliary = (float(cross_entropy(tf.constant(PARTLY), logits)) for logits in both)
    assert main != pytest.approx(auxiliary, rel=0.1)
    assert float(auxiliary_cross_entropy(tf.constant(PARTLY), both)) == pytest.approx(main + 0.4 * auxiliary, rel=1e-5)


def test_dice_counts():
    twice, sizes = dice_counts(tf.constant(PARTLY), tf.constant(LOGITS), (1, 2))
    predicted = LOGITS.argmax(-1)
    for sample in range(2):
        for number in (1, 2):
            counted = ~IGNORED[sample]
            truth, found = (x[sample][counted] == number for x in (LABELS, predicted))
            assert float(twice[sample, number - 1]) == 2 * (truth & found).sum()
            assert float(sizes[sample, number - 1]) == truth.sum() + found.sum()
    assert twice.shape == sizes.shape == (2, 2)


def weighted_dice(labels, logits, weights, counted):
    """The two sums of the loss, in plain numpy."""
    shares = np.exp(logits.astype(np.float64))
    shares /= shares.sum(-1, keepdims=True)
    twice = sizes = 0.0
    for number, weight in enumerate(weights):
        truth, share = (labels == number)[counted], shares[..., number][counted]
        twice += 2 * weight * (truth * share).sum()
        sizes += weight * (truth.sum() + share.sum())
    return twice, sizes


def with_scores(labels, height=50.0):
    """Logits that say `labels` and nothing else."""
    return tf.one_hot(labels, 3) * height


@pytest.mark.parametrize(("labels", "counted"), [(LABELS, np.ones_like(IGNORED)), (PARTLY, ~IGNORED)])
def test_weighted_dice(labels, counted):
    weights = class_weights([50, 3, 7])
    twice, sizes = weighted_dice(LABELS, LOGITS, weights, counted)
    found = weighted_dice_counts(tf.constant(labels), tf.constant(LOGITS), weights)
    assert [float(x) for x in found] == pytest.approx([twice, sizes], rel=1e-5)
    loss = weighted_dice_loss(tf.constant(labels), tf.constant(LOGITS), weights)
    assert float(loss) == pytest.approx(1 - twice / sizes, rel=1e-5)
    scaled = weighted_dice_loss(tf.constant(labels), tf.constant(LOGITS), 100 * weights)
    assert float(scaled) == pytest.approx(float(loss), rel=1e-5)


def test_weighted_dice_counts_add_up_to_the_loss_of_a_set():
    weights = class_weights([50, 3, 7])
    parts = [weighted_dice_counts(LABELS[i : i + 1], LOGITS[i : i + 1], weights) for i in range(2)]
    twice, sizes = (float(sum(column)) for column in zip(*parts))
    assert 1 - twice / sizes == pytest.approx(float(weighted_dice_loss(LABELS, LOGITS, weights)), rel=1e-5)


def test_class_weights():
    np.testing.assert_allclose(class_weights([60, 30, 10, 0]), [1 / 9, 2 / 9, 6 / 9, 0], rtol=1e-6)


def test_weighted_dice_of_perfect_and_wrong_predictions():
    weights = class_weights([50, 3, 7])
    assert float(weighted_dice_loss(LABELS, with_scores(LABELS), weights)) == pytest.approx(0, abs=1e-6)
    assert float(weighted_dice_loss(LABELS, with_scores((LABELS + 1) % 3), weights)) == pytest.approx(1, abs=1e-6)


def test_weighted_dice_of_an_empty_prediction():
    # Only the background is found: twice its pixels agree, and it takes up every pixel.
    weights = class_weights(np.bincount(LABELS.ravel()))
    sizes = np.bincount(LABELS.ravel())
    expected = 1 - 2 * weights[0] * sizes[0] / (weights[0] * LABELS.size + weights @ sizes)
    loss = weighted_dice_loss(LABELS, with_scores(np.zeros_like(LABELS)), weights)
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    assert expected > 0.5


def test_weighted_dice_of_absent_classes():
    # In the minibatch: a false pixel of the absent class costs. In the training set: it weighs nothing.
    labels = np.zeros((1, 2, 2), np.uint8)
    assert float(weighted_dice_loss(labels, with_scores(labels), class_weights([4, 2, 1]))) == 0
    found = np.uint8([[[0, 0], [0, 2]]])
    loss = weighted_dice_loss(labels, with_scores(found), class_weights([4, 2, 1]))
    assert float(loss) == pytest.approx(1 - 2 * 3 / (4 + 3 + 4))
    loss = weighted_dice_loss(labels, with_scores(found), class_weights([4, 2, 0]))
    assert float(loss) == pytest.approx(1 - 2 * 3 / (4 + 3))


@pytest.mark.parametrize("labels", [PARTLY, np.zeros_like(LABELS), np.full_like(LABELS, IGNORE)])
def test_weighted_dice_has_finite_gradients_and_none_of_ignored_pixels(labels):
    logits = tf.Variable(LOGITS)
    with tf.GradientTape() as tape:
        loss = weighted_dice_loss(tf.constant(labels), logits, class_weights([50, 3, 0]))
    gradient = tape.gradient(loss, logits).numpy()
    assert np.isfinite(float(loss)) and np.isfinite(gradient).all()
    np.testing.assert_array_equal(np.any(gradient != 0, -1), labels != IGNORE)


def test_weighted_dice_of_half_precision_scores_is_float32():
    half = tf.cast(LOGITS, tf.float16)
    loss = weighted_dice_loss(LABELS, half, class_weights([50, 3, 7]))
    assert loss.dtype == tf.float32
    assert float(loss) == pytest.approx(float(weighted_dice_loss(LABELS, LOGITS, class_weights([50, 3, 7]))), rel=1e-3)


def test_dice_of_classes_and_of_all_foreground():
    """Two images: a class found wholly beside a large one found by half; and one without anything."""
    twice, sizes = np.float64([[4, 100], [0, 0]]), np.float64([[4, 200], [0, 0]])
    assert mean_dice(twice, sizes, empty=1.0) == pytest.approx(((1 + 0.5) / 2 + 1) / 2)
    assert foreground_dice(twice, sizes) == pytest.approx((104 / 204 + 1) / 2)
