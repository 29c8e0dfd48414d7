"""What a critic's augmentation makes of pairs: image and label together, and differentiable twice."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug.gans.critic_changes import CHANGES, NUMBERS, changed, translated
from tf_ganaug.gans.wgan_gp import gradient_norms

RNG = np.random.default_rng(0)
SIDE = 16


def numbers_of(count, **chosen):
    """Numbers in [0, 1) by which only the changes named are made, at strength one half."""
    numbers = RNG.random((count, NUMBERS)).astype(np.float32)
    numbers[:, : len(CHANGES)] = 0.9
    for name in chosen:
        numbers[:, CHANGES.index(name)] = 0.1
    return numbers


def only(pairs, *names, colours=1, mirror=True):
    return changed(tf.constant(pairs), numbers_of(len(pairs), **dict.fromkeys(names)), 0.5, colours, mirror).numpy()


def pairs_of(count, channels=2, dtype=np.float32):
    return RNG.uniform(-1, 1, (count, SIDE, SIDE, channels)).astype(dtype)


def test_at_strength_zero_nothing_changes():
    pairs = pairs_of(8)
    again = changed(tf.constant(pairs), RNG.random((8, NUMBERS)).astype(np.float32), 0.0, 1, True)
    np.testing.assert_array_equal(again, pairs)


def test_one_transformation_moves_image_and_label():
    """The label names every pixel of its image: wherever it lies afterwards, it lies on the image of that pixel."""
    count = 40
    places = (1 + np.arange(SIDE * SIDE, dtype=np.float32)).reshape(1, SIDE, SIDE, 1).repeat(count, 0)
    images = RNG.uniform(-1, 1, places.shape).astype(np.float32)
    moved = changed(tf.constant(np.concatenate([images, places], -1)), numbers_of(count), 1.0, 1, True).numpy()
    kinds = set()
    for image, before in zip(moved, images):
        inside = image[..., 1] > 0
        named = image[..., 1][inside].astype(int)
        np.testing.assert_array_equal(image[..., 1][inside], named)  # whole pixels, not means of two
        # Brightness and contrast are a straight line, one for the whole image.
        line = np.polyfit(before.ravel()[named - 1], image[..., 0][inside], 1)
        np.testing.assert_allclose(image[..., 0][inside], np.polyval(line, before.ravel()[named - 1]), atol=1e-5)
        np.testing.assert_array_equal(image[~inside], 0)
        rows = (named - 1) // SIDE
        across = np.diff(image[..., 1], axis=1)[inside[:, 1:] & inside[:, :-1]]
        assert set(np.unique(across)) <= {1.0} or set(np.unique(across)) <= {-1.0}
        kinds.add((np.nonzero(inside)[0][0] - rows[0], across[0] < 0, 0.3 < inside.mean() < 1))
    assert {turned for _, turned, _ in kinds} == {False, True}
    assert {shift for shift, _, _ in kinds} >= {-2, -1, 0, 1, 2}


def test_each_change_is_what_it_is_called():
    pairs = pairs_of(60)
    images, labels = pairs[..., 0], pairs[..., 1]
    for name in ("brightness", "contrast", "saturation"):
        found = only(pairs, name)
        np.testing.assert_array_equal(found[..., 1], labels)
    lighter = only(pairs, "brightness")[..., 0] - images
    assert np.ptp(lighter, axis=(1, 2)).max() < 1e-6 and lighter.min() >= -0.5 and np.ptp(lighter) > 0.8
    found = only(pairs, "contrast")[..., 0]
    np.testing.assert_allclose(found.mean((1, 2)), images.mean((1, 2)), atol=1e-6)
    factors = found.std((1, 2)) / images.std((1, 2))
    assert 0.5 <= factors.min() < 0.6 and 1.4 < factors.max() <= 1.5
    np.testing.assert_array_equal(only(pairs, "saturation"), pairs)  # one channel has none
    np.testing.assert_array_equal(only(pairs, "mirror", mirror=False), pairs)
    turned = only(pairs, "mirror")
    straight = np.array([np.array_equal(one, two) for one, two in zip(turned, pairs)])
    np.testing.assert_array_equal(turned[~straight], pairs[~straight, :, ::-1])
    assert 15 < straight.sum() < 45


def test_saturation_leaves_the_grey_of_colours():
    pairs = pairs_of(20, channels=4)
    found = only(pairs, "saturation", colours=3)
    np.testing.assert_allclose(found[..., :3].mean(-1), pairs[..., :3].mean(-1), atol=1e-6)
    np.testing.assert_array_equal(found[..., 3], pairs[..., 3])
    assert np.abs(found[..., :3] - pairs[..., :3]).max() > 0.5


def test_translation_and_cutout_have_the_published_sizes():
    ones = np.ones((200, SIDE, SIDE, 2), np.float32)
    moved = only(ones, "translation")[..., 0]
    rows, columns = SIDE - moved.any(2).sum(1), SIDE - moved.any(1).sum(1)
    assert set(rows) == set(columns) == {0, 1, 2}  # an eighth of 16
    cut = only(ones, "cutout")[..., 0] == 0
    assert cut.any(2).sum(1).max() == cut.any(1).sum(1).max() == SIDE // 2
    assert cut.sum((1, 2)).min() >= (SIDE // 4) ** 2, "a quarter of what is cut out lies inside at least"
    np.testing.assert_array_equal(cut, cut.any(2)[:, :, None] & cut.any(1)[:, None])


def test_each_change_is_made_as_often_as_the_strength_says():
    numbers = RNG.random((4000, NUMBERS)).astype(np.float32)
    ones = tf.ones((4000, 8, 8, 1))
    cut = (changed(ones, numbers, 0.3, 0, False).numpy() == 0).any((1, 2, 3)).mean()
    # Cut out, or moved by any but (0, 0) of 3 x 3 places.
    assert cut == pytest.approx(1 - 0.7 * (1 - 0.3 * 8 / 9), abs=0.03)


def test_a_translations_gradient_is_the_opposite_move():
    pairs, weights = pairs_of(6, dtype=np.float64), pairs_of(6, dtype=np.float64)
    shifts = tf.constant(RNG.integers(-3, 4, (6, 2)), tf.int32)
    x = tf.constant(pairs)
    with tf.GradientTape() as tape:
        tape.watch(x)
        product = tf.reduce_sum(translated(x, shifts) * weights)
    np.testing.assert_array_equal(tape.gradient(product, x), translated(tf.constant(weights), -shifts))


def smooth_critic(channels):
    """Curved everywhere, so that second derivatives are not 0; float64."""
    keras.utils.set_random_seed(2)
    images = keras.Input((SIDE, SIDE, channels), dtype="float64")
    x = keras.layers.Conv2D(3, 3, activation="tanh", dtype="float64")(images)
    x = keras.layers.Dense(1, dtype="float64")(keras.layers.Flatten(dtype="float64")(x))
    return keras.Model(images, keras.layers.Reshape((), dtype="float64")(x))


@pytest.mark.parametrize("compiled", [False, True])
def test_the_penaltys_derivatives_are_those_of_finite_differences(compiled):
    """Of the gradient penalty through all changes, by a weight of the critic and by a pixel."""
    critic, count = smooth_critic(4), 3
    numbers = tf.constant(RNG.random((count, NUMBERS)), tf.float32)
    pairs = pairs_of(count, 4, np.float64)
    kernel = critic.layers[1].kernel

    def penalty(x):
        norms = gradient_norms(critic, x, lambda seen: changed(seen, numbers, 1.0, 3, True))
        return tf.reduce_mean(tf.square(norms - 1.0))

    def derivatives(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = penalty(x)
        return tape.gradient(loss, [x, kernel])

    run = tf.function(derivatives, jit_compile=True) if compiled else derivatives
    by_pixel, by_weight = run(tf.constant(pairs))
    step, before = 1e-5, kernel.numpy()

    def at(place, value):
        kernel.assign(before + value * place)
        return float(penalty(tf.constant(pairs)))

    for place in ((0, 0, 0, 0), (1, 2, 3, 1), (2, 1, 2, 2)):
        one = np.zeros_like(before)
        one[place] = 1
        difference = (at(one, step) - at(one, -step)) / (2 * step)
        assert by_weight.numpy()[place] == pytest.approx(difference, rel=1e-5, abs=1e-9)
    kernel.assign(before)
    largest = np.argsort(-np.abs(by_pixel.numpy()).ravel())[:3]
    for place in largest:
        values = []
        for sign in (1, -1):
            other = pairs.copy()
            other.ravel()[place] += sign * step
            values.append(float(penalty(tf.constant(other))))
        assert by_pixel.numpy().ravel()[place] == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-4)
