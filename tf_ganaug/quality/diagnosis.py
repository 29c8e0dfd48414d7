"""What a generator is, in words, from its pairs: docs/diagnosis.md has the rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from scipy.stats import fisher_exact

from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.data.pairs import Pairs, Part
from tf_ganaug.quality.augmented import Looks
from tf_ganaug.quality.closeness import LEVEL, MOST, Closeness, Value, closeness, draws_of
from tf_ganaug.quality.copies import nearest, origins
from tf_ganaug.quality.fcn_score import fcn_scores
from tf_ganaug.quality.features import features
from tf_ganaug.quality.label_statistics import LabelStatistics, compared, label_statistics
from tf_ganaug.quality.sharpness import laplacian_variance
from tf_ganaug.quality.swd import SlicedWasserstein, measurable

#: The words, in the order in which they are said.
UNDERTRAINED, COLLAPSED, MEMORISING, CLOSE = (
    "undertrained",
    "collapsed",
    "memorising",
    "as close as held-out images are",
)

#: Images read at a time, and those of each kind that the sliced Wasserstein distance describes.
READ, SWD_IMAGES = 128, 256

#: The pairs most, and least, like real ones that are shown.
EXTREMES = 8


@dataclass(frozen=True)
class Sets:
    """What is compared, all of one size.

    Attributes:
        generated: pairs of the generator.
        training: real pairs that it has seen.
        reference: real pairs that it has not seen, which the others are compared with.
        held: more of these, of other subjects.
        training_subjects: of each training pair.
        held_subjects: of each held-out pair.
        spec: of the labels.
    """

    generated: Part
    training: Part
    reference: Part
    held: Part
    training_subjects: Sequence[str]
    held_subjects: Sequence[str]
    spec: LabelSpec


@dataclass(frozen=True)
class Judge:
    """What pairs are compared by.

    Attributes:
        name: of the network, for the reader.
        network: images (N, H, W, C) in [-1, 1] to maps (N, h, w, F).
        reader: a segmenter trained on real images, which reads the labels from the images; None if there is none.
    """

    name: str
    network: keras.Model
    reader: keras.Model | None = None


@dataclass(frozen=True)
class Diagnosis:
    """What a generator is.

    Attributes:
        words: one or several of the module's, the most telling first.
        network: name of what pairs were compared by.
        pairs: numbers of generated, reference and held-out pairs.
        values: name to measure: precision, recall, density, coverage, sharpness (variance of the Laplacian, median),
            and `agreement`, the Dice of the reader's answer and the label, where there is a reader.
        unlike: as of `Closeness`.
        same: likewise.
        copies: share of the generated images that are copies of training images.
        copies_held: of the held-out real images.
        copying: whether the first is surely more.
        augmented: share of the generated images that look like augmented ones, as of `quality.augmented`.
        augmented_held: of the held-out real images.
        augmenting: whether the first is surely more.
        swd: sliced Wasserstein distance of generated and of held-out images; None for sizes it cannot take.
        labels: a row for each class and trait, as of `label_statistics.compared`.
    """

    words: tuple[str, ...]
    network: str
    pairs: tuple[int, int, int]
    values: dict[str, Value]
    unlike: float
    same: float
    copies: float
    copies_held: float
    copying: bool
    augmented: float
    augmented_held: float
    augmenting: bool
    swd: tuple[float, float] | None
    labels: pd.DataFrame

    def to_json(self) -> dict[str, Any]:
        """As `from_json` takes it."""
        return {**asdict(replace(self, labels=None)), "labels": self.labels.to_dict("records")}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Diagnosis:
        """The diagnosis that `to_json` wrote.

        Raises:
            KeyError, TypeError: if it is none.
        """
        values = {name: Value(**value) for name, value in stored["values"].items()}
        tuples = {name: tuple(stored[name]) for name in ("words", "pairs")}
        swd = None if stored["swd"] is None else tuple(stored["swd"])
        return cls(**{**stored, **tuples, "values": values, "swd": swd, "labels": pd.DataFrame(stored["labels"])})


@dataclass(frozen=True)
class Seen:
    """What a diagnosis has to show.

    Attributes:
        generated: statistics of the generated labels.
        held: of held-out real ones.
        best: at most `EXTREMES` generated pairs most like a real one (realism), the most first, identical ones once.
        worst: likewise those that are least like one, the least first.
        spec: of the labels.
    """

    generated: LabelStatistics
    held: LabelStatistics
    best: Part
    worst: Part
    spec: LabelSpec


def diagnose(sets: Sets, judge: Judge, seed: int, swd_images: int = SWD_IMAGES) -> tuple[Diagnosis, Seen]:
    """Measures a generator's pairs and finds the words for them.

    Of more than `MOST` pairs, other than those of the training, as many are compared, evenly spaced.

    Args:
        sets: what is compared.
        judge: by what.
        seed: of all draws.
        swd_images: of each kind that the sliced Wasserstein distance describes.

    Raises:
        InputError: for too few pairs or subjects.
    """
    generated, reference = (_most(part)[0] for part in (sets.generated, sets.reference))
    held, rows = _most(sets.held)
    draws = draws_of(np.asarray(sets.held_subjects)[rows], seed)
    points = [features(judge.network, _pairs(part), sets.spec) for part in (generated, reference, held)]
    found = closeness(*(part.scaled_by(points[1]) for part in points), draws, seed)
    labels = [label_statistics((y.numpy() for _, y in _pairs(part)), sets.spec) for part in (generated, held)]
    values = {**found.values, **_of_images(generated, held, draws, judge, sets.spec)}
    subjects, training = origins(sets.training_subjects), _images(sets.training)
    copied, copied_held = (nearest(_images(part), training, subjects).copied for part in (generated, held))
    copying = _surely_more(copied, copied_held)
    diagnosis = Diagnosis(
        words=words(found, values, float(copied.mean()) if copying else 0.0),
        network=judge.name,
        pairs=(len(generated.rows), len(reference.rows), len(held.rows)),
        values=values,
        unlike=found.unlike,
        same=found.same,
        copies=float(copied.mean()),
        copies_held=float(copied_held.mean()),
        copying=copying,
        **_augmented(generated, held, _most(sets.training)[0]),
        swd=_distances(generated, reference, held, seed, swd_images),
        labels=compared(*labels, draws, sets.spec),
    )
    order = np.argsort(-found.realism, kind="stable")
    shown = min(EXTREMES, len(order) // 2)
    best, worst = (_chosen(generated, _distinct(generated, rows, shown)) for rows in (order, order[::-1]))
    return diagnosis, Seen(*labels, best, worst, sets.spec)


def words(found: Closeness, values: dict[str, Value], copies: float) -> tuple[str, ...]:
    """The words for measures.

    Args:
        found: of the features.
        values: all measures.
        copies: share of the images that are copies, 0 where that is no more than chance.
    """
    alike = found.same > 0.5
    # Of a generator that repeats a pair, or that copies, measures of the crowd tell of that pair, or of its noise.
    unreal = found.unlike > 0.5 or (
        not alike
        and copies <= 0.5
        and any(values[name].apart for name in ("precision", "density", "sharpness", "agreement") if name in values)
    )
    narrow = not unreal and copies <= 0.5 and any(values[name].apart for name in ("recall", "coverage"))
    said = {UNDERTRAINED: unreal, COLLAPSED: alike or narrow, MEMORISING: copies > 0}
    return tuple(word for word, is_said in said.items() if is_said) or (CLOSE,)


def _of_images(generated: Part, held: Part, draws: list[np.ndarray], judge: Judge, spec: LabelSpec) -> dict[str, Value]:
    """Measures of single pairs: their sharpness, and what the reader makes of them."""
    sharp, sharp_held = (
        np.concatenate([laplacian_variance(x).numpy() for x in _images(part)]) for part in (generated, held)
    )
    drawn = np.array([np.median(sharp_held[rows]) for rows in draws])
    found = {"sharpness": Value.of(np.median(sharp), np.median(sharp_held), drawn, both=True)}
    if judge.reader is not None:
        read, read_held = (fcn_scores(judge.reader, _pairs(part), spec.measured) for part in (generated, held))
        drawn = np.array([read_held[rows].mean() for rows in draws])
        found["agreement"] = Value.of(read.mean(), read_held.mean(), drawn)
    return found


def _surely_more(copied: np.ndarray, held: np.ndarray) -> bool:
    """Whether more generated than held-out images are of a kind, by Fisher's exact test."""
    table = [[copied.sum(), (~copied).sum()], [held.sum(), (~held).sum()]]
    return bool(fisher_exact(table, alternative="greater")[1] < LEVEL)


def _augmented(generated: Part, held: Part, training: Part) -> dict[str, Any]:
    """The diagnosis' shares of images that look augmented beside those that the generator has seen."""
    real = Looks.of(_images(training))
    shown, shown_held = (Looks.of(_images(part)).beyond(real) for part in (generated, held))
    shares = {"augmented": float(shown.mean()), "augmented_held": float(shown_held.mean())}
    return {**shares, "augmenting": _surely_more(shown, shown_held)}


def _distances(generated: Part, reference: Part, held: Part, seed: int, count: int) -> tuple[float, float] | None:
    if not measurable(generated.images.shape[1:3]):
        return None

    def again(part: Part) -> Iterator[np.ndarray]:
        images = _images(part)
        while True:
            yield from (np.rint((batch.numpy() + 1) * 127.5) for batch in images)

    metric = SlicedWasserstein(again(reference), count, seed)
    return tuple(metric(again(part))[metric.name] for part in (generated, held))


def _most(part: Part) -> tuple[Part, np.ndarray]:
    """At most `MOST` of a part's pairs, evenly spaced, and which they are."""
    chosen = np.linspace(0, len(part.rows) - 1, min(MOST, len(part.rows))).astype(int)
    return _chosen(part, chosen), chosen


def _distinct(part: Part, order: np.ndarray, count: int) -> np.ndarray:
    """The first `count` of a part's pairs in an order, of identical ones one: a map is painted alike each time."""
    first = {}
    for place in order:
        row = part.rows[place]
        first.setdefault((part.images[row].tobytes(), part.labels[row].tobytes()), place)
        if len(first) == count:
            break
    return np.array(list(first.values()), int)


def _chosen(part: Part, chosen: np.ndarray) -> Part:
    return replace(part, rows=part.rows[chosen], ranges=part.ranges[chosen])


def _pairs(part: Part) -> tf.data.Dataset:
    """Minibatches of a part's pairs, images in [-1, 1], read anew each time they are gone through."""
    return Pairs([part]).in_order(READ)


def _images(part: Part) -> tf.data.Dataset:
    return _pairs(part).map(lambda images, labels: images)
