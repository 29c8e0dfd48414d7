"""Training a GAN in a run folder: previews, log, checkpoints, exact continuation."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.data.pipeline import RealPairs, real_batches
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.figures import pair_grid
from tf_ganaug.experiment.run import RunFolder, peak_memory
from tf_ganaug.gans.joint import join, separate
from tf_ganaug.gans.wgan_gp import WganGp
from tf_ganaug.random import fold

#: Pairs in a preview.
PREVIEWS = 16


@dataclass(frozen=True)
class Schedule:
    """How long a GAN trains and what is written on the way, all in iterations.

    Attributes:
        iterations: of the published loop, one generator step each.
        critic_steps: for one generator step.
        log_every: a line in log.txt and a record in metrics.jsonl.
        preview_every: a grid of fixed latents.
        checkpoint_every: a place to continue from.
    """

    iterations: int
    critic_steps: int
    log_every: int
    preview_every: int
    checkpoint_every: int


def train_wgan_gp(
    run: RunFolder, gan: WganGp, pairs: RealPairs, spec: LabelSpec, batch: int, schedule: Schedule
) -> float:
    """Trains until the schedule ends, continuing from the newest checkpoint if there is one.

    Order of the original: generator step (not in the first iteration), then the critic steps, each on
    a fresh real minibatch and fresh noise.

    Args:
        run: where everything is written.
        gan: networks and optimisers, changed in place.
        pairs: the training cases.
        spec: their classes.
        batch: real pairs in a critic step.
        schedule: see there.

    Returns:
        Seconds that training took, over all its parts.

    Raises:
        InputError: if a loss is no longer finite.
    """
    done, seconds = tf.Variable(0, dtype=tf.int64), tf.Variable(0.0, dtype=tf.float64)
    checkpoints = run.checkpoints(gan=gan_parts(gan), done=done, seconds=seconds)
    checkpoints.restore_or_initialize()
    start = int(done)
    run.rewind(start)
    show = _previewer(run, gan, spec)
    if start == 0:
        _show_reals(run, pairs, spec)
        show(0, "fakes_init")
    else:
        run.say(f"continues at iteration {start}")
    batches = iter(_joint_batches(pairs, spec, batch, gan.seed, start * schedule.critic_steps))
    progress = tqdm(total=schedule.iterations, initial=start, desc=run.path.name, unit="it", disable=None)
    began, recent = time.perf_counter(), []
    for iteration in range(start, schedule.iterations):
        recent.append(_iterate(gan, batches, iteration, schedule.critic_steps))
        end, last = iteration + 1, iteration + 1 == schedule.iterations
        progress.update()
        if end % schedule.log_every == 0 or last:
            elapsed, began = time.perf_counter() - began, time.perf_counter()
            seconds.assign_add(elapsed)
            images = len(recent) * schedule.critic_steps * batch / elapsed
            _report(run, end, schedule.iterations, _mean(recent), images)
            progress.set_postfix_str(f"{images:.0f} images/s", refresh=False)
            recent = []
        if end % schedule.preview_every == 0 or last:
            show(end, f"fakes_{end:06d}")
        if end % schedule.checkpoint_every == 0 or last:
            done.assign(end)
            checkpoints.save(end)
    progress.close()
    return float(seconds)


def gan_parts(gan: WganGp) -> tf.train.Checkpoint:
    """What a checkpoint of a GAN holds: both networks and both optimisers."""
    return tf.train.Checkpoint(
        generator=gan.generator,
        critic=gan.critic,
        generator_optimizer=gan.generator_optimizer,
        critic_optimizer=gan.critic_optimizer,
    )


def _joint_batches(pairs: RealPairs, spec: LabelSpec, batch: int, seed: int, start: int) -> tf.data.Dataset:
    classes = len(spec.classes)
    return real_batches(pairs, batch, seed, start).map(lambda images, labels: join(images, labels, classes))


def _iterate(gan: WganGp, batches, iteration: int, critic_steps: int) -> dict[str, tf.Tensor]:
    """One iteration; returns the last critic step's terms and the generator's loss, still on the device."""
    terms = gan.generator_step(tf.constant(iteration, tf.int64)) if iteration else {}
    for number in range(critic_steps):
        step = tf.constant(iteration * critic_steps + number, tf.int64)
        critic_terms = gan.critic_step(next(batches), step)
    return {**terms, **critic_terms}


def _mean(records: list[dict[str, tf.Tensor]]) -> dict[str, float]:
    names = records[-1]
    return {name: float(np.mean([record[name] for record in records if name in record])) for name in names}


def _report(run: RunFolder, end: int, total: int, values: dict[str, float], images: float) -> None:
    """Writes the record and the line; stops a training that has left the finite numbers."""
    broken = [name for name, value in values.items() if not math.isfinite(value)]
    if broken:
        raise InputError(
            run.path,
            "finite losses",
            f"{', '.join(broken)} not finite before iteration {end}",
            "try a lower gan.learning_rate, another seed, or --precision float32",
        )
    run.record(end, {**values, "images_per_second": images})
    run.say(
        f"iteration {end}/{total}  wasserstein {values['wasserstein']:.3f}  penalty {values['penalty']:.4f}  "
        f"gradient norm {values['gradient_norm']:.3f}  {images:.1f} images/s  memory {peak_memory():.2f} GB"
    )


def _show_reals(run: RunFolder, pairs: RealPairs, spec: LabelSpec) -> None:
    images, labels = pairs.take(np.arange(min(PREVIEWS, pairs.count)))
    run.picture(0, "reals", pair_grid(images.numpy(), labels.numpy(), spec, run.path / "reals.png"))


def _previewer(run: RunFolder, gan: WganGp, spec: LabelSpec) -> Callable[[int, str], None]:
    """Draws the same latents each time, by the batch's own statistics as training sees them."""
    latents = tf.random.stateless_normal((PREVIEWS, gan.latent_size), fold(gan.seed, 0, 3))
    forward = tf.function(lambda: separate(gan.generator(latents, training=True), len(spec.classes)))

    def show(step: int, name: str) -> None:
        images, labels = (x.numpy() for x in forward())
        run.picture(step, "fakes", pair_grid(images, labels, spec, run.path / f"{name}.png"))

    return show
