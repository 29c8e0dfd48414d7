"""Prediction at native resolution, and its measures case by case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from tf_ganaug.compiled import graph_function
from tf_ganaug.data.cases import IGNORE, Case, LabelSpec
from tf_ganaug.data.fit import Window
from tf_ganaug.data.pairs import Pairs
from tf_ganaug.metrics import largest_component, overlap, surface_distances
from tf_ganaug.segment.train import first_logits


def to_native(logits: np.ndarray, height: int, width: int) -> np.ndarray:
    """Scores to labels at native size: bicubic on the scores, then the largest (Neff 2018, IV).

    For two classes the largest score is the threshold of one at the other, that is probability 0.5.

    Args:
        logits: (h, w, classes).
        height: native.
        width: native.

    Returns:
        (height, width) uint8 class indices.
    """
    scores = tf.image.resize(logits[None], (height, width), "bicubic")[0]
    return tf.argmax(scores, -1).numpy().astype(np.uint8)


def keep_largest(labels: np.ndarray, classes: int) -> np.ndarray:
    """Every class but class 0 reduced to its largest component; the rest is class 0."""
    kept = np.zeros_like(labels)
    for number in range(1, classes):
        kept[largest_component(labels == number)] = number
    return kept


def predictions(
    model: keras.Model,
    pairs: Pairs,
    cases: Sequence[Case],
    spec: LabelSpec,
    batch: int,
    largest: bool = False,
    padded: bool = False,
) -> Iterator[tuple[Case, np.ndarray, np.ndarray]]:
    """Case, true labels and predicted labels, (H, W) uint8 at native size, one case at a time.

    Args:
        model: images to logits, or to several, of which the first are the network's.
        pairs: the cases at the model's size, in their order.
        cases: read again, for their labels at native size.
        spec: of truth and prediction.
        batch: minibatch of the model.
        largest: every class is reduced to its largest component (Neff 2018, V.A.2).
        padded: the pairs have padding, as of `data.cache.sized_cases`, which is cut away first.
    """
    forward, remaining = _forward(model), iter(cases)
    for images, _ in pairs.in_order(batch):
        for logits in forward(images).numpy():
            case = next(remaining)
            truth = case.class_indices(spec)
            if padded:
                logits = Window.of(*truth.shape, *logits.shape[:2]).cut(logits)
            labels = to_native(logits, *truth.shape)
            yield case, truth, keep_largest(labels, len(spec.classes)) if largest else labels


@lru_cache(maxsize=2)
def _forward(model: keras.Model) -> Callable[[tf.Tensor], tf.Tensor]:
    """Images to logits as one graph, which has the weights that the network has by then."""
    shape = tf.TensorSpec(model.input_shape, tf.float32)
    return graph_function(lambda images: first_logits(model(images, training=False)), [shape])


def measure(
    case: Case, truth: np.ndarray, predicted: np.ndarray, spec: LabelSpec, distances: bool = True
) -> Iterator[dict]:
    """One record per measured class: case, subject, class, the image's pixels, overlaps and, if wanted, distances."""
    counted = truth != IGNORE
    for number in spec.measured:
        true, found = truth == number, (predicted == number) & counted
        yield {
            "case": case.id,
            "subject": case.subject,
            "class": spec.names[number],
            "pixels": truth.size,
            **overlap(true, found),
            **(surface_distances(true, found, case.spacing) if distances else {}),
        }


def evaluate(
    found: Iterable[tuple[Case, np.ndarray, np.ndarray]], spec: LabelSpec, distances: bool = True
) -> pd.DataFrame:
    """All measures of all `predictions`, one row per case and class."""
    return pd.DataFrame(
        record for case, truth, predicted in found for record in measure(case, truth, predicted, spec, distances)
    )
