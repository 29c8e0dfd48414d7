"""From a command line to a paper's report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from tf_ganaug.data.cases import Dataset
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.appendix import appendix, data_line
from tf_ganaug.experiment.learning import improving_rows
from tf_ganaug.experiment.needs import plan
from tf_ganaug.experiment.process import prepare_process
from tf_ganaug.experiment.report import write
from tf_ganaug.experiment.settings import configs_folder, load_settings, require_counts
from tf_ganaug.experiment.sources import Request
from tf_ganaug.experiment.study import Study
from tf_ganaug.papers import diagnosing
from tf_ganaug.papers.experiments import Experiment


def prepare(
    experiment: Experiment, profile: str, changes: Sequence[str], request: Request, out: Path | None
) -> tuple[Callable[[Path], Study], Path, dict[str, Any]]:
    """Settings and folder of one experiment; no data are opened and nothing is written yet.

    Returns:
        What opens the study in a folder, in this process or another; the folder; and what was asked for, as
        `Study.at_work` takes it.

    Raises:
        InputError: for settings that cannot be.
    """
    settings = load_settings(experiment.module.Settings, configs_folder(), experiment.config, profile, changes)
    _check(settings)
    experiment.module.check(settings)
    place = [request.data.resolve().name] if request.data else []
    folder = out or Path("runs") / "-".join([experiment.config, profile, *place])
    asked = {
        "experiment": experiment.config,
        "profile": profile,
        "data": str(request.data.resolve()) if request.data else "embedded",
        "reader": request.reader,
        "target": request.target,
        "dataset_yaml": str(request.dataset_yaml.resolve()) if request.dataset_yaml else None,
    }
    return partial(open_study, experiment, settings, request), folder, asked


def open_study(experiment: Experiment, settings: Any, request: Request, folder: Path) -> Study:
    """Precision and determinism of this process, data and folder; nothing is written yet.

    Raises:
        InputError: for data that cannot be used.
    """
    prepare_process(settings)
    dataset = experiment.module.open_data(request, settings)
    if dataset.given_splits:
        settings = replace(settings, folds=1, folds_used=1)  # the data set's own parts are one fold
    return experiment.module.study(folder, dataset, settings)


def _check(settings: Any) -> None:
    require_counts(settings)
    allowed = ("float32", "mixed_bfloat16", "mixed_float16")
    if settings.precision not in allowed:
        raise InputError("precision", f"one of {', '.join(allowed)}", settings.precision, "choose one of these")
    if len(settings.data.size) != 2:
        raise InputError("data.size", "[height, width]", str(settings.data.size), "name two numbers")
    if not 1 <= settings.folds_used <= settings.folds:
        found = f"{settings.folds_used} of {settings.folds}"
        raise InputError("folds_used", "at least 1 and at most folds", found, "change one of the two")


def reproduce(
    study: Study,
    experiment: Experiment,
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
        make_stages: makes the runs of the experiment's `stages` beforehand; see `experiment/side_by_side.py`.
    """
    with study.at_work(asked):
        if make_stages:
            make_stages(experiment.module.stages(study, parts))
        sections = list(experiment.module.conduct(study, parts))
        sections += diagnosing.sections(study)
        title, first = f"tf_ganaug: {experiment.config}", lead(study.dataset, asked["profile"], study)
        late = [] if study.anneals else improving_rows(study.folder)
        return write(study.folder, title, [*first, *late], [*sections, *appendix(study)])


def dry_run(study: Study, experiment: Experiment, parts: Sequence[str]) -> Iterator[str]:
    """The resolved settings, the trainings, their time and what they need, line by line; trains and writes nothing."""
    yield OmegaConf.to_yaml(OmegaConf.create(asdict(study.settings)))
    yield data_line(study.dataset)
    yield from plan(study, experiment.module.trainings(study, parts))


def lead(dataset: Dataset, profile: str, study: Study) -> list[str]:
    """The report's first lines: data, profile, and what no paper has."""
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
        *_deviations(s),
    ]


def _deviations(settings: Any) -> Iterator[str]:
    """What no paper has and is asked for, in a sentence."""
    groups = {name: group["augment"] for name, group in asdict(settings).items() if _augments(group)}
    if groups:
        told = ", ".join(f"{name}.augment {kind}" for name, kind in groups.items())
        yield f"Not as in the paper: what critics see is augmented ({told}; docs/few-images.md)."


def _augments(group: Any) -> bool:
    return isinstance(group, dict) and group.get("augment", "none") != "none"
