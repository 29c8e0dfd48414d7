"""The folder of a SavedModel: where it lies, what stands beside it, and whether its files are as they were written."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tf_ganaug.errors import InputError
from tf_ganaug.files import LOCK, digest, read_json, replacing_folder

#: The file beside a SavedModel.
METADATA = "metadata.json"

#: What a model is and is for, for people.
CARD = "MODEL_CARD.md"


def model_folder(source: Path) -> Path:
    """Where the SavedModel of a finished GAN's run folder lies, or an exported one.

    Raises:
        InputError: if it is neither, or the run is not finished.
    """
    inside = sorted(path.parent.name for path in source.glob("*/synthesizer"))
    if inside:
        raise InputError(source, "the run folder of one GAN", f"a folder of {', '.join(inside)}", "name one of these")
    if (source / "options.json").exists() and not (source / "result.json").exists():
        remedy = "run the same command again to finish it"
        raise InputError(source, "a finished GAN run", "one that was interrupted", remedy)
    model = source / "synthesizer" if (source / "synthesizer").is_dir() else source
    if not (model / METADATA).exists():
        remedy = "name a GAN run folder (gan-fold0) or an exported SavedModel"
        raise InputError(source, "a synthesizer", "no metadata.json", remedy)
    return model


def export(run: Path, out: Path) -> None:
    """Copies a finished run's synthesizer to the new folder `out`, whole or not at all.

    Raises:
        InputError: if the run holds none, it is not as it was written, or `out` exists or cannot be written.
    """
    model = model_folder(run)
    if out.exists():
        raise InputError(out, "a new folder", "one that exists", "choose another OUT")
    read_metadata(model)
    with replacing_folder(out) as unfinished:
        shutil.copytree(model, unfinished, dirs_exist_ok=True)


def read_metadata(model: Path) -> dict[str, Any]:
    """What stands beside a SavedModel that is to be passed on.

    Raises:
        InputError: if it is damaged, or the model's files are not those whose digests it has.
    """
    remedy = "copy the folder again, or remove its run, which the same command makes again"
    metadata = read_json(model / METADATA, remedy)
    if not isinstance(metadata, dict):
        raise InputError(model / METADATA, "what a model was trained on", f"{metadata!r}"[:100], remedy)
    require_ours(model, metadata.get("sha256"), trust=True)
    return metadata


def digests_of(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a SavedModel by its path."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in (METADATA, CARD, LOCK))
    return {path.relative_to(folder).as_posix(): digest(path) for path in files}


def require_ours(folder: Path, stored: dict[str, str] | None, trust: bool) -> None:
    """Refuses a SavedModel that is not as `save` wrote it: damaged, changed, or from elsewhere."""
    if stored is None:
        if not trust:
            expected = f"a SavedModel of tf_ganaug, with the digests of its files in {METADATA}"
            remedy = "a SavedModel is a program; if you know who made it, run it with --trust (docs/sampling.md)"
            raise InputError(folder, expected, "none", remedy)
        return
    found = digests_of(folder)
    others = sorted(name for name in {*stored, *found} if stored.get(name) != found.get(name))
    if others:
        remedy = "it was damaged or changed: remove its run, and the same command makes it again; or copy it again"
        raise InputError(folder, f"the files whose digests {METADATA} has", f"others: {', '.join(others)}", remedy)
