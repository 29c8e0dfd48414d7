"""Cases at the network's size: integers and classes kept, read once, refilled when something differs."""

from dataclasses import replace

import numpy as np
import pytest

from tf_ganaug.data.cache import intensity_range, resize_image, resize_label, sized_cases
from tf_ganaug.data.cases import Case, Dataset, LabelSpec
from tf_ganaug.errors import InputError

SPEC = LabelSpec.from_names({0: "background", 5: "lung"}, ignored=(9,))


def data(folder, dtype=np.uint16, count=3, read=None):
    """`count` cases of 8 x 8 pixels with a file each; image n holds 100 n to 100 n + 63."""

    def case(number):
        path = folder / f"{number}.raw"
        if not path.exists():  # touched again, it would count as changed
            path.touch()
        image = (100 * number + np.arange(64).reshape(8, 8, 1)).astype(dtype)
        label = np.zeros((8, 8), np.int64)
        label[:3, : 2 * number + 1] = 5
        label[6:, 6:] = 9
        return Case(f"{number}", f"{number}", (1.0, 1.0), (str(path),), read or (lambda: image), lambda: label)

    return Dataset("drawn", tuple(map(case, range(count))), SPEC, channels=1)


def test_images_are_means_and_labels_are_nearest(tmp_path):
    dataset = data(tmp_path)
    sized = sized_cases(dataset, 4, 2, (0, 100), tmp_path / "cache")
    assert sized.images.dtype == np.uint16 and sized.labels.dtype == np.uint8
    for number, case in enumerate(dataset.cases):
        expected = np.rint(case.read_image().reshape(4, 2, 2, 4).mean((1, 3)))
        np.testing.assert_array_equal(sized.images[number, ..., 0], expected)
        # New pixels have their centres in rows 1, 3, 5, 7 and columns 2, 6 of the old ones.
        np.testing.assert_array_equal(sized.labels[number], case.class_indices(SPEC)[1::2, 2::4])
        np.testing.assert_array_equal(sized.ranges[number], [expected.min(), expected.max()])
    assert set(np.unique(sized.labels)) == {0, 1, 255}
    assert sized.rows([dataset.cases[2], dataset.cases[0]]).tolist() == [2, 0]


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_stored_type_is_kept(tmp_path, dtype):
    sized = sized_cases(data(tmp_path, dtype, 2), 8, 8, (0, 100), tmp_path / "cache")
    assert sized.images.dtype == dtype
    np.testing.assert_array_equal(sized.images[1, ..., 0], 100 + np.arange(64).reshape(8, 8))


def test_resizing_by_hand():
    image = np.stack([np.uint8([[0, 2], [4, 255]]), np.uint8([[1, 1], [1, 2]])], -1)
    assert resize_image(image, 1, 1).tolist() == [[[65, 1]]]
    assert resize_image(image.astype(np.float32), 1, 1).tolist() == [[[65.25, 1.25]]]
    assert resize_label(np.arange(6).reshape(2, 3), 4, 6)[0].tolist() == [0, 0, 1, 1, 2, 2]
    # Places of labels and images agree: enlarged fourfold and back, nothing moves.
    label = np.random.default_rng(0).integers(0, 9, (5, 7))
    np.testing.assert_array_equal(resize_label(resize_label(label, 20, 28), 5, 7), label)


def test_ranges():
    image = np.arange(101)
    assert intensity_range(image, (0, 100)) == (0.0, 100.0)
    assert intensity_range(image, (1, 98)) == (1.0, 98.0)
    mostly_black = np.where(np.arange(1000) == 0, 7, 0)
    assert intensity_range(mostly_black, (1, 99)) == (0.0, 7.0)
    assert intensity_range(np.full(10, 3), (1, 99)) == (3.0, 4.0)


def refuse():
    raise AssertionError("read again")


def test_the_second_call_does_not_read(tmp_path):
    first = sized_cases(data(tmp_path), 4, 4, (0, 100), tmp_path / "cache")
    again = sized_cases(data(tmp_path, read=refuse), 4, 4, (0, 100), tmp_path / "cache")
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.labels, again.labels)
    np.testing.assert_array_equal(first.ranges, again.ranges)


def changed_file(dataset):
    with open(dataset.cases[1].files[0], "w") as file:
        file.write("longer")
    return dataset


@pytest.mark.parametrize(
    ("change", "size", "percentiles"),
    [
        (lambda d: d, (4, 8), (0, 100)),
        (lambda d: d, (4, 4), (1, 99)),
        (lambda d: replace(d, version="2"), (4, 4), (0, 100)),
        (lambda d: replace(d, spec=replace(SPEC, ignored=(7, 9))), (4, 4), (0, 100)),
        (lambda d: replace(d, cases=d.cases[:2]), (4, 4), (0, 100)),
        (changed_file, (4, 4), (0, 100)),
    ],
)
def test_whatever_changes_the_pixels_is_read_again(tmp_path, change, size, percentiles):
    sized_cases(data(tmp_path), 4, 4, (0, 100), tmp_path / "cache")
    dataset = change(data(tmp_path, read=refuse))
    with pytest.raises(AssertionError, match="read again"):
        sized_cases(dataset, *size, percentiles, tmp_path / "cache")


def test_an_interrupted_fill_is_done_again(tmp_path):
    dataset = data(tmp_path)

    def broken():
        raise KeyboardInterrupt

    cut_off = replace(dataset, cases=(*dataset.cases[:2], replace(dataset.cases[2], read_image=broken)))
    with pytest.raises(KeyboardInterrupt):
        sized_cases(cut_off, 8, 8, (0, 100), tmp_path / "cache")
    sized = sized_cases(dataset, 8, 8, (0, 100), tmp_path / "cache")
    np.testing.assert_array_equal(sized.images, [case.read_image() for case in dataset.cases])
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_images_of_two_types_are_refused(tmp_path):
    dataset = data(tmp_path)
    other = replace(dataset.cases[1], read_image=lambda: np.zeros((8, 8, 1), np.uint8))
    mixed = replace(dataset, cases=(dataset.cases[0], other))
    with pytest.raises(InputError, match=r"1\.raw: expected uint16 pixels as in .*0\.raw.*uint8"):
        sized_cases(mixed, 4, 4, (0, 100), tmp_path / "cache")
