"""What makes two images the same."""

import numpy as np
import pytest

from tf_ganaug.data.content import digest_of

IMAGE = np.random.default_rng(0).integers(0, 120, (9, 7, 1))


def test_equal_values_are_the_same_in_any_type():
    kinds = ("u1", "i1", "u2", ">u2", "i4", "u8", "f2", "f4", "f8")
    assert len({digest_of(IMAGE.astype(kind)) for kind in kinds}) == 1
    halves = IMAGE / 2
    assert digest_of(halves.astype(np.float32)) == digest_of(halves) == digest_of(np.asfortranarray(halves))


@pytest.mark.parametrize(
    "other",
    [IMAGE + 1, IMAGE - 300, IMAGE + 2**40, IMAGE / 2, IMAGE[::-1], IMAGE.reshape(7, 9, 1), IMAGE.repeat(3, -1)],
)
def test_other_values_and_shapes_are_not(other):
    assert digest_of(other) != digest_of(IMAGE)


def test_a_constant_image_is_like_none():
    assert digest_of(np.zeros((4, 4, 1))) == ""
