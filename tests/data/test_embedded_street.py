"""The drawn street scenes: deterministic, exactly labelled, in perspective and varied."""

import pickle

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, find_objects
from scipy.ndimage import label as find_components

from tf_ganaug.data.cases import IGNORE
from tf_ganaug.data.embedded import street
from tf_ganaug.data.embedded.street_canvas import Canvas, Mesh, Thing
from tf_ganaug.data.embedded.street_shapes import plate, prism
from tf_ganaug.data.embedded.street_view import Light, View
from tf_ganaug.data.street_labels import CATEGORIES, STORED_ID, TRAINING_CLASSES, VOID

SCENES = 100

#: In a few scenes of a hundred, so that augmentation has something to gain.
RARE = ("wall", "fence", "rider", "truck", "bus", "train", "motorcycle")


@pytest.fixture(scope="module")
def scenes():
    return [street.draw(0, scene, 64, 128) for scene in range(SCENES)]


@pytest.fixture
def canvas():
    """A camera 1.5 m above the ground of an empty world, with the sun behind it."""
    ones = np.ones(3, np.float32)
    sun = np.array([0, 0.6, -0.8], np.float32)
    light = Light(sun, 0.5 * ones, 0.5 * ones, ones, np.ones((2, 3), np.float32), 1e9, 0.5, 0.1, False)
    return Canvas(View(128, 256, focal=1.0, horizon=0.5, aside=0.0, eye=1.5, bend=0.0), light)


def test_views():
    assert CATEGORIES.names == ("flat", "construction", "object", "nature", "sky", "human", "vehicle")
    assert len(TRAINING_CLASSES.classes) == 19
    for view in (CATEGORIES, TRAINING_CLASSES):
        assert view.ignored == tuple(VOID)
        assert view.measured == tuple(range(len(view.classes)))
        assert len({c.colour for c in view.classes}) == len(view.classes)
    assert CATEGORIES.ids == TRAINING_CLASSES.ids


def test_same_seed_same_pixels(scenes):
    image, labels = street.draw(0, 7, 64, 128)
    np.testing.assert_array_equal(image, scenes[7][0])
    np.testing.assert_array_equal(labels, scenes[7][1])
    assert not np.array_equal(labels, street.draw(1, 7, 64, 128)[1])


def test_dataset(scenes):
    dataset = pickle.loads(pickle.dumps(street.read(9, 64, 128, 0, CATEGORIES)))
    assert dataset.synthetic
    assert dataset.channels == 3
    assert len({case.subject for case in dataset.cases}) == 9
    image, labels = scenes[8]
    case = dataset.cases[8]
    np.testing.assert_array_equal(case.read_image(), image)
    np.testing.assert_array_equal(case.read_label(), labels)
    index = case.class_indices(dataset.spec)
    np.testing.assert_array_equal(index == 4, labels == STORED_ID["sky"])
    np.testing.assert_array_equal(index == IGNORE, np.isin(labels, list(VOID)))


def test_frequencies(scenes):
    seen = [set(np.unique(labels)) for _, labels in scenes]
    share = {name: np.mean([i in ids for ids in seen]) for name, i in STORED_ID.items()}
    drawn = {*TRAINING_CLASSES.names, "ego vehicle", "static"}
    assert {name for name, part in share.items() if part > 0} == drawn
    for name in RARE:
        assert 0.02 <= share[name] <= 0.25, name
    for name in ("road", "building", "sky", "sidewalk", "car", "vegetation", "pole"):
        assert share[name] > 0.9, name
    categories = [CATEGORIES.encode(labels, "scene") for _, labels in scenes]
    assert all(np.mean([(index == n).any() for index in categories]) > 0.6 for n in range(7))
    assert np.mean([(index == IGNORE).mean() for index in categories]) < 0.1


def test_objects_shrink_with_distance(scenes):
    bottoms, heights = [], []
    for _, labels in scenes:
        people = find_objects(find_components(labels == STORED_ID["person"])[0])
        bottoms += [rows.stop for rows, _ in people]
        heights += [rows.stop - rows.start for rows, _ in people]
    assert len(bottoms) > 100
    assert np.corrcoef(bottoms, heights)[0, 1] > 0.6


def test_road_narrows(scenes):
    width = np.mean([(labels == STORED_ID["road"]).sum(axis=1) for _, labels in scenes], axis=0)
    assert width[34] < 0.5 * width[56]
    assert all(labels[0].tolist().count(STORED_ID["road"]) == 0 for _, labels in scenes)


def test_colours_tell_classes(scenes):
    """Leaves are greener than houses, the sky is brighter than the road by day."""
    greens = {}
    for name in ("vegetation", "building"):
        pixels = np.concatenate([image[labels == STORED_ID[name]] for image, labels in scenes]).astype(float)
        greens[name] = np.mean(pixels[:, 1] - (pixels[:, 0] + pixels[:, 2]) / 2)
    assert greens["vegetation"] > greens["building"] + 10
    brighter = [image[labels == 23].mean() > image[labels == 7].mean() for image, labels in scenes]
    assert np.mean(brighter) > 0.8


def test_scenes_differ(scenes):
    labels = np.stack([labels for _, labels in scenes[:30]])
    agreement = [(a == b).mean() for n, a in enumerate(labels) for b in labels[:n]]
    assert max(agreement) < 0.9
    assert np.mean(agreement) < 0.7
    assert np.std([image.mean() for image, _ in scenes]) > 10


@pytest.mark.parametrize(("height", "width"), [(128, 256), (96, 96), (50, 131)])
def test_sizes(height, width):
    image, labels = street.draw(0, 3, height, width)
    assert (image.shape, image.dtype) == ((height, width, 3), np.uint8)
    assert (labels.shape, labels.dtype) == ((height, width), np.uint8)
    assert set(np.unique(labels)) <= set(TRAINING_CLASSES.ids)


def test_sizes_agree(scenes):
    for scene in range(4):
        large = street.draw(0, scene, 192, 384)[1]
        assert (large[1::3, 1::3] == scenes[scene][1]).mean() > 0.95


def test_label_lies_where_colour_lies(canvas):
    colour = np.array([0.9, 0.1, 0.1])
    face = plate((0.0, 1.5, 0.0), 0.8, colour, 24, count=7)
    canvas.faces(Mesh.of([Thing(0.5, 4.0, [face])]))
    picture, labels = canvas.develop()
    marked, coloured = labels == 24, picture.any(axis=2)
    # A regular polygon's area; one metre is 128 / 4 pixels at this distance.
    assert marked.sum() == pytest.approx(3.5 * 0.64 * np.sin(2 * np.pi / 7) * 32**2, rel=0.05)
    assert not (marked & ~coloured).any()
    assert not (coloured & ~binary_dilation(marked, np.ones((3, 3)))).any()
    rows, columns = np.nonzero(marked)
    assert (rows.mean() + 0.5) == pytest.approx(64, abs=0.5)
    assert (columns.mean() + 0.5) == pytest.approx(128 + 0.5 * 32, abs=0.5)


def test_near_hides_far_and_back_faces_are_not_seen(canvas):
    far = plate((0.0, 1.5, 0.0), 1.0, np.full(3, 0.5), 24)
    sides = [np.full(3, value) for value in (0.2, 0.4, 0.6)]
    profile = [(0.5, 1.0, 0.0), (0.5, 2.0, 0.0), (0.5, 2.0, 2.0), (0.5, 1.0, 2.0)]
    box = prism(profile, sides, np.full(3, 0.8), 26)
    canvas.faces(Mesh.of([Thing(0.0, 9.0, [far]), Thing(0.0, 4.0, box)]))
    picture, labels = canvas.develop()
    assert labels[64, 128] == 26
    assert 24 not in labels[50:78, 114:142]
    # Seen from straight behind only the rear shows: 0.5 of the sky's light at 0.72, and the sun at 0.8.
    expected = 255 * np.sqrt(0.2 * (0.5 * 0.72 + 0.5 * 0.8))
    np.testing.assert_allclose(picture[labels == 26].max(), expected, atol=1.5)
