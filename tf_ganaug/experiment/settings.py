"""Settings: one YAML file holds a paper's numbers, a profile's file only what differs, --set the rest."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, List, Optional  # noqa: UP035  (OmegaConf reads these at run time, on Python 3.9 too)

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from tf_ganaug.errors import InputError

PROFILES = ("quick", "paper", "smoke")

#: Whole numbers that may be 0; all others are counts, sides and distances of at least 1.
MAY_BE_ZERO = (
    *("seed", "decay_epochs", "pool_size", "min_iterations", "more_iterations", "frozen_epochs", "enhancer_epochs"),
    *("pretraining_epochs", "reconstructions", "resident_bytes"),
)


@dataclass
class CommonSettings:
    """What every experiment has.

    `precision` as in `backend.set_precision`, `jit_compile` is XLA, `sampling`, `steps_per_call` and `resident_bytes`
    as in `data.pipeline.set_sampling`, and the last three as in `replicas.Division`.
    """

    seed: int
    repeats: int
    folds: int
    folds_used: int
    precision: str
    deterministic: bool
    jit_compile: bool
    sampling: str
    steps_per_call: int
    resident_bytes: int
    devices: int
    accumulate: int
    shared_statistics: bool


@dataclass
class FrameSettings:
    """How images reach the networks: in a frame of `size`, [height, width].

    `percentiles` of each image's own values become -1 and 1.
    """

    size: List[int]  # noqa: UP006
    percentiles: List[float]  # noqa: UP006


@dataclass
class DataSettings(FrameSettings):
    """The same with the embedded cohort: its `subjects`, and `native_size`, pixels a side of its images."""

    subjects: int
    native_size: int


@dataclass
class SliceDataSettings(DataSettings):
    """The same for volumes cut into slices; the embedded cohort has `slices` per subject."""

    slices: int


@dataclass
class AugmentationSettings:
    """Standard augmentation, as in `augment.standard`."""

    shift: float
    scale: float
    translation: float
    elastic: float
    flip: bool


@dataclass
class AdamSettings:
    """Adam's numbers."""

    learning_rate: float
    beta_1: float
    beta_2: float


@dataclass
class RecordSettings:
    """How often a training writes its log and a checkpoint, in iterations."""

    log_every: int
    checkpoint_every: int


@dataclass
class ValidatedSettings(RecordSettings):
    """Of a segmenter: how often it is validated, in iterations, and the pairs in its minibatches."""

    batch: int
    validate_every: int


@dataclass
class PatienceSettings(ValidatedSettings):
    """The stopping rule, as in `segment.train.Patience`; `max_iterations` null knows no end."""

    min_iterations: int
    more_iterations: int
    max_iterations: Optional[int]

    @property
    def least_iterations(self) -> int:
        """What a training takes at least."""
        return self.min_iterations if self.max_iterations is None else min(self.min_iterations, self.max_iterations)


def configs_folder() -> Path:
    """Of the configurations: beside the package in a clone, inside it where it is installed."""
    inside = Path(__file__).resolve().parents[1] / "configs"
    return inside if inside.is_dir() else inside.parents[1] / "configs"


def load_settings(schema: type, folder: Path, paper: str, profile: str, changes: Sequence[str]) -> Any:
    """The settings of one experiment as an instance of `schema`.

    Args:
        schema: dataclass of dataclasses; every value must come from a file or a change.
        folder: holds <paper>.yaml (the paper profile) and <paper>.<profile>.yaml.
        paper: for example "neff2018".
        profile: one of `PROFILES`.
        changes: "key.key=value" each.

    Raises:
        InputError: for an unknown setting, a value of the wrong type, or a file that is no YAML.
    """
    files = [folder / f"{paper}.yaml"]
    if profile != "paper":
        files.append(folder / f"{paper}.{profile}.yaml")
    settings = OmegaConf.structured(schema)
    for file in files:
        try:
            settings.merge_with(OmegaConf.load(file))
        except (OSError, YAMLError, OmegaConfBaseException) as error:
            raise InputError(file, "settings of this version", _line(error), "mend the file") from error
    for change in changes:
        _change(settings, change)
    try:
        missing = sorted(OmegaConf.missing_keys(settings))
        found = None if missing else OmegaConf.to_object(settings)
    except OmegaConfBaseException as error:  # of values that name others, ${...}
        raise InputError("--set", "values of their types", _line(error), "name the value itself") from error
    if missing:
        raise InputError(files[0], "a value for every setting", f"none for {', '.join(missing)}", "add it")
    return found


def require_counts(settings: Any) -> None:
    """Refuses whole numbers below 1, or 0 where 0 means something, and others that are not finite.

    Raises:
        InputError: naming the setting.
    """
    for name, number in _numbers(asdict(settings)):
        least = 0 if name.rpartition(".")[2] in MAY_BE_ZERO else 1
        if isinstance(number, int) and number < least:
            raise InputError(f"--set {name}", f"at least {least}", str(number), "name another number")
        if not math.isfinite(number):
            raise InputError(f"--set {name}", "a finite number", str(number), "name another number")


def _numbers(settings: Mapping[str, Any], group: str = "") -> Iterator[tuple[str, float]]:
    """Every number among the settings, also in lists, with its dotted name."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{group}{name}.")
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, (int, float)) and not isinstance(number, bool):
                yield f"{group}{name}", number


def _change(settings: Any, change: str) -> None:
    key, separator, _ = change.partition("=")
    if not separator:
        raise InputError(f"--set {change}", "KEY=VALUE", "no '='", "for example --set gan.iterations=500")
    try:
        settings.merge_with(OmegaConf.from_dotlist([change]))
    except (YAMLError, OmegaConfBaseException) as error:
        remedy = f"known settings: {', '.join(_siblings(settings, key))}"
        raise InputError(f"--set {change}", "a known setting and a value of its type", _line(error), remedy) from error


def _siblings(settings: Any, key: str) -> list[str]:
    """The settings beside `key`, or the topmost ones if there is no such group."""
    group = key.rpartition(".")[0]
    node = OmegaConf.select(settings, group) if group and group in settings else None
    return [f"{group}.{name}" for name in node] if node is not None else [str(name) for name in settings]


def _line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
