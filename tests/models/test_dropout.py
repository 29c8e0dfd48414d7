"""Dropout that is repeated exactly from its counter."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug.models.dropout import CountedDropout

ONES = tf.ones((100, 200))


def test_drops_its_share_and_keeps_the_mean_in_training_only():
    layer = CountedDropout(0.7, seed=1)
    dropped = layer(ONES, training=True).numpy()
    np.testing.assert_allclose(np.unique(dropped), [0, 1 / 0.3], rtol=1e-6)
    assert (dropped == 0).mean() == pytest.approx(0.7, abs=0.02)
    np.testing.assert_array_equal(layer(ONES, training=False), ONES)
    assert not layer.trainable_weights
    assert int(layer.passes) == 1


def test_drops_whole_maps():
    layer = CountedDropout(0.4, seed=1, whole_maps=True)
    dropped = layer(tf.ones((50, 3, 4, 60)), training=True).numpy()
    np.testing.assert_array_equal(dropped, np.broadcast_to(dropped[:, :1, :1], dropped.shape))
    assert (dropped[:, 0, 0] == 0).mean() == pytest.approx(0.4, abs=0.04)
    assert dropped.max() == pytest.approx(1 / 0.6)


def test_draws_follow_seed_and_count():
    one, same, other = CountedDropout(0.5, seed=1), CountedDropout(0.5, seed=1), CountedDropout(0.5, seed=2)
    draws = [one(ONES, training=True).numpy() for _ in range(3)]
    compiled = tf.function(same)
    for draw in draws:
        np.testing.assert_array_equal(compiled(ONES, training=True), draw)
    same.passes.assign(1)
    np.testing.assert_array_equal(compiled(ONES, training=True), draws[1])
    for draw in (draws[0], other(ONES, training=True).numpy()):
        assert (draw == draws[1]).mean() == pytest.approx(0.5, abs=0.02)
