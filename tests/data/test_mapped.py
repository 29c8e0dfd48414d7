"""Arrays on disk: what is written is read, and pages of mapped files do not stay in the process."""

import sys
import time

import numpy as np
import pytest

from tf_ganaug.data import mapped
from tf_ganaug.data.arrays import NewArray
from tf_ganaug.data.mapped import open_array

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

ROWS = np.arange(4096, dtype=np.uint8) % 251


def resident():
    """MB of file pages of this process."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("RssFile"))


def written(path, count=12_000):
    """(count, 4096) uint8, 49 MB, written row by row as a cache is filled; and the file, mapped."""
    with NewArray(path, np.uint8, (count, 4096)) as array:
        for number in range(count):
            array.append(ROWS + np.uint8(number % 7))
    return open_array(path)


def test_what_is_written_is_not_resident_and_pages_that_are_given_back_are_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "RESIDENT", 1 << 30)
    before = resident()
    array = written(tmp_path / "a.npy")
    assert resident() - before < 15
    assert array[:, 3].tolist() == [3 + number % 7 for number in range(12_000)]
    assert resident() - before > 40
    mapped.release()
    assert resident() - before < 15
    for number in (0, 4, 11_999):
        np.testing.assert_array_equal(array[number], ROWS + np.uint8(number % 7))


def test_pages_are_given_back_by_themselves(tmp_path, monkeypatch):
    """A cache of 200,000 slices had 2.4 GB resident when it was filled."""
    monkeypatch.setattr(mapped, "RESIDENT", 1 << 23)
    before = resident()
    array = written(tmp_path / "a.npy")
    assert array[:, 3].tolist() == [3 + number % 7 for number in range(12_000)]
    until = time.monotonic() + 30
    while resident() - before > 25 and time.monotonic() < until:
        time.sleep(mapped.WATCH)
    assert resident() - before < 25


@pytest.mark.parametrize("rows", [np.arange(6).reshape(2, 3), [7.9, 8, 9]])
def test_rows_are_written_in_the_arrays_type(tmp_path, rows):
    with NewArray(tmp_path / "a.npy", np.uint16, (np.ndim(rows), 3)) as array:
        array.append(rows)
    read = np.load(tmp_path / "a.npy")
    assert read.dtype == np.uint16 and read.tolist() == np.asarray(rows, np.uint16).reshape(-1, 3).tolist()


def test_an_array_without_all_of_its_rows_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="6 bytes are missing"), NewArray(tmp_path / "a.npy", np.uint16, (3, 3)) as few:
        few.append(np.zeros((2, 3)))
    with (
        pytest.raises(ValueError, match=r"rows of \(3,\), found \(4,\)"),
        NewArray(few.path, np.uint16, (3, 3)) as wide,
    ):
        wide.append(np.zeros(4))
