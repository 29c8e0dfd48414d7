"""Makes what a question needs and writes its report, the answer first."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from omegaconf import OmegaConf

from tf_ganaug.data.grids import pair_grid, to_display
from tf_ganaug.data.listing import listed
from tf_ganaug.data.pairs import Pairs
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.appendix import appendix, data_line
from tf_ganaug.experiment.estimate import estimate
from tf_ganaug.experiment.figures import ComparisonRow, class_legend, comparison, curves, panels
from tf_ganaug.experiment.report import Answer, Figure, Section, Table, write
from tf_ganaug.files import make_folder
from tf_ganaug.frames import write_frame
from tf_ganaug.quality.copies import COPY
from tf_ganaug.question import answer
from tf_ganaug.question import figures as question_figures
from tf_ganaug.question.study import QuestionStudy, QuestionTask
from tf_ganaug.run import read_metrics

#: Pairs in a picture of samples, generated images beside their neighbours, and cases whose predictions are shown.
SHOWN, COMPARED, PREDICTED = 16, 8, 3

#: Measures that say nothing where the truth lacks the class.
_OF_CLASS = ["dice", "iou", "precision", "recall", "hausdorff95"]

#: Measures of the report's tables, by their column, if cases.csv has them.
MEASURES = (*_OF_CLASS, "false_alarms")


def dry_run(study: QuestionStudy) -> str:
    """Settings, data, the trainings to come and their time, as text; trains and writes nothing."""
    frame = estimate(study.trainings())
    return "\n".join(
        [
            OmegaConf.to_yaml(OmegaConf.create(asdict(study.settings))),
            data_line(study.dataset),
            *parts_lines(study),
            frame.to_string(index=False, float_format=lambda value: f"{value:.3g}") if len(frame) else "",
            f"{len(frame)} trainings to do, about {frame.minutes.sum():.0f} min on this machine",
        ]
    )


def parts_lines(study: QuestionStudy) -> list[str]:
    """How many images and subjects train, validate and test, and what in that cannot be trusted."""
    cases = {part: study.cases(0, part) for part in ("train", "validation", "test")}
    subjects = {part: len({case.subject for case in found}) for part, found in cases.items()}
    parts = ", ".join(f"{part} {len(found)} images of {subjects[part]} subjects" for part, found in cases.items())
    lines = [f"Parts: {parts}."]
    if subjects["test"] < 2:
        lines.append("WARNING: with one test subject the answer has no interval; name 'splits' in dataset.yaml.")
    if study.settings.profile == "smoke":
        lines.append("WARNING: the profile smoke tests the program; no number here means anything.")
    return lines


def _copied_line(study: QuestionStudy) -> list[str]:
    copied = study.copied_cases
    return [f"WARNING: these held images are training images too: {listed(copied)}."] if copied else []


def conduct(study: QuestionStudy, asked: dict[str, Any]) -> Path:
    """Trains what is not there yet and writes the report; returns the path of report.html. Warns on stderr.

    Args:
        study: of the question.
        asked: see `question.open_question`.
    """
    with study.at_work(asked):
        for line in (*parts_lines(study), *_copied_line(study)):
            print(line, file=sys.stderr)
        for task in study.tasks:
            study.segmenter(task)
        return report(study)


def report(study: QuestionStudy) -> Path:
    """Writes the report of a question whose runs are finished; returns the path of report.html."""
    frame = test_measures(study)
    write_frame(study.folder / "cases.csv", frame)
    place = make_folder(study.folder / "figures")
    s = study.settings
    changes = answer.changes(frame)
    first, *others = (answer.sentence(change, fraction) for fraction, change in changes.items())
    found = Answer(first, [*others, *answer.scope(next(iter(changes.values())).mean)])
    lead = [
        f"GAN {s.gan}, screen {s.screen}, mix {s.mix}, segmenter {s.segmenter}; networks see {study.height} x "
        f"{study.width} pixels; {s.repeats} repeat(s), seed {s.seed}.",
        data_line(study.dataset),
        *parts_lines(study),
        *_copied_line(study),
    ]
    sections = [*_results(study, frame, place), *_pictures(study, frame, place), *_trainings(study, place)]
    title = f"Does GAN augmentation help? {study.dataset.name}"
    return write(study.folder, title, lead, [*sections, *appendix(study)], found)


def test_measures(study: QuestionStudy) -> pd.DataFrame:
    """Of all finished segmenters on the test images, as `QuestionStudy.measures`.

    An image without a class has no Dice of it, else a network that finds nothing would do well where a class is rare.
    What is found there all the same is in `false_alarms`: 1 or 0 of such an image, of others none.

    Raises:
        InputError: if no test image has a class.
    """
    frame = pd.concat([study.measures(task) for task in study.tasks], ignore_index=True)
    frame = frame[frame.part == "test"].drop(columns="part")
    lacks = frame.pixels_true == 0
    if lacks.all():
        raise InputError(study.dataset.name, "test images with a class", "none", "name other 'splits' in dataset.yaml")
    frame.loc[lacks, _OF_CLASS] = np.nan
    return frame.assign(false_alarms=(frame.pixels_found > 0).astype(float).where(lacks))


def _results(study: QuestionStudy, frame: pd.DataFrame, place: Path) -> Iterator[Section]:
    """The change by fraction, class, measure and case."""
    largest = max(study.settings.fractions)
    whole, of_fractions = frame[frame.fraction == largest], answer.by_fraction(frame)
    parts = [Table(answer.shown(of_fractions), "Dice with and without generated pairs, in points (hundredths).")]
    if len(of_fractions) > 1:
        question_figures.fractions(answer.by_arm(frame), of_fractions, place / "fractions.png")
        caption = "Dice by share of the training subjects, with 95 % intervals. Grey: changes below 1 point."
        parts.append(Figure(place / "fractions.png", caption))
    sources = answer.sources(answer.changes(frame)[largest].mean)
    if len(sources):
        parts.append(Table(answer.shown(sources), "Where the chance in the answer is from."))
    found = [measure for measure in MEASURES if measure in whole and np.isfinite(whole[measure]).any()]
    text = f"Every measure, with {answer.percent(largest)} of the training subjects."
    yield Section(
        "The answer in numbers", [*parts, Table(answer.shown(answer.by_measure(whole, found), study.unit), text)]
    )
    yield from _classes(answer.by_class(whole), of_fractions, place)
    cases = answer.by_case(whole)
    question_figures.cases(cases, place / "cases.png")
    shown = Figure(place / "cases.png", "Dice of each test image without and with generated pairs, mean over repeats.")
    text = "Dice of each test image, in points, the worst change first."
    yield Section("By case", [shown, Table(answer.shown(cases), text)])


def _classes(classes: pd.DataFrame, of_fractions: pd.DataFrame, place: Path) -> Iterator[Section]:
    if len(classes) < 2:
        return
    question_figures.classes(classes, place / "classes.png", of_fractions.iloc[0])
    figure = Figure(place / "classes.png", "Change of each class and of their mean, with 95 % intervals.")
    table = Table(answer.shown(classes), "Dice of each class, in points.")
    yield Section("By class", [answer.class_note(classes), figure, table])


def _pictures(study: QuestionStudy, frame: pd.DataFrame, place: Path) -> Iterator[Section]:
    """Real and generated pairs, nearest neighbours, and predictions."""
    class_legend(study.spec, place / "legend.png")
    for fraction in study.settings.fractions:
        pool, data = study.pool(fraction), study.subset(fraction)
        made, text = pool.part(), f"{answer.percent(fraction)} of the training subjects"
        chosen = np.linspace(0, len(data.rows) - 1, min(SHOWN, len(data.rows))).astype(int)
        figures = [Figure(place / "legend.png", "Colours of the classes.")]
        first = data.part(made.images, made.labels, made.rows[:SHOWN])
        for kind, part in (("real", data.real(data.rows[chosen])), ("generated", first)):
            images, labels = Pairs([part]).take(np.arange(len(part.rows)))
            path = place / f"{kind}_{fraction:g}.png"
            pair_grid(images.numpy(), labels.numpy(), study.spec, path)
            figures.append(Figure(path, f"{kind.capitalize()} pairs, {text}."))
        figures.append(_neighbours(study, fraction, place))
        yield Section(f"Pairs: {text}", [*figures, _pool_table(study, fraction)])
    yield _predictions(study, frame, place)


def _neighbours(study: QuestionStudy, fraction: float, place: Path) -> Figure:
    pool, data = study.pool(fraction), study.subset(fraction)
    made, found = pool.part(), pool.nearest()
    count = min(COMPARED, len(made.rows))
    parts = data.part(made.images, made.labels, made.rows[:count]), data.real(data.rows[found.numbers[:count]])
    rows = [[to_display(image) for image in Pairs([part]).take(np.arange(count))[0].numpy()] for part in parts]
    path = place / f"neighbours_{fraction:g}.png"
    panels(
        [f"{distance:.3f}" for distance in found.distances[:count]],
        rows,
        path,
        ["generated", "training image most like it"],
    )
    return Figure(
        path,
        "Generated images above the training images most like them, with the distance relative to the next person's: "
        f"0 is a copy, 1 somebody else; below {COPY:g} it counts as a copy.",
    )


def _pool_table(study: QuestionStudy, fraction: float) -> Table:
    result = study.pool(fraction).result
    rows = [
        ("pairs drawn", f"{result['drawn']}"),
        (f"pairs kept (screen {study.settings.screen})", f"{result['kept']}"),
        ("copies of training images", f"{100 * result['copy_share']:.1f} %"),
        (f"the same of {result['held']} held-out real images", f"{100 * result['copy_share_held']:.1f} %"),
        ("generated labels without a class", f"{100 * result['empty_share']:.1f} %"),
        ("real labels without a class", f"{100 * result['empty_share_real']:.1f} %"),
        *((f"sliced Wasserstein distance, {name}", f"{value:.2f}") for name, value in result["swd"].items()),
    ]
    text = (
        f"An image is a copy if it is less than {COPY:g} times as far from one training person as from any other, "
        "moved by a few pixels, mirrored or in another contrast as it may be. All kept pairs are compared; held-out "
        "real images, which nothing can have copied, show how often that happens by chance: only more than that "
        "tells of copying. Sliced Wasserstein distances are times 1000."
    )
    return Table(pd.DataFrame(rows, columns=["of the pool", "value"]), text)


def _predictions(study: QuestionStudy, frame: pd.DataFrame, place: Path) -> Section:
    """Of test cases with a class, from the worst to the best by the real arm, with the largest fraction."""
    largest = max(study.settings.fractions)
    tasks = {arm: QuestionTask(largest, arm == "gan", 0) for arm in answer.ARMS}
    first = frame[(frame.fraction == largest) & (frame.arm == "real") & (frame["repeat"] == 0)]
    dice = first.groupby("case").dice.mean().sort_values().dropna()
    chosen = [dice.index[n] for n in np.unique(np.linspace(0, len(dice) - 1, min(PREDICTED, len(dice))).astype(int))]
    cases = [case for name in chosen for case in study.dataset.cases if case.id == name]
    found = {arm: list(study.predict(task, cases)) for arm, task in tasks.items()}
    rows = [
        ComparisonRow(
            study.display(case),
            found["real"][n][1],
            {arm: predictions[n][2] for arm, predictions in found.items()},
            f"{case.id}: Dice {100 * dice[case.id]:.1f} with real images only",
        )
        for n, case in enumerate(cases)
    ]
    comparison(rows, study.spec, place / "predictions.png")
    caption = "Test images, the worst, a middling and the best by the segmenter of real images only; first repeat."
    return Section("Predictions", [Figure(place / "predictions.png", caption)])


def _trainings(study: QuestionStudy, place: Path) -> Iterator[Section]:
    """Learning curves and the cost in time."""
    figures = []
    runs = {study.name(task): study.folder / study.name(task) for task in study.tasks if task.repeat == 0}
    frames = {name: pd.DataFrame(read_metrics(path)) for name, path in runs.items()}
    curves(frames, ["loss", "validation_loss", "validation_dice"], place / "segmenters.png")
    figures.append(Figure(place / "segmenters.png", "Segmenters of the first repeat."))
    for fraction in study.settings.fractions:
        for name in study.generator(fraction).run_names:
            frame = pd.DataFrame(read_metrics(study.folder / name))
            columns = [column for column in frame if column not in ("step", "images_per_second")]
            curves({name: frame}, columns, place / f"{name}.png")
            figures.append(Figure(place / f"{name}.png", f"The GAN's training {name}."))
    yield Section("Trainings", [*figures, Table(study.costs(), "What each training took.")])
