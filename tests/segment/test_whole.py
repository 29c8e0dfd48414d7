"""Networks of patches on whole images."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tf_ganaug.models.deepmedic import deepmedic
from tf_ganaug.segment.whole import Stitch, Tiles, extended, starts, tiled

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("length", [5, 12, 13, 30])
def test_segments_cover_every_pixel_within_the_image(length):
    begins = starts(length, 12)
    covered = np.concatenate([np.arange(begin, begin + 12) for begin in begins])
    assert set(range(length)) <= set(covered.tolist())
    assert length < 12 or covered.max() == length - 1


@pytest.mark.parametrize("size", [(12, 24), (13, 31), (7, 40)])
def test_stitched_centres_are_the_image(size):
    images = RNG.normal(size=(2, *size, 3)).astype(np.float32)
    tiles = Tiles(20, 12)(images)
    assert tiles.shape[1:] == (20, 20, 3)
    np.testing.assert_array_equal(Stitch(*size)(tiles[:, 4:16, 4:16]), images)


def test_tiles_lie_in_their_surroundings():
    images = RNG.normal(size=(1, 30, 30, 1)).astype(np.float32)
    around = np.pad(images[0, ..., 0], 4, mode="reflect")
    tiles = Tiles(20, 12)(images).numpy().reshape(3, 3, 20, 20)
    # The third tile of a side ends with the image.
    np.testing.assert_array_equal(tiles[1, 2], around[12:32, 18:38])


def test_tiled_deepmedic_is_its_passes_over_the_tiles():
    network = deepmedic(24, 24, 1, 3, (3,), (2, 2, 2, 2), (4, 4))
    images = RNG.normal(size=(2, 30, 20, 1)).astype(np.float32)
    whole = tiled(network, 30, 20)
    found = whole(images).numpy()
    assert found.shape == (2, 30, 20, 3)
    around = np.pad(images, [(0, 0), (4, 4), (4, 4), (0, 0)], mode="reflect")
    corner = network(around[:, 14:38, 4:28]).numpy()
    # The rows from 16 and the columns from 16 on are of the last tile.
    np.testing.assert_allclose(found[:, 16:30, 16:20], corner[:, 2:16, 12:16], atol=1e-5)
    for one, other in zip(whole.get_weights(), network.get_weights()):
        np.testing.assert_array_equal(one, other)


def test_extended_network_sees_the_repeated_edge():
    images = keras.Input((16, 24, 2))
    network = keras.Model(images, keras.layers.Conv2D(3, 3, padding="same")(images))
    whole = extended(network, 13, 24)
    pixels = RNG.normal(size=(2, 13, 24, 2)).astype(np.float32)
    padded = np.pad(pixels, [(0, 0), (0, 3), (0, 0), (0, 0)], mode="edge")
    np.testing.assert_allclose(whole(pixels).numpy(), network(padded).numpy()[:, :13], atol=1e-6)
    assert extended(network, 16, 24) is network
