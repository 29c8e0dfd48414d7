"""Places to continue a training from: the two newest states, and of these the newest that is whole."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import tensorflow as tf

from tf_ganaug.errors import InputError
from tf_ganaug.files import flush
from tf_ganaug.run import RunFolder

#: So many are kept: a disk may damage the newest.
KEPT = 2


class Checkpoints:
    """The states of one training in `checkpoints/` of its run folder.

    Args:
        run: the training's.
        parts: trackable, by names; all that changes while training.

    Attributes:
        newest: "RUN at iteration N" of the newest state that this process saved; for the last words of a command.
    """

    newest = ""

    def __init__(self, run: RunFolder, **parts: Any):
        self._run, self._folder = run, run.path / "checkpoints"
        self._parts = tf.train.Checkpoint(**parts)

    def restore(self) -> None:
        """Gives the parts their newest state that is whole; leaves them as they are if there is none.

        A damaged one is named in the log and removed.

        Raises:
            InputError: if the state is that of other parts.
        """
        for step in reversed(self._steps()):
            path = self._folder / f"ckpt-{step}"
            fault = _fault(path)
            if fault is None:
                self._read(path)
                return
            self._run.say(f"{path.name} is damaged and left out: {fault}")
            self._remove(step)

    def _read(self, path: Path) -> None:
        try:
            self._parts.read(str(path)).assert_existing_objects_matched()
        except (AssertionError, ValueError) as error:
            expected, remedy = "a state of these networks", f"remove {self._run.path}; the same command makes it again"
            raise InputError(path, expected, str(error)[:100], remedy) from error

    def save(self, step: int) -> None:
        """Writes the state after iteration `step` and removes all but the newest."""
        self._parts.write(str(self._folder / f"ckpt-{step}"))
        flush(self._folder)
        self._run.flush_records()
        for old in self._steps()[:-KEPT]:
            self._remove(old)
        Checkpoints.newest = f"{self._run.path} at iteration {step}"

    def _steps(self) -> list[int]:
        names = (re.fullmatch(r"ckpt-(\d+)\.index", path.name) for path in self._folder.glob("ckpt-*.index"))
        return sorted(int(found[1]) for found in names if found)

    def _remove(self, step: int) -> None:
        for path in self._folder.glob(f"ckpt-{step}.*"):
            path.unlink()


def _fault(path: Path) -> str | None:
    """What is wrong with a checkpoint, every value of which is read and compared with its checksum; None if nothing."""
    try:
        reader = tf.train.load_checkpoint(str(path))
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)
    except (tf.errors.OpError, ValueError, IndexError, RuntimeError) as error:
        return f"{error}".split("\n")[0][:200]
    return None
