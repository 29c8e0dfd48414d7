"""Prediction at native resolution, and its measures case by case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from tf_ganaug.data.cache import SizedCases
from tf_ganaug.data.cases import IGNORE, Case, LabelSpec
from tf_ganaug.data.pipeline import RealPairs
from tf_ganaug.metrics import largest_component, overlap, surface_distances


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
    """Every class but the background reduced to its largest component; the rest is background."""
    kept = np.zeros_like(labels)
    for number in range(1, classes):
        kept[largest_component(labels == number)] = number
    return kept


def predictions(
    model: keras.Model, sized: SizedCases, cases: Sequence[Case], spec: LabelSpec, batch: int, largest: bool
) -> Iterator[tuple[Case, np.ndarray, np.ndarray]]:
    """Case, true labels and predicted labels, (H, W) uint8 at native size, one case at a time.

    With `largest`, every class is reduced to its largest component (Neff 2018, V.A.2).
    """
    shape = tf.TensorSpec(model.input_shape, tf.float32)
    forward = tf.function(lambda images: model(images, training=False), [shape])
    remaining = iter(cases)
    for images, _ in RealPairs(sized, cases).in_order(batch):
        for logits in forward(images).numpy():
            case = next(remaining)
            truth = case.class_indices(spec)
            labels = to_native(logits, *truth.shape)
            yield case, truth, keep_largest(labels, len(spec.classes)) if largest else labels


def measure(case: Case, truth: np.ndarray, predicted: np.ndarray, spec: LabelSpec) -> Iterator[dict]:
    """One record per class but the background: case, subject, class and all measures."""
    counted = truth != IGNORE
    for number in range(1, len(spec.classes)):
        true, found = truth == number, (predicted == number) & counted
        yield {
            "case": case.id,
            "subject": case.subject,
            "class": spec.names[number],
            **overlap(true, found),
            **surface_distances(true, found, case.spacing),
        }


def evaluate(
    model: keras.Model, sized: SizedCases, cases: Sequence[Case], spec: LabelSpec, batch: int, largest: bool
) -> pd.DataFrame:
    """All measures of all cases, one row per case and class."""
    return pd.DataFrame(
        record
        for case, truth, predicted in predictions(model, sized, cases, spec, batch, largest)
        for record in measure(case, truth, predicted, spec)
    )
