"""Generated pairs as ordinary files that the `folder` reader takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tf_ganaug.data.cases import IGNORE, LabelSpec
from tf_ganaug.data.description import write_description
from tf_ganaug.data.pictures import write_png
from tf_ganaug.errors import InputError
from tf_ganaug.files import replacing_folder, write_text


def write_pool(
    folder: Path,
    images: np.ndarray,
    labels: np.ndarray,
    spec: LabelSpec,
    spacing: tuple[float, float],
    provenance: Mapping[str, Any],
) -> None:
    """Writes images/NNNNNN.png, labels/NNNNNN.png, dataset.yaml and provenance.json.

    The folder takes its name only when it is complete. Images of other than 8 or 16 bits, or of
    other than 1 or 3 channels, are written as .npy.

    Args:
        folder: must not exist, or be empty.
        images: (N, H, W, C) in the stored type.
        labels: (N, H, W) uint8 class indices; a class is written as the first of its stored ids.
        spec: of the labels.
        spacing: millimetres per pixel (row, column).
        provenance: what made them.

    Raises:
        InputError: if the folder holds something, or cannot be written.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InputError(folder, "a new or empty folder", "files in it", "choose another --out")
    stored = np.zeros(IGNORE + 1, np.uint16)
    for number, label_class in enumerate(spec.classes):
        stored[number] = label_class.ids[0]
    if stored.max() <= np.iinfo(np.uint8).max:
        stored = stored.astype(np.uint8)
    with replacing_folder(folder) as unfinished:
        _write_files(unfinished, images, stored[labels], spec, spacing, provenance)


def _write_files(
    unfinished: Path,
    images: np.ndarray,
    labels: np.ndarray,
    spec: LabelSpec,
    spacing: tuple[float, float],
    provenance: Mapping[str, Any],
) -> None:
    for part in ("images", "labels"):
        (unfinished / part).mkdir()
    for number, (image, label) in enumerate(zip(images, labels)):
        _write_image(unfinished / "images" / f"{number:06d}", image)
        write_png(unfinished / "labels" / f"{number:06d}.png", label)
    write_description(unfinished / "dataset.yaml", spec, spacing=list(spacing))
    write_text(unfinished / "provenance.json", json.dumps(provenance, indent=1))


def _write_image(path: Path, image: np.ndarray) -> None:
    if image.dtype in (np.uint8, np.uint16) and image.shape[-1] in (1, 3):
        write_png(path.with_suffix(".png"), image)
    else:
        np.save(path.with_suffix(".npy"), image)
