"""Image and label as one image, and back."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug.data.cases import IGNORE, LabelSpec
from tf_ganaug.gans.joint import JointLayout

IMAGES = np.random.default_rng(0).uniform(-1, 1, (2, 3, 4, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("layout", "channels"),
    [(JointLayout(2), 1), (JointLayout(3), 3), (JointLayout(2, void=True), 3), (JointLayout(4, void=True), 5)],
)
@pytest.mark.parametrize("threshold", [False, True])
def test_separate_undoes_join(layout, channels, threshold):
    layout = JointLayout(layout.classes, layout.void, threshold)
    labels = np.random.default_rng(1).integers(0, layout.classes + layout.void, (2, 3, 4)).astype(np.uint8)
    labels[labels == layout.classes] = IGNORE
    joint = layout.join(tf.constant(IMAGES), tf.constant(labels))
    assert joint.shape == (2, 3, 4, 3 + channels)
    assert layout.channels == channels
    assert set(np.unique(joint[..., 3:])) == {-1.0, 1.0}
    images, back = layout.separate(joint)
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(back, labels)
    assert back.dtype == tf.uint8


def test_channels_by_hand():
    labels = tf.constant([[[0, 1, IGNORE]]], tf.uint8)
    images = tf.zeros((1, 1, 3, 1))
    two, void = (layout.join(images, labels) for layout in (JointLayout(2), JointLayout(2, void=True)))
    assert two[0, 0, :, 1:].numpy().tolist() == [[-1], [1], [-1]]
    assert void[0, 0, :, 1:].numpy().tolist() == [[1, -1, -1], [-1, 1, -1], [-1, -1, 1]]


def test_a_spec_with_ignored_ids_has_a_channel_for_them():
    names = {0: "background", 1: "lung", 2: "heart"}
    assert JointLayout.of(LabelSpec.from_names(names)) == JointLayout(3)
    assert JointLayout.of(LabelSpec.from_names(names, ignored=[9])) == JointLayout(3, void=True)


def test_generated_labels_are_thresholded_or_the_largest():
    _, two = JointLayout(2).separate(tf.constant([[[[9.0, -0.01], [9.0, 0.0], [9.0, 0.01]]]]))
    assert two.numpy().tolist() == [[[0, 0, 1]]]
    # One above 0, none, several, and void.
    pixels = [[-0.5, -0.9, 0.4, -0.6], [-0.5, -0.9, -0.4, -0.6], [0.7, -0.9, 0.4, -0.6], [-0.7, -0.9, -0.4, 0.6]]
    planes = tf.constant([[[[9.0, *pixel] for pixel in pixels]]])
    _, largest = JointLayout(3, void=True).separate(planes)
    _, above = JointLayout(3, void=True, threshold=True).separate(planes)
    assert largest.numpy().tolist() == [[[2, 2, 0, IGNORE]]]
    assert above.numpy().tolist() == [[[2, IGNORE, IGNORE, IGNORE]]]
