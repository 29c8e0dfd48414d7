"""From a folder to an answer in a notebook: what `tf-ganaug run` does, with frames to go on with.

from tf_ganaug.api import ask

found = ask("DIR", gan="pggan_joint", segmenter="unet", repeats=5)
print(found.sentence)
found.subjects.groupby("arm").dice.mean()
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from tf_ganaug.experiment.sources import Request
from tf_ganaug.question.change import Change, effects, of_kind
from tf_ganaug.question.checks import require_comparison, settings_of
from tf_ganaug.question.opening import Source, default_folder, open_question
from tf_ganaug.question.outcome import of_subjects
from tf_ganaug.question.report import conduct, test_cases
from tf_ganaug.question.study import QuestionStudy
from tf_ganaug.question.verdicts import sentence_of


@dataclass(frozen=True)
class Found:
    """What a question came to.

    Attributes:
        sentence: the answer in words, for the largest fraction of the training subjects.
        changes: each fraction's changes in Dice, in points, with their intervals (`question.change.EFFECTS`), by the
            first kind of GAN where there are several.
        measures: one row per test image, class, fraction, arm (`question.change.ARMS`), kind of GAN and repeat:
            overlaps in [0, 1], distances in millimetres or, where the spacing is unknown, pixels.
        subjects: the same of each test subject, from its images' pixels together (`question.outcome.of_subjects`).
        report: path of report.html.
        study: of the question, for predictions and generated pairs.
    """

    sentence: str
    changes: Mapping[float, list[Change]]
    measures: pd.DataFrame
    subjects: pd.DataFrame
    report: Path
    study: QuestionStudy


def ask(
    data: str | Path,
    *,
    out: str | Path | None = None,
    profile: str = "quick",
    reader: str | None = None,
    dataset_yaml: str | Path | None = None,
    target: int | None = None,
    labels: str | Path | None = None,
    subjects_are_files: bool = False,
    changes: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Found:
    """Asks whether a GAN's pairs help a segmenter; a second call with the same arguments reads the finished folder.

    Args:
        data: folder of images and labels.
        out: folder of results; default: runs/question-NAME.
        profile: "quick", "paper" or "smoke".
        reader: see `question.open_data`.
        dataset_yaml: describes the folder, if no dataset.yaml lies in it.
        target: stored id of one class against all others.
        labels: folder of label maps for a label-conditional GAN.
        subjects_are_files: whether each file is a subject of its own, though names or a table suggest otherwise.
        changes: further settings by their dotted names, such as {"training.iterations": 2000}.
        settings: gan, gans, arms, screen, mix, segmenter, fractions, repeats, seed and precision, as `tf-ganaug run`.

    Raises:
        InputError: for data or settings that cannot be used.
    """
    root = Path(data)
    named = {**settings, **(changes or {})}
    found = settings_of(profile, [f"{name}={value}" for name, value in named.items()])
    require_comparison(found)
    request = Request(root, reader, target, Path(dataset_yaml) if dataset_yaml else None)
    source = Source(request, Path(labels) if labels else None, subjects_are_files=subjects_are_files)
    place = Path(out) if out else default_folder(root)
    study, asked = open_question(source, found, place)
    report = conduct(study, asked)
    measures = test_cases(study)
    subjects = of_subjects(measures)
    of_first = of_kind(subjects, found.kinds[0])
    changed = {float(fraction): effects(part) for fraction, part in of_first.groupby("fraction")}
    return Found(sentence_of(study, subjects), changed, measures, subjects, report, study)
