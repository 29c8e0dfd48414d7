"""The nearest training image and copies, against plain numpy."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug.errors import InputError
from tf_ganaug.quality.copies import find_copies, nearest

RNG = np.random.default_rng(0)
TRAINING = RNG.uniform(-1, 1, (23, 6, 5, 2)).astype(np.float32)
ORIGINS = np.arange(23) // 3
IMAGES = RNG.uniform(-1, 1, (11, 6, 5, 2)).astype(np.float32)


def distances(images, training):
    """(N, M) float64."""
    return np.sqrt([[np.mean((a.astype(float) - b) ** 2) for b in training] for a in images])


def minibatches(images, size=4):
    return [images[start : start + size] for start in range(0, len(images), size)]


def test_nearest_is_that_of_plain_numpy():
    expected = distances(IMAGES, TRAINING)
    for images, training in ([[IMAGES], [TRAINING]], [minibatches(IMAGES), minibatches(TRAINING, 7)]):
        found = nearest(images, training)
        np.testing.assert_array_equal(found.numbers, expected.argmin(1))
        np.testing.assert_allclose(found.distances, expected.min(1), rtol=1e-6)


def test_nearest_of_another_origin():
    expected = distances(TRAINING, TRAINING)
    expected[ORIGINS[:, None] == ORIGINS] = np.inf
    found = nearest(minibatches(TRAINING), minibatches(TRAINING, 7), ORIGINS, ORIGINS)
    np.testing.assert_array_equal(found.numbers, expected.argmin(1))
    np.testing.assert_allclose(found.distances, expected.min(1), rtol=1e-6)


def test_the_distance_is_in_the_images_unit_and_0_for_a_copy():
    # Large common values, of which a difference of squares would keep little.
    training = 100 + TRAINING
    found = nearest([training[[5, 9]]], [training])
    assert found.numbers.tolist() == [5, 9] and found.distances.tolist() == [0, 0]
    black, white = np.full((1, 8, 8, 1), -1), np.full((1, 8, 8, 1), 1)
    assert nearest([black], [white]).distances.tolist() == [2]


def test_tensors_of_a_pipeline():
    training = tf.data.Dataset.from_tensor_slices(TRAINING).batch(5)
    images = tf.data.Dataset.from_tensor_slices(IMAGES).batch(3)
    found, expected = nearest(images, training), nearest([IMAGES], [TRAINING])
    np.testing.assert_array_equal(found.numbers, expected.numbers)


def test_copies_are_below_the_quantile():
    every = distances(TRAINING, TRAINING)
    every[ORIGINS[:, None] == ORIGINS] = np.inf
    apart = every.min(1)
    noise = RNG.normal(size=TRAINING[:8].shape)
    noise /= np.sqrt((noise**2).mean((1, 2, 3), keepdims=True))
    # 2 exact copies, then at a given distance: 2 below the minimum, 1 between it and the quantile, 3 above.
    low, threshold = apart.min(), np.quantile(apart, 0.05)
    assert low < threshold
    far = np.array([0, 0, 0.1, 0.5 * low, (low + threshold) / 2, threshold + 0.01, threshold + 0.02, threshold + 0.03])
    generated = TRAINING[:8] + far[:, None, None, None] * noise
    found = find_copies(minibatches(generated, 3), minibatches(TRAINING), ORIGINS, minibatches(TRAINING, 6), ORIGINS)
    assert found.generated.numbers.tolist() == list(range(8))
    assert found.threshold == pytest.approx(threshold, rel=1e-6)
    assert found.copied.tolist() == [True] * 5 + [False] * 3
    assert (found.share, found.strict_share) == (5 / 8, 4 / 8)


def test_fresh_images_of_the_same_kind_are_copies_as_rarely_as_the_quantile_says():
    images = np.random.default_rng(1).normal(size=(1200, 2, 2, 1)).astype(np.float32)
    training, fresh = images[:600], images[600:]
    found = find_copies([fresh], [training], np.arange(600), [training], np.arange(600))
    assert 0.02 < found.share < 0.09
    copied = find_copies([training[:50] + 1e-4], [training], np.arange(600), [training], np.arange(600))
    assert copied.share == 1


def test_some_training_images_stand_for_all():
    some = [20, 3]
    found = find_copies([IMAGES], [TRAINING], ORIGINS, [TRAINING[some]], ORIGINS[some])
    whole = find_copies([IMAGES], [TRAINING], ORIGINS, [TRAINING], ORIGINS)
    np.testing.assert_array_equal(found.training.numbers, whole.training.numbers[some])


def test_refused():
    with pytest.raises(InputError, match="expected images of 6 x 5 x 2, found 6 x 5 x 1"):
        nearest([IMAGES], [TRAINING[..., :1]])
    with pytest.raises(InputError, match="another origin, found none"):
        nearest([IMAGES], [TRAINING], np.zeros(11), np.zeros(23))
    with pytest.raises(InputError, match="found none"):
        nearest([IMAGES], [])
    with pytest.raises(InputError, match="images to compare"):
        nearest([], [TRAINING])
