"""The copy detector: against plain numpy, and how often it is right on drawn persons and on real ones."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from scipy.ndimage import gaussian_filter

from tf_ganaug.errors import InputError
from tf_ganaug.quality import copies
from tf_ganaug.quality.copies import COPY, Nearest, nearest, origins
from tf_ganaug.quality.copy_characteristic import characteristic, drawn_persons, persons_of

RNG = np.random.default_rng(0)
TRAINING = RNG.uniform(-1, 1, (23, 18, 26, 2)).astype(np.float32)
ORIGINS = np.arange(23) // 3
IMAGES = np.concatenate([TRAINING[:5] + RNG.normal(0, 0.3, (5, 18, 26, 2)), RNG.uniform(-1, 1, (6, 18, 26, 2))])
REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "chest-xray-wingspan"


def plain(image, other):
    """The largest correlation of two small images, by loops."""
    one, two = (
        gaussian_filter(x, (0.75, 0.75, 0), mode="nearest") - gaussian_filter(x, (2, 2, 0), mode="nearest")
        for x in (image.astype(float), other.astype(float))
    )
    middle = two[2:-2, 2:-2].ravel()
    found = []
    for turned in (one, one[:, ::-1]):
        for row in range(5):
            for column in range(5):
                window = turned[row : row + 14, column : column + 22].ravel()
                found.append(window @ middle / np.linalg.norm(window) / np.linalg.norm(middle))
    return max(found)


def expected(images, training, persons, own=None):
    numbers, distances = [], []
    for position, image in enumerate(images):
        like = np.array([plain(image, other) for other in training])
        if own is not None:
            like[persons == own[position]] = -np.inf
        numbers.append(like.argmax())
        best, rest = like.max(), like[persons != persons[like.argmax()]].max()
        distances.append((1 - best) / (1 - rest))
    return numbers, distances


def minibatches(images, size=4):
    return [images[start : start + size] for start in range(0, len(images), size)]


@pytest.mark.parametrize("tile", [2048, 6])
def test_nearest_is_that_of_plain_numpy(tile, monkeypatch):
    monkeypatch.setattr(copies, "TILE", tile)
    numbers, distances = expected(IMAGES, TRAINING, ORIGINS)
    found = nearest(minibatches(IMAGES), minibatches(TRAINING, 5), ORIGINS)
    assert found.numbers.tolist() == numbers
    np.testing.assert_allclose(found.distances, distances, rtol=1e-3)
    assert (found.numbers[:5] == np.arange(5)).all() and (found.distances[:5] < found.distances[5:].min()).all()


def test_training_images_are_compared_with_other_persons():
    numbers, distances = expected(TRAINING[:7], TRAINING, ORIGINS, ORIGINS)
    found = nearest([TRAINING[:7]], tf.data.Dataset.from_tensor_slices(TRAINING).batch(5), ORIGINS, ORIGINS[:7])
    assert found.numbers.tolist() == numbers
    np.testing.assert_allclose(found.distances, distances, rtol=1e-3)


def test_a_copy_is_at_0_whatever_its_brightness_and_contrast():
    found = nearest([3 + 0.1 * TRAINING[[5, 9]]], [TRAINING], ORIGINS)
    assert found.numbers.tolist() == [5, 9] and found.distances.tolist() == [0, 0]


def test_what_two_persons_share_is_a_copy_if_exact_and_blank_images_are_none():
    twice = np.concatenate([TRAINING[:4], TRAINING[:1], np.zeros_like(TRAINING[:2])])
    # Person 0 is stored again as person 4; persons 5 and 6 are blank.
    noise = RNG.normal(0, 0.1, TRAINING[:1].shape)
    found = nearest([np.concatenate([twice[[0, 1, 5]], twice[:1] + noise])], [twice], np.arange(7))
    assert found.distances.tolist() == pytest.approx([0, 0, 1, 1])


def test_copies_are_below_the_threshold():
    found = Nearest(np.arange(4), np.array([0.0, COPY - 0.01, COPY, 1.0]))
    assert found.copied.tolist() == [True, True, False, False] and found.share == 0.5


def test_images_of_a_single_person_are_each_their_own():
    assert origins(["b", "a", "b"]).tolist() == [1, 0, 1]
    assert origins(["a", "a", "a"]).tolist() == [0, 1, 2]


def test_refused():
    with pytest.raises(InputError, match="expected images of 18 x 26 x 2, found 18 x 26 x 1"):
        nearest([IMAGES], [TRAINING[..., :1]], ORIGINS)
    with pytest.raises(InputError, match=r"two .*persons"):
        nearest([IMAGES], [TRAINING], np.zeros(23, int))
    with pytest.raises(InputError, match=r"two .*persons"):
        nearest([TRAINING], [TRAINING[:6]], ORIGINS[:6], ORIGINS)
    with pytest.raises(InputError, match=r"two .*persons"):
        nearest([IMAGES], [], ORIGINS)
    with pytest.raises(InputError, match="images to compare"):
        nearest([], [TRAINING], ORIGINS)


@pytest.mark.parametrize("kind", ["drawn head MR", "drawn head CT", "drawn chest", "real chest"])
def test_copies_are_found_and_nothing_else(kind):
    if kind == "real chest" and not REAL.exists():
        pytest.skip("no real images here")
    found = characteristic(*(persons_of(REAL) if kind == "real chest" else drawn_persons(0)[kind]()))
    assert min(found["copies"].values()) >= 0.95, found
    assert max(found["not copies"].values()) <= 0.1, found
