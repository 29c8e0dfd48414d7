"""A generator's weights as plain arrays, for passing on: reading them runs nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tf_ganaug.errors import InputError, reading
from tf_ganaug.files import digest, read_json, replacing_folder, without_folders, write_text
from tf_ganaug.gans.model_files import model_folder, read_metadata
from tf_ganaug.weight_files import require_bounded

#: The two files.
WEIGHTS, DESCRIPTION = "weights.npz", "weights.json"

#: How TensorFlow ends the name of a variable's value in a checkpoint.
_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"


def export_weights(source: Path, out: Path) -> None:
    """Writes the weights of a finished GAN's run folder, or of an exported SavedModel, which is not run.

    `weights.npz` has an array for every variable; `weights.json` what metadata.json says, the options of the run that
    made them where it is known, and name, shape and type of each array.

    Raises:
        InputError: if there is no such model, it is not as it was written, or `out` exists or cannot be written.
    """
    model = model_folder(source)
    if out.exists():
        raise InputError(out, "a new folder", "one that exists", "choose another OUT")
    described = read_metadata(model)
    reader = tf.train.load_checkpoint(str(model / "variables" / "variables"))
    names = [name for name in sorted(reader.get_variable_to_shape_map()) if name.endswith(_VALUE)]
    arrays = {name[: -len(_VALUE)]: reader.get_tensor(name) for name in names}
    described.pop("sha256", None)
    options = source / "options.json"
    if options.exists():
        described["options"] = _for_others(read_json(options, "copy the folder again, or train the generator again"))
    described["arrays"] = {name: {"shape": list(a.shape), "dtype": str(a.dtype)} for name, a in arrays.items()}
    with replacing_folder(out) as unfinished:
        np.savez(unfinished / WEIGHTS, **arrays)
        described["sha256"] = digest(unfinished / WEIGHTS)
        write_text(unfinished / DESCRIPTION, json.dumps(described, indent=1))


def _for_others(options: Any) -> Any:
    """Settings whose paths have lost their folders."""
    if isinstance(options, dict):
        return {key: _for_others(value) for key, value in options.items()}
    if isinstance(options, list):
        return list(map(_for_others, options))
    return without_folders(options) if isinstance(options, str) else options


def read_weights(folder: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays and their description; nothing in them is executed.

    Raises:
        InputError: if the folder holds none, or they are not as they were written.
    """
    remedy = "copy the folder again"
    with reading(folder / WEIGHTS, f"{WEIGHTS} and {DESCRIPTION}", remedy):
        described = read_json(folder / DESCRIPTION, remedy)
        if digest(folder / WEIGHTS) != described["sha256"]:
            raise InputError(folder / WEIGHTS, f"the SHA-256 of {DESCRIPTION}", "another", remedy)
        require_bounded(folder / WEIGHTS)
        with np.load(folder / WEIGHTS, allow_pickle=False) as stored:
            return {name: stored[name] for name in described["arrays"]}, described
