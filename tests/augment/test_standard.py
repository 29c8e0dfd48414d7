"""Standard augmentation: image and label stay together, and the draws have the stated deviations."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.ndimage import gaussian_filter

from tf_ganaug.augment.standard import Augmentation, augment, gather_nearest

SEED = tf.constant([1, 2])


def coordinates(count, height, width):
    """(N, H, W, 2): each pixel holds its own row and column, so a warped image tells where it came from."""
    return np.broadcast_to(np.stack(np.indices((height, width)), -1), (count, height, width, 2)).astype(np.float32)


def blobs(count, size, seed=0):
    """Smooth random labels 0 and 1."""
    noise = np.random.default_rng(seed).normal(size=(count, size, size))
    return (gaussian_filter(noise, (0, 6, 6)) > 0).astype(np.uint8)


def moved(settings, count, height, width, seed=SEED):
    """(N, H, W, 2): how far the content of each pixel came from, negative towards the origin."""
    start = coordinates(count, height, width)
    labels = tf.zeros((count, height, width), tf.uint8)
    return augment(tf.constant(start), labels, settings, seed)[0].numpy() - start


def test_nothing_set_changes_nothing():
    images = np.random.default_rng(0).normal(size=(3, 8, 8, 2)).astype(np.float32)
    labels = blobs(3, 8)
    same = augment(tf.constant(images), tf.constant(labels), Augmentation(), SEED)
    np.testing.assert_array_equal(same[0], images)
    np.testing.assert_array_equal(same[1], labels)


def test_the_same_seed_draws_the_same():
    settings = Augmentation(0.1, 0.1, 10, 10, flip=True)
    images, labels = tf.constant(coordinates(4, 32, 32)), tf.constant(blobs(4, 32))
    first, again = (augment(images, labels, settings, SEED) for _ in range(2))
    other = augment(images, labels, settings, tf.constant([1, 3]))
    for one, two, three in zip(first, again, other):
        np.testing.assert_array_equal(one, two)
        assert not np.array_equal(one, three)


def test_translation_moves_the_whole_pair_by_one_vector():
    shift = moved(Augmentation(translation=10), 4, 64, 64)[:, 20:44, 20:44]
    # The same for all pixels of a sample (nothing here reaches an edge), but not for all samples.
    assert np.abs(shift - shift[:, :1, :1]).max() < 1e-4
    assert len(np.unique(shift[:, 0, 0].round(3))) == 8


@pytest.mark.parametrize("settings", [Augmentation(translation=20), Augmentation(elastic=40), Augmentation(flip=True)])
def test_label_follows_the_image(settings):
    labels = blobs(8, 128)
    images, found = augment(tf.constant(labels[..., None], tf.float32), tf.constant(labels), settings, SEED)
    assert (found != labels).numpy().mean() > 0.05
    # Where the bilinear image is on the class's side of one half, so is the nearest label.
    assert ((images[..., 0] > 0.5).numpy() == found.numpy()).mean() > 0.99


def test_labels_keep_their_values():
    labels = np.random.default_rng(0).choice(np.uint8([0, 3, 255]), (2, 32, 32))
    settings = Augmentation(translation=10, elastic=20, flip=True)
    _, found = augment(tf.zeros((2, 32, 32, 1)), tf.constant(labels), settings, SEED)
    assert found.dtype == tf.uint8
    assert set(np.unique(found)) == {0, 3, 255}


def test_flip_mirrors_both_in_half_of_the_draws():
    images, labels = coordinates(400, 4, 6), np.tile(np.arange(6, dtype=np.uint8), (400, 4, 1))
    flipped_images, flipped_labels = augment(tf.constant(images), tf.constant(labels), Augmentation(flip=True), SEED)
    np.testing.assert_array_equal(flipped_images[..., 1], tf.cast(flipped_labels, tf.float32))
    np.testing.assert_array_equal(flipped_images[..., 0], images[..., 0])
    mirrored = flipped_labels[:, 0, 0].numpy() == 5
    np.testing.assert_array_equal(flipped_labels[:, 0, 0], np.where(mirrored, 5, 0))
    assert 160 < mirrored.sum() < 240  # 200, deviation 10


def test_intensities():
    count = 4000
    images = tf.constant(np.tile(np.float32([-1, 0, 1]).reshape(1, 1, 3, 1), (count, 1, 1, 1)))
    labels = tf.zeros((count, 1, 3), tf.uint8)
    changed = augment(images, labels, Augmentation(shift=0.05, scale=0.2), SEED)[0].numpy()[:, 0, :, 0]
    shift, scale = changed[:, 1], (changed[:, 2] - changed[:, 0]) / 2
    np.testing.assert_allclose(changed[:, 0], shift - scale, atol=1e-5)
    # Means are known to a deviation / 63, deviations to 1.1 %.
    assert shift.mean() == pytest.approx(0, abs=0.05 * 4 / 63)
    assert shift.std() == pytest.approx(0.05, rel=0.05)
    assert scale.mean() == pytest.approx(1, abs=0.2 * 4 / 63)
    assert scale.std() == pytest.approx(0.2, rel=0.05)
    assert abs(np.corrcoef(shift, scale)[0, 1]) < 4 / 63


@pytest.mark.parametrize(("height", "width", "pixel"), [(64, 64, 0.25), (32, 128, 0.5)])
def test_translations_have_the_stated_deviation_and_shrink_with_the_image(height, width, pixel):
    # 4 px at 256, so that the middle stays clear of the edges.
    vectors = moved(Augmentation(translation=4), 2000, height, width)[:, height // 2, width // 2]
    np.testing.assert_allclose(vectors.mean(0), 0, atol=4 * pixel * 4 / 44)
    np.testing.assert_allclose(vectors.std(0), 4 * pixel, rtol=0.08)
    assert abs(np.corrcoef(vectors.T)[0, 1]) < 4 / 44


def test_elastic_moves_control_points_by_the_stated_deviation():
    # 5 x 5 points on 80 x 80 pixels stand in the middle of 16 x 16 pixels each, between four of them.
    field = moved(Augmentation(elastic=8), 600, 80, 80)
    centre = field[:, 39:41, 39:41].mean((1, 2))
    np.testing.assert_allclose(centre.std(0), 8 * 80 / 256, rtol=0.12)
    steps = np.abs(np.diff(field[:, 20:60, 20:60], axis=2)).max()
    assert steps < 2  # smooth: neighbours move nearly alike, though points 16 pixels apart do not
    apart = np.corrcoef(field[:, 40, 24, 0], field[:, 40, 56, 0])[0, 1]
    assert abs(apart) < 0.2


def test_nearest_by_hand():
    labels = tf.constant([[[1, 2, 3], [4, 5, 6]]])
    flow = tf.constant([[[[0.0, 0.4], [0.0, 0.6], [-0.7, 0.0]], [[9.0, 9.0], [-9.0, -9.0], [0.4, -0.2]]]])
    assert gather_nearest(labels, flow).numpy().tolist() == [[[1, 1, 6], [1, 6, 6]]]
