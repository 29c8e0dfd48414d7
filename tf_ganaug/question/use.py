"""What the other commands and notebooks do with a question: one GAN, segmenters, other data, its report again."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from tf_ganaug.data.cases import Case, Dataset
from tf_ganaug.data.content import digest_of
from tf_ganaug.data.pairs import Pairs
from tf_ganaug.data.pool import new_pool
from tf_ganaug.errors import InputError, printable
from tf_ganaug.experiment.diagnosed import of_several
from tf_ganaug.files import make_folder
from tf_ganaug.frames import write_frame
from tf_ganaug.question.diagnosing import diagnosis_of
from tf_ganaug.question.opening import generated_pairs
from tf_ganaug.question.screens import by_quality, by_zscore
from tf_ganaug.question.study import QuestionStudy
from tf_ganaug.question.tasks import QuestionTask
from tf_ganaug.segment.predict import evaluate, predictions


def train_gan(study: QuestionStudy, asked: dict[str, Any]) -> tuple[Path, str]:
    """Trains the GAN of the largest fraction.

    Returns:
        Its run folder, which `sample` and `export` take, and its diagnosis in words.
    """
    with study.at_work(asked):
        for line in study.notes:
            print(printable(line), file=sys.stderr)
        generator = study.generator(max(study.settings.fractions))
        generator.synthesizer()
        return generator.path, of_several([diagnosis_of(study, max(study.settings.fractions))])


def train_segmenters(study: QuestionStudy, asked: dict[str, Any]) -> pd.DataFrame:
    """Trains the segmenters of the study's arms.

    Returns:
        Their measures on validation and test images, as `QuestionStudy.measures`.
    """
    with study.at_work(asked):
        for line in study.notes:
            print(printable(line), file=sys.stderr)
        for task in study.tasks:
            study.segmenter(task)
        return pd.concat(map(study.measures, study.tasks), ignore_index=True)


def finished_tasks(study: QuestionStudy) -> list[QuestionTask]:
    """The segmenters that a folder holds.

    Raises:
        InputError: if there is none.
    """
    found = [task for task in study.tasks if study.finished(study.name(task))]
    if not found:
        raise InputError(study.folder, "a finished segmenter", "none", "run its command to the end first")
    return found


def seen_cases(study: QuestionStudy, dataset: Dataset) -> list[Case]:
    """The cases that trained or validated a study's segmenters, known by their pixels."""
    seen = {*study.digests("train").values(), *study.digests("validation").values()} - {""}
    return [case for case in dataset.cases if digest_of(case.read_image()) in seen]


def evaluate_on(study: QuestionStudy, dataset: Dataset, path: Path) -> pd.DataFrame:
    """Measures every finished segmenter on all cases of other data and writes them as CSV.

    Args:
        study: whose segmenters.
        dataset: of the same classes and channels.
        path: of the CSV.

    Returns:
        One row per case, class and segmenter, with its fraction, arm and repeat.

    Raises:
        InputError: for other classes or channels, or without a finished segmenter.
    """
    for kind, mine, theirs in (
        ("classes", study.spec.names, dataset.spec.names),
        ("channels", study.dataset.channels, dataset.channels),
    ):
        if mine != theirs:
            remedy = "describe the data alike, in dataset.yaml"
            raise InputError(dataset.name, f"{kind} {mine} as in {study.dataset.name}", str(theirs), remedy)
    make_folder(path.parent)  # a place that cannot be written is known before the work
    frames = []
    with TemporaryDirectory() as place:
        sized = study.on(Path(place), dataset).sized
        for task in finished_tasks(study):
            pairs, batch = Pairs.of(sized, dataset.cases), study.settings.training.batch
            found = predictions(study.model(task), pairs, dataset.cases, study.spec, batch, padded=True)
            frames.append(evaluate(found, study.spec).assign(**asdict(task)))
    frame = pd.concat(frames, ignore_index=True)
    write_frame(path, frame)
    return frame


def screen_pairs(study: QuestionStudy, pairs: Path, by: str, share: float, out: Path) -> pd.DataFrame:
    """Copies the generated pairs that a screen keeps, with screen.csv beside them.

    Args:
        study: whose training images and, by "quality", whose segmenter of real images.
        pairs: folder of generated pairs, as of `sample`.
        by: "zscore" or "quality".
        share: of the pairs kept at most.
        out: must not exist, or be empty.

    Returns:
        A row for each pair, as in `question_screens`, with its `case`.

    Raises:
        InputError: for pairs of other classes or channels, or without a finished segmenter.
    """
    generated = generated_pairs(pairs, study.dataset)
    data = study.subset(max(study.settings.fractions))
    real, most = data.real(data.rows), max(1, round(share * len(generated.cases)))
    with TemporaryDirectory() as place:
        drawn = QuestionStudy(Path(place), study.dataset, study.settings, generated=generated).made(1.0)
        if by == "zscore":
            table = by_zscore(drawn, real, study.settings.pool.real_share, most)
        else:
            reader = [task for task in finished_tasks(study) if not task.generated]
            if not reader:
                raise InputError(study.folder, "a segmenter of real images", "none", "train one without --synthetic")
            table = by_quality(drawn, real, study.model(reader[0]), study.spec.measured, most)
    table = table.assign(case=[case.id for case in generated.cases])
    kept = [case for case, stays in zip(generated.cases, table.kept) if stays]
    with new_pool(out, generated.spec, generated.cases[0].spacing) as pool:
        for case in kept:
            pool.add(case.read_image()[None], case.class_indices(generated.spec)[None])
        trained_on = None if generated.generated is None else asdict(generated.generated)
        pool.finish({"screened": pairs.resolve().name, "by": by, "share": share, "trained_on": trained_on})
        write_frame(pool.folder / "screen.csv", table)
    return table
