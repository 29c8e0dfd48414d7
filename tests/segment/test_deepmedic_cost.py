"""DeepMedic's cost against plain numpy."""

import numpy as np
import pytest

from tf_ganaug.data.cases import IGNORE
from tf_ganaug.models.deepmedic import deepmedic
from tf_ganaug.segment.deepmedic_cost import central, central_cross_entropy, kernel_penalty

RNG = np.random.default_rng(0)


def test_cross_entropy_of_the_centre():
    labels = RNG.integers(0, 3, (2, 20, 22)).astype(np.uint8)
    labels[0, 10, 10:13] = IGNORE
    logits = (5 * RNG.normal(size=(2, 4, 6, 3))).astype(np.float32)
    total, pixels = 0.0, 0
    for n, y, x in np.ndindex(2, 4, 6):
        label = labels[n, 8 + y, 8 + x]
        if label != IGNORE:
            odds = np.exp(logits[n, y, x].astype(np.float64))
            total, pixels = total - np.log(odds[label] / odds.sum() + 1e-6), pixels + 1
    assert pixels == 45
    assert float(central_cross_entropy(labels, logits)) == pytest.approx(total / pixels, rel=1e-5)
    np.testing.assert_array_equal(central(labels, logits), labels[:, 8:12, 8:14])


def test_a_pixel_costs_at_most_log_of_a_million_and_an_ignored_one_nothing():
    labels, logits = np.zeros((1, 17, 17), np.uint8), np.float32([[[[-100, 100]]]])
    assert float(central_cross_entropy(labels, logits)) == pytest.approx(-np.log(1e-6), rel=1e-5)
    assert float(central_cross_entropy(labels + IGNORE, logits)) == 0


def test_penalty_is_on_kernels_only():
    model = deepmedic(18, 18, 1, 2, feature_maps=(2,) * 8, fc_feature_maps=(3, 3))
    expected = 0.0
    for weight in model.trainable_weights:
        if len(weight.shape) == 4:  # no bias, scale or shift
            value = weight.numpy().astype(np.float64)
            expected += 1e-6 * np.abs(value).sum() + 1e-4 * (value**2).sum()
        else:
            weight.assign(weight + 7)
    assert float(kernel_penalty(model)) == pytest.approx(expected, rel=1e-4)
