"""Losses against numpy, with pixels that count for nothing."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug.data.cases import IGNORE
from tf_ganaug.segment.losses import cross_entropy, dice_counts

RNG = np.random.default_rng(0)
LOGITS = (3 * RNG.normal(size=(2, 5, 4, 3))).astype(np.float32)
LABELS = RNG.integers(0, 3, (2, 5, 4)).astype(np.uint8)
IGNORED = RNG.random(LABELS.shape) < 0.3
PARTLY = np.where(IGNORED, IGNORE, LABELS).astype(np.uint8)


@pytest.mark.parametrize(("labels", "counted"), [(LABELS, np.ones_like(IGNORED)), (PARTLY, ~IGNORED)])
def test_cross_entropy(labels, counted):
    shares = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)
    right = np.take_along_axis(shares, LABELS[..., None].astype(int), -1)[..., 0]
    expected = -np.log(right)[counted].mean()
    assert float(cross_entropy(tf.constant(labels), tf.constant(LOGITS))) == pytest.approx(expected, rel=1e-5)


def test_cross_entropy_of_ignored_pixels():
    logits = tf.Variable(LOGITS)
    with tf.GradientTape() as tape:
        loss = cross_entropy(tf.constant(PARTLY), logits)
    touched = np.any(tape.gradient(loss, logits).numpy() != 0, -1)
    np.testing.assert_array_equal(touched, ~IGNORED)
    assert float(cross_entropy(tf.fill(LABELS.shape, tf.constant(IGNORE, tf.uint8)), LOGITS)) == 0.0


def test_dice_counts():
    twice, sizes = dice_counts(tf.constant(PARTLY), tf.constant(LOGITS))
    predicted = LOGITS.argmax(-1)
    for sample in range(2):
        for number in (1, 2):
            counted = ~IGNORED[sample]
            truth, found = (x[sample][counted] == number for x in (LABELS, predicted))
            assert float(twice[sample, number - 1]) == 2 * (truth & found).sum()
            assert float(sizes[sample, number - 1]) == truth.sum() + found.sum()
    assert twice.shape == sizes.shape == (2, 2)
