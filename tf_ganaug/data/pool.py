"""Generated pairs as ordinary files, written as they are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.data.pool_layouts import PlainPairs, PoolLayout
from tf_ganaug.errors import InputError
from tf_ganaug.files import replacing_folder


@contextmanager
def new_pool(
    folder: Path, spec: LabelSpec, spacing: tuple[float, float], layout: type[PoolLayout] = PlainPairs
) -> Iterator[PoolLayout]:
    """Yields what takes pairs by `add` and ends with `finish`; the folder takes its name if the block ends well.

    Args:
        folder: must not exist, or be empty.
        spec: of the labels.
        spacing: millimetres per pixel (row, column).
        layout: one of `pool_layouts.LAYOUTS`.

    Raises:
        InputError: if the folder holds something, cannot be written, or has a name that the layout does not take.
    """
    layout.require_name(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(folder, "a new or empty folder", "files in it", "choose another --out")
    with replacing_folder(folder) as unfinished:
        yield layout(unfinished, folder.name, spec, spacing)
