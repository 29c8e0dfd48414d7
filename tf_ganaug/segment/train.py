"""Training a segmenter in a run folder: the stopping rule of Neff 2018, and exact continuation."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.checkpoints import Checkpoints
from tf_ganaug.compiled import graph_function
from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.data.grids import pair_grid
from tf_ganaug.data.pairs import Pairs
from tf_ganaug.data.pipeline import Minibatches
from tf_ganaug.errors import InputError
from tf_ganaug.run import RunFolder, peak_memory
from tf_ganaug.segment.losses import dice_counts, mean_dice
from tf_ganaug.steps import Share, Step

#: Of labels (N, H, W) and what the model returns: a scalar, the mean over the minibatch.
Loss = Callable[[tf.Tensor, Any], tf.Tensor]

#: Validation pairs whose predictions TensorBoard shows.
SHOWN = 8


@dataclass(frozen=True)
class Patience:
    """When a training ends: `least` iterations, and `more` after every best validation so far.

    Attributes:
        least: iterations at least.
        more: iterations granted by a validation better than all before.
        most: iterations at most; None for no limit, as the paper.
        validate_every: iterations between two validations.
        log_every: iterations between two lines in log.txt.
        checkpoint_every: iterations between two places to continue from.
    """

    least: int
    more: int
    most: int | None
    validate_every: int
    log_every: int
    checkpoint_every: int

    def end(self, best_step: int) -> int:
        """The iteration at which training ends unless a better validation comes."""
        end = max(self.least, best_step + self.more)
        return end if self.most is None else min(end, self.most)

    def pause(self, step: int, end: int) -> int:
        """The next iteration after `step` at which something is looked at or written, at most `end`."""
        intervals = self.validate_every, self.log_every, self.checkpoint_every
        return min(end, *((step // every + 1) * every for every in intervals))


@dataclass(frozen=True)
class Trained:
    """What a training came to.

    Attributes:
        iterations: that it took.
        best_iteration: of the best validation; the model holds its weights.
        validation_loss: there.
        validation_dice: there, as `Segmenter.validate` measures it.
        seconds: of training and validation.
    """

    iterations: int
    best_iteration: int
    validation_loss: float
    validation_dice: float
    seconds: float


class Segmenter(tf.Module):
    """A model with its loss and optimiser, its compiled steps and the weights of its best validation.

    Args:
        model: images (N, H, W, C) to logits (N, H, W, classes), or to several, of which the first are the
            network's and the others of heads that only train it.
        loss: of labels (N, H, W) and what the model returns, a scalar.
        spec: of the labels.
        optimizer: from `backend`.
        jit_compile: XLA.
        keep: which validation's weights: those of the lowest "loss", the highest "dice" (Karki 2020, 5), or the
            "last", as where the learning rate falls to 0 (PSPNet).
        whole: the same network for validation images of another size, which gets the model's weights; None: the model.
        dice: of a validation whose images each count for themselves, from their `dice_counts`; None: `mean_dice`.
    """

    def __init__(
        self,
        model: keras.Model,
        loss: Loss,
        spec: LabelSpec,
        optimizer: keras.optimizers.Optimizer,
        jit_compile: bool,
        keep: Literal["loss", "dice", "last"] = "loss",
        whole: keras.Model | None = None,
        dice: Callable[[np.ndarray, np.ndarray], float] | None = None,
    ):
        super().__init__()
        self.dice = dice or partial(mean_dice, empty=1.0)
        self.model, self.loss, self.spec, self.keep = model, loss, spec, keep
        self.whole = whole or model
        self.optimizer = optimizer
        # Slots must exist before a checkpoint is restored into them.
        self.optimizer.build(model.trainable_variables)
        self.best = [tf.Variable(weight, trainable=False) for weight in model.get_weights()]
        self.step = tf.Variable(0, dtype=tf.int64)
        self.best_step = tf.Variable(0, dtype=tf.int64)
        self.best_loss = tf.Variable(math.inf)
        self.best_dice = tf.Variable(-1.0)
        self.seconds = tf.Variable(0.0, dtype=tf.float64)
        self.train_step = Step(self._gradients, lambda: [(optimizer, model.trainable_variables)], 2, jit_compile)
        shapes = self.whole.input_shape, self.whole.input_shape[:-1]
        kinds = [tf.TensorSpec(shape, dtype) for shape, dtype in zip(shapes, (tf.float32, tf.uint8))]
        self.validation_step = graph_function(self._validation_step, kinds)

    def _gradients(self, _: Share, images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, list[list[tf.Tensor]]]:
        with tf.GradientTape() as tape:
            loss = self.loss(labels, self.model(images, training=True))
            scaled = backend.scale_loss(self.optimizer, loss)
        return loss, [tape.gradient(scaled, self.model.trainable_variables)]

    def steps(self, minibatches: Minibatches) -> Callable[[Iterator[Any], int, int], tf.Tensor]:
        """Takes so many steps from a number on, by the next of `minibatches.elements`, in one call; returns losses."""
        if not minibatches.sampling.in_step and minibatches.sampling.steps_per_call == 1:
            return lambda elements, *_: self.train_step(*next(elements))

        @tf.function
        def several(elements: Iterator[Any], first: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
            losses = tf.TensorArray(tf.float32, count)
            for done in tf.range(count):
                minibatch = minibatches.opened(first + tf.cast(done, tf.int64), next(elements))
                losses = losses.write(done, self.train_step(*minibatch))
            return losses.stack()

        return lambda elements, first, count: several(elements, tf.constant(first, tf.int64), tf.constant(count))

    def _validation_step(self, images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The loss times the samples, and each sample's `dice_counts`."""
        outputs = self.whole(images, training=False)
        twice, sizes = dice_counts(labels, first_logits(outputs), self.spec.measured)
        return self.loss(labels, outputs) * tf.cast(tf.shape(images)[0], tf.float32), twice, sizes

    def validate(self, pairs: Pairs, batch: int, subjects: np.ndarray | None = None) -> tuple[float, float]:
        """Loss and Dice of pairs, at the network's size.

        Args:
            pairs: all of them.
            batch: minibatch.
            subjects: (N,) from 0 on, which subject each pair is of; None: each is its own.

        Returns:
            The loss, the mean over minibatches by their size, and the `mean_dice` of the subjects, in [0, 1].
        """
        self.carry_over()
        found = [self.validation_step(images, labels) for images, labels in pairs.in_order(batch)]
        losses, *counts = zip(*found)
        twice, sizes = (np.concatenate(part).astype(np.float64) for part in counts)
        if subjects is None:
            return float(sum(losses)) / pairs.count, self.dice(twice, sizes)
        sums = np.zeros((2, subjects.max() + 1, twice.shape[1]))
        np.add.at(sums, (slice(None), subjects), np.stack([twice, sizes]))
        return float(sum(losses)) / pairs.count, mean_dice(*sums)

    def carry_over(self) -> None:
        """Gives the model's weights to the network for whole images."""
        if self.whole is not self.model:
            self.whole.set_weights(self.model.get_weights())

    def keep_if_best(self, loss: float, dice: float) -> bool:
        """Remembers the weights if, as `keep` says, the loss is a new minimum, the Dice a new maximum, or always."""
        least, most = float(self.best_loss.numpy()), float(self.best_dice.numpy())
        better = {"loss": loss < least, "dice": dice > most, "last": True}
        if not better[self.keep]:
            return False
        for kept, weight in zip(self.best, self.model.get_weights()):
            kept.assign(weight)
        self.best_loss.assign(loss)
        self.best_dice.assign(dice)
        self.best_step.assign(self.step)
        return True

    def parts(self) -> tf.train.Checkpoint:
        """What a checkpoint holds."""
        return tf.train.Checkpoint(
            model=self.model,
            optimizer=self.optimizer,
            best=self.best,
            step=self.step,
            best_step=self.best_step,
            best_loss=self.best_loss,
            best_dice=self.best_dice,
            seconds=self.seconds,
        )


def first_logits(outputs: Any) -> tf.Tensor:
    """The network's own logits of what a `Segmenter`'s model returns."""
    return outputs[0] if isinstance(outputs, (list, tuple)) else outputs


def train_segmenter(
    run: RunFolder,
    segmenter: Segmenter,
    minibatches: Minibatches,
    validation: Pairs,
    patience: Patience,
    subjects: np.ndarray | None = None,
) -> Trained:
    """Trains until the patience ends, continuing from the newest checkpoint if there is one.

    Args:
        run: where everything is written; `best.weights.h5` at the end.
        segmenter: changed in place; holds the best weights at the end.
        minibatches: that of each iteration.
        validation: real pairs, never augmented.
        patience: see there.
        subjects: of the validation pairs, as of `Segmenter.validate`.

    Raises:
        InputError: if the loss is no longer finite.
    """
    checkpoints = Checkpoints(run, segmenter=segmenter.parts())
    checkpoints.restore()
    start = int(segmenter.step.numpy())
    run.rewind(start)
    if start:
        run.say(f"continues at iteration {start}")
    elements, steps = iter(minibatches.elements(start)), segmenter.steps(minibatches)
    step, end = start, patience.end(int(segmenter.best_step.numpy()))
    progress = run.progress(end, start)
    losses, images, began = [], 0, time.perf_counter()
    while step < end:
        count = min(minibatches.sampling.steps_per_call, patience.pause(step, end) - step)
        losses.append(tf.reshape(steps(elements, step, count), [count]))
        images += count * minibatches.size
        step += count
        segmenter.step.assign(step)
        progress.update(count)
        final = step == end
        if step % patience.validate_every == 0 or final:
            _validate(run, segmenter, validation, minibatches.size, subjects)
            progress.total = end = patience.end(int(segmenter.best_step.numpy()))
        if step % patience.log_every == 0 or final:
            elapsed = time.perf_counter() - began
            segmenter.seconds.assign_add(elapsed)
            _report(run, step, end, float(tf.reduce_mean(tf.concat(losses, 0))), images / elapsed)
            progress.set_postfix_str(f"{images / elapsed:.0f} images/s", refresh=False)
            losses, images, began = [], 0, time.perf_counter()
        if step % patience.checkpoint_every == 0:
            checkpoints.save(step)
    progress.close()
    return _finish(run, segmenter)


def _validate(run: RunFolder, segmenter: Segmenter, validation: Pairs, batch: int, subjects: np.ndarray | None) -> None:
    step = int(segmenter.step.numpy())
    loss, dice = segmenter.validate(validation, batch, subjects)
    _require_finite(run, "validation loss", loss, step)
    run.record(step, {"validation_loss": loss, "validation_dice": dice})
    if segmenter.keep_if_best(loss, dice):
        images, _ = validation.take(tf.range(min(SHOWN, validation.count)))
        labels = tf.argmax(first_logits(segmenter.whole(images, training=False)), -1).numpy()
        picture = pair_grid(images.numpy(), labels.astype("uint8"), segmenter.spec, run.path / "validation.png")
        run.picture(step, "validation", picture)


def _report(run: RunFolder, step: int, total: int, loss: float, images: float) -> None:
    _require_finite(run, "loss", loss, step)
    run.record(step, {"loss": loss, "images_per_second": images})
    run.say(f"iteration {step}/{total}  loss {loss:.4f}  {images:.1f} images/s  memory {peak_memory():.2f} GB")


def _require_finite(run: RunFolder, name: str, value: float, step: int) -> None:
    if not math.isfinite(value):
        remedy = "try a lower learning rate of the segmenter, another seed, or --precision float32"
        raise InputError(run.path, f"a finite {name}", f"{value} before iteration {step}", remedy)


def _finish(run: RunFolder, segmenter: Segmenter) -> Trained:
    segmenter.model.set_weights([weight.numpy() for weight in segmenter.best])
    segmenter.carry_over()
    segmenter.model.save_weights(run.path / "best.weights.h5")
    return Trained(
        iterations=int(segmenter.step.numpy()),
        best_iteration=int(segmenter.best_step.numpy()),
        validation_loss=float(segmenter.best_loss.numpy()),
        validation_dice=float(segmenter.best_dice.numpy()),
        seconds=float(segmenter.seconds.numpy()),
    )
