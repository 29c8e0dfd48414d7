"""From a folder of data to the answer: does GAN augmentation help here?"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from tf_ganaug.data import brats, dicom, folder, scr, wmh
from tf_ganaug.data.cases import Dataset
from tf_ganaug.data.description import read_description
from tf_ganaug.data.label_maps import read_label_maps
from tf_ganaug.data.layouts import find_layout
from tf_ganaug.data.leaks import require_no_leak, require_real_test
from tf_ganaug.data.subjects import subjects_note
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.process import prepare_process
from tf_ganaug.experiment.sources import Request
from tf_ganaug.files import PATTERNS, read_json
from tf_ganaug.question.settings import CONDITIONAL, Settings
from tf_ganaug.question.study import QuestionStudy

#: What options.json has as paths.
_PATHS = ("data", "dataset_yaml", "labels", "synthetic")


def default_folder(data: Path) -> Path:
    """Where the results about a folder of data go unless told otherwise."""
    return Path("runs") / f"question-{re.sub(PATTERNS, '_', data.resolve().name)}"


@dataclass(frozen=True)
class Source:
    """The data of a question.

    Attributes:
        request: of the data with labels.
        labels: folder of label maps for a label-conditional GAN; None for its training images' own.
        synthetic: folder of generated pairs in place of an own GAN.
        subjects_are_files: whether the user says that each file is a subject of its own, whatever names suggest.
    """

    request: Request
    labels: Path | None = None
    synthetic: Path | None = None
    subjects_are_files: bool = False


def open_question(source: Source, settings: Settings, out: Path) -> tuple[QuestionStudy, dict[str, Any]]:
    """Precision and determinism of this process, data and folder; nothing is written yet.

    Args:
        source: of the data.
        settings: checked.
        out: folder of results.

    Returns:
        The study, and what was asked for, as `Study.at_work` takes it.

    Raises:
        InputError: for data that cannot be used.
    """
    _check_labels(settings, source.labels)
    prepare_process(settings)
    dataset = open_data(source.request)
    maps = None if source.labels is None else read_label_maps(source.labels, dataset.spec, *settings.data.size)
    generated = None if source.synthetic is None else generated_pairs(source.synthetic, dataset)
    study = QuestionStudy(out, dataset, settings, maps, generated, _remarks(source))
    _check_parts(study)
    return study, {"experiment": "question", **_stored(source)}


def _stored(source: Source) -> dict[str, Any]:
    request = source.request
    paths = {"data": request.data, "dataset_yaml": request.dataset_yaml}
    paths.update({"labels": source.labels, "synthetic": source.synthetic})
    absolute = {name: str(path.resolve()) if path else None for name, path in paths.items()}
    named = {"reader": request.reader, "target": request.target, "subjects_are_files": source.subjects_are_files}
    return {**absolute, **named}


def _remarks(source: Source) -> list[str]:
    """What `check-data` finds about subjects, where the user has not said otherwise."""
    request = source.request
    if source.subjects_are_files or (request.reader or "folder") != "folder":
        return []
    described = read_description(request.dataset_yaml or request.data / "dataset.yaml", bool(request.dataset_yaml))
    layout = find_layout(request.data, described.with_subjects(request.data))
    note = subjects_note(request.data, described, {pair.stem: pair.subject for pair in layout.pairs})
    return [f"WARNING: {note}. --subjects-are-files says that they do not."] if note else []


def reopen(folder: Path) -> tuple[QuestionStudy, dict[str, Any]]:
    """The question of a folder that `Study.at_work` has made.

    Raises:
        InputError: if it is none, or its data cannot be used any more.
    """
    remedy = "name the folder given to --out"
    try:
        asked = read_json(folder / "options.json", remedy)
        stored = asked.pop("settings")
        settings = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Settings), stored))
        paths = {name: Path(asked[name]) if asked[name] else None for name in _PATHS}
        request = Request(paths["data"], asked["reader"], asked["target"], paths["dataset_yaml"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OmegaConfBaseException) as error:
        expected, found = "a folder of tf-ganaug run, train-gan or train-segmenter", f"{error}"[:100]
        raise InputError(folder, expected, found, remedy) from error
    source = Source(request, paths["labels"], paths["synthetic"], asked["subjects_are_files"])
    return open_question(source, settings, folder)


def open_data(request: Request) -> Dataset:
    """The data by the reader asked for; one class against the rest where a target is named.

    Raises:
        InputError: for data that cannot be used.
    """
    readers = {
        "folder": partial(folder.read, dataset_yaml=request.dataset_yaml),
        "dicom": partial(dicom.read, dataset_yaml=request.dataset_yaml, classes=None),
        "scr": scr.read,
        "wmh": wmh.read,
        "brats": brats.read,
    }
    name = request.reader or "folder"
    if name not in readers:
        raise InputError("--reader", f"one of {', '.join(readers)}", name, "choose one of these")
    if request.dataset_yaml is not None and name not in ("folder", "dicom"):
        raise InputError("--dataset-yaml", "the reader folder or dicom", f"the reader {name}", "drop one of the two")
    dataset = readers[name](request.data)
    return dataset if request.target is None else replace(dataset, spec=dataset.spec.target(request.target))


def _check_labels(settings: Settings, labels: Path | None) -> None:
    drawing = [kind for kind in settings.kinds if kind not in CONDITIONAL]
    if labels is not None and drawing:
        expected = f"none with {drawing[0]}, which draws its own label maps"
        raise InputError("--labels", expected, str(labels), f"drop it, or choose {' or '.join(CONDITIONAL)}")
    painting = [kind for kind in settings.kinds if kind in CONDITIONAL]
    if labels is None and settings.screen == "zscore" and painting:
        expected = f"none or quality with {painting[0]}: its label maps are real ones, which z-scores cannot tell apart"
        raise InputError("--screen", expected, "zscore", "choose one of these, or name other label maps by --labels")


def generated_pairs(folder_of_pairs: Path, dataset: Dataset) -> Dataset:
    """Generated pairs on disk, with the classes and channels of the data.

    Raises:
        InputError: for pairs that cannot be read, or of other classes or channels.
    """
    found = folder.read(folder_of_pairs)
    kinds = {"classes": (dataset.spec.names, found.spec.names), "channels": (dataset.channels, found.channels)}
    for kind, (expected, others) in kinds.items():
        if expected != others:
            remedy = "name pairs of a GAN of these data"
            raise InputError(folder_of_pairs, f"{kind} {expected} as in {dataset.name}", str(others), remedy)
    return found


def _check_parts(study: QuestionStudy) -> None:
    """Refuses empty parts, and pairs of a generator that has seen subjects which validate or test."""
    split = study.splits[0]
    for part in ("train", "validation", "test"):
        if not study.cases(0, part):
            remedy = "name subjects of the data under 'splits' in dataset.yaml"
            raise InputError(study.dataset.name, f"cases in the {part} part", "none", remedy)
    require_real_test(study.dataset, split)
    if study.generated is not None and study.generated.generated is not None:
        require_no_leak(study.generated.generated, study.dataset.name, split)
