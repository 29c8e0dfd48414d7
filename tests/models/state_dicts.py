"""State dicts written as `torch.save` writes them since 1.6, without PyTorch: those too large for the repository.

What it writes is what PyTorch itself reads; `test_torch_file.py` holds the reader to files that PyTorch wrote.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np


def save_state_dict(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Float32 arrays, contiguous, each a storage of its own."""
    program = [b"\x80\x02", _name("collections.OrderedDict"), b")R("]
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, array) in enumerate(arrays.items()):
            strides = [stride // array.itemsize for stride in array.strides]
            storage = [_text("storage"), _name("torch.FloatStorage"), _text(str(number)), _text("cpu")]
            program += [_text(name), _name("torch._utils._rebuild_tensor_v2"), b"((", *storage, _int(array.size), b"tQ"]
            program.append(_int(0))
            program += [_ints(array.shape), _ints(strides), b"\x89", _name("collections.OrderedDict"), b")RtR"]
            archive.writestr(f"archive/data/{number}", array.astype("<f4").tobytes())
        archive.writestr("archive/data.pkl", b"".join([*program, b"u."]))
        archive.writestr("archive/version", "3\n")


def _name(dotted: str) -> bytes:
    module, _, name = dotted.rpartition(".")
    return f"c{module}\n{name}\n".encode()


def _text(text: str) -> bytes:
    return b"X" + struct.pack("<I", len(text)) + text.encode()


def _int(number: int) -> bytes:
    return b"J" + struct.pack("<i", number)


def _ints(numbers) -> bytes:
    return b"(" + b"".join(map(_int, numbers)) + b"t"
