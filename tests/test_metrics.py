"""Measures against numbers worked out by hand, and against brute force."""

import math

import numpy as np
import pytest

from tf_ganaug.metrics import largest_component, overlap, surface_distances


def square(top, left, side, shape=(10, 12)):
    mask = np.zeros(shape, bool)
    mask[top : top + side, left : left + side] = True
    return mask


def test_overlap_by_hand():
    # 16 and 9 pixels, 6 shared (rows 2 to 4, columns 4 and 5).
    measured = overlap(square(2, 2, 4), square(2, 4, 3))
    assert measured == pytest.approx({"dice": 12 / 25, "iou": 6 / 19, "precision": 6 / 9, "recall": 6 / 16})


def test_overlap_of_empty_masks():
    empty, full = np.zeros((4, 4), bool), np.ones((4, 4), bool)
    assert overlap(empty, empty) == {"dice": 1.0, "iou": 1.0, "precision": 1.0, "recall": 1.0}
    assert overlap(full, empty) == {"dice": 0.0, "iou": 0.0, "precision": 0.0, "recall": 0.0}
    assert overlap(empty, full) == {"dice": 0.0, "iou": 0.0, "precision": 0.0, "recall": 1.0}


def test_distances_by_hand():
    # 3 x 3 squares three columns apart, 2 mm a column: the nearest columns are 2 mm apart at (there)
    # columns 4 to 5, the farthest 6 mm; of eight border pixels three, two and three lie at 6, 4 and 2 mm.
    measured = surface_distances(square(2, 2, 3), square(2, 5, 3), (0.5, 2.0))
    assert measured["hausdorff"] == 6.0
    assert measured["hausdorff95"] == 6.0
    # The ring's middle pixels (row 3, columns 2 and 4 of the first) are 6 and 2 mm away as well.
    assert measured["surface_distance"] == pytest.approx((3 * 6 + 2 * 4 + 3 * 2) / 8)


def brute_force(truth, predicted, spacing):
    def border(mask):
        padded = np.pad(mask, 1)
        inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
        return np.argwhere(mask & ~inner) * np.array(spacing)

    apart = np.linalg.norm(border(truth)[:, None] - border(predicted)[None], axis=-1)
    there, back = apart.min(1), apart.min(0)
    return {
        "hausdorff": max(there.max(), back.max()),
        "hausdorff95": max(np.percentile(there, 95), np.percentile(back, 95)),
        "surface_distance": np.concatenate([there, back]).mean(),
    }


def test_distances_against_brute_force():
    rng = np.random.default_rng(1)
    for spacing in ((1.0, 1.0), (0.4, 2.5)):
        blobs = rng.random((2, 20, 16)) < 0.4
        touching_the_edge = square(0, 0, 5, (20, 16)), square(14, 9, 6, (20, 16))
        for truth, predicted in (blobs, touching_the_edge):
            expected = brute_force(truth, predicted, spacing)
            assert surface_distances(truth, predicted, spacing) == pytest.approx(expected)


def test_distances_of_empty_masks():
    empty = np.zeros((30, 20), bool)
    assert set(surface_distances(empty, empty, (0.1, 0.2)).values()) == {0.0}
    worst = set(surface_distances(square(0, 0, 2, (30, 20)), empty, (0.1, 0.2)).values())
    assert worst == {math.hypot(3, 4)}
    assert set(surface_distances(empty, square(0, 0, 2, (30, 20)), (0.1, 0.2)).values()) == worst


def test_largest_component():
    diagonal = square(0, 0, 1) | square(1, 1, 1) | square(2, 2, 1)
    pair = square(6, 6, 1) | square(6, 7, 1)
    np.testing.assert_array_equal(largest_component(diagonal | pair), diagonal)
    equal = square(8, 0, 1) | square(8, 1, 1)
    np.testing.assert_array_equal(largest_component(pair | equal), pair)
    assert not largest_component(np.zeros((3, 3), bool)).any()
    np.testing.assert_array_equal(largest_component(np.ones((3, 3), bool)), np.ones((3, 3), bool))
