"""Which images look augmented: by what is empty, by brightness and by contrast, each beside real images' own."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug.gans.critic_changes import CHANGES, NUMBERS, changed
from tf_ganaug.quality.augmented import Looks

SIDE = 64


def real_images(count, seed):
    """Bright discs of many sizes on a dark ground with grain, some of them grey as what is cut out, but not flat."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    centres, sizes = rng.uniform(24, 40, (count, 2, 1, 1)), rng.uniform(10, 20, (count, 1, 1))
    discs = np.hypot(rows - centres[:, 0], columns - centres[:, 1]) < sizes
    images = np.where(discs, rng.uniform(0.0, 0.6, (count, 1, 1)), -0.8) + rng.normal(0, 0.1, discs.shape)
    return images[..., None].clip(-1, 1).astype(np.float32)


def looks(images):
    return Looks.of(np.split(images, 2))


@pytest.fixture(scope="module")
def real():
    return looks(real_images(60, 0))


def test_real_images_do_not(real):
    assert looks(real_images(60, 1)).beyond(real).mean() <= 0.05


@pytest.mark.parametrize(("change", "share"), [("brightness", 0.5), ("translation", 0.6), ("cutout", 0.95)])
def test_each_change_alone_does(real, change, share):
    numbers = np.random.default_rng(2).random((60, NUMBERS)).astype(np.float32)
    numbers[:, : len(CHANGES)] = 0.9
    numbers[:, CHANGES.index(change)] = 0.1
    found = changed(tf.constant(real_images(60, 1)), numbers, 0.5, 1, False).numpy()
    assert looks(found).beyond(real).mean() >= share


def test_what_real_images_have_is_no_sign():
    """A flat grey corner in each of them."""
    images = [real_images(60, seed) for seed in (0, 1)]
    for one in images:
        one[:, :16, :16] = 0
    assert looks(images[1]).beyond(looks(images[0])).mean() <= 0.05
