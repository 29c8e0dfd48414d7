"""Pairs of a generator on their way to files: the first of a seed, or the first that are no near-copies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from tf_ganaug.data import brats, camvid, cityscapes, ct_ich, dicom, folder, scr, wmh
from tf_ganaug.data.cases import Dataset, LabelSpec
from tf_ganaug.data.pool_layouts import PoolLayout
from tf_ganaug.errors import InputError
from tf_ganaug.frames import write_frame
from tf_ganaug.gans.synthesizer import Synthesizer
from tf_ganaug.quality.copies import COPY
from tf_ganaug.quality.near_copies import keep_distant, training_images


def write_first(pool: PoolLayout, synthesizer: Synthesizer, count: int, seed: int) -> None:
    """Writes the first `count` pairs of a seed, a chunk in memory at a time."""
    chunks = synthesizer.chunks(seed)
    with tqdm(total=count, desc="sampling", unit="pair", disable=None) as bar:
        while pool.count < count:
            images, labels = next(chunks)
            left = count - pool.count
            pool.add(synthesizer.provenance.to_stored(images[:left]), labels[:left])
            bar.update(pool.count - bar.n)


def write_distant(
    pool: PoolLayout, synthesizer: Synthesizer, dataset: Dataset, asked: float | str, count: int, seed: int
) -> dict[str, Any]:
    """Writes the first `count` pairs of a seed that are no near-copies of training images.

    nearest.csv beside them has for each pair its number among those drawn, the training case most like it and the
    distance.

    Args:
        pool: empty.
        synthesizer: makes the pairs.
        dataset: has its training cases.
        asked: the smallest relative distance allowed, in [0, 1]; "auto" for that of the copy detector.
        count: of pairs to write.
        seed: of the draws.

    Returns:
        What to state of it beside the pairs.

    Raises:
        InputError: as of `training_images`, `nearest` and `keep_distant`.
    """
    rows = []
    with training_images(dataset, synthesizer.provenance, synthesizer.image_shape) as training:
        distance = COPY if asked == "auto" else asked
        with tqdm(total=count, desc="sampling", unit="pair", disable=None) as bar:
            for kept in keep_distant(synthesizer.chunks(seed), training, distance, count):
                names = [pool.case_id(pool.count + n) for n in range(len(kept.labels))]
                pool.add(synthesizer.provenance.to_stored(kept.images), kept.labels)
                cases = [training.cases[number].id for number in kept.nearest.numbers]
                rows += zip(names, kept.numbers.tolist(), cases, kept.nearest.distances.tolist())
                bar.update(len(names))
    table = pd.DataFrame(rows, columns=["case", "draw", "nearest", "distance"])
    write_frame(pool.folder / "nearest.csv", table.assign(distance=table.distance.map("{:.6g}".format)))
    return {
        "asked": asked,
        "distance": distance,
        "unit": "relative to the distance from the next training subject",
        "training_images": len(training.cases),
        "refused": int(table.draw.iloc[-1]) + 1 - count,
        "smallest": float(table.distance.min()),
    }


def read_training_data(reader: str, data: Path, dataset_yaml: Path | None, spec: LabelSpec) -> Dataset:
    """The data a generator was trained on.

    Args:
        reader: "folder", "dicom", "scr", "cityscapes", "camvid", "brats", "ct_ich" or "wmh".
        data: the folder.
        dataset_yaml: describes it, if it has no dataset.yaml of its own; `folder` and `dicom` only.
        spec: the generator's classes.

    Raises:
        InputError: for data that cannot be read, or a description that the reader does not take.
    """
    if dataset_yaml is not None and reader not in ("folder", "dicom"):
        raise InputError("--dataset-yaml", "the reader folder or dicom", f"the reader {reader}", "drop one of the two")
    readers = {
        "folder": lambda: folder.read(data, dataset_yaml),
        "dicom": lambda: dicom.read(data, dataset_yaml),
        "cityscapes": lambda: cityscapes.read(data, spec),
        "camvid": lambda: camvid.read(data, spec),
        "scr": lambda: scr.read(data),
        "brats": lambda: brats.read(data),
        "ct_ich": lambda: ct_ich.read(data),
        "wmh": lambda: wmh.read(data),
    }
    return readers[reader]()
