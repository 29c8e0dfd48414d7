"""The tables and figures of a question's report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from tf_ganaug.experiment.figures import curves
from tf_ganaug.experiment.report import Figure, Section, Table
from tf_ganaug.question import figures as question_figures
from tf_ganaug.question import learning, pictures, tables
from tf_ganaug.question.answer import class_note, percent
from tf_ganaug.question.change import GENERATED, Change, effects, of_kind
from tf_ganaug.question.outcome import OF_IMAGES, OF_SUBJECTS
from tf_ganaug.question.study import QuestionStudy
from tf_ganaug.run import read_metrics


def sections(study: QuestionStudy, cases: pd.DataFrame, subjects: pd.DataFrame, place: Path) -> Iterator[Section]:
    """All but the answer and the appendix.

    Args:
        study: finished.
        cases: test images, as of `report.test_cases`.
        subjects: test subjects, of `outcome.of_subjects`.
        place: of the figures.
    """
    for kind in study.settings.kinds:
        name = f" with {kind}" if len(study.settings.kinds) > 1 else ""
        yield from _results(study, of_kind(subjects, kind), place, name)
    if any(arm in GENERATED for arm in study.settings.arms):
        for kind in study.settings.kinds:
            for fraction in study.settings.fractions:
                yield pictures.pairs(study, fraction, kind, place)
    yield pictures.predictions(study, cases, place)
    yield _trainings(study, place)


def _results(study: QuestionStudy, frame: pd.DataFrame, place: Path, name: str) -> Iterator[Section]:
    """The changes of one kind by effect, fraction, measure, class and subject."""
    largest = frame.fraction.max()
    whole, end = frame[frame.fraction == largest], name.replace(" ", "_")
    first, *others = effects(whole)
    parts: list = []
    of_fractions = tables.by_fraction(frame, first.arms)
    if len(of_fractions) > 1:
        path = place / f"fractions{end}.png"
        question_figures.fractions(tables.by_arm(frame, first.arms), of_fractions, path, first.arms)
        caption = "Dice by share of the training subjects, with 95 % intervals. Grey: changes below 1 point."
        text = f"The effect of {tables.NAMES[first.arms]} by share of the training subjects."
        parts += [Figure(path, caption), Table(tables.shown(of_fractions), text, 1)]
    sources = tables.sources(first.mean)
    if len(sources):
        parts.append(Table(tables.shown(sources), "Where the chance in the answer is from.", 1))
    if name:  # the effects of a single kind stand in the answer
        text = f"Dice{name} by itself, in points (hundredths): the answer's intervals hold for all kinds at once."
        parts.append(Table(tables.shown(tables.by_effect([first, *others])), text, 1))
    found = [measure for measure in (*OF_SUBJECTS, *OF_IMAGES) if _measured(whole, first, measure)]
    text = f"The effect of {tables.NAMES[first.arms]} on every measure. Those of images are means over a subject's."
    parts.append(Table(tables.shown(tables.by_measure(whole, first.arms, found), study.unit), text, 1))
    yield Section(f"The answer in numbers{name}", parts)
    yield _classes(whole, first, place / f"classes{end}.png", name)
    yield _subjects(whole, first, place / f"subjects{end}.png", name)


def _measured(frame: pd.DataFrame, change: Change, measure: str) -> bool:
    """Whether every repeat of both arms has a value of the measure."""
    if measure not in frame:
        return False
    rows = frame[frame.arm.isin(change.arms)]
    return bool(np.isfinite(rows[measure]).groupby([rows.arm, rows["repeat"]]).any().all())


def _classes(frame: pd.DataFrame, change: Change, path: Path, name: str) -> Section:
    table = tables.by_class(frame, change.arms)
    text = (
        "Dice of each class, in points. Of the subjects without a class, those count as found before and after where "
        "some of it was found without and with what is asked about, the mean over repeats: each has a Dice of 0."
    )
    parts: list = [Table(tables.shown(table), text, 1)]
    if len(table) > 1:
        question_figures.classes(table, path, pd.Series(change.record))
        figure = Figure(path, "Change of each class and of their mean, with 95 % intervals.")
        parts = [class_note(table), figure, *parts]
    return Section(f"By class{name}", parts)


def _subjects(frame: pd.DataFrame, change: Change, path: Path, name: str) -> Section:
    arms = list(frame.arm.unique())
    table = tables.by_subject(frame, arms, change.arms)
    question_figures.subjects(table.dropna(subset=["change"]), path, change.arms)
    text = f"Dice of each test subject, in points, the worst change by {tables.NAMES[change.arms]} first."
    figure = Figure(path, "Dice of each test subject in both arms, mean over repeats.")
    return Section(f"By subject{name}", [figure, Table(tables.shown(table), text, 1)])


def _trainings(study: QuestionStudy, place: Path) -> Section:
    """Learning curves and the cost in time."""
    s, parts = study.settings, []
    for fraction in s.fractions:
        path = place / f"segmenters_{fraction:g}.png"
        learning.draw(learning.validations(study, fraction), path)
        text = f"with {percent(fraction)} of the training subjects, mean over repeats"
        parts.append(Figure(path, f"Dice of the validation subjects while the segmenters of all arms learned, {text}."))
        for kind, number in study.generators if any(arm in GENERATED for arm in s.arms) else ():
            for name in study.generator(fraction, kind, number).run_names:
                frame = pd.DataFrame(read_metrics(study.folder / name))
                columns = [column for column in frame if column not in ("step", "images_per_second")]
                curves({name: frame}, columns, place / f"{name}.png")
                parts.append(Figure(place / f"{name}.png", f"The GAN's training {name}."))
    return Section("Trainings", [*parts, Table(study.costs(), "What each training took.")])
