"""The diagnosis of a question's generators, each made once: in the generator's run folder, and for the report."""

from __future__ import annotations

from pathlib import Path

from tf_ganaug.errors import InputError
from tf_ganaug.experiment import diagnosed
from tf_ganaug.quality.diagnosis import Diagnosis, Judge, Sets, diagnose
from tf_ganaug.quality.features import deepest, unlearned
from tf_ganaug.quality.own_network import read_network
from tf_ganaug.question.change import GENERATED
from tf_ganaug.question.study import QuestionStudy
from tf_ganaug.question.tasks import QuestionTask
from tf_ganaug.random import named_seed


def diagnosis_of(study: QuestionStudy, fraction: float, kind: str = "", number: int = 0) -> Diagnosis | str:
    """What a generator is, by the segmenter of real images; or why that cannot be told, in a line."""
    place = study.generator(fraction, kind, number).path
    try:
        known = diagnosed.read_with_pictures(place)
        if known is not None and known.network == judge_name(study, fraction):
            return known
        return _diagnose(study, fraction, kind, number, place)
    except InputError as error:
        return f"No diagnosis of {place.name}: {error}."


def judge_name(study: QuestionStudy, fraction: float) -> str:
    """What pairs are compared by: the user's network, else the first segmenter of real images, once it is trained."""
    own, task = study.settings.pool.features, _reader(study, fraction)
    if own is not None:
        return Path(own).name
    return f"the segmenter {study.name(task)}" if study.finished(study.name(task)) else "a network that learned nothing"


def _reader(study: QuestionStudy, fraction: float) -> QuestionTask:
    """The first segmenter of real images alone."""
    arms = [arm for arm in study.settings.arms if arm not in GENERATED]
    return QuestionTask(fraction, arms[0] if arms else "real", 0)


def _judge(study: QuestionStudy, fraction: float) -> Judge:
    own, task, shape = study.settings.pool.features, _reader(study, fraction), study.sized.images.shape[1:]
    reader = study.model(task) if study.finished(study.name(task)) else None
    name = judge_name(study, fraction)
    if own is not None:
        return Judge(name, read_network(Path(own), shape), reader)
    return Judge(name, unlearned(shape[-1]) if reader is None else deepest(reader), reader)


def _diagnose(study: QuestionStudy, fraction: float, kind: str, number: int, place: Path) -> Diagnosis:
    data = study.subset(fraction, kind, number)
    validation, test = (study.sized.rows(study.cases(0, part)) for part in ("validation", "test"))
    sets = Sets(
        generated=study.pool(fraction, kind, number).part(),
        training=data.real(data.rows),
        reference=data.real(validation),
        held=data.real(test),
        training_subjects=[study.sized.cases[row].subject for row in data.rows],
        held_subjects=[study.sized.cases[row].subject for row in test],
        spec=study.spec,
    )
    seed = named_seed(study.settings.seed, f"diagnosis-{data.name}")
    found, seen = diagnose(sets, _judge(study, fraction), seed, study.settings.pool.swd_images)
    diagnosed.write(place, found, seen)
    return found
