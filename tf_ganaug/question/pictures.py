"""What a question's report shows: generated pairs beside real ones, and predictions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from tf_ganaug.data.cases import IGNORE
from tf_ganaug.data.grids import colour_labels, pair_grid, to_display
from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.experiment import diagnosed
from tf_ganaug.experiment.figures import ComparisonRow, class_legend, comparison, panels
from tf_ganaug.experiment.report import Figure, Section, Table
from tf_ganaug.quality.copies import COPY
from tf_ganaug.question.answer import percent
from tf_ganaug.question.diagnosing import diagnosis_of
from tf_ganaug.question.study import QuestionStudy

#: Pairs in a picture of samples, generated images beside their neighbours, and subjects whose predictions are shown.
SHOWN, COMPARED, PREDICTED = 16, 8, 3

#: How much of an image its label's colours hide.
COVER = 0.45

#: Of the label where there is one class.
ALONE = (230, 97, 0)


def neighbours(study: QuestionStudy, fraction: float, kind: str, place: Path) -> Figure:
    """Generated pairs of a kind's first GAN above the training pairs nearest to them, labels as colours over them."""
    pool, data = study.pool(fraction, kind), study.subset(fraction, kind)
    made, found = pool.part(), pool.nearest()
    count = min(COMPARED, len(made.rows))
    parts = data.part(made.images, made.labels, made.rows[:count]), data.real(data.rows[found.numbers[:count]])
    path = place / f"neighbours_{data.name}.png"
    headers = [f"{distance:.3f}" for distance in found.distances[:count]]
    panels(headers, [_overlaid(study, part) for part in parts], path, ["generated", "training pair most like it"])
    return Figure(
        path,
        f"Pairs of {kind} above the training pairs most like them, labels in colour. The number is the distance "
        f"relative to the next person's: 0 is a copy, 1 somebody else; below {COPY:g} it counts as a copy.",
    )


def _overlaid(study: QuestionStudy, part: Part) -> list[np.ndarray]:
    """(H, W, 3) uint8 pictures of a part's pairs, the label's colours over the image."""
    spec, pictures = study.spec, []
    images, labels = (tensor.numpy() for tensor in Pairs([part]).take(np.arange(len(part.rows))))
    for image, label in zip(images, labels):
        picture = to_display(image).astype(float)
        # A single class is white on its own, which is no colour over an image.
        colours = colour_labels(label, spec).astype(float) if len(spec.measured) > 1 else np.float64(ALONE)
        covered = ((label != IGNORE) & (label != spec.background))[..., None]
        pictures.append(np.where(covered, (1 - COVER) * picture + COVER * colours, picture).astype(np.uint8))
    return pictures


def pairs(study: QuestionStudy, fraction: float, kind: str, place: Path) -> Section:
    """Real pairs, pairs of a kind's first GAN, and its pool in numbers."""
    pool, data = study.pool(fraction, kind), study.subset(fraction, kind)
    made, text = pool.part(), f"{percent(fraction)} of the training subjects"
    chosen = np.linspace(0, len(data.rows) - 1, min(SHOWN, len(data.rows))).astype(int)
    class_legend(study.spec, place / "legend.png")
    figures = [Figure(place / "legend.png", "Colours of the classes.")]
    first = data.part(made.images, made.labels, made.rows[:SHOWN])
    for name, part in (("real", data.real(data.rows[chosen])), ("generated", first)):
        images, labels = Pairs([part]).take(np.arange(len(part.rows)))
        path = place / f"{name}_{data.name}.png"
        pair_grid(images.numpy(), labels.numpy(), study.spec, path)
        figures.append(Figure(path, f"{name.capitalize()} pairs, {text}."))
    return Section(f"Pairs of {kind}: {text}", [*figures, *_of_generators(study, fraction, kind)])


def _of_generators(study: QuestionStudy, fraction: float, kind: str) -> Iterator[str | Table | Figure]:
    """The pool of each generator in numbers, and its diagnosis."""
    for number in (number for of, number in study.generators if of == kind):
        result, found = study.pool(fraction, kind, number).result, diagnosis_of(study, fraction, kind, number)
        rows = [
            ("pairs drawn", f"{result['drawn']}"),
            (f"pairs kept (screen {study.settings.screen})", f"{result['kept']}"),
            ("generated labels without a class", f"{100 * result['empty_share']:.1f} %"),
            ("real labels without a class", f"{100 * result['empty_share_real']:.1f} %"),
        ]
        yield Table(pd.DataFrame(rows, columns=["of the pool", "value"]), f"Generator {number + 1}.")
        if isinstance(found, str):
            yield found
        else:
            yield from diagnosed.parts(found, study.generator(fraction, kind, number).path)


def predictions(study: QuestionStudy, frame: pd.DataFrame, place: Path) -> Section:
    """Of an image of the worst, a middling and the best test subject by the first arm, with the largest fraction.

    Args:
        study: finished.
        frame: test cases, as of `report.test_cases`.
        place: of the picture.
    """
    largest = max(study.settings.fractions)
    tasks = [task for task in study.tasks if task.fraction == largest and task.repeat == 0]
    tasks = [task for task in tasks if task.kind in ("", study.settings.kinds[0])]
    first = frame[(frame.fraction == largest) & (frame.arm == tasks[0].arm) & (frame["repeat"] == 0)]
    dice = first[first.pixels_true > 0].groupby("case").dice.mean().sort_values()
    chosen = [dice.index[n] for n in np.unique(np.linspace(0, len(dice) - 1, min(PREDICTED, len(dice))).astype(int))]
    cases = [case for name in chosen for case in study.dataset.cases if case.id == name]
    found = {task.arm: study.predict(task, cases) for task in tasks}
    truths = next(iter(found.values()))
    rows = [
        ComparisonRow(
            study.display(case),
            truths[n][1],
            {arm: predicted[n][2] for arm, predicted in found.items()},
            f"{case.id}: Dice {100 * dice[case.id]:.1f} of the arm {tasks[0].arm}",
        )
        for n, case in enumerate(cases)
    ]
    comparison(rows, study.spec, place / "predictions.png")
    caption = f"Test images, the worst, a middling and the best by the arm {tasks[0].arm}; first repeat."
    return Section("Predictions", [Figure(place / "predictions.png", caption)])
