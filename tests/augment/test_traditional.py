"""Traditional augmentation: the paper's ranges, image and label together, a function of seed and number."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.ndimage import binary_erosion, gaussian_filter

from tf_ganaug.augment.traditional import _blur, _transforms, traditional_copies

#: Draws at which nothing moves.
STILL = (0.5, 0.5, 0.5, 0.0, 0.5, 0.5)


def blobs(count, size, seed=0):
    """Smooth random labels 0 and 1."""
    noise = np.random.default_rng(seed).normal(size=(count, size, size))
    return (gaussian_filter(noise, (0, 6, 6)) > 0).astype(np.uint8)


def ramps(count, height, width):
    """(N, H, W, 2): the column and the row of each pixel, each 0 to 1 in value, so that contrast leaves them inside."""
    rows, columns = np.indices((height, width))
    picture = np.stack([columns / (width - 1), rows / (height - 1)], -1) / 4 - 0.5
    return np.broadcast_to(picture, (count, height, width, 2)).astype(np.float32)


def source(transform, x, y):
    """Where the copy's pixel (x, y) comes from."""
    a, b, c, d, e, f, *_ = transform.numpy()
    return a * x + b * y + c, d * x + e * y + f


def moved(**changed):
    """The transform of a 101 x 201 picture (rows x columns), whose centre is (100, 50), with one draw changed."""
    names = ("rotation", "scale", "shear", "crop", "crop_x", "crop_y")
    draws = [changed.get(name, still) for name, still in zip(names, STILL)]
    return _transforms(tf.constant([draws]), 101, 201)[0]


@pytest.mark.parametrize(
    ("changed", "pixel", "place"),
    [
        ({}, (7, 9), (7, 9)),
        # 25 degrees, x towards y: the copy's pixel right of the centre was above of it.
        ({"rotation": 1.0}, (200, 50), (100 + 100 * np.cos(np.pi * 25 / 180), 50 - 100 * np.sin(np.pi * 25 / 180))),
        ({"rotation": 0.0}, (200, 50), (100 + 100 * np.cos(np.pi * 25 / 180), 50 + 100 * np.sin(np.pi * 25 / 180))),
        ({"scale": 1.0}, (215, 107.5), (200, 100)),
        ({"scale": 0.0}, (185, 92.5), (200, 100)),
        # The last row moves by 10 x 201 / 256 pixels against the first.
        ({"shear": 1.0}, (100 + 5 * 201 / 256, 100), (100, 100)),
        ({"shear": 1.0}, (100 - 5 * 201 / 256, 0), (100, 0)),
        ({"shear": 0.0}, (100 - 5 * 201 / 256, 100), (100, 100)),
        # A window of 90 % of each side, in the middle, or in a corner.
        ({"crop": 1.0}, (0, 0), (10, 5)),
        ({"crop": 1.0}, (200, 100), (190, 95)),
        ({"crop": 1.0, "crop_x": 0.0, "crop_y": 1.0}, (0, 0), (0, 10)),
        ({"crop": 1.0, "crop_x": 0.0, "crop_y": 1.0}, (200, 100), (180, 100)),
    ],
)
def test_moves_by_hand(changed, pixel, place):
    np.testing.assert_allclose(source(moved(**changed), *pixel), place, atol=1e-4)


def test_moves_follow_one_another():
    names, values = ("rotation", "scale", "shear", "crop", "crop_x", "crop_y"), (0.9, 0.2, 0.8, 0.7, 0.1, 0.6)
    alone = {name: {name: value} for name, value in zip(names[:3], values)}
    window = dict(zip(names[3:], values[3:]))
    x, y = 31.0, 77.0
    for step in (window, alone["rotation"], alone["shear"], alone["scale"]):
        x, y = source(moved(**step), x, y)
    np.testing.assert_allclose(source(moved(**dict(zip(names, values))), 31.0, 77.0), (x, y), atol=1e-3)


def test_levels_cover_the_ranges():
    count, size = 500, 65
    images, _ = traditional_copies(ramps(count, size, size), tf.zeros((count, size, size), tf.uint8), 3, range(count))
    middle = slice(26, 39)
    rows, columns = np.indices((size, size))[:, middle, middle] - size // 2
    design = np.stack([columns.ravel(), rows.ravel(), np.ones(rows.size)], 1)
    angles, sizes, shears = [], [], []
    for image in images.numpy()[:, middle, middle].reshape(count, -1, 2):
        matrix = np.linalg.lstsq(design, (image + 1) * 4 * (size - 1), rcond=None)[0].T[:, :2]
        determinant = np.sqrt(np.linalg.det(matrix))
        angle = np.arctan2(-matrix[1, 0], matrix[1, 1])
        bent = matrix / determinant @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        angles.append(np.degrees(angle))
        shears.append(-bent[0, 1] * (size - 1) * 256 / size)
        sizes.append(determinant)
    assert -25 <= min(angles) < -24 and 24 < max(angles) <= 25
    assert -10.01 <= min(shears) < -9.6 and 9.6 < max(shears) <= 10.01
    # 1 / 0.85 without a crop, times the contrast of 1.5; 0.9 / 1.15 with the whole of it.
    assert 0.9 / 1.15 <= min(sizes) < 0.85 and 1.5 < max(sizes) <= 1.5 / 0.85
    assert abs(np.corrcoef(angles, shears)[0, 1]) < 4 / np.sqrt(count)
    assert abs(np.corrcoef(angles, sizes)[0, 1]) < 4 / np.sqrt(count)


def test_contrast_brightens_half_of_the_copies():
    count = 2000
    images, _ = traditional_copies(tf.fill((count, 8, 8, 1), -0.5), tf.zeros((count, 8, 8), tf.uint8), 1, range(count))
    factors = (images[:, 4, 4, 0].numpy() + 1) / 0.5
    changed = factors > 1.0001
    assert 0.45 < changed.mean() < 0.55  # deviation 0.011
    assert factors.min() > 0.9999 and 1.49 < factors.max() <= 1.5001
    assert factors[changed].mean() == pytest.approx(1.25, abs=0.02)
    bright, _ = traditional_copies(tf.fill((50, 8, 8, 1), 0.9), tf.zeros((50, 8, 8), tf.uint8), 1, range(50))
    assert bright[:, 4, 4].numpy().max() == 1.0


def test_blur_is_a_gaussian_of_two_pixels_at_256_in_half_of_the_copies():
    picture = np.random.default_rng(0).normal(size=(2, 40, 256, 3)).astype(np.float32)
    expected = gaussian_filter(picture, (0, 2, 2, 0), mode="reflect", truncate=4)
    np.testing.assert_allclose(_blur(tf.constant(picture), 2.0), expected, atol=1e-5)

    count, width = 300, 128
    noise = np.random.default_rng(1).uniform(-0.9, -0.7, (1, width, width, 1)).astype(np.float32)
    images, _ = traditional_copies(
        np.repeat(noise, count, 0), np.zeros((count, width, width), np.uint8), 2, range(count)
    )
    middle = images[:, 50:78, 50:78, 0].numpy()
    # Relative to the mean, which contrast changes alike.
    roughness = np.diff(middle, axis=2).std((1, 2)) / (middle.mean((1, 2)) + 1)
    low, high = np.sort(roughness)[[count // 4, -count // 4]]
    blurred = roughness < (low + high) / 2
    assert low < high / 3
    assert 0.38 < blurred.mean() < 0.62  # deviation 0.029


def test_label_follows_the_image():
    labels = blobs(16, 128)
    images, found = traditional_copies(np.float32(labels[..., None] - 0.5), labels, 5, range(16))
    brightest = images.numpy().max((1, 2, 3))
    plain = np.abs(brightest - 0.5) < 1e-3  # without contrast
    assert plain.sum() >= 4
    assert (found != labels).numpy()[plain].mean() > 0.05
    assert ((images[..., 0] > 0) == (found == 1)).numpy()[plain].mean() > 0.985


def test_outside_the_picture_is_nothing():
    ones = np.ones((16, 64, 64), np.uint8)
    images, labels = traditional_copies(tf.zeros((16, 64, 64, 1)), ones, 5, range(16))
    images, labels = images.numpy()[..., 0], labels.numpy()
    assert labels.dtype == np.uint8 and 0.02 < (labels == 0).mean() < 0.3
    # Of these pixels a blur of half a pixel reaches two, and bilinear sampling one.
    inner, outer = (binary_erosion(labels == value, np.ones((1, 7, 7))) for value in (1, 0))
    assert outer.any()
    np.testing.assert_allclose(images[outer], -1, atol=1e-6)
    assert images[inner].min() > -1e-5


def test_labels_keep_their_values():
    labels = np.random.default_rng(0).choice(np.uint8([1, 3, 255]), (4, 32, 32))
    _, found = traditional_copies(tf.zeros((4, 32, 32, 1)), labels, 1, range(4))
    assert set(np.unique(found)) == {0, 1, 3, 255}


def test_a_copy_depends_on_seed_and_number_only():
    rng = np.random.default_rng(0)
    images, labels = rng.uniform(-1, 1, (6, 32, 48, 1)).astype(np.float32), rng.integers(0, 3, (6, 32, 48), np.uint8)
    numbers = np.array([4, 900, 17, 3, 70000, 8])
    whole = traditional_copies(images, labels, 7, numbers)
    order = [5, 2, 0]
    part = traditional_copies(images[order], labels[order], 7, numbers[order])
    for one, two in zip(whole, part):
        np.testing.assert_array_equal(one.numpy()[order], two)
    for seed, named in ((8, numbers), (7, numbers + 1)):
        assert not np.isclose(traditional_copies(images, labels, seed, named)[0], whole[0]).all((1, 2, 3)).any()
