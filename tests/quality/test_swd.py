"""The sliced Wasserstein distance against scipy and plain numpy."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage

from tf_ganaug.errors import InputError
from tf_ganaug.quality.swd import SlicedWasserstein, laplacian_pyramid
from tf_ganaug.random import fold

RNG = np.random.default_rng(0)
REALS = RNG.integers(0, 7, (5, 32, 32, 2)).astype(np.uint8)
FAKES = ndimage.uniform_filter(RNG.normal(2, 3, (5, 32, 32, 2)), (0, 3, 3, 0)).astype(np.float32)
FILTER = (np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256)[None, :, :, None]


def pyramid(images):
    levels, images = [], images.astype(np.float64)
    while images.shape[1] > 16:
        half = ndimage.convolve(images, FILTER, mode="mirror")[:, ::2, ::2]
        spread = np.zeros_like(images)
        spread[:, ::2, ::2] = half
        levels.append(images - ndimage.convolve(spread, 4 * FILTER, mode="mirror"))
        images = half
    return [*levels, images]


def described(level, corners):
    squares = [image[y : y + 7, x : x + 7] for image, places in zip(level, corners) for y, x in places]
    squares = np.array(squares)
    return ((squares - squares.mean((0, 1, 2))) / squares.std((0, 1, 2))).reshape(len(squares), -1)


def expected(reals, fakes, seed):
    """Level by level, with the metric's own draws."""
    directions = tf.random.stateless_normal((512, 49, reals.shape[-1]), fold(seed, 2, reals.shape[-1]))
    directions = directions.numpy().astype(np.float64).reshape(512, -1)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    for levels in zip(pyramid(reals), pyramid(fakes)):
        side = levels[0].shape[1]
        projected = []
        for stream, level in enumerate(levels):
            seeds = fold(seed, stream, side)
            corners = tf.random.stateless_uniform((len(level), 128, 2), seeds, 0, side - 6, tf.int32).numpy()
            assert corners.min() == 0 and corners.max() == side - 7
            projected.append(np.sort(described(level, corners) @ directions.T, axis=0))
        yield 1000 * np.abs(projected[0] - projected[1]).mean()


def test_pyramid():
    images = RNG.normal(size=(2, 64, 64, 3)).astype(np.float32)
    ours = laplacian_pyramid(tf.constant(images))
    assert [level.shape[1] for level in ours] == [64, 32, 16]
    for level, reference in zip(ours, pyramid(images)):
        np.testing.assert_allclose(level, reference, atol=1e-5)


def test_distances_are_those_of_plain_numpy():
    found = SlicedWasserstein([REALS], 5, seed=3)([FAKES])
    levels = list(expected(REALS, FAKES, seed=3))
    assert list(found) == ["swd5_2ch_32", "swd5_2ch_16", "swd5_2ch"]
    assert list(found.values()) == pytest.approx([*levels, np.mean(levels)], rel=1e-4)


def test_minibatches_and_ranges_do_not_matter():
    whole = SlicedWasserstein([REALS], 5, seed=0)([FAKES])
    endless = itertools.cycle([REALS[:2], REALS[2:4], REALS[4:]])
    parts = SlicedWasserstein(endless, 5, seed=0)([10 * FAKES[:3] - 4, 10 * FAKES[3:] - 4, FAKES])
    assert list(parts.values()) == pytest.approx(list(whole.values()), rel=1e-3)
    other = SlicedWasserstein([REALS], 5, seed=1)([FAKES])
    assert abs(other["swd5_2ch"] - whole["swd5_2ch"]) > 1e-3 * whole["swd5_2ch"]


def test_a_grey_image_counts_as_three_equal_channels():
    reals, fakes = REALS[..., :1], FAKES[..., :1]
    grey = SlicedWasserstein([reals], 5, seed=0)([fakes])
    colour = SlicedWasserstein([reals.repeat(3, -1)], 5, seed=0)([fakes.repeat(3, -1)])
    assert list(grey) == list(colour) == ["swd5_32", "swd5_16", "swd5"]
    assert list(grey.values()) == pytest.approx(list(colour.values()), rel=1e-4)


def test_the_distance_grows_with_the_difference():
    reals = RNG.normal(size=(64, 16, 16, 1))
    metric = SlicedWasserstein([reals], 64, seed=0)
    smoothed = [ndimage.gaussian_filter(RNG.normal(size=reals.shape), (0, s, s, 0)) for s in (0.5, 1)]
    chance, near, far = (metric([images])["swd64"] for images in (reals, *smoothed))
    assert 0 < 2 * chance < near < far


def test_images_without_any_variation_have_a_distance():
    metric = SlicedWasserstein([REALS], 5, seed=0)
    found = metric([np.full_like(REALS, 3)])
    assert all(np.isfinite(value) and value > 0 for value in found.values())


def test_the_protocol_is_in_the_name():
    grey = REALS[:1, :16, :16, :1].repeat(512, 0)
    assert SlicedWasserstein(itertools.repeat(grey), 2048, seed=0).name == "swd2k"


@pytest.mark.parametrize("shape", [(2, 24, 24, 1), (2, 32, 16, 1), (2, 8, 8, 1)])
def test_sizes_refused(shape):
    with pytest.raises(InputError, match=f"found {shape[1]} x {shape[2]}"):
        SlicedWasserstein([np.zeros(shape)], 2, seed=0)


def test_too_few_images_or_others_are_refused():
    with pytest.raises(InputError, match="expected 6 images, found 5"):
        SlicedWasserstein([REALS], 6, seed=0)
    metric = SlicedWasserstein([REALS], 5, seed=0)
    for images in (REALS[:, ::2, ::2], REALS.repeat(2, 1).repeat(2, 2), REALS[..., :1]):
        with pytest.raises(InputError, match="images of 32 x 32 x 2"):
            metric([images])
