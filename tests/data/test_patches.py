"""Patches: where they come from, that they are functions of seed and number, orders, edges, turns."""

import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug.augment.standard import Augmentation
from tf_ganaug.data.cache import SizedCases
from tf_ganaug.data.cases import Case
from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.data.patches import Joined, Patches
from tf_ganaug.data.pipeline import real_batches, training_batches
from tf_ganaug.errors import InputError

RNG = np.random.default_rng(0)


def coded(number, height, width):
    """An image whose channels tell its number and a pixel's row and column, and a label that tells the parity."""
    rows, columns = np.indices((height, width))
    image = np.stack([np.full((height, width), number), rows, columns], -1).astype(np.uint8)
    return image, ((rows + columns) % 2).astype(np.uint8)


def patches(sizes, size=8, count=60, seed=1, rotation=0.0):
    images, labels = zip(*(coded(number, *side) for number, side in enumerate(sizes)))
    ranges = np.tile([0, 255], (len(images), 1))
    return Patches(images, labels, ranges, [f"case{n}" for n in range(len(images))], size, count, seed, rotation)


def decoded(images):
    return np.rint((images.numpy() + 1) * 127.5).astype(int)


SIZES = [(20, 30), (8, 9), (33, 12)]


def test_patches_are_parts_of_the_images_as_often_mirrored_as_not():
    made = patches(SIZES)
    images, labels = made.take(np.arange(60))
    assert images.shape == (60, 8, 8, 3) and images.dtype == np.float32 and labels.dtype == np.uint8
    mirrored = 0
    for n, (pixels, label) in enumerate(zip(decoded(images), labels.numpy())):
        number, rows, columns = np.moveaxis(pixels, -1, 0)
        assert (number == n % 3).all()  # the same number from every image
        height, width = SIZES[n % 3]
        assert rows[0, 0] + 8 <= height
        np.testing.assert_array_equal(rows, np.broadcast_to(rows[0, 0] + np.arange(8)[:, None], (8, 8)))
        left = columns.min()
        assert left + 8 <= width
        straight = np.broadcast_to(left + np.arange(8), (8, 8))
        backwards = columns[0, 0] > columns[0, 1]
        mirrored += backwards
        np.testing.assert_array_equal(columns, straight[:, ::-1] if backwards else straight)
        np.testing.assert_array_equal(label, (rows + columns) % 2)
    assert 20 <= mirrored <= 40


def test_every_place_is_drawn():
    first = decoded(patches([(10, 9)], count=600).take(np.arange(600))[0])[:, 0]
    tops, lefts = first[:, 0, 1], first[..., 2].min(-1)
    assert np.unique(np.stack([tops, lefts]), axis=1).shape[1] == 3 * 2
    assert np.bincount(tops).min() > 150 and np.bincount(lefts).min() > 250


def test_a_patch_is_a_function_of_seed_and_number():
    one, same, other = (patches(SIZES, seed=seed) for seed in (1, 1, 2))
    positions = np.array([7, 3, 51, 7])
    for part, again in zip(one.take(positions), same.take(np.arange(60))):
        np.testing.assert_array_equal(part, again.numpy()[positions])
    assert np.abs(one.take(positions)[0] - other.take(positions)[0]).max() > 0.01


@pytest.mark.parametrize("batch", [7, 60, 100])
def test_every_patch_once_an_epoch_in_an_order_of_its_own(batch):
    made = patches([(8 + 60, 8)], count=60)
    made.places = np.column_stack([np.zeros(60), np.arange(60), np.zeros(60)]).astype(np.int32)  # row tells the number
    batches = [images for images, _ in real_batches(made, batch, seed=4).elements(0).take(-(-180 // batch))]
    assert all(images.shape == (batch, 8, 8, 3) for images in batches)
    epochs = np.concatenate([decoded(images)[:, 0, 0, 1] for images in batches])[:180].reshape(3, 60)
    assert all(sorted(epoch) == list(range(60)) for epoch in epochs)
    assert len(np.unique(epochs, axis=0)) == 3
    assert abs(np.corrcoef(epochs[0], epochs[1])[0, 1]) < 0.5
    later = next(real_batches(made, batch, seed=4).batches(1))[0]
    np.testing.assert_array_equal(later, batches[1])


def test_patches_mix_with_generated_ones():
    made = patches(SIZES)
    stream = training_batches(
        made,
        3,
        2,
        lambda z: (z[:, :1, None, None] * np.ones((1, 8, 8, 3), np.float32), np.zeros((2, 8, 8), np.uint8)),
        4,
        Augmentation(flip=True),
        seed=1,
    )
    for images, labels in stream.elements(0).take(2):
        assert images.shape == (5, 8, 8, 3) and labels.shape == (5, 8, 8)
    assert [len(images) for images, _ in made.in_order(32)] == [32, 28]


def test_what_is_smaller_than_a_patch_is_padded_by_its_edge_and_named():
    made = patches([(20, 20), (5, 20), (3, 4)], count=9)
    assert made.smaller == ("case1", "case2")
    images, labels = made.take(np.arange(9))
    for n in (1, 2, 4, 5):
        _, rows, columns = np.moveaxis(decoded(images)[n], -1, 0)
        height, width = [(5, 20), (3, 4)][n % 3 - 1]
        np.testing.assert_array_equal(rows[:, 0], np.clip(np.arange(8) - (8 - height) // 2, 0, height - 1))
        if width < 8:
            straight = np.clip(np.arange(8) - (8 - width) // 2, 0, width - 1)
            assert columns[0].tolist() in (straight.tolist(), straight[::-1].tolist())
        np.testing.assert_array_equal(labels[n], (rows + columns) % 2)


def test_a_share_of_the_patches_lies_on_a_class():
    images = [np.zeros((40, 50, 1), np.uint8) for _ in range(4)]
    labels = [np.zeros((40, 50), np.uint8) for _ in range(4)]
    labels[1][0, 0] = 2  # in a corner: the patch is moved inside
    labels[3][20:22, 30:33] = 1
    labels[3][5, 5] = 3  # does not count

    def made(share):
        return Patches(images, labels, [[0, 255]] * 4, list("abcd"), 9, 400, 1, on_classes=share, classes=(1, 2))

    for share in (0.5, 0.25, 1.0):
        patches = made(share)
        on = (patches.take(np.arange(400))[1].numpy() % 3 > 0).any((1, 2))
        numbers = patches.places.numpy()[:, 0]
        assert on.sum() >= 400 * share and set(numbers[on]) <= {1, 3}
        chosen = np.flatnonzero(np.diff(np.floor(np.arange(401) * share)))
        assert len(chosen) == 400 * share and on[chosen].all()
        assert np.bincount(numbers[chosen]).tolist() == [0, 200 * share, 0, 200 * share]
        # About one of the six pixels, each of which is drawn.
        corners = patches.places.numpy()[chosen][numbers[chosen] == 3, 1:]
        assert {tuple(corner + 4) for corner in corners} == {(y, x) for y in (20, 21) for x in (30, 31, 32)}
    np.testing.assert_array_equal(made(0.0).places.numpy()[:, 0], np.arange(400) % 4)


def test_a_patch_on_a_class_of_an_image_smaller_than_it():
    label = np.zeros((5, 30), np.uint8)
    label[4, 29] = 1
    made = Patches([label[..., None]], [label], [[0, 1]], ["a"], 8, 6, 1, on_classes=1.0, classes=(1,))
    assert (made.take(np.arange(6))[1].numpy() == 1).any((1, 2)).all()
    with pytest.raises(InputError, match=r"patches\.on_classes: expected an image with a class, .* found none of 1"):
        Patches([label[..., None]], [label], [[0, 1]], ["a"], 8, 6, 1, on_classes=0.5, classes=(2,))


def angles(images):
    """Degrees by which each patch is turned, from the slopes of rows and columns."""
    images = decoded(images).astype(float)
    rows, columns = images[:, 2:-2, 2:-2, 1], images[:, 2:-2, 2:-2, 2]
    across = [np.diff(x, axis=2).mean((1, 2)) for x in (rows, columns)]
    side = np.sign(np.diff(columns, axis=2).mean((1, 2)))
    return np.degrees(np.arctan2(side * across[0], side * across[1])), images


@pytest.mark.parametrize("rotation", [20.0, 80.0])
def test_turned_patches(rotation):
    made = patches([(100, 120)], size=24, count=200, rotation=rotation)
    plain = patches([(100, 120)], size=24, count=200)
    images, labels = made.take(np.arange(200))
    found, pixels = angles(images)
    assert np.abs(found).max() <= rotation + 2
    assert found.min() < -0.8 * rotation and found.max() > 0.8 * rotation
    assert np.abs(found).mean() == pytest.approx(rotation / 2, rel=0.2)
    # Turned about the centre: the same mean place, unless the image's edge is repeated.
    centres = [x.mean((1, 2))[:, 1:] for x in (pixels, decoded(plain.take(np.arange(200))[0]))]
    moved = np.abs(centres[0] - centres[1]).max(1)
    inside = (
        (pixels.min((1, 2))[:, 1:] > 0).all(1) & (pixels[..., 1].max((1, 2)) < 99) & (pixels[..., 2].max((1, 2)) < 119)
    )
    assert inside.mean() > 0.5 and moved[inside].max() < 0.6
    np.testing.assert_array_equal(np.unique(labels), [0, 1])


def test_a_turned_label_stays_with_its_image():
    image = np.zeros((60, 60, 1), np.uint8)
    image[20:45, 10:50] = 200
    made = Patches([image], [(image[..., 0] > 0).astype(np.uint8)], [[0, 200]], ["a"], 32, 40, 3, 180.0)
    images, labels = (x.numpy() for x in made.take(np.arange(40)))
    assert ((images[..., 0] > 0) == labels).mean() > 0.995
    assert 0.2 < labels.mean() < 0.8


def test_chosen_cases_their_ranges_and_a_view():
    images = RNG.integers(0, 4000, (5, 16, 16, 1)).astype(np.uint16)
    labels = RNG.integers(0, 3, (5, 16, 16)).astype(np.uint8)
    cases = tuple(Case(f"c{n}", f"c{n}", (1, 1), ("",), lambda: None, lambda: None) for n in range(5))
    ranges = np.float32([[n, 1000 * (n + 1)] for n in range(5)])
    sized = SizedCases(images, labels, ranges, np.full((5, 2), 16), cases)
    view = np.array([0, 0, 1], np.uint8)
    made = Patches.of(sized, [cases[4], cases[2]], size=16, count=4, seed=1, view=view)
    found, classes = (x.numpy() for x in made.take(np.arange(4)))
    for n, row in enumerate((4, 2, 4, 2)):
        low, high = ranges[row]
        expected = np.clip((images[row] - low) / (high - low) * 2 - 1, -1, 1)
        assert min(np.abs(found[n] - image).max() for image in (expected, expected[:, ::-1])) < 1e-5
        assert any((classes[n] == label).all() for label in (view[labels[row]], view[labels[row]][:, ::-1]))


def test_bad_images_are_refused():
    good, label = coded(0, 9, 9)
    with pytest.raises(InputError, match="training images: expected at least one"):
        Patches([], [], np.zeros((0, 2)), [], 8, 4, 1)
    with pytest.raises(InputError, match=r"b: expected an image with pixels, found shape \(0, 9, 3\)"):
        Patches([good, good[:0]], [label, label[:0]], [[0, 1]] * 2, ["a", "b"], 8, 4, 1)
    with pytest.raises(InputError, match="b: expected 3 channels of uint8 as in a, found 3 channels of float32"):
        Patches([good, good.astype(np.float32)], [label] * 2, [[0, 1]] * 2, ["a", "b"], 8, 4, 1)


def test_joined_pairs_are_the_patches_and_then_the_others():
    real = patches(SIZES, count=5)
    others = RNG.integers(0, 255, (3, 8, 8, 3)).astype(np.uint8)
    added = Pairs([Part(others, others[..., 0], np.arange(2), np.tile(np.float32([0, 255]), (2, 1)))])
    joined = Joined(real, added)
    assert joined.count == 7
    images, labels = joined.take(np.arange(7))
    for found, own, other in zip((images, labels), real.take(np.arange(5)), added.take(np.arange(2))):
        np.testing.assert_array_equal(found, np.concatenate([own, other]))
    drawn = [joined.draw(0, tf.constant(step), 7)[0].numpy() for step in range(2)]
    for epoch in drawn:  # every pair once, in an order of its own
        assert sorted(map(bytes, epoch)) == sorted(map(bytes, images.numpy()))
    assert (drawn[0] != drawn[1]).any()
