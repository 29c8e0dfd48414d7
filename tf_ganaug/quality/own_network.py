"""A user's own network that pairs are compared by, read without running what its file may hold.

Keras' `safe_mode` refuses lambdas alone. Its older lines import and call whatever module and function a file names,
its legacy formats know no such mode, and some layers read files or fetch them. So nothing is given to Keras but what
describes plain layers.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tf_ganaug.errors import InputError
from tf_ganaug.weight_files import require_bounded

#: Modules whose classes compute and do nothing else, as Keras' lines name them.
_MODULES = re.compile(
    r"keras(\.(layers|initializers|regularizers|constraints|models|mixed_precision|dtype_policies"
    r"|src\.(engine|models)\.(functional|sequential)|src\.ops\.\w+))?"
)

#: Kinds of objects, and layers of those modules, that call what a file names, or read files.
_PROGRAMS = {
    *("function", "__lambda__", "__typespec__", "Lambda", "TFOpLambda", "TFSMLayer", "TorchModuleWrapper"),
    *("FlaxLayer", "JaxLayer", "StringLookup", "IntegerLookup", "TextVectorization"),
}


def read_network(path: Path, shape: tuple[int, int, int]) -> keras.Model:
    """A user's own network: images (N, H, W, C) in [-1, 1] to maps (N, h, w, F).

    Args:
        path: of a `.keras` file.
        shape: (H, W, C) of the images.

    Raises:
        InputError: if it is none, could run something, takes other images, or returns something else than maps.
    """
    expected, remedy = "a Keras model (.keras)", "save one of plain layers by model.save('NAME.keras')"
    try:
        _require_plain(path)
        network = keras.models.load_model(path, compile=False, safe_mode=True)
        maps = network(tf.zeros((1, *shape)), training=False)
        if len(maps.shape) != 4:
            raise ValueError(f"outputs of shape {tuple(maps.shape)}")
    except (
        *(OSError, ValueError, TypeError, AttributeError, KeyError, RuntimeError),
        *(zipfile.BadZipFile, tf.errors.OpError),
    ) as error:
        takes = f"{expected} from images (N, {', '.join(map(str, shape))}) to maps (N, h, w, F)"
        raise InputError(path, takes, f"{error}".split("\n")[0][:200], remedy) from error
    return network


def _require_plain(path: Path) -> None:
    """Checks that an archive describes nothing but layers that compute."""
    if path.suffix != ".keras":
        raise ValueError(f"a name ending in {path.suffix or 'nothing'}")
    require_bounded(path)
    with zipfile.ZipFile(path) as archive:
        described = json.loads(archive.read("config.json"))
    for found in _objects(described):
        name, module = found["class_name"], found.get("module")
        if name in _PROGRAMS or not (module is None or _MODULES.fullmatch(str(module))):
            raise ValueError(f"{name} of {module}, which is more than a plain layer and could run anything")


def _objects(described: Any) -> Iterator[dict]:
    """What in a description names a class."""
    inside = described.values() if isinstance(described, dict) else described if isinstance(described, list) else ()
    if isinstance(described, dict) and "class_name" in described:
        yield described
    for value in inside:
        yield from _objects(value)
