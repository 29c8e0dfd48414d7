"""Which data an experiment runs on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tf_ganaug.data import folder, scr
from tf_ganaug.data.cases import Dataset
from tf_ganaug.data.embedded import chest
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.config import DataSettings

READERS = ("embedded", "folder", "scr")


def open_dataset(
    data: Path | None,
    reader: str | None,
    target: int | None,
    dataset_yaml: Path | None,
    settings: DataSettings,
    seed: int,
) -> Dataset:
    """The data set with the two classes of the lung experiment: one target against the rest.

    Args:
        data: folder of the data; None for the embedded cohort.
        reader: one of `READERS`; None for `folder`, or `embedded` without `data`.
        target: stored id to segment; None if the data set has only one, or the paper's (left lung).
        dataset_yaml: describes a folder that has no dataset.yaml of its own.
        settings: size and number of the embedded cohort.
        seed: of the embedded cohort.

    Raises:
        InputError: for data that cannot be used, or a target that must be named.
    """
    name = reader or ("embedded" if data is None else "folder")
    if name not in READERS:
        raise InputError("--reader", f"one of {', '.join(READERS)}", name, "choose one of these")
    if dataset_yaml is not None and name != "folder":
        raise InputError("--dataset-yaml", "the folder reader", f"the reader {name}", "drop one of the two")
    if name == "embedded":
        if data is not None:
            raise InputError("--data", "no folder with the embedded reader", str(data), "drop one of the two")
        return chest.read(settings.subjects, settings.native_size, seed, target=1 if target is None else target)
    if data is None:
        raise InputError("--data", f"a folder for the reader {name}", "none", "name it with --data DIR")
    if name == "scr":
        return scr.read(data, target=target)
    return _two_classes(folder.read(data, dataset_yaml=dataset_yaml), target)


def _two_classes(dataset: Dataset, target: int | None) -> Dataset:
    classes = dataset.spec.classes
    if target is None and len(classes) != 2:
        offered = ", ".join(f"{c.ids[0]} ({c.name})" for c in classes[1:])
        raise InputError(
            "--target",
            "the class to segment",
            f"none, with {len(classes) - 1} classes",
            f"name one of {offered}",
        )
    return replace(dataset, spec=dataset.spec.target(classes[1].ids[0] if target is None else target))
