"""FCN score against a plain numpy version."""

import keras
import numpy as np
import pytest

from tf_ganaug.data.cases import IGNORE, Case, LabelSpec
from tf_ganaug.quality.detection import image_dice
from tf_ganaug.quality.fcn_score import fcn_scores
from tf_ganaug.segment.predict import evaluate

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def reader():
    """Answers with the rounded intensity: -1 is class 0, 0 is class 1, 1 is class 2."""
    images = keras.Input((6, 5, 1))
    logits = keras.layers.Conv2D(3, 1)(images)
    model = keras.Model(images, logits)
    # -(x - c)^2 / 2 without what all classes share: c x - c^2 / 2 at c -1, 0 and 1.
    model.set_weights([np.array([-1.0, 0.0, 1.0]).reshape(1, 1, 1, 3), np.array([-0.5, 0.0, -0.5])])
    return model


def test_dice_of_every_image(reader):
    answers, labels = RNG.integers(0, 3, (2, 7, 6, 5)).astype(np.uint8)
    labels[1] = answers[1]
    labels[2] = np.where(answers[2] == 0, 1, 0)
    labels[3, 0] = IGNORE
    answers[4] = labels[4] = 0
    images = np.float32(answers[..., None] - 1.0 + RNG.uniform(-0.4, 0.4, (7, 6, 5, 1)))
    found = fcn_scores(reader, [(images[:4], labels[:4]), (images[4:], labels[4:])], (1, 2))

    def dice(truth, answer):
        counted = truth != IGNORE
        right = np.sum((truth == answer) & (answer > 0))
        size = np.sum((truth > 0) & counted) + np.sum((answer > 0) & counted)
        return 2 * right / size if size else 1.0

    np.testing.assert_allclose(found, [dice(*pair) for pair in zip(labels, answers)])
    assert (found[1], found[2], found[4]) == (1, 0, 1)

    spec = LabelSpec.from_names({0: "background", 1: "one", 2: "two"})
    cases = [Case(str(n), str(n), (1.0, 1.0), (str(n),), None, None) for n in range(7)]
    frame = evaluate(zip(cases, labels, answers), spec, distances=False)
    np.testing.assert_allclose(found, image_dice(frame))
