"""Runs of an experiment that other processes make, stage by stage."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Optional

from tqdm import tqdm

from tf_ganaug.errors import InputError, from_outside
from tf_ganaug.experiment.study import Study
from tf_ganaug.files import locked, make_folder

#: So many times a run whose worker died is handed to another.
RETRIES = 2

#: A run's name with what went wrong, or None.
Outcome = tuple[str, Optional[Exception]]

#: From the names of runs to each one's outcome, in the order in which they end.
Make = Callable[[Sequence[str]], Iterator[Outcome]]


@dataclass(frozen=True)
class Plan:
    """What another process needs to make runs of a study: it can be pickled.

    Attributes:
        opening: opens the study in that process, given its folder; can be pickled.
        folder: of the experiment, absolute.
    """

    opening: Callable[[Path], Study]
    folder: Path

    @cached_property
    def study(self) -> Study:
        """Opened in this process when first asked for."""
        return self.opening(self.folder)

    def make(self, name: str) -> Exception | None:
        """Makes a run, or continues it; a finished one is left alone.

        Returns:
            None, or why there is no result, in a form that another process can raise: an InputError, which those of
            disk and memory become, or any other error as a RuntimeError with its traceback as text.
        """
        try:
            # A worker that a cluster takes for dead may live: its run is not made twice at a time.
            with locked(make_folder(self.folder / name)):
                self.study.make(name)
        except Exception as error:
            return from_outside(error) or RuntimeError(f"{name}\n{traceback.format_exc()}")
        return None


def make_stages(
    study: Study, workers: Callable[[], AbstractContextManager[Make]], stages: Iterable[Sequence[str]]
) -> None:
    """Makes every run of every stage, a stage when the one before is finished.

    Args:
        study: to which the runs belong; nothing is written but a line in the log of a run that fails.
        workers: begins and ends what makes the runs.
        stages: names of runs; finished ones are passed over.

    Raises:
        InputError, RuntimeError: a stage's first error, after its other runs.
    """
    with workers() as make, tqdm(total=0, desc="runs", unit="run", disable=None) as bar:
        for names in stages:
            wanted = [name for name in dict.fromkeys(names) if not study.finished(name)]
            bar.total += len(wanted)
            bar.refresh()
            failures = {}
            for name, error in make(wanted):
                bar.update()
                if error is not None:
                    failures[name] = error
                    write_log(study.folder, name, f"failed: {error}")
            for name in wanted:
                if name in failures:
                    raise failures[name]


def log_path(folder: Path, name: str) -> Path:
    """The log of a run."""
    return folder / name / "log.txt"


def write_log(folder: Path, name: str, line: str) -> None:
    """Adds a line to the log of a run that no other process makes at the moment."""
    with log_path(make_folder(folder / name).parent, name).open("a", encoding="utf-8") as file:
        file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")


def died(folder: Path, name: str, how: str) -> InputError:
    """The error of a run whose workers died every time."""
    remedy = "see its end; fewer runs at a time need less memory; the same command continues from the last checkpoint"
    return InputError(log_path(folder, name), "a run that ends", f"{RETRIES + 1} workers that died, {how}", remedy)
