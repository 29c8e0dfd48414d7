"""Karki et al. 2020: Tables 1 to 3 and Figures 5 to 7."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tf_ganaug.data import ct, ct_ich, dicom, folder
from tf_ganaug.data.cases import Dataset
from tf_ganaug.data.embedded import head_ct
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.report import Section
from tf_ganaug.experiment.sources import Request, open_dataset, refuse_target
from tf_ganaug.experiment.study import Training
from tf_ganaug.files import make_folder
from tf_ganaug.models.sizes import require_multiple, require_power_of_two
from tf_ganaug.papers.karki2020 import figures, tables
from tf_ganaug.papers.karki2020.printed import Arm, cells
from tf_ganaug.papers.karki2020.settings import Settings
from tf_ganaug.papers.karki2020.study import LesionStudy
from tf_ganaug.papers.karki2020.tasks import LesionTask


def check(settings: Settings) -> None:
    """What can be wrong with the settings, before anything is read or trained.

    Raises:
        InputError: for a size that a network cannot have, or an unknown choice.
    """
    require_power_of_two(*settings.data.size, smallest=32)
    if settings.segmenter.aligned:
        require_multiple(*settings.data.size, factor=32)
    if not settings.shares or not all(0 < share <= 1 for share in settings.shares):
        raise InputError("shares", "shares above 0, at most 1", str(settings.shares), "1 is all training patients")
    if len(settings.data.window) != 2:
        raise InputError("data.window", "[level, width]", str(settings.data.window), "name two numbers")
    for name, allowed in (("reader", ("subset", "all")), ("masks", ("training", "validation"))):
        found = getattr(settings.judge, name)
        if found not in allowed:
            raise InputError(f"judge.{name}", " or ".join(allowed), found, "choose one of these")
    if settings.segmenter.vgg16 is None:
        expected, remedy = "VGG-16's weights (4.1)", "name Keras' file, or \"random\" to do without the paper's start"
        raise InputError("segmenter.vgg16", expected, "none", remedy)
    epochs = settings.painter.epochs
    if not epochs or sorted(set(epochs)) != list(epochs) or epochs[0] < 1:
        raise InputError("painter.epochs", "numbers of epochs that increase", str(epochs), "sort them")


def open_data(request: Request, settings: Settings) -> Dataset:
    """CT slices that show a lesion, through the window; the subject is the patient.

    8-bit images are taken as they are: they have been through a window before. All drawn slices show a lesion.
    """
    refuse_target(request)
    d = settings.data
    dataset = open_dataset(
        request,
        lambda: head_ct.read(d.subjects, d.slices, d.native_size, settings.seed),
        {
            "folder": lambda root: folder.read(root, dataset_yaml=request.dataset_yaml),
            "dicom": lambda root: dicom.read(root, dataset_yaml=request.dataset_yaml),
            "ct_ich": lambda root: ct_ich.read(root),
        },
    )
    if dataset.cases[0].read_image().dtype != np.uint8:
        dataset = ct.windowed(dataset, *d.window)
    return dataset if dataset.synthetic else ct.with_lesion(dataset)


def study(place: Path, dataset: Dataset, settings: Settings) -> LesionStudy:
    """The experiment's folder."""
    return LesionStudy(place, dataset, settings)


def networks(study: LesionStudy, share: float, arm: Arm) -> list[LesionTask]:
    """The arm's segmenters, one per repeat."""
    return [LesionTask(share, arm.generated, arm.traditional, repeat) for repeat in range(study.settings.repeats)]


def wanted(study: LesionStudy, parts: Sequence[str]) -> dict[tuple[float, Arm], list[LesionTask]]:
    """(Share, arm) to its segmenters, those the parts need."""
    if {"table1", "table2", "table3", "figure7"} & set(parts):
        return {(share, arm): networks(study, share, arm) for share, arm in cells(study.settings.shares)}
    return {}


def painted(study: LesionStudy, parts: Sequence[str]) -> list[float]:
    """The shares whose pix2pix the parts need."""
    needed = {"table1", "table2", "table3", "quality", "figure6", "figure7"} & set(parts)
    return list(study.settings.shares) if needed else []


def trainings(study: LesionStudy, parts: Sequence[str]) -> list[Training]:
    """What the parts need and is not finished, each training once."""
    shares = painted(study, parts)
    tasks = [study.reader_task(share) for share in shares]
    tasks += [task for group in wanted(study, parts).values() for task in group]
    return study.trainings(shares, list(dict.fromkeys(tasks)))


def _require_patients(study: LesionStudy) -> None:
    for share in (*study.settings.shares, 1.0):
        study.training_cases(share)


def stages(study: LesionStudy, parts: Sequence[str]) -> list[list[str]]:
    """Runs that can be made independently of each other, by name; finished ones are among them.

    GANs and the segmenters that judge them, then the GANs' images, then the segmenters.

    Raises:
        InputError: if a share leaves no patient.
    """
    _require_patients(study)
    study.read_images()
    shares, tasks = painted(study, parts), [task for group in wanted(study, parts).values() for task in group]
    readers = dict.fromkeys(study.reader_task(share).name for share in shares)
    return [
        [*(f"pix2pix-{share:g}" for share in shares), *readers],
        [f"images-{share:g}" for share in shares],
        [task.name for task in tasks],
    ]


def conduct(study: LesionStudy, parts: Sequence[str]) -> list[Section]:
    """Trains what the parts need and is not there yet, and makes their report sections."""
    place, cells = make_folder(study.folder / "figures"), wanted(study, parts)
    _require_patients(study)
    for task in (task for group in cells.values() for task in group):
        study.segmenter(task)
    frames = {cell: pd.concat([study.measures(t) for t in group], ignore_index=True) for cell, group in cells.items()}
    sections = [tables.patients_section(study)]
    if "table1" in parts:
        sections.append(tables.table1(study, frames))
    if "table2" in parts:
        sections.append(tables.table2(study, frames))
    if "table3" in parts:
        sections.append(tables.table3(study, frames))
    if "figure7" in parts:
        sections.append(figures.improvements(study, tables.improvements(study, frames), place))
    if "quality" in parts:
        sections.append(tables.candidates(study))
    if "figure5" in parts:
        sections.append(figures.augmented(study, place))
    if "figure6" in parts:
        sections.append(figures.painted(study, place))
    tasks = [task for group in cells.values() for task in group]
    return [*sections, figures.training(study, painted(study, parts), tasks, place)]
