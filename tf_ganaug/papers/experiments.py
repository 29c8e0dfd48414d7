"""What can be asked of the papers. Nothing here imports TensorFlow, so that a list of it costs no time."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from tf_ganaug import papers
from tf_ganaug.errors import InputError


@dataclass(frozen=True)
class Experiment:
    """An experiment of a paper.

    Its module, `papers/PAPER/NAME.py`, has `Settings`, `check`, `open_data`, `study`, `trainings`, `stages` and
    `conduct`.

    Attributes:
        paper: name of its folder in `papers/`.
        name: of its module there.
        title: one line for --list.
        config: begins the names of its configurations and of its default folder of results.
        parts: tables and figures, what --only takes.
        default_parts: those that each profile makes unless told otherwise.
        few: settings of a small embedded cohort, for what needs any data of the experiment's kind.
    """

    paper: str
    name: str
    title: str
    config: str
    parts: tuple[str, ...]
    default_parts: Mapping[str, Sequence[str]]
    few: tuple[str, ...]

    @property
    def module(self) -> ModuleType:
        """What it does; imports TensorFlow."""
        return import_module(f"{papers.__name__}.{self.paper}.{self.name}")

    def chosen(self, profile: str, only: str | None) -> list[str]:
        """The parts to make.

        Args:
            profile: whose parts these are unless told otherwise.
            only: some of `parts`, separated by commas.

        Raises:
            InputError: for a name the experiment does not have.
        """
        if only is None:
            return list(self.default_parts[profile])
        wanted = [part.strip() for part in only.split(",") if part.strip()]
        if not wanted or not set(wanted) <= set(self.parts):
            raise InputError("--only", f"some of {', '.join(self.parts)}", only, "separate them by commas")
        return wanted


def all_papers() -> dict[str, tuple[Experiment, ...]]:
    """The experiments of every folder in `papers/`."""
    names = [found.name for found in pkgutil.iter_modules(papers.__path__) if found.ispkg]
    return {name: import_module(f"{papers.__name__}.{name}").EXPERIMENTS for name in names}


def experiment_of(paper: str, name: str | None = None) -> Experiment:
    """A paper's experiment; its first, without a name.

    Raises:
        InputError: for a paper or an experiment that does not exist.
    """
    found = all_papers()
    if paper not in found:
        raise InputError(paper, f"a paper of {', '.join(found)}", paper, "see --list")
    experiments = {experiment.name: experiment for experiment in found[paper]}
    name = name or next(iter(experiments))
    if name not in experiments:
        raise InputError("--experiment", f"one of {', '.join(experiments)}", name, "choose one of these")
    return experiments[name]
