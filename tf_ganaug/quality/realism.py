"""Realism: how many of a generator's images a classifier takes for originals (Karki 2020, section 3.2.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import keras
import numpy as np
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.augment.standard import Augmentation, augment
from tf_ganaug.compiled import as_written, graph_function
from tf_ganaug.data.pairs import Pairs, as_they_are
from tf_ganaug.data.pipeline import at_once
from tf_ganaug.errors import InputError
from tf_ganaug.gans.train import Schedule, train_gan
from tf_ganaug.models.googlenet import AUXILIARY_WEIGHT
from tf_ganaug.random import fold, named_seed
from tf_ganaug.run import RunFolder

#: Index of the classifier's answer.
REAL = 1

#: P(real) from which on an image counts as real.
THRESHOLD = 0.10

#: Of the subjects, those whose images are scored; the classifier learns from the others.
SCORED = 1 / 3


class Judge(tf.Module):
    """A classifier of originals against generated images, with its optimiser and compiled step.

    Args:
        model: `models.googlenet` with two classes and its auxiliary heads.
        learning_rate: of Adam, whose moments decay by 0.9 and 0.999; the paper names no solver.
        jit_compile: XLA.
    """

    def __init__(self, model: keras.Model, learning_rate: float, jit_compile: bool = False):
        super().__init__()
        self.model = model
        self.optimizer = backend.adam(learning_rate, 0.9, 0.999)
        # Slots must exist before a checkpoint is restored into them.
        self.optimizer.build(model.trainable_variables)
        images, answers = tf.TensorSpec(model.input_shape, tf.float32), tf.TensorSpec((None,), tf.int32)
        self.step = graph_function(self._step, [images, answers], jit_compile=jit_compile)
        self.probabilities = graph_function(self._probabilities, [images], jit_compile=jit_compile)

    def parts(self) -> tf.train.Checkpoint:
        """What a checkpoint holds."""
        return tf.train.Checkpoint(model=self.model, optimizer=self.optimizer)

    def _step(self, images: tf.Tensor, answers: tf.Tensor) -> dict[str, tf.Tensor]:
        """A step of Adam; the loss is the main head's cross-entropy and 0.3 times each auxiliary head's.

        Args:
            images: (N, H, W, C) float32 in [-1, 1].
            answers: (N,) int32, `REAL` or 0.
        """
        variables = self.model.trainable_variables
        with tf.GradientTape() as tape:
            logits = self.model(images, training=True)
            main, *auxiliary = (
                tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(answers, head)) for head in logits
            )
            loss = main + AUXILIARY_WEIGHT * sum(auxiliary)
            scaled = backend.scale_loss(self.optimizer, loss)
        backend.apply_gradients(self.optimizer, tape.gradient(scaled, variables), variables)
        right = tf.argmax(logits[0], -1, tf.int32) == answers
        return {"judge_loss": loss, "judge_accuracy": tf.reduce_mean(tf.cast(right, tf.float32))}

    def _probabilities(self, images: tf.Tensor) -> tf.Tensor:
        return tf.nn.softmax(self.model(images, training=False)[0])[:, REAL]


def scored_subjects(subjects: Sequence[str], seed: int) -> np.ndarray:
    """Which images are for scoring, all others for the classifier's training: a third of the subjects, drawn.

    Of a single subject it is the last third of the images: neighbouring slices, apart from most of the others.

    Args:
        subjects: (N,) of the images, or of the label maps they were painted from.
        seed: of the draw.

    Returns:
        (N,) bool.

    Raises:
        InputError: for fewer than two images.
    """
    if len(subjects) < 2:
        raise InputError("judge", "at least 2 images", str(len(subjects)), "choose a larger share of the patients")
    different = sorted(set(subjects))
    if len(different) == 1:
        return np.arange(len(subjects)) >= len(subjects) - max(1, round(SCORED * len(subjects)))
    order = np.random.default_rng(seed).permutation(different)
    return np.isin(subjects, order[: max(1, round(SCORED * len(order)))])


def judge_batches(reals: Pairs, candidates: Sequence[Pairs], each: int, seed: int, start: int = 0) -> tf.data.Dataset:
    """Endless minibatches from number `start` on: `each` images of every candidate, and originals as many as all these.

    Each image is mirrored left and right in half of the draws, as in GoogLeNet's own training.

    Args:
        reals: originals.
        candidates: the images of each generator.
        each: images of each generator in a minibatch.
        seed: of all draws.
        start: number of the first minibatch.

    Returns:
        Images (N, H, W, C) float32 in [-1, 1] and answers (N,) int32.
    """
    counts = [each * len(candidates), *[each] * len(candidates)]
    seeds = [named_seed(seed, f"source {number}") for number in range(len(counts))]
    answers = tf.constant([REAL] * counts[0] + [1 - REAL] * counts[0])

    def minibatch(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        drawn = [source.draw(key, step, count) for source, key, count in zip([reals, *candidates], seeds, counts)]
        images, labels = (tf.concat(group, 0) for group in zip(*drawn))
        return augment(images, labels, Augmentation(flip=True), fold(seed, step, 0))[0], answers

    steps = tf.data.Dataset.range(start, np.iinfo(np.int64).max).with_options(as_they_are())
    return steps.map(as_written(minibatch), at_once()).prefetch(2)


def train_judge(
    run: RunFolder, judge: Judge, reals: Pairs, candidates: Sequence[Pairs], each: int, seed: int, schedule: Schedule
) -> float:
    """Trains the judge on originals against every candidate, continuing from the newest checkpoint if there is one.

    None of these images, nor another image of their subjects, is to be scored (`scored_subjects`).

    Args:
        run: where log, metrics and checkpoints are written.
        judge: changed in place.
        reals: originals.
        candidates: the images of each generator, equally many.
        each: images of each generator in a minibatch; see `judge_batches`.
        seed: of the minibatches.
        schedule: iterations; it needs no looks.

    Returns:
        Seconds that training took, over all its parts.

    Raises:
        InputError: if the candidates differ in number of images, or the loss is no longer finite.
    """
    counts = [candidate.count for candidate in candidates]
    if len(set(counts)) != 1:
        raise InputError(run.path, "equally many images of every candidate", str(counts), "paint the same label maps")

    def iterate(start: int):
        for images, answers in judge_batches(reals, candidates, each, seed, start):
            yield judge.step(images, answers), images.shape[0]

    return train_gan(run, judge.parts(), iterate, lambda step, name: {}, schedule)


def probability_real(judge: Judge, batches: Iterable[tf.Tensor | np.ndarray]) -> np.ndarray:
    """P(real) of all images of all minibatches (N, H, W, C) float32 in [-1, 1]; (images,) float32."""
    return np.concatenate([judge.probabilities(tf.convert_to_tensor(images)).numpy() for images in batches])


def share_real(probabilities: np.ndarray) -> float:
    """Share of the images that count as real, those with P(real) of at least `THRESHOLD`."""
    return float(np.mean(probabilities >= THRESHOLD))
