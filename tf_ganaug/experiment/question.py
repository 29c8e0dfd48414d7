"""From a folder of data to the answer: does GAN augmentation help here?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from tf_ganaug import backend
from tf_ganaug.data import brats, dicom, folder, scr, wmh
from tf_ganaug.data.cases import Dataset
from tf_ganaug.data.label_maps import read_label_maps
from tf_ganaug.data.leaks import require_no_leak, require_real_test
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.config import PROFILES, configs_folder, load_settings
from tf_ganaug.experiment.question_networks import factor
from tf_ganaug.experiment.question_settings import CONDITIONAL, GANS, MIXES, SCREENS, SEGMENTERS, Settings
from tf_ganaug.experiment.question_study import QuestionStudy
from tf_ganaug.experiment.sources import Request
from tf_ganaug.files import PATTERNS

#: Fewest images in PSPNet's minibatches: its batch norm of a 1 x 1 map needs them.
PSPNET_BATCH = 4

#: Whole numbers that may be 0; all others are counts, sides and distances of at least 1.
_MAY_BE_ZERO = ("seed", "decay_epochs", "pool_size")

#: What options.json has as paths.
_PATHS = ("data", "dataset_yaml", "labels", "synthetic")


def default_folder(data: Path) -> Path:
    """Where the results about a folder of data go unless told otherwise."""
    return Path("runs") / f"question-{re.sub(PATTERNS, '_', data.resolve().name)}"


def settings_of(profile: str, changes: Sequence[str]) -> Settings:
    """A profile's settings with changes, "key=value" each.

    Raises:
        InputError: for unknown settings, or such as make no sense together.
    """
    if profile not in PROFILES:
        raise InputError("profile", f"one of {', '.join(PROFILES)}", profile, "choose one of these")
    settings = load_settings(Settings, configs_folder(), "question", profile, changes)
    check(settings)
    return settings


def check(s: Settings) -> None:
    """Refuses what does not exist or makes no sense together; docs/run.md lists it.

    Raises:
        InputError: with the reason.
    """
    chosen = {"gan": GANS, "screen": SCREENS, "mix": MIXES, "segmenter": SEGMENTERS}
    for name, offered in chosen.items():
        value = getattr(s, name)
        if value not in offered:
            raise InputError(f"--{name}", f"one of {', '.join(offered)}", value, "choose one of these")
    if not s.fractions or not all(0 < fraction <= 1 for fraction in s.fractions):
        raise InputError("--fractions", "numbers above 0, at most 1", str(s.fractions), "for example 0.1,0.5,1")
    for name, number in _whole_numbers(asdict(s)):
        least = 0 if name.rpartition(".")[2] in _MAY_BE_ZERO else 1
        if number < least:
            raise InputError(f"--set {name}", f"at least {least}", str(number), "name another number")
    if (s.folds, s.folds_used) != (1, 1):
        remedy = "run again with another --seed, which tests other subjects"
        raise InputError("--set folds", "1: subjects are parted once", str(s.folds), remedy)
    if len(s.data.parts) != 3 or min(s.data.parts) <= 0 or abs(sum(s.data.parts) - 1) > 1e-6:
        raise InputError(
            "data.parts", "three shares above 0 of sum 1", str(s.data.parts), "for example [0.6,0.15,0.25]"
        )
    if s.pool.amount <= 0:
        raise InputError("pool.amount", "above 0", str(s.pool.amount), "the arm without generated pairs is always made")
    if s.screen != "none" and s.pool.oversample < 1:
        raise InputError("pool.oversample", "at least 1", str(s.pool.oversample), "mend it")
    if s.segmenter == "pspnet" and s.training.batch < PSPNET_BATCH:
        expected, found = f"at least {PSPNET_BATCH} for pspnet", str(s.training.batch)
        raise InputError("training.batch", expected, found, "its 1 x 1 batch norm erases a smaller minibatch")
    if s.mix == "replace" and s.training.batch < 2:
        raise InputError("training.batch", "at least 2 with --mix replace", "1", "both kinds share a minibatch")
    _check_frame(s)


def _whole_numbers(settings: Mapping[str, Any], group: str = "") -> Iterator[tuple[str, int]]:
    """Every whole number among the settings, also in lists, with its dotted name."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _whole_numbers(value, f"{group}{name}.")
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, int) and not isinstance(number, bool):
                yield f"{group}{name}", number


def _check_frame(s: Settings) -> None:
    """Refuses frames that the GAN or the segmenter cannot have."""
    if len(s.data.size) != 2:
        raise InputError("--size", "height and width", str(s.data.size), "for example 64 or 64x128")
    height, width = s.data.size
    found, remedy = f"{height} x {width}", "choose such a frame: images are padded into it"
    doubling = s.gan in ("wgan_gp", "pggan_joint", "pggan_spade")
    if s.gan == "pggan_spade" and height != width:
        raise InputError("--size", "equal sides for pggan_spade", found, remedy)
    if doubling and any(side < 16 or side & (side - 1) for side in (height, width)):
        raise InputError("--size", f"powers of two of at least 16 for {s.gan}", found, remedy)
    needed = max(factor(s), 16)
    if any(side % needed for side in (height, width)):
        raise InputError("--size", f"multiples of {needed} for {s.segmenter}", found, remedy)


@dataclass(frozen=True)
class Source:
    """The data of a question.

    Attributes:
        request: of the data with labels.
        labels: folder of label maps for a label-conditional GAN; None for its training images' own.
        synthetic: folder of generated pairs in place of an own GAN.
    """

    request: Request
    labels: Path | None = None
    synthetic: Path | None = None


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
    backend.set_precision(settings.precision)
    if settings.deterministic:
        keras.utils.set_random_seed(settings.seed)
        tf.config.experimental.enable_op_determinism()
    dataset = open_data(source.request)
    maps = None if source.labels is None else read_label_maps(source.labels, dataset.spec, *settings.data.size)
    generated = None if source.synthetic is None else generated_pairs(source.synthetic, dataset)
    study = QuestionStudy(out, dataset, settings, maps, generated)
    _check_parts(study)
    return study, {"experiment": "question", **_stored(source)}


def _stored(source: Source) -> dict[str, Any]:
    request = source.request
    paths = {"data": request.data, "dataset_yaml": request.dataset_yaml}
    paths.update({"labels": source.labels, "synthetic": source.synthetic})
    absolute = {name: str(path.resolve()) if path else None for name, path in paths.items()}
    return {**absolute, "reader": request.reader, "target": request.target}


def reopen(folder: Path) -> tuple[QuestionStudy, dict[str, Any]]:
    """The question of a folder that `Study.at_work` has made.

    Raises:
        InputError: if it is none, or its data cannot be used any more.
    """
    path = folder / "options.json"
    try:
        asked = json.loads(path.read_text(encoding="utf-8"))
        stored = asked.pop("settings")
        settings = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Settings), stored))
        paths = {name: Path(asked[name]) if asked[name] else None for name in _PATHS}
        request = Request(paths["data"], asked["reader"], asked["target"], paths["dataset_yaml"])
    except (OSError, ValueError, KeyError, TypeError, OmegaConfBaseException) as error:
        expected, found = "a folder of tf-ganaug run, train-gan or train-segmenter", f"{error}"[:100]
        raise InputError(folder, expected, found, "name the folder given to --out") from error
    return open_question(Source(request, paths["labels"], paths["synthetic"]), settings, folder)


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
    if labels is not None and settings.gan not in CONDITIONAL:
        expected = f"none with {settings.gan}, which draws its own label maps"
        raise InputError("--labels", expected, str(labels), f"drop it, or choose {' or '.join(CONDITIONAL)}")
    if labels is None and settings.screen == "zscore" and settings.gan in CONDITIONAL:
        expected = (
            f"none or quality with {settings.gan}: its label maps are real ones, which z-scores cannot tell apart"
        )
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
