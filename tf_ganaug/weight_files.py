"""How much a file of weights unfolds to, asked before it is read: a small one of many zeros could fill a machine."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import BinaryIO

import h5py

from tf_ganaug.errors import InputError

#: Bytes; VGG-16 with its classifier, the largest that is read here, has 553 million.
MOST = 1 << 30


def require_bounded(path: Path) -> None:
    """Checks that a file of weights does not unfold beyond `MOST`.

    Args:
        path: a ZIP archive (.npz, .keras, .pth) or HDF5; any other kind is as long as it is.

    Raises:
        InputError: if it does.
        OSError, zipfile.BadZipFile: if the file is damaged.
    """
    with path.open("rb") as file:
        found = _unfolded(file)
    if found > MOST:
        remedy = "take the file from its publisher again"
        raise InputError(path, f"weights of at most {MOST:,} bytes", f"{found:,} when unfolded", remedy)


def _unfolded(file: BinaryIO) -> int:
    """Bytes that a reader takes memory for. A file can be of both kinds at once."""
    return max(file.seek(0, os.SEEK_END), _of_archive(file), _of_hdf5(file))


def _of_archive(file: BinaryIO) -> int:
    """Its members, and what those in HDF5 unfold to; no reader takes more than an archive states."""
    if not zipfile.is_zipfile(file):
        return 0
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        stated = sum(member.file_size for member in members)
        if stated > MOST:
            return stated
        nested = sum(
            _unfolded(io.BytesIO(archive.read(member))) for member in members if member.filename.endswith(".h5")
        )
        return max(stated, nested)


def _of_hdf5(file: BinaryIO) -> int:
    """Its arrays, which need not be stored to be read: what is absent is zero."""
    sizes = []
    try:
        with h5py.File(file, "r") as arrays:
            arrays.visititems(lambda _, item: sizes.append(item.nbytes) if isinstance(item, h5py.Dataset) else None)
    except OSError:  # of another kind, or damaged: its reader tells
        return 0
    return sum(sizes)
