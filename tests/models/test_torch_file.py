"""State dicts of files that PyTorch itself wrote (2.13, in both of its layouts), and files that are to do something.

`state_dict/*.pth` are made by torch.save of what `EXPECTED` says; row.pth with `_use_new_zipfile_serialization=False`,
network.pth of a whole `torch.nn.Conv2d(1, 1, 1)`.
"""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from tf_ganaug.errors import InputError
from tf_ganaug.models.torch_file import read_state_dict

STORED = Path(__file__).parent / "state_dict"

BASE = np.arange(12, dtype=np.float32).reshape(3, 4)

EXPECTED = {
    "base": BASE,
    "turned": BASE.T,
    "part": BASE[1:, 1:3],
    "half": (BASE / 8).astype(np.float16),
    "double": BASE.astype(np.float64) / 3,
    "count": np.int64(7),
    "empty": np.zeros((0, 3), np.float32),
    "learnt": np.float32([1.5, -2.5]),
}


@pytest.mark.parametrize("layout", ["archive", "row"])
def test_tensors_of_pytorchs_own_files(layout):
    found = read_state_dict(STORED / f"{layout}.pth", lambda name: True)
    assert list(found) == list(EXPECTED), "and not the number beside them"
    for name, value in EXPECTED.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
        assert found[name].dtype == value.dtype and found[name].flags.owndata
    some = read_state_dict(STORED / f"{layout}.pth", lambda name: name in ("count", "double"))
    assert list(some) == ["double", "count"] and some["count"] == 7


def test_tensors_are_named_as_in_2017_too(tmp_path):
    # As in torchvision's VGG-19: the function had no second version yet.
    content = (STORED / "row.pth").read_bytes()
    assert content.count(b"_rebuild_tensor_v2\n") == 1
    (tmp_path / "old.pth").write_bytes(content.replace(b"_rebuild_tensor_v2\n", b"_rebuild_tensor\n"))
    assert list(read_state_dict(tmp_path / "old.pth", lambda name: True)) == list(EXPECTED)


@pytest.mark.parametrize("layout", ["archive", "row"])
def test_a_damaged_file_is_refused(tmp_path, layout):
    content = (STORED / f"{layout}.pth").read_bytes()
    for number, length in enumerate(range(0, len(content), max(1, len(content) // 40))):
        cut = tmp_path / f"{number}.pth"
        cut.write_bytes(content[:length])
        with pytest.raises(InputError, match=r"expected a state dict as torch\.save writes it"):
            read_state_dict(cut, lambda name: True)


def test_a_whole_network_is_refused_by_the_first_name_that_is_none_of_a_state_dicts():
    with pytest.raises(InputError, match=r"network\.pth.*found torch\.nn\.modules\.conv\.Conv2d, which .*state_dict"):
        read_state_dict(STORED / "network.pth", lambda name: True)
    with pytest.raises(InputError, match="expected a state dict"):
        read_state_dict(STORED / "none.pth", lambda name: True)


class Calls:
    """Pickled, it calls."""

    def __init__(self, function, *arguments):
        self.done = function, arguments

    def __reduce__(self):
        return self.done


def in_row(content: object) -> bytes:
    """A file of the older layout."""
    parts = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, content, [])
    return b"".join(pickle.dumps(part, protocol=2) for part in parts)


def in_archive(content: object) -> bytes:
    """A file of the newer layout."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(content, protocol=2))
    return made.getvalue()


@pytest.mark.parametrize("layout", [in_archive, in_row])
@pytest.mark.parametrize(
    "program",
    [
        lambda place: Calls(os.mkdir, str(place)),
        lambda place: OrderedDict(weight=Calls(os.mkdir, str(place))),
        lambda place: Calls(eval, f"__import__('os').mkdir({str(place)!r})"),
    ],
)
def test_nothing_in_a_file_is_run(tmp_path, layout, program):
    (tmp_path / "evil.pth").write_bytes(layout(program(tmp_path / "made")))
    with pytest.raises(InputError, match="which a dictionary of tensors does not need"):
        read_state_dict(tmp_path / "evil.pth", lambda name: True)
    assert not (tmp_path / "made").exists()
    pickle.loads(pickle.dumps(program(tmp_path / "proof")))
    assert (tmp_path / "proof").exists(), "what pickle itself would have done"


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, [1, 2], {"weight": [1.0]}])
def test_a_file_without_tensors_is_refused(tmp_path, content):
    for layout in (in_archive, in_row):
        (tmp_path / "other.pth").write_bytes(layout(content))
        with pytest.raises(InputError, match="found no dictionary of tensors"):
            read_state_dict(tmp_path / "other.pth", lambda name: True)


def test_a_tensor_larger_than_its_storage_is_refused(tmp_path):
    with zipfile.ZipFile(STORED / "archive.pth") as archive, zipfile.ZipFile(tmp_path / "short.pth", "w") as short:
        for name in archive.namelist():
            data = archive.read(name)
            short.writestr(name, data[:-8] if name.endswith("data/0") else data)
    with pytest.raises(InputError, match="found a tensor that is larger than its storage"):
        read_state_dict(tmp_path / "short.pth", lambda name: True)
