"""MODEL_CARD.md beside an exported generator: what it learned from, under which terms, how good it is, its use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tf_ganaug import __version__
from tf_ganaug.errors import printable
from tf_ganaug.experiment import diagnosed
from tf_ganaug.experiment.report import plain
from tf_ganaug.files import write_text
from tf_ganaug.gans.model_files import CARD
from tf_ganaug.quality.diagnosis import Diagnosis
from tf_ganaug.run import read_result

#: What is said where the user has named no terms.
UNSTATED = (
    "Not stated: whoever exported this model named no terms of its training data. Ask before you use it or pass it on: "
    "a generator can repeat what it was trained on."
)

#: What it is for and what not, of every generator.
USE = (
    (
        "Intended use",
        "Research: more training pairs for segmentation networks of images of the kind it was trained on, tested on "
        "real images of subjects that it has not seen.",
    ),
    (
        "Limits",
        "- No pair is a finding in a patient, and none may be used as one, to diagnose, to validate or to test.\n"
        "- It knows what its training subjects show and nothing else: rare findings, other scanners and other people "
        "are missing, or wrong.\n"
        "- No measure here proves privacy: copies that are turned, scaled or moved further are not found.\n"
        "- Networks trained on its pairs must not be tested on its training subjects.",
    ),
)


def write_card(run: Path, out: Path, found: Diagnosis | None, terms: str | None) -> None:
    """Writes the card of a model.

    Args:
        run: the run folder it is from, or an exported model, which has no diagnosis.
        out: folder of the exported model.
        found: the run's diagnosis, if it has one.
        terms: of the training data, in the user's words; None where none were named.

    Raises:
        InputError: if the card cannot be written.
    """
    described = _described(out)
    finished = (run / "result.json").exists()
    training = read_result(run) if finished else {}
    blocks = [
        *_trained_on(described, training),
        ("Terms of the training data", printable(terms) if terms else UNSTATED),
        ("How good it is", "\n\n".join(_measures(found))),
        *USE,
    ]
    text = "\n\n".join(f"## {title}\n\n{block}" for title, block in blocks)
    write_text(out / CARD, f"# Model card: {plain(run.resolve().name)}\n\n{text}\n")


def _trained_on(described: Mapping[str, Any], training: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    classes = ", ".join(plain(entry["name"]) for entry in described["label_spec"]["classes"])
    drawn = ", drawn by code" if described["synthetic"] else ""
    height, width, channels = described["image_shape"]
    lines = [
        f"Makes pairs of an image of {height} x {width} pixels and {channels} channel(s) and its label map, from "
        f"{described['latent_size']} random numbers. Classes: {classes}.",
        f"Trained on {len(described['cases'])} images of {len(described['subjects'])} subjects of the data set "
        f"{plain(described['dataset'])}{drawn}; the JSON file beside this one names them.",
    ]
    if "iterations" in training:
        lines.append(f"{training['iterations']} iterations in {training['seconds'] / 60:.0f} minutes.")
    yield "What it is", "\n\n".join([*lines, f"Written by tf_ganaug {__version__}."])


def _measures(found: Diagnosis | None) -> Iterator[str]:
    if found is None:
        yield "Not measured: `tf-ganaug diagnose RUN --data DIR` before `export` measures it, copies of patients too."
        return
    yield from map(plain, (diagnosed.sentence(found), *diagnosed.label_lines(found)))
    yield diagnosed.table_text(found)
    if found.copying:
        yield "**It gives training images back: its pairs are no more anonymous than the data.**"


def _described(folder: Path) -> dict[str, Any]:
    """What stands beside an exported model: metadata.json, or weights.json of plain arrays."""
    names = (name for name in ("metadata.json", "weights.json") if (folder / name).exists())
    return json.loads((folder / next(names)).read_text(encoding="utf-8"))
