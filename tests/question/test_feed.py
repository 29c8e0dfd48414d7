"""Real images are seen equally often in all arms, unless equal steps are asked for."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.question.checks import settings_of
from tf_ganaug.question.feed import mixed_feed, real_feed


def part(value, count):
    """Pairs whose pixels are all of one value."""
    images, labels = np.full((count, 4, 4, 1), value, np.uint8), np.zeros((count, 4, 4), np.uint8)
    return Part(images, labels, np.arange(count), np.tile(np.float32([0, 2]), (count, 1)))


@pytest.mark.parametrize(("mix", "amount"), [("add", 1.0), ("add", 0.5), ("replace", 1.0), ("pretrain", 1.0)])
def test_every_real_image_is_seen_as_often(mix, amount):
    settings = settings_of("smoke", [f"mix={mix}", f"pool.amount={amount}", "training.iterations=12"])
    real, made = part(2, 8), part(0, round(8 * amount))
    alone = real_feed(settings, Pairs([real]), 0, None)
    mixed = mixed_feed(settings, real, made, 0, None)
    seen = [np.mean(images) > 0 for images, _ in islice(alone.minibatches.batches(0), alone.iterations)]
    assert alone.iterations == 12 and all(seen) and alone.real_share == 1
    shown = [images.numpy()[:, 0, 0, 0] for images, _ in islice(mixed.minibatches.batches(0), mixed.iterations)]
    assert np.sum(np.concatenate(shown) > 0) == 12 * settings.training.batch
    assert mixed.iterations * mixed.real_share == pytest.approx(12)
    if mix == "pretrain":
        assert np.concatenate(shown[: mixed.iterations // 2]).max() < 0


def test_equal_steps_can_be_asked_for():
    settings = settings_of("smoke", ["training.equal_steps=true"])
    mixed = mixed_feed(settings, part(2, 8), part(0, 8), 0, None)
    assert mixed.iterations == settings.training.iterations and mixed.real_share == 0.5
