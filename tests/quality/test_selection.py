"""The selection rule by hand."""

import numpy as np
import pandas as pd

from tf_ganaug.quality.selection import pooled_images, select


def chosen(rows, original_sharpness=100.0):
    frame = pd.DataFrame(rows, columns=["fcn_score", "sharpness", "share_real"])
    frame.insert(0, "epochs", range(len(frame)))
    found = select(frame, original_sharpness)
    pd.testing.assert_frame_equal(found[frame.columns], frame)
    return found.rank_sum.tolist(), found.epochs[found.chosen].tolist()


def test_the_best_in_all_is_chosen_alone():
    sums, epochs = chosen([(0.80, 50, 0.1), (0.85, 60, 0.3), (0.90, 80, 0.4)])
    assert (sums, epochs) == ([9, 6, 3], [2])


def test_each_better_in_something_both_are_chosen():
    assert chosen([(0.80, 50, 0.4), (0.85, 60, 0.3)]) == ([5, 4], [0, 1])
    assert chosen([(0.80, 50, 0.4)]) == ([3], [0])


def test_a_low_fcn_score_excludes():
    sums, epochs = chosen([(0.9, 20, 0.0), (0.719, 90, 0.9), (0.721, 10, 0.1)])
    assert np.isnan(sums[1])
    # Without the second: ranks 1, 1, 2 against 2, 2, 1.
    assert (sums[0], sums[2], epochs) == (4, 5, [0, 2])


def test_sharper_than_the_originals_gains_nothing_and_equals_share_ranks():
    # Sharpness 100, 100 and 90: ranks 1.5, 1.5, 3. Shares 0, 0, 0: ranks 2, 2, 2.
    assert chosen([(0.90, 900, 0), (0.89, 101, 0), (0.88, 90, 0)]) == ([4.5, 5.5, 8], [0, 1])
    assert chosen([(0.90, 900, 0), (0.89, 101, 0), (0.88, 90, 0)], 1000.0) == ([4, 6, 8], [0])


def test_nothing_is_found_in_any():
    assert chosen([(0, 50, 0.4), (0, 60, 0.5)]) == ([5.5, 3.5], [1])


def test_chosen_candidates_paint_by_turns():
    images = [np.full((7, 2, 2, 1), value, np.uint8) for value in (10, 20, 30)]
    assert pooled_images(images)[:, 0, 0, 0].tolist() == [10, 20, 30, 10, 20, 30, 10]
    assert pooled_images(images[:1])[:, 0, 0, 0].tolist() == [10] * 7
    assert all((image == value).all() for image, value in zip(images, (10, 20, 30)))
