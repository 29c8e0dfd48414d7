"""Which data an experiment runs on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tf_ganaug.data import folder
from tf_ganaug.data.cases import Dataset
from tf_ganaug.errors import InputError


@dataclass(frozen=True)
class Request:
    """What the user asked for.

    Attributes:
        data: folder of the data; None for the embedded cohort.
        reader: name of a reader; None for `folder`, or `embedded` without `data`.
        target: stored id to segment; None if the data set has only one, or the paper's.
        dataset_yaml: describes a folder that has no dataset.yaml of its own.
    """

    data: Path | None = None
    reader: str | None = None
    target: int | None = None
    dataset_yaml: Path | None = None


def open_dataset(
    request: Request, embedded: Callable[[], Dataset], readers: Mapping[str, Callable[[Path], Dataset]]
) -> Dataset:
    """The embedded cohort, or the data by the reader asked for.

    Args:
        request: of the user.
        embedded: draws the experiment's own cohort.
        readers: those the experiment has beside "embedded", by name.

    Raises:
        InputError: for data that cannot be used, or options that do not go together.
    """
    name = request.reader or ("embedded" if request.data is None else "folder")
    if name not in ("embedded", *readers):
        raise InputError("--reader", f"one of embedded, {', '.join(readers)}", name, "choose one of these")
    if request.dataset_yaml is not None and name != "folder":
        raise InputError("--dataset-yaml", "the folder reader", f"the reader {name}", "drop one of the two")
    if name == "embedded":
        if request.data is not None:
            found = str(request.data)
            raise InputError("--data", "no folder with the embedded reader", found, "drop one of the two")
        return embedded()
    if request.data is None:
        raise InputError("--data", f"a folder for the reader {name}", "none", "name it with --data DIR")
    return readers[name](request.data)


def read_target(root: Path, request: Request) -> Dataset:
    """A folder's data set with two classes: the target against the rest."""
    dataset = folder.read(root, dataset_yaml=request.dataset_yaml)
    classes, target = dataset.spec.classes, request.target
    if target is None and len(classes) != 2:
        offered = ", ".join(f"{c.ids[0]} ({c.name})" for c in classes[1:])
        raise InputError(
            "--target", "the class to segment", f"none, with {len(classes) - 1} classes", f"name one of {offered}"
        )
    return replace(dataset, spec=dataset.spec.target(classes[1].ids[0] if target is None else target))


def refuse_target(request: Request) -> None:
    """For experiments that segment all classes.

    Raises:
        InputError: if a target was named.
    """
    if request.target is not None:
        raise InputError("--target", "none, since all classes are segmented", str(request.target), "drop it")
