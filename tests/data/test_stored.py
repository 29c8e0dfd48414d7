"""Stored arrays as tensors: the same pairs whether held or mapped, one tensor for all who ask, and flat memory."""

import sys
from weakref import WeakValueDictionary

import numpy as np
import pytest
import tensorflow as tf

from tf_ganaug.data import mapped, stored
from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.data.pipeline import real_batches

RNG = np.random.default_rng(0)


def on_disk(folder, images, labels):
    """Both arrays, memory-mapped as the cache and the pools give them."""
    for name, array in (("images", images), ("labels", labels)):
        np.save(folder / f"{name}.npy", array)
    return [np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("images", "labels")]


def part(images, labels, rows):
    return Part(images, labels, np.array(rows), np.tile(np.float32([0, 100]), (len(rows), 1)))


@pytest.mark.parametrize("held", [0, 1 << 30])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
def test_files_give_the_pairs_of_arrays_in_memory(tmp_path, monkeypatch, held, dtype):
    monkeypatch.setattr(stored, "HELD_SMALL", held)
    images, labels = RNG.integers(0, 100, (9, 4, 6, 2)).astype(dtype), RNG.integers(0, 3, (9, 4, 6)).astype(np.uint8)
    files = on_disk(tmp_path, images, labels)
    rows = [5, 0, 8, 2]
    for found, expected in zip(Pairs([part(*files, rows)]).take([3, 1, 1]), (images, labels)):
        expected = expected[[2, 0, 0]]
        np.testing.assert_allclose(found, expected / 50.0 - 1 if expected.ndim == 4 else expected, atol=1e-6)


@pytest.mark.parametrize("held", [0, 1 << 30])
def test_all_who_ask_for_a_file_share_a_tensor(tmp_path, monkeypatch, held):
    monkeypatch.setattr(stored, "HELD_SMALL", held)
    files = on_disk(tmp_path, RNG.integers(0, 9, (5, 4, 4, 1)).astype(np.uint8), np.zeros((5, 4, 4), np.uint8))
    one = Pairs([part(*files, [0, 1])])
    other = Pairs([part(*(np.load(file.filename, mmap_mode="r") for file in files), [4])])
    assert one.parts[0][0] is other.parts[0][0] and one.parts[0][1] is other.parts[0][1]
    on_disk(tmp_path, np.full((5, 4, 4, 1), 50, np.uint8), files[1])  # another file of the same name
    assert Pairs([part(np.load(files[0].filename, mmap_mode="r"), files[1], [2])]).take([0])[0].numpy().max() == 0


def test_no_more_is_held_than_all_files_together_may(tmp_path, monkeypatch):
    """One by one each of three files would fit; what is let go makes room."""
    monkeypatch.setattr(stored, "_held", WeakValueDictionary())
    monkeypatch.setattr(stored, "HELD", 25_000)
    for number in range(3):
        np.save(tmp_path / f"{number}.npy", np.full((2, 5000), number, np.uint8))
    arrays = [np.load(tmp_path / f"{number}.npy", mmap_mode="r") for number in range(3)]
    tensors = [stored.as_tensor(array) for array in arrays]
    assert len(stored._held) == 2
    np.testing.assert_array_equal(np.stack(tensors)[..., 0], [[0, 0], [1, 1], [2, 2]])
    del tensors[:2]
    assert not stored._held and stored.as_tensor(arrays[2]) is tensors[0]
    again = stored.as_tensor(arrays[0])
    assert len(stored._held) == 1 and again.numpy().max() == 0


def test_small_rows_are_held_where_large_ones_are_mapped(tmp_path, monkeypatch):
    """A row of a mapped file costs as much as a page and what lies around it."""
    monkeypatch.setattr(stored, "_held", WeakValueDictionary())
    monkeypatch.setattr(stored, "HELD", 1000)
    tensors = []
    for name, size in (("small", 4095), ("large", 4096)):
        np.save(tmp_path / f"{name}.npy", np.zeros((3, size), np.uint8))
        tensors.append(stored.as_tensor(np.load(tmp_path / f"{name}.npy", mmap_mode="r")))
    assert [tensor is held for tensor in tensors for held in stored._held.values()] == [True, False]


def test_a_part_of_a_file_is_not_taken_for_the_file(tmp_path):
    images, _ = on_disk(tmp_path, np.arange(5 * 16).reshape(5, 4, 4, 1), np.zeros((5, 4, 4), np.uint8))
    np.testing.assert_array_equal(stored.as_tensor(images[2:]), np.arange(32, 80).reshape(3, 4, 4, 1))


def test_a_map_outlives_its_file(tmp_path):
    """Steps are timed on data whose temporary folder is gone."""
    np.save(tmp_path / "a.npy", np.arange(12))
    array = np.load(tmp_path / "a.npy", mmap_mode="r")
    (tmp_path / "a.npy").unlink()
    np.testing.assert_array_equal(stored.as_tensor(array), np.arange(12))


def test_several_parts_in_any_order_and_a_view():
    arrays = [
        (RNG.integers(0, 100, (n, 4, 4, 1)).astype(np.uint8), RNG.integers(0, 3, (n, 4, 4)).astype(np.uint8))
        for n in (3, 5, 2)
    ]
    view = np.array([7, 0, 9, *[255] * 253], np.uint8)
    pairs = Pairs([part(images, labels, range(len(images))[::-1]) for images, labels in arrays], view)
    images, labels = (np.concatenate([array[::-1] for array in group]) for group in zip(*arrays))
    for positions in ([9, 0, 4, 4, 2, 8], [3, 5], [6]):  # of all parts, and of some only
        found = pairs.take(positions)
        np.testing.assert_allclose(found[0], images[positions] / 50.0 - 1, atol=1e-6)
        np.testing.assert_array_equal(found[1], view[labels[positions]])


def memory(kind):
    """MB of this process: "RssAnon", its own, or "RssFile", pages of files."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(kind))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_pairs_of_a_large_file_take_no_memory_of_their_own(tmp_path, monkeypatch):
    next(iter(tf.data.Dataset.range(1).map(lambda n: n)))  # tf.data's own
    monkeypatch.setattr(stored, "HELD", 1 << 20)
    monkeypatch.setattr(mapped, "RESIDENT", 1 << 40)  # nothing is given back before it is asked for
    file = tmp_path / "images.npy"
    np.lib.format.open_memmap(file, "w+", np.uint16, (3000, 128, 128, 1)).flush()  # 98 MB
    images, labels = np.load(file, mmap_mode="r"), np.zeros((3000, 128, 128), np.uint8)
    before = memory("RssAnon") + labels.nbytes / 2**20
    several = [Pairs([part(images, labels, range(first, 3000))]) for first in range(3)]
    for pairs in several:
        for drawn, _ in real_batches(pairs, 16, seed=1).elements(0).take(60):
            assert drawn.shape == (16, 128, 128, 1)
    assert memory("RssAnon") - before < 190  # the labels, three times; three copies of the images had 295 MB more
    resident = memory("RssFile")
    mapped.release()
    assert resident - memory("RssFile") > 20


def test_an_order_costs_no_sort_of_all_pairs():
    pairs = Pairs([part(np.zeros((1, 1, 1, 1), np.uint8), np.zeros((1, 1, 1), np.uint8), np.zeros(10**6, int))])
    graph = tf.function(lambda first: pairs.positions(1, first, 16)).get_concrete_function(tf.TensorSpec((), tf.int64))
    sizes = {tuple(out.shape) for op in graph.graph.get_operations() for out in op.outputs}
    assert (10**6,) not in sizes
