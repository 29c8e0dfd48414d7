"""Training images as a generator saw them, and pairs kept away from them."""

from dataclasses import replace

import numpy as np
import pytest

from tf_ganaug.data.cases import Case, Dataset, LabelSpec
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.errors import InputError
from tf_ganaug.quality.copies import COPY
from tf_ganaug.quality.near_copies import MOST_REFUSED, TrainingImages, keep_distant, training_images

SPEC = LabelSpec.from_names({0: "background", 1: "lesion"})
RNG = np.random.default_rng(0)
STORED = RNG.integers(0, 200, (5, 8, 4, 1)).astype(np.uint8)


def dataset(images):
    def case(number):
        image = images[number]
        label = np.zeros(image.shape[:2], np.uint8)
        return Case(f"c{number}", f"s{number}", (1.0, 1.0), (f"c{number}",), lambda: image, lambda: label)

    return Dataset("drawn", tuple(map(case, range(len(images)))), SPEC, images.shape[-1])


def provenance(cases, **changes):
    return Provenance("drawn", True, cases, cases, "uint8", 0.0, 200.0, **{"spacing": (1.0, 1.0), **changes})


def test_tall_images_in_a_frame():
    made = provenance(("c0", "c3"), padded=True, percentiles=(0.0, 100.0))
    with training_images(dataset(STORED), made, (8, 8, 1)) as training:
        assert [case.id for case in training.cases] == ["c0", "c3"]
        (batch,), again = list(training), list(training)
    assert len(again) == 1
    for image, stored in zip(batch, STORED[[0, 3]].astype(np.float32)):
        low, high = stored.min(), stored.max()
        np.testing.assert_allclose(image[:, 2:6], (stored - low) / (high - low) * 2 - 1, atol=1e-6)
        np.testing.assert_array_equal(image[:, [0, 1, 6, 7]], -1)


def test_stretched_images_share_one_range_unless_each_had_its_own():
    made = provenance(("c1", "c2"), spacing=(1.0, 0.5))
    with training_images(dataset(STORED), made, (8, 8, 1)) as training:
        (batch,) = training
        np.testing.assert_allclose(batch[:, :, ::2], STORED[[1, 2]] / 100.0 - 1, atol=1e-6)
    with pytest.raises(InputError, match="patches"), training_images(dataset(STORED), made, (4, 4, 1)):
        pass


KNOWN = RNG.integers(0, 200, (3, 32, 32, 1)).astype(np.uint8)


def chunks(noises):
    """A training image with noise of these deviations, two at a time, without end."""
    known = KNOWN[1] / np.float32(100) - 1
    noise = np.random.default_rng(1).normal(0, 1, known.shape).astype(np.float32)
    while True:
        for first in range(0, len(noises), 2):
            images = known + np.float32(noises[first : first + 2])[:, None, None, None] * noise
            yield images, np.full((2, 32, 32), first, np.uint8)


@pytest.fixture
def three():
    """Three training images of as many subjects."""
    with training_images(dataset(KNOWN), provenance(("c0", "c1", "c2")), (32, 32, 1)) as training:
        yield training


@pytest.mark.parametrize("count", [1, 3, 400])
def test_the_first_that_are_far_enough_are_kept_in_order(three, count):
    noises = [0.0, 2.0, 0.05, 0.1, 3.0, 0.2]
    far = [False, True, False, False, True, False]
    kept = list(keep_distant(chunks(noises), three, COPY, count))
    numbers = np.concatenate([part.numbers for part in kept])
    expected = [n for n in range(4 * count + 6) if far[n % 6]][:count]
    assert numbers.tolist() == expected
    assert np.concatenate([part.nearest.distances for part in kept]).min() >= COPY
    for part in kept:
        drawn = np.stack([next(chunks(noises[n % 6 :]))[0][0] for n in part.numbers])
        np.testing.assert_allclose(part.images, drawn, atol=1e-6)
        assert part.labels[:, 0, 0].tolist() == [n % 6 // 2 * 2 for n in part.numbers]


def test_a_generator_of_copies_is_given_up(three):
    copies = [0.0] * 39 + [3.0]  # one of forty is new, fewer than one of twenty
    with pytest.raises(InputError, match=r"--min-distance: expected pairs that differ .* nearer to one than 0\.5"):
        list(keep_distant(chunks(copies), three, COPY, 40))
    enough = [0.0] * 15 + [3.0]
    assert MOST_REFUSED == 18
    assert sum(len(part.labels) for part in keep_distant(chunks(enough), three, COPY, 40)) == 40


def test_images_of_one_subject_are_each_their_own(three):
    assert three.origins.tolist() == [0, 1, 2]
    one = tuple(replace(case, subject="s") for case in three.cases)
    assert TrainingImages(replace(three.sized, cases=one), three.ranges).origins.tolist() == [0, 1, 2]
