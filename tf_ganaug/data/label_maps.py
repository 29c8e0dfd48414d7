"""Label maps alone, without images: what a label-conditional generator is to paint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tf_ganaug.data.cache import resize_label
from tf_ganaug.data.cases import IGNORE, LabelSpec
from tf_ganaug.data.files import NIFTI, as_label, read_label, split_name
from tf_ganaug.data.fit import Window
from tf_ganaug.data.listing import list_files, passed_over
from tf_ganaug.data.remarks import tell
from tf_ganaug.data.voxels import read_slice, read_volume
from tf_ganaug.errors import InputError

#: The axis across which volumes are sliced.
AXIAL = 2


def read_label_maps(folder: Path, spec: LabelSpec, height: int, width: int) -> np.ndarray:
    """All label maps of a folder in a frame; of NIfTI volumes every axial slice that has a class.

    Args:
        folder: holds label files, as labels/ of a data set.
        spec: of the data the generator learns from.
        height: of the frame.
        width: likewise.

    Returns:
        (N, height, width) uint8 class indices, `IGNORE` around maps of other proportions; by file name.

    Raises:
        InputError: without a label map, or for a file that is none or has an unknown value.
    """
    if not folder.is_dir():
        raise InputError(folder, "a folder of label maps", "none", "mend the path")
    found = list_files(folder)
    tell(folder, passed_over(folder.name, found.others))
    maps = [
        _framed(spec.encode(label, path), height, width) for path in found.files.values() for label in _labels(path)
    ]
    if not maps:
        raise InputError(folder, "label maps with a class", "none", "name a folder of label files")
    return np.stack(maps)


def _labels(path: Path) -> Iterator[np.ndarray]:
    if split_name(path)[1] not in NIFTI:
        yield read_label(path)
        return
    labels = (as_label(read_slice(path, AXIAL, n), path) for n in range(read_volume(path).shape[AXIAL]))
    yield from (label for label in labels if label.any())


def _framed(label: np.ndarray, height: int, width: int) -> np.ndarray:
    window = Window.of(*label.shape, height, width)
    return window.pad(resize_label(label, window.height, window.width), height, width, IGNORE)
