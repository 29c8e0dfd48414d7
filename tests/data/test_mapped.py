"""Mapped files: what is written and read of them stays right, and their pages do not stay in the process."""

import sys
import time

import numpy as np
import pytest

from tf_ganaug.data import mapped
from tf_ganaug.data.arrays import new_array
from tf_ganaug.data.mapped import open_array

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

ROWS = np.arange(4096, dtype=np.uint8) % 251


def resident():
    """MB of file pages of this process."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("RssFile"))


def written(path, count=12_000):
    """(count, 4096) uint8, 49 MB, written row by row as a cache is filled."""
    array = new_array(path, np.uint8, (count, 4096))
    for number in range(count):
        array[number] = ROWS + np.uint8(number % 7)
    return array


def test_pages_that_are_given_back_are_written_and_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "RESIDENT", 1 << 30)
    before = resident()
    array = written(tmp_path / "a.npy")
    assert resident() - before > 40
    mapped.release()
    assert resident() - before < 15
    array[5] = 0
    array.flush()
    again = open_array(tmp_path / "a.npy")
    assert not again[5].any()
    for number in (0, 4, 11_999):
        np.testing.assert_array_equal(again[number], ROWS + np.uint8(number % 7))
        np.testing.assert_array_equal(array[number], again[number])


def test_pages_are_given_back_by_themselves(tmp_path, monkeypatch):
    """A cache of 200,000 slices had 2.4 GB resident when it was filled."""
    monkeypatch.setattr(mapped, "RESIDENT", 1 << 23)
    before = resident()
    array = written(tmp_path / "a.npy")
    until = time.monotonic() + 30
    while resident() - before > 25 and time.monotonic() < until:
        time.sleep(mapped.WATCH)
    assert resident() - before < 25
    assert array[:, 3].tolist() == [3 + number % 7 for number in range(12_000)]
