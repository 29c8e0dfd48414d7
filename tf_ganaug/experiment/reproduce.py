"""From a command line to a paper's report."""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from omegaconf import OmegaConf

from tf_ganaug import __version__, backend
from tf_ganaug.data.cases import Dataset
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.config import load_settings
from tf_ganaug.experiment.estimate import estimate
from tf_ganaug.experiment.report import Section, Table, write
from tf_ganaug.experiment.sources import Request
from tf_ganaug.experiment.study import Study
from tf_ganaug.papers import (
    bowles2018,
    bowles2018_wmh,
    foroozandeh2020,
    karki2020,
    liu2019,
    neff2018,
    neff2018_cityscapes,
)

#: Paper to its experiments, the default first. An experiment is a module with `Settings`, `PARTS`,
#: `DEFAULT_PARTS`, `FEW`, `check`, `open_data`, `study`, `trainings` and `conduct`.
PAPERS = {
    "neff2018": {"lung": neff2018, "cityscapes": neff2018_cityscapes},
    "foroozandeh2020": {"brats": foroozandeh2020},
    "karki2020": {"haemorrhage": karki2020},
    "liu2019": {"cityscapes": liu2019},
    "bowles2018": {"csf": bowles2018, "wmh": bowles2018_wmh},
}


def experiment_of(paper: str, name: str | None) -> ModuleType:
    """The module of a paper's experiment; of its first, without a name.

    Raises:
        InputError: for a paper or an experiment that does not exist.
    """
    if paper not in PAPERS:
        raise InputError(paper, f"a paper of {', '.join(PAPERS)}", paper, "see --list")
    experiments = PAPERS[paper]
    name = name or next(iter(experiments))
    if name not in experiments:
        raise InputError("--experiment", f"one of {', '.join(experiments)}", name, "choose one of these")
    return experiments[name]


def prepare(
    experiment: ModuleType, configs: Path, profile: str, changes: Sequence[str], request: Request, out: Path | None
) -> tuple[Study, dict[str, Any]]:
    """Settings, precision, data and folder of one experiment; nothing is written yet.

    Returns:
        The study, and what was asked for, as `Study.at_work` takes it.

    Raises:
        InputError: for anything the user can mend.
    """
    name = name_of(experiment)
    settings = load_settings(experiment.Settings, configs, name, profile, changes)
    _check(settings)
    experiment.check(settings)
    place = [request.data.resolve().name] if request.data else []
    folder = out or Path("runs") / "-".join([name, profile, *place])
    asked = {
        "experiment": name,
        "profile": profile,
        "data": str(request.data.resolve()) if request.data else "embedded",
        "reader": request.reader,
        "target": request.target,
        "dataset_yaml": str(request.dataset_yaml.resolve()) if request.dataset_yaml else None,
    }
    return open_study(experiment, settings, request, folder), asked


def open_study(experiment: ModuleType, settings: Any, request: Request, folder: Path) -> Study:
    """Precision and determinism of this process, data and folder; nothing is written yet.

    Raises:
        InputError: for data that cannot be used.
    """
    backend.set_precision(settings.precision)
    if settings.deterministic:
        keras.utils.set_random_seed(settings.seed)
        tf.config.experimental.enable_op_determinism()
    dataset = experiment.open_data(request, settings)
    if dataset.given_splits:
        settings = replace(settings, folds=1, folds_used=1)  # the data set's own parts are one fold
    return experiment.study(folder, dataset, settings)


def name_of(experiment: ModuleType) -> str:
    """The name its configurations and its default folder bear: neff2018, neff2018-cityscapes."""
    return experiment.__name__.rpartition(".")[2].replace("_", "-")


def _check(settings: Any) -> None:
    allowed = ("float32", "mixed_bfloat16", "mixed_float16")
    if settings.precision not in allowed:
        raise InputError("precision", f"one of {', '.join(allowed)}", settings.precision, "choose one of these")
    if len(settings.data.size) != 2:
        raise InputError("data.size", "[height, width]", str(settings.data.size), "name two numbers")
    if not 1 <= settings.folds_used <= settings.folds:
        found = f"{settings.folds_used} of {settings.folds}"
        raise InputError("folds_used", "at least 1 and at most folds", found, "change one of the two")


def parts_of(experiment: ModuleType, profile: str, only: str | None) -> list[str]:
    """The tables and figures to make.

    Raises:
        InputError: for a name the experiment does not have.
    """
    if only is None:
        return list(experiment.DEFAULT_PARTS[profile])
    wanted = [part.strip() for part in only.split(",") if part.strip()]
    unknown = [part for part in wanted if part not in experiment.PARTS]
    if unknown or not wanted:
        raise InputError("--only", f"some of {', '.join(experiment.PARTS)}", only, "separate them by commas")
    return wanted


def reproduce(
    study: Study,
    experiment: ModuleType,
    parts: Sequence[str],
    asked: dict[str, Any],
    make_stages: Callable[[Iterable[Sequence[str]]], None] | None = None,
) -> Path:
    """Trains what is not there yet and writes the report; returns the path of report.html.

    Args:
        study: see `prepare`.
        experiment: likewise.
        parts: tables and figures to make.
        asked: see `prepare`.
        make_stages: makes the runs of the experiment's `stages` beforehand; see `executor.side_by_side`.
    """
    with study.at_work(asked):
        if make_stages:
            make_stages(experiment.stages(study, parts))
        sections = experiment.conduct(study, parts)
        lead = _lead(study.dataset, asked["profile"], study)
        title = f"tf_ganaug: {name_of(experiment)}"
        return write(study.folder, title, lead, [*sections, *appendix(study)])


def dry_run(study: Study, experiment: ModuleType, parts: Sequence[str]) -> str:
    """The resolved settings, the trainings and their time, as text; trains and writes nothing."""
    frame = estimate(experiment.trainings(study, parts))
    total = frame.minutes.sum()
    return "\n".join(
        [
            OmegaConf.to_yaml(OmegaConf.create(asdict(study.settings))),
            data_line(study.dataset),
            frame.to_string(index=False, float_format=lambda value: f"{value:.3g}") if len(frame) else "",
            f"{len(frame)} trainings to do, about {total / 60:.1f} h ({total:.0f} min) on this machine, "
            "a segmenter counted with its least iterations",
        ]
    )


def data_line(dataset: Dataset) -> str:
    """What the data are, in a sentence; of drawn ones that they are."""
    kind = "SYNTHETIC data, drawn by code: no result here speaks of real images. " if dataset.synthetic else ""
    subjects = len({case.subject for case in dataset.cases})
    classes = ", ".join(dataset.spec.names[i] for i in dataset.spec.measured)
    return f"{kind}Data: {dataset.name}, {len(dataset.cases)} images of {subjects} subjects, measured: {classes}."


def _lead(dataset: Dataset, profile: str, study: Study) -> list[str]:
    s = study.settings
    size = f"{study.height} x {study.width}"
    meaning = {
        "paper": "the paper's own numbers",
        "quick": "small images and narrow networks: the paper's questions, not its scale",
        "smoke": "seconds of training to test the program: no number means anything",
    }[profile]
    return [
        data_line(dataset),
        f"Profile: {profile} ({meaning}); networks see {size} pixels; {s.folds_used} of {s.folds} folds, "
        f"{s.repeats} repeat(s), seed {s.seed}.",
    ]


def appendix(study: Study) -> list[Section]:
    """Every setting, and what it ran on."""
    flat = pd.json_normalize(asdict(study.settings)).T.reset_index()
    flat.columns = ["Setting", "Value"]
    devices = ", ".join(device.device_type for device in tf.config.list_physical_devices())
    versions = {
        "tf_ganaug": __version__,
        "Python": platform.python_version(),
        "TensorFlow": tf.__version__,
        "Keras": keras.__version__,
        "numpy": np.__version__,
        "Machine": f"{platform.machine()}, devices {devices}",
        "Command": shlex.join(["python", *sys.argv]),
    }
    table = pd.DataFrame(versions.items(), columns=["Part", "Version"])
    return [
        Section("Settings", [Table(flat.astype(str), "Every setting of this experiment.")]),
        Section("Versions", [Table(table, "What it ran on.")]),
    ]
