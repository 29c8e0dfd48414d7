"""An embedded cohort as files, to try commands on a folder before one's own data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tqdm import tqdm

from tf_ganaug.data.cases import Dataset
from tf_ganaug.data.description import write_description
from tf_ganaug.data.pictures import write_png
from tf_ganaug.errors import InputError
from tf_ganaug.files import replacing_folder


def write_drawn(dataset: Dataset, out: Path) -> None:
    """Writes images/ID.png, labels/ID.png and dataset.yaml, which the `folder` reader takes.

    Args:
        dataset: of 8- or 16-bit images of 1 or 3 channels; negative values, as of CT, are raised to begin at 0.
        out: must not exist, or be empty; it takes its name when it is complete.

    Raises:
        InputError: if the folder holds something.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(out, "a new or empty folder", "files in it", "choose another OUT")
    with replacing_folder(out) as unfinished:
        for part in ("images", "labels"):
            (unfinished / part).mkdir()
        for case in tqdm(dataset.cases, "drawing", unit="image", disable=None):
            image = case.read_image()
            if image.dtype == np.int16:
                image = (image.astype(np.int32) + 1024).astype(np.uint16)
            write_png(unfinished / "images" / f"{case.id}.png", image)
            write_png(unfinished / "labels" / f"{case.id}.png", case.read_label().astype(np.uint8))
        sliced = len({case.subject for case in dataset.cases}) < len(dataset.cases)
        named = {"subject": r"(.*)-\d+$"} if sliced else {}
        write_description(unfinished / "dataset.yaml", dataset.spec, name=dataset.name, **named)
