"""Cases at the network's size: integers and classes kept, read once, refilled when something differs."""

import errno
import hashlib
import json
from collections import namedtuple
from dataclasses import replace

import numpy as np
import pytest

from tf_ganaug.data import arrays, cache
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


def test_the_name_is_the_digest_of_one_json_list(tmp_path):
    """Caches of before are found again."""
    dataset = data(tmp_path)
    sized_cases(dataset, 4, 8, (1, 99), tmp_path / "cache")
    states = [[n, str(path := tmp_path / f"{n}.raw"), [0, path.stat().st_mtime_ns]] for n in "012"]
    listed = [cache._FORMAT, "1", repr(SPEC), False, 4, 8, [1, 99], *states]
    expected = hashlib.sha256(json.dumps(listed).encode()).hexdigest()[:12]
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [f"4x8-{expected}"]


def test_an_interrupted_fill_is_done_again(tmp_path):
    dataset = data(tmp_path)

    def broken():
        raise KeyboardInterrupt

    cut_off = replace(dataset, cases=(*dataset.cases[:2], replace(dataset.cases[2], image=broken)))
    with pytest.raises(KeyboardInterrupt):
        sized_cases(cut_off, 8, 8, (0, 100), tmp_path / "cache")
    sized = sized_cases(dataset, 8, 8, (0, 100), tmp_path / "cache")
    np.testing.assert_array_equal(sized.images, [case.read_image() for case in dataset.cases])
    assert len(list((tmp_path / "cache").iterdir())) == 1


@pytest.mark.parametrize(
    ("types", "kind"),
    [
        (["u1", "u2", "u1"], "u2"),
        (["u1", "i2", "u1"], "i2"),
        (["u2", "i2", "u1"], "i4"),
        (["u1", "f4", "i2"], "f4"),
        (["f8", "f2", "f8"], "f4"),
        (["f4", "u1", "u4"], "f4"),
    ],
)
def test_images_of_several_types_have_the_one_that_holds_all(tmp_path, types, kind):
    dataset = data(tmp_path)
    images = [(np.arange(64).reshape(8, 8, 1) + 50 * number).astype(each) for number, each in enumerate(types)]
    if types[1] == "i2":
        images[1] -= 300
    cases = tuple(replace(case, image=lambda n=n: images[n]) for n, case in enumerate(dataset.cases))
    sized = sized_cases(replace(dataset, cases=cases), 8, 8, (0, 100), tmp_path / "cache")
    assert sized.images.dtype == kind
    for stored, image in zip(sized.images, images):
        np.testing.assert_array_equal(stored, image)
    assert sized.ranges[1].tolist() == [images[1].min(), images[1].max()]


def test_large_images_are_resized_by_bands(monkeypatch):
    rng = np.random.default_rng(0)
    for shape, size in (((60, 40, 2), (20, 10)), ((61, 37, 1), (7, 5)), ((50, 50, 1), (64, 64)), ((1, 90, 1), (4, 8))):
        image = rng.integers(0, 60000, shape).astype(np.uint16)
        monkeypatch.setattr(cache, "_BAND", 2**24)
        whole = resize_image(image, *size).astype(int)
        monkeypatch.setattr(cache, "_BAND", 700)
        assert np.abs(resize_image(image, *size) - whole).max() <= 1


def test_a_disk_without_room_is_told_and_nothing_is_left(tmp_path, monkeypatch):
    dataset = data(tmp_path)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(arrays.shutil, "disk_usage", lambda path: usage(1000, 900, 100))
    expected = r"cache: expected 0.0 MB of free disk, found .*; free some"
    with pytest.raises(InputError, match=expected):
        sized_cases(dataset, 8, 8, (0, 100), tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())
    monkeypatch.undo()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(arrays.os, "posix_fallocate", full)
    with pytest.raises(InputError, match=expected):
        sized_cases(dataset, 8, 8, (0, 100), tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())
    monkeypatch.undo()
    assert len(sized_cases(dataset, 8, 8, (0, 100), tmp_path / "cache").images) == 3


@pytest.mark.parametrize("name", ["images.npy", "labels.npy", "ranges.npy", "native.npy", "digests.json", "complete"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "gone"])
def test_a_damaged_cache_is_told_and_made_again(tmp_path, caplog, name, damage):
    dataset = data(tmp_path)
    whole = sized_cases(dataset, 4, 4, (0, 100), tmp_path / "cache")
    expected = whole.images.tobytes(), whole.labels.tobytes()
    (path,) = tmp_path.glob(f"cache/*/{name}")
    stored = bytearray(path.read_bytes())
    stored[len(stored) // 2] ^= 1
    path.unlink()
    if damage != "gone":
        path.write_bytes(stored if damage == "flipped" else stored[: len(stored) // 2])
    again = sized_cases(dataset, 4, 4, (0, 100), tmp_path / "cache")
    assert (again.images.tobytes(), again.labels.tobytes()) == expected
    # A bit of the digests tells of a file that is whole.
    told = "" if (name, damage) == ("complete", "flipped") else name
    assert f"{told} not as written, so the cache is made again" in caplog.text
    caplog.clear()
    sized_cases(data(tmp_path, read=refuse), 4, 4, (0, 100), tmp_path / "cache")
    assert not caplog.text
