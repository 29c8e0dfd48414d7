"""Image and label as one image, and back."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug.data.cases import IGNORE
from tf_ganaug.gans.joint import join, label_channels, separate

IMAGES = np.random.default_rng(0).uniform(-1, 1, (2, 3, 4, 3)).astype(np.float32)


@pytest.mark.parametrize(("classes", "channels"), [(2, 1), (3, 3), (4, 4)])
def test_separate_undoes_join(classes, channels):
    labels = np.random.default_rng(1).integers(0, classes, (2, 3, 4)).astype(np.uint8)
    joint = join(tf.constant(IMAGES), tf.constant(labels), classes)
    assert joint.shape == (2, 3, 4, 3 + channels)
    assert label_channels(classes) == channels
    assert set(np.unique(joint[..., 3:])) == {-1.0, 1.0}
    images, back = separate(joint, classes)
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(back, labels)
    assert back.dtype == tf.uint8


def test_channels_by_hand():
    labels = tf.constant([[[0, 1, IGNORE]]], tf.uint8)
    images = tf.zeros((1, 1, 3, 1))
    two, three = join(images, labels, 2), join(images, labels, 3)
    assert two[0, 0, :, 1:].numpy().tolist() == [[-1], [1], [-1]]
    assert three[0, 0, :, 1:].numpy().tolist() == [[1, -1, -1], [-1, 1, -1], [-1, -1, -1]]


def test_generated_labels_are_thresholded_or_the_largest():
    _, two = separate(tf.constant([[[[9.0, -0.01], [9.0, 0.0], [9.0, 0.01]]]]), 2)
    _, four = separate(tf.constant([[[[9.0, -0.5, -0.9, -0.4, -0.6]]]]), 4)
    assert two.numpy().tolist() == [[[0, 0, 1]]]
    assert four.numpy().tolist() == [[[2]]]
