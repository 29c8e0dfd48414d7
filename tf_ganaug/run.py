"""A run is a folder: what was asked, what happened, and either a result or a place to continue."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tf_ganaug.files import claim_options, make_folder, write_text


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
        """What `finish` wrote."""
        return json.loads((self.path / "result.json").read_text(encoding="utf-8"))

    def finish(self, result: Mapping[str, Any]) -> None:
        """Writes the result; from now on the run is finished."""
        if self._events:
            self._events.close()
        write_text(self.path / "result.json", json.dumps(result, indent=1))

    def checkpoints(self, **parts: Any) -> tf.train.CheckpointManager:
        """Keeps the two newest checkpoints of these trackable parts."""
        return tf.train.CheckpointManager(tf.train.Checkpoint(**parts), self.path / "checkpoints", 2)

    def rewind(self, step: int) -> None:
        """Forgets metrics after `step`, which an interrupted training wrote and now repeats."""
        path = self.path / "metrics.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines(True) if path.exists() else []
        kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
        write_text(path, "".join(kept)) if kept else path.unlink(missing_ok=True)

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


def read_metrics(path: Path) -> list[dict]:
    """The records of a run's metrics.jsonl; none if it has not begun."""
    file = path / "metrics.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def peak_memory() -> float:
    """The process's largest resident memory so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
