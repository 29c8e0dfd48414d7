"""Makes what a question needs and writes its report, the answer first."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import OmegaConf

from tf_ganaug.errors import InputError, printable
from tf_ganaug.experiment.appendix import appendix, data_line
from tf_ganaug.experiment.needs import plan
from tf_ganaug.experiment.report import write
from tf_ganaug.files import make_folder
from tf_ganaug.frames import write_frame
from tf_ganaug.question.earlier import earlier_answers, record
from tf_ganaug.question.outcome import of_subjects
from tf_ganaug.question.sections import sections
from tf_ganaug.question.study import QuestionStudy
from tf_ganaug.question.verdicts import answer_of, how_it_was_found


def dry_run(study: QuestionStudy) -> Iterator[str]:
    """Settings, data, the trainings to come, their time and what they need, line by line; trains and writes nothing."""
    yield OmegaConf.to_yaml(OmegaConf.create(asdict(study.settings)))
    yield data_line(study.dataset)
    yield from parts_lines(study)
    yield from plan(study, study.trainings())


def parts_lines(study: QuestionStudy) -> list[str]:
    """How many images and subjects train, validate and test."""
    cases = {part: study.cases(0, part) for part in ("train", "validation", "test")}
    subjects = {part: len({case.subject for case in found}) for part, found in cases.items()}
    parts = ", ".join(f"{part} {len(found)} images of {subjects[part]} subjects" for part, found in cases.items())
    return [f"Parts: {parts}.", *study.notes, *_warnings(study, subjects["test"])]


def _warnings(study: QuestionStudy, tested: int) -> Iterator[str]:
    """What cannot be trusted."""
    if tested < 3:
        yield f"WARNING: with {tested} test subject(s) the answer has no interval; name 'splits' in dataset.yaml."
    if study.settings.profile == "smoke":
        yield "WARNING: the profile smoke tests the program; no number here means anything."


def conduct(study: QuestionStudy, asked: dict[str, Any]) -> Path:
    """Trains what is not there yet and writes the report; returns the path of report.html. Warns on stderr.

    Args:
        study: of the question.
        asked: see `opening.open_question`.
    """
    with study.at_work(asked):
        for line in parts_lines(study):
            print(printable(line), file=sys.stderr)
        for task in study.tasks:
            study.segmenter(task)
        return report(study)


def report(study: QuestionStudy) -> Path:
    """Writes the report of a question whose runs are finished; returns the path of report.html."""
    cases = test_cases(study)
    subjects = of_subjects(cases)
    write_frame(study.folder / "cases.csv", cases)
    write_frame(study.folder / "subjects.csv", subjects)
    place = make_folder(study.folder / "figures")
    lines = parts_lines(study)
    warnings = [line for line in lines if line.startswith("WARNING")]
    tested = sorted(study.digests("test").values())
    found = answer_of(study, subjects, place, warnings)
    found = replace(found, remarks=[*found.remarks, *earlier_answers(study.folder, tested)])
    record(study.folder, found.sentence, study.settings, tested)
    lead = [*how_it_was_found(study, subjects), data_line(study.dataset), *(x for x in lines if x not in warnings)]
    parts = [*sections(study, cases, subjects, place), *appendix(study)]
    return write(study.folder, f"Does GAN augmentation help? {study.dataset.name}", lead, parts, found)


def test_cases(study: QuestionStudy) -> pd.DataFrame:
    """Of all finished segmenters on the test images, as `QuestionStudy.measures`.

    Raises:
        InputError: if no test image has a class.
    """
    frame = pd.concat([study.measures(task) for task in study.tasks], ignore_index=True)
    frame = frame[frame.part == "test"].drop(columns="part")
    if (frame.pixels_true == 0).all():
        raise InputError(study.dataset.name, "test images with a class", "none", "name other 'splits' in dataset.yaml")
    return frame
