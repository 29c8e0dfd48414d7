"""Grids of images and label maps: exact to the pixel."""

from __future__ import annotations

import numpy as np

from tests.data.pixels import BLACK, THREE, TWO, WHITE, pixels, read
from tf_ganaug.data import grids
from tf_ganaug.data.cases import IGNORE


def test_to_display():
    grey = grids.to_display(np.array([[[-1.0], [1.0], [0.0], [7.0], [np.nan]]]))
    assert pixels(grey[0], *range(5)) == [(v, v, v) for v in (0, 255, 128, 255, 0)]
    colour = grids.to_display(np.array([[[-1.0, 0.0, 1.0]]]))
    assert colour.dtype == np.uint8
    assert pixels(colour[0], 0) == [(0, 128, 255)]
    assert pixels(grids.to_display(np.array([[[-1.0, 1.0]]]))[0], 0) == [BLACK]


def test_colour_labels():
    labels = np.array([[0, 1, IGNORE]], np.uint8)
    assert pixels(grids.colour_labels(labels, TWO)[0], 0, 1, 2) == [BLACK, WHITE, grids.GREY]
    assert pixels(grids.colour_labels(labels, THREE)[0], 1) == [THREE.classes[1].colour]


def test_pair_grid(tmp_path):
    images, labels = np.full((3, 64, 64, 1), -1.0), np.zeros((3, 64, 64), np.uint8)
    images[2, 0, 0], labels[1, 63, 63] = 1.0, 1
    grid = grids.pair_grid(images, labels, TWO, tmp_path / "grid.png", pairs_per_row=2)
    # Enlarged twice: a pair is 128 + 2 + 128 wide, pairs stand 6 apart.
    assert grid.shape == (128 + 6 + 128, 258 + 6 + 258, 3)
    assert pixels(grid, (0, 128), (0, 258), (127, 521), (125, 521), (134, 0), (135, 1), (136, 0)) == [
        grids.GREY,
        WHITE,
        WHITE,
        BLACK,
        WHITE,
        WHITE,
        BLACK,
    ]
    assert np.array_equal(read(tmp_path / "grid.png"), grid)


def test_pair_grid_does_not_enlarge_large_images(tmp_path):
    images, labels = np.zeros((1, 130, 200, 3)), np.zeros((1, 130, 200), np.uint8)
    assert grids.pair_grid(images, labels, TWO, tmp_path / "grid.png").shape == (130, 402, 3)
