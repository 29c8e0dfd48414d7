"""Labels as channels of the progressive GAN."""

from __future__ import annotations

import numpy as np
import pytest

from tf_ganaug.data.cases import IGNORE
from tf_ganaug.gans.label_channels import LabelChannels

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("coded", [False, True])
@pytest.mark.parametrize("classes", [2, 4])
def test_labels_come_back_from_their_channels(classes, coded):
    layout = LabelChannels(classes, coded)
    images = RNG.uniform(-1, 1, (3, 6, 5, 2)).astype(np.float32)
    labels = RNG.integers(0, classes, (3, 6, 5)).astype(np.uint8)
    joint = layout.join(images, labels)
    assert joint.shape[-1] == 2 + layout.channels == 2 + (1 if coded else classes - 1)
    assert np.min(joint) >= -1 and np.max(joint) <= 1
    noise = RNG.uniform(-0.3, 0.3, joint.shape).astype(np.float32)
    for made in (joint, joint + noise):
        found = layout.separate(made)
        np.testing.assert_array_equal(found[1], labels)
    labels[0, 0] = IGNORE
    np.testing.assert_array_equal(
        layout.separate(layout.join(images, labels))[1], np.where(labels == IGNORE, 0, labels)
    )


def test_one_channel_per_class_is_read_by_the_largest_above_0():
    planes = np.float32([[0.2, -0.5, 0.1], [-0.1, -0.2, -1], [-1, 0.3, 0.4], [0, 0, 0]])
    joint = np.concatenate([np.zeros((4, 1), np.float32), planes], -1)[None, None]
    assert LabelChannels(4, False).separate(joint)[1].numpy().ravel().tolist() == [1, 0, 3, 0]


def test_coded_channel_is_read_by_the_nearest_step():
    joint = np.float32([[0, -1.4], [0, -0.6], [0, 0.3], [0, 2]])[None, None]
    assert LabelChannels(4, True).separate(joint)[1].numpy().ravel().tolist() == [0, 1, 2, 3]
