"""Images of any proportions in a frame: one scale, padding around, and the way back."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from tf_ganaug.data.cache import sized_cases
from tf_ganaug.data.cases import IGNORE, Case, Dataset, LabelSpec
from tf_ganaug.data.fit import Window
from tf_ganaug.data.pairs import Pairs
from tf_ganaug.segment.predict import predictions

SPEC = LabelSpec.from_names({0: "background", 1: "lesion"})


@pytest.mark.parametrize(
    ("sides", "frame", "expected"),
    [
        ((64, 64), (64, 64), (0, 0, 64, 64)),
        ((50, 100), (64, 64), (16, 0, 32, 64)),
        ((100, 50), (64, 64), (0, 16, 64, 32)),
        ((10, 20), (64, 64), (16, 0, 32, 64)),  # small images grow
        ((33, 71), (32, 64), (1, 0, 30, 64)),
        ((1, 1000), (16, 16), (7, 0, 1, 16)),  # never without a pixel
    ],
)
def test_window_keeps_proportions(sides, frame, expected):
    window = Window.of(*sides, *frame)
    assert (window.top, window.left, window.height, window.width) == expected


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_padding_comes_off_again(dtype):
    window = Window.of(30, 50, 32, 32)
    image = np.random.default_rng(0).integers(0, 99, (window.height, window.width, 2)).astype(dtype)
    frame = window.pad(image, 32, 32, 7)
    assert frame.shape == (32, 32, 2) and frame.dtype == dtype
    np.testing.assert_array_equal(window.cut(frame), image)
    outside = np.ones((32, 32), bool)
    window.cut(outside)[...] = False
    assert (frame[outside] == 7).all() and outside.sum() == 32 * 32 - window.height * window.width


def dataset(*shapes):
    """A case of each shape, with a bright lesion of a third of the sides, elsewhere than in the middle."""

    def case(number, height, width):
        label = np.zeros((height, width), np.uint8)
        label[height // 6 : height // 2, width // 6 : width // 2] = 1
        image = np.where(label, 5000, 1000).astype(np.uint16)[..., None]
        return Case(f"{number}", f"{number}", (1.0, 1.0), (f"drawn {number}",), lambda: image, lambda: label)

    return Dataset("drawn", tuple(case(n, *shape) for n, shape in enumerate(shapes)), SPEC, channels=1)


def test_padded_cases_have_one_scale_and_nothing_counted_around(tmp_path):
    data = dataset((40, 80), (90, 30))
    sized = sized_cases(data, 32, 32, (0, 100), tmp_path, padded=True)
    for number, case in enumerate(data.cases):
        window = Window.of(*case.read_label().shape, 32, 32)
        around = np.ones((32, 32), bool)
        window.cut(around)[...] = False
        assert (sized.labels[number][around] == IGNORE).all()
        assert (sized.images[number][around] == 1000).all()  # what becomes -1
        assert set(np.unique(window.cut(sized.labels[number]))) == {0, 1}
        np.testing.assert_array_equal(sized.ranges[number], [1000, 5000])
    stretched = sized_cases(data, 32, 32, (0, 100), tmp_path)
    assert IGNORE not in stretched.labels
    # Images of 40 x 80 and 90 x 30 pixels of 1 mm in 32 x 32: one scale each, or one for each axis.
    assert sized.spacing(data.cases[1:]) == (90 / 32, 90 / 32)
    assert sized.spacing(data.cases) == ((90 + 80) / 64, (90 + 80) / 64)
    assert stretched.spacing(data.cases[1:]) == (90 / 32, 30 / 32)


def test_sequences_have_ranges_of_their_own(tmp_path):
    """Two channels of which one is a hundred times the other: normalised they are the same, padding too."""
    data = dataset((40, 80), (90, 30))

    def both(case):
        return replace(case, image=lambda: np.concatenate([case.read_image() // 100, case.read_image()], -1))

    data = replace(data, cases=tuple(map(both, data.cases)), channels=2, sequences=True)
    sized = sized_cases(data, 32, 32, (0, 100), tmp_path, padded=True)
    np.testing.assert_array_equal(sized.ranges, [[[10, 1000], [50, 5000]]] * 2)
    images, _ = Pairs.of(sized, data.cases).take(np.arange(2))
    np.testing.assert_allclose(images[..., 0], images[..., 1], atol=0.03)  # integers from 10 to 50 are coarse
    assert set(np.unique(images)) >= {-1, 1}
    common = sized_cases(replace(data, sequences=False), 32, 32, (0, 100), tmp_path, padded=True)
    np.testing.assert_array_equal(common.ranges, [[10, 5000]] * 2)


def test_predictions_of_padded_images_lie_where_the_image_does(tmp_path):
    data = dataset((40, 80), (90, 30), (33, 71))
    sized = sized_cases(data, 32, 32, (0, 100), tmp_path, padded=True)
    images = keras.Input((32, 32, 1))
    # The brightness itself is the score of the lesion.
    model = keras.Model(images, keras.layers.Concatenate()([images * 0.0, images]))
    found = predictions(model, Pairs.of(sized, data.cases), data.cases, SPEC, 2, padded=True)
    for _, truth, predicted in found:
        assert truth.shape == predicted.shape
        assert 2 * (truth * predicted).sum() / (truth.sum() + predicted.sum()) > 0.9
