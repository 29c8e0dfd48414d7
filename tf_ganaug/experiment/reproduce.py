"""From a command line to a paper's report."""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
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
from tf_ganaug.experiment.sources import open_dataset
from tf_ganaug.experiment.study import Study
from tf_ganaug.models.sizes import require_multiple, require_power_of_two
from tf_ganaug.papers import neff2018

PAPERS = {"neff2018": neff2018}


def prepare(
    paper: str,
    configs: Path,
    profile: str,
    changes: Sequence[str],
    data: Path | None,
    reader: str | None,
    target: int | None,
    dataset_yaml: Path | None,
    out: Path | None,
) -> tuple[Study, dict[str, Any]]:
    """Settings, precision, data and folder of one experiment; nothing is written yet.

    Returns:
        The study, and what was asked for, as `Study.at_work` takes it.

    Raises:
        InputError: for anything the user can mend.
    """
    settings = load_settings(PAPERS[paper].Settings, configs, paper, profile, changes)
    _check(settings)
    backend.set_precision(settings.precision)
    if settings.deterministic:
        keras.utils.set_random_seed(settings.seed)
        tf.config.experimental.enable_op_determinism()
    dataset = open_dataset(data, reader, target, dataset_yaml, settings.data, settings.seed)
    if dataset.given_splits:
        settings = replace(settings, folds=1, folds_used=1)  # the data set's own parts are one fold
    folder = out or Path("runs") / "-".join([paper, profile, *([data.resolve().name] if data else [])])
    asked = {
        "paper": paper,
        "profile": profile,
        "data": str(data.resolve()) if data else "embedded",
        "reader": reader,
        "target": target,
        "dataset_yaml": str(dataset_yaml.resolve()) if dataset_yaml else None,
    }
    return Study(folder, dataset, settings), asked


def _check(settings: Any) -> None:
    allowed = ("float32", "mixed_bfloat16", "mixed_float16")
    if settings.precision not in allowed:
        raise InputError("precision", f"one of {', '.join(allowed)}", settings.precision, "choose one of these")
    if len(settings.data.size) != 2:
        raise InputError("data.size", "[height, width]", str(settings.data.size), "name two numbers")
    # The networks check this too, but the U-Net is built only when the GAN is done.
    require_power_of_two(*settings.data.size, smallest=8)
    require_multiple(*settings.data.size, factor=1 << (settings.segmenter.levels - 1))
    if not 1 <= settings.folds_used <= settings.folds:
        found = f"{settings.folds_used} of {settings.folds}"
        raise InputError("folds_used", "at least 1 and at most folds", found, "change one of the two")


def parts_of(paper: str, profile: str, only: str | None) -> list[str]:
    """The tables and figures to make.

    Raises:
        InputError: for a name the paper does not have.
    """
    module = PAPERS[paper]
    if only is None:
        return list(module.DEFAULT_PARTS[profile])
    wanted = [part.strip() for part in only.split(",") if part.strip()]
    unknown = [part for part in wanted if part not in module.PARTS]
    if unknown or not wanted:
        raise InputError("--only", f"some of {', '.join(module.PARTS)}", only, "separate them by commas")
    return wanted


def reproduce(study: Study, paper: str, parts: Sequence[str], asked: dict[str, Any]) -> Path:
    """Trains what is not there yet and writes the report; returns the path of report.html."""
    with study.at_work(asked):
        sections = PAPERS[paper].conduct(study, parts)
        lead = _lead(study.dataset, asked["profile"], study)
        title = f"tf_ganaug: {paper}"
        return write(study.folder, title, lead, [*sections, *_appendix(study)])


def dry_run(study: Study, paper: str, parts: Sequence[str]) -> str:
    """The resolved settings, the trainings and their time, as text; trains and writes nothing."""
    folds, tasks = PAPERS[paper].trainings(study.settings, parts)
    frame = estimate(study, folds, tasks)
    total = frame.minutes.sum()
    return "\n".join(
        [
            OmegaConf.to_yaml(OmegaConf.create(asdict(study.settings))),
            _data_line(study.dataset),
            frame.to_string(index=False, float_format=lambda value: f"{value:.3g}") if len(frame) else "",
            f"{len(frame)} trainings to do, about {total / 60:.1f} h ({total:.0f} min) on this machine, "
            "a segmenter counted with its least iterations",
        ]
    )


def _data_line(dataset: Dataset) -> str:
    kind = "SYNTHETIC data, drawn by code: no result here says anything about patients. " if dataset.synthetic else ""
    subjects = len({case.subject for case in dataset.cases})
    target = ", ".join(dataset.spec.names[1:])
    return f"{kind}Data: {dataset.name}, {len(dataset.cases)} images of {subjects} subjects, target: {target}."


def _lead(dataset: Dataset, profile: str, study: Study) -> list[str]:
    s = study.settings
    size = f"{study.height} x {study.width}"
    meaning = {
        "paper": "the paper's own numbers",
        "quick": "small images and narrow networks: the paper's questions, not its scale",
        "smoke": "seconds of training to test the program: no number means anything",
    }[profile]
    return [
        _data_line(dataset),
        f"Profile: {profile} ({meaning}); networks see {size} pixels; {s.folds_used} of {s.folds} folds, "
        f"{s.repeats} repeat(s), seed {s.seed}.",
    ]


def _appendix(study: Study) -> list[Section]:
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
