"""Reading a golden case: its settings, weights, inputs and expected outputs."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tf_ganaug.errors import InputError, reading
from tf_ganaug.weight_files import require_bounded


def _rng(seed_name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(seed_name.encode()))


def draw_weight(entry: dict) -> np.ndarray:
    """The float32 weight of one entry of `weights`, in the original's layout."""
    value = entry["mean"] + entry["std"] * _rng(entry["seed_name"]).standard_normal(entry["shape"])
    return (np.exp(value) if entry["exp"] else value).astype(np.float32)


def draw_input(entry: dict) -> np.ndarray:
    """The float32 input of one entry of `inputs`.

    Raises:
        InputError: for a kind this version does not know.
    """
    rng, shape, kind = _rng(entry["seed_name"]), tuple(entry["shape"]), entry["kind"]
    if kind == "normal":
        return rng.standard_normal(shape).astype(np.float32)
    if kind == "uniform":
        return rng.uniform(-1, 1, shape).astype(np.float32)
    if kind.startswith("uniform on [0,1)"):
        return rng.uniform(0, 1, shape).astype(np.float32)
    if kind == "onehot":
        n, h, w, c = shape
        blocks = rng.integers(0, c, (n, -(-h // 8), -(-w // 8)))
        labels = blocks.repeat(8, axis=1).repeat(8, axis=2)[:, :h, :w]
        return np.eye(c, dtype=np.float32)[labels]
    repeated = re.fullmatch(r"rng\.integers\((\d+),(\d+),\([\d,]+\)\) repeated to 2x2 blocks, float32", kind)
    if repeated:
        n, h, w, c = shape  # the text says the size again
        coarse = rng.integers(int(repeated[1]), int(repeated[2]), (n, h // 2, w // 2, c))
        return coarse.repeat(2, axis=1).repeat(2, axis=2).astype(np.float32)
    noise = re.search(r"8x8 blocks, plus rng\.integers\(-(\d+),|the same with noise -(\d+)\.\.", kind)
    if noise:
        n, h, w, c = shape
        coarse = rng.integers(0, 256, (n, h // 8, w // 8, c)).repeat(8, axis=1).repeat(8, axis=2)
        most = int(noise[1] or noise[2])
        return np.clip(coarse + rng.integers(-most, most + 1, shape), 0, 255).astype(np.float32)
    raise InputError(entry["seed_name"], "a known kind of input", repr(kind), "update tf_ganaug")


@dataclass(frozen=True)
class GoldenCase:
    """One case.

    Attributes:
        name: of the case.
        network: the kind of network or function it tests.
        kwargs: arguments of the network.
        weights: by the original's names, in the original's layouts, float32.
        inputs: by name, NHWC.
        outputs: what the original returned, or the columns of its rows where the case is a table.
    """

    name: str
    network: str
    kwargs: dict
    weights: dict[str, np.ndarray]
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]

    def require(self, **settings) -> None:
        """Refuses a network that is built otherwise than ours can be.

        Args:
            **settings: of the network, as ours has them; one that the case does not state is as ours.

        Raises:
            InputError: if the case states another.
        """
        for key, ours in settings.items():
            if self.kwargs.get(key, ours) != ours:
                found = str(self.kwargs[key])
                raise InputError(f"{key} of {self.name}", f"{ours}, as here", found, "this network has no other form")


def network_of(path: Path) -> str:
    """The kind of network of the case in the JSON file `path`."""
    return _description(path)["network"]


def load_case(path: Path) -> GoldenCase:
    """Reads NAME.json and the NAME.npz beside it; a case with `rows` has no such file.

    Raises:
        InputError: if either file is missing or not of this kind.
    """
    text = _description(path)
    if "rows" in text:
        outputs = {key: np.array([row[key] for row in text["rows"]]) for key in text["rows"][0]}
    else:
        outputs = _stored(path.with_suffix(".npz"))
    return GoldenCase(
        name=text["case"],
        network=text["network"],
        kwargs=text["kwargs"],
        # Fixed kernels are listed, but not drawn.
        weights={entry["name"]: draw_weight(entry) for entry in text.get("weights", ()) if "mean" in entry},
        inputs={entry["name"]: draw_input(entry) for entry in text.get("inputs", ())},
        outputs=outputs,
    )


def _stored(archive: Path) -> dict[str, np.ndarray]:
    whole = reading(archive, "the outputs of the case", "copy the whole case")
    with whole:
        require_bounded(archive)
        with np.load(archive, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}


def _description(path: Path) -> dict:
    try:
        text = json.loads(path.read_text(encoding="utf-8"))
        text["case"], text["network"], text["kwargs"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(path, "a golden case", repr(error), "remove or mend the file") from error
    return text
