"""Rotation and zooming in, against plain numpy."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug.augment.rotate_zoom import OUTSIDE, rotate_zoom
from tf_ganaug.data.cases import IGNORE
from tf_ganaug.random import fold, stream_seed

HEIGHT, WIDTH, COUNT = 24, 40, 12
LABELS = np.random.default_rng(0).integers(0, 19, (COUNT, HEIGHT, WIDTH)).astype(np.uint8)
#: A plane in x and y, which bilinear sampling leaves as it is.
X, Y = np.meshgrid(np.linspace(-0.4, 0.4, WIDTH), np.linspace(-0.4, 0.4, HEIGHT))
IMAGES = np.tile(np.stack([X, Y, X + Y], -1)[None], (COUNT, 1, 1, 1)).astype(np.float32)
SEED = fold(3, 1)


def places(degrees, zoom):
    """Where each pixel of each copy is from, (COUNT, H, W) rows and columns, by plain numpy from the same draws."""
    draws = [tf.random.stateless_uniform((COUNT,), stream_seed(SEED, n)).numpy().astype(float) for n in range(5)]
    for turned, angle, factor, across, down in zip(*draws):
        angle = np.deg2rad(degrees * (2 * angle - 1)) if turned < 0.5 else 0.0
        kept = 1 / (1 + (zoom - 1) * factor)
        x, y = np.meshgrid(np.arange(WIDTH) - (WIDTH - 1) / 2, np.arange(HEIGHT) - (HEIGHT - 1) / 2)
        right = (WIDTH - 1) / 2 * (1 + (1 - kept) * (2 * across - 1))
        below = (HEIGHT - 1) / 2 * (1 + (1 - kept) * (2 * down - 1))
        yield (
            below + kept * (np.sin(angle) * x + np.cos(angle) * y),
            right + kept * (np.cos(angle) * x - np.sin(angle) * y),
        )


@pytest.mark.parametrize(("degrees", "zoom"), [(10, 2.0), (0, 3.0), (45, 1.0)])
def test_pixels_are_those_of_plain_numpy(degrees, zoom):
    images, labels = (x.numpy() for x in rotate_zoom(tf.constant(IMAGES), tf.constant(LABELS), degrees, zoom, SEED))
    for n, (rows, columns) in enumerate(places(degrees, zoom)):
        inside = (rows > 0) & (rows < HEIGHT - 1) & (columns > 0) & (columns < WIDTH - 1)
        expected = np.stack([0.8 * columns / (WIDTH - 1) - 0.4, 0.8 * rows / (HEIGHT - 1) - 0.4], -1)
        np.testing.assert_allclose(images[n][inside][:, :2], expected[inside], atol=1e-4)
        # Away from where rounding decides.
        clear = inside & (np.abs(rows % 1 - 0.5) > 0.01) & (np.abs(columns % 1 - 0.5) > 0.01)
        nearest = LABELS[n][np.rint(rows[clear]).astype(int), np.rint(columns[clear]).astype(int)]
        np.testing.assert_array_equal(labels[n][clear], nearest)
        beyond = (rows < -1) | (rows > HEIGHT) | (columns < -1) | (columns > WIDTH)
        assert (labels[n][beyond] == IGNORE).all() and (images[n][beyond] == OUTSIDE).all()


def test_half_are_rotated_and_zooming_in_shows_no_border():
    _, labels = rotate_zoom(tf.constant(IMAGES), tf.constant(LABELS), 45, 1.0, SEED)
    same = [np.array_equal(one, before) for one, before in zip(labels.numpy(), LABELS)]
    assert 2 < sum(same) < COUNT - 2
    _, labels = rotate_zoom(tf.constant(IMAGES), tf.constant(LABELS), 0, 2.0, SEED)
    assert not (labels.numpy() == IGNORE).any()


def test_nothing_asked_nothing_changed_and_the_same_seed_draws_the_same():
    images, labels = rotate_zoom(tf.constant(IMAGES), tf.constant(LABELS), 0, 1.0, SEED)
    np.testing.assert_allclose(images, IMAGES, atol=1e-5)
    np.testing.assert_array_equal(labels, LABELS)
    once, again, other = (rotate_zoom(IMAGES, LABELS, 10, 2.0, fold(seed))[1].numpy() for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()
