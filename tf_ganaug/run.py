"""A run is a folder: what was asked, what happened, and either a result or a place to continue."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tf_ganaug.errors import InputError
from tf_ganaug.files import LOCK, claim_options, digest, flush, make_folder, read_json, write_text

try:
    import resource
except ImportError:  # Windows
    resource = None

#: Beside result.json, what a run's folder holds for people and for its own continuation.
_ASIDE = ("log.txt", "metrics.jsonl", "options.json", LOCK)


class RunFolder:
    """One training's folder.

    `options.json`, `log.txt`, `metrics.jsonl`, TensorBoard events, `checkpoints/`, and `result.json`,
    which is written last: a run that has it is finished and never run again.

    Args:
        path: the folder; made if absent.
        options: what defines the run; a folder with other options is refused.

    Raises:
        InputError: if the folder cannot be written or belongs to other options.
    """

    def __init__(self, path: Path, options: Mapping[str, Any]):
        self.path = make_folder(path)
        claim_options(path, options)
        self._events = None

    @property
    def finished(self) -> bool:
        return (self.path / "result.json").exists()

    def result(self) -> dict:
        """What `finish` was given.

        Raises:
            InputError: if the file is damaged.
        """
        return read_result(self.path)

    def finish(self, result: Mapping[str, Any]) -> None:
        """Writes the result, with the digests of the files that the run is asked for; from now on it is finished."""
        if self._events:
            self._events.close()
        flush(self.path)
        files = {path.relative_to(self.path).as_posix(): digest(path) for path in self._products()}
        write_text(self.path / "result.json", json.dumps({**result, "files": files}, indent=1))

    def _products(self) -> Iterator[Path]:
        for path in sorted(self.path.rglob("*")):
            first = path.relative_to(self.path).parts[0]
            aside = first in (*_ASIDE, "checkpoints") or first.startswith("events.") or path.suffix == ".png"
            if path.is_file() and not aside:
                yield path

    def rewind(self, step: int) -> None:
        """Forgets metrics after `step`, which an interrupted training wrote and now repeats.

        Raises:
            InputError: if earlier ones are damaged.
        """
        path = self.path / "metrics.jsonl"
        kept = [json.dumps(record) for record in _records(path, True) if record["step"] <= step]
        write_text(path, "\n".join(kept)) if kept else path.unlink(missing_ok=True)

    def flush_records(self) -> None:
        """Waits until all metrics are on the disk."""
        path = self.path / "metrics.jsonl"
        if path.exists():
            flush(path)

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """Adds a line to metrics.jsonl and a point to each TensorBoard curve."""
        with (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")
        with self._writer().as_default(step):
            for name, value in values.items():
                tf.summary.scalar(name, value)

    def picture(self, step: int, name: str, pixels: np.ndarray) -> None:
        """Shows a (H, W, 3) uint8 picture in TensorBoard."""
        with self._writer().as_default(step):
            tf.summary.image(name, pixels[None])

    def progress(self, total: int, start: int) -> tqdm:
        """A bar of so many iterations on a terminal; elsewhere a line that says where to look."""
        if not sys.stderr.isatty():
            print(f"{self.path}: {total} iterations, see its log.txt", file=sys.stderr)
        return tqdm(total=total, initial=start, desc=self.path.name, unit="it", disable=None)

    def say(self, line: str) -> None:
        """Adds a line to log.txt."""
        with (self.path / "log.txt").open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")

    def _writer(self) -> tf.summary.SummaryWriter:
        self._events = self._events or tf.summary.create_file_writer(str(self.path))
        return self._events


def read_result(folder: Path) -> dict:
    """What `RunFolder.finish` was given.

    Raises:
        InputError: if the file is damaged.
    """
    result = _stored_result(folder)
    result.pop("files", None)
    return result


def _stored_result(folder: Path) -> dict:
    path = folder / "result.json"
    remedy = "remove it; the same command makes it again from the last checkpoint"
    result = read_json(path, remedy)
    if not isinstance(result, dict):
        raise InputError(path, "a training's result", f"{result!r}"[:100], remedy)
    return result


def whole(path: Path) -> Path:
    """The path of what a run made, a file or a folder in its run folder, if that is as the run wrote it.

    Raises:
        InputError: if a file is missing or another. In a run that is not finished, or was made by an older version,
            nothing is known of its files.
    """
    run = path.parent
    stored = _stored_result(run).get("files", {}) if (run / "result.json").exists() else {}
    for name, expected in stored.items():
        file = run / name
        if path not in (file, *file.parents):
            continue
        found = digest(file) if file.is_file() else "none"
        if found != expected:
            remedy = f"it is damaged: remove {run}; the same command makes it again"
            raise InputError(file, f"SHA-256 {expected[:12]} as in result.json", found[:12], remedy)
    return path


def read_metrics(path: Path) -> list[dict]:
    """The records of a run's metrics.jsonl; none if it has not begun.

    Raises:
        InputError: if it is damaged.
    """
    return list(_records(path / "metrics.jsonl", False))


def _records(path: Path, cut: bool) -> Iterator[dict]:
    """The records of a file; with `cut` up to the first line that is none, if no good one follows: a process died."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    read = [_record(line) for line in lines]
    end = max((number for number, record in enumerate(read, 1) if record), default=0) if cut else len(read)
    for number, record in enumerate(read[:end], 1):
        if record is None:
            remedy = f"it is damaged: remove {path.parent}; the same command makes it again"
            raise InputError(path, "a record in every line", f"{lines[number - 1]!r:.60} in line {number}", remedy)
        yield record


def _record(line: str) -> dict | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and isinstance(record.get("step"), int) else None


def peak_memory() -> float:
    """The process's largest resident memory so far, in GB; NaN on Windows."""
    if resource is None:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**30 if sys.platform == "darwin" else 2**20)
