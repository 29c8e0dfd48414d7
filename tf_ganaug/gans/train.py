"""Training any GAN in a run folder: previews, log, checkpoints, exact continuation."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from tf_ganaug.checkpoints import Checkpoints
from tf_ganaug.errors import InputError
from tf_ganaug.run import RunFolder, peak_memory

#: Samples in a preview.
PREVIEWS = 16

#: Scalars of one iteration by name, still on the device.
Terms = Mapping[str, tf.Tensor]


@dataclass(frozen=True)
class Schedule:
    """How long a GAN trains and what is written on the way, all in iterations.

    Attributes:
        iterations: of the published loop.
        log_every: a line in log.txt and a record in metrics.jsonl.
        looks: iterations after which the results are looked at, as after the last.
        checkpoint_every: a place to continue from.
    """

    iterations: int
    log_every: int
    looks: Collection[int]
    checkpoint_every: int

    @classmethod
    def regular(cls, iterations: int, log_every: int, look_every: int, checkpoint_every: int) -> Schedule:
        """With looks at equal distances."""
        return cls(iterations, log_every, range(look_every, iterations + 1, look_every), checkpoint_every)


def train_gan(
    run: RunFolder,
    parts: tf.train.Checkpoint,
    iterate: Callable[[int], Iterator[tuple[Terms, int]]],
    look: Callable[[int, str], Mapping[str, float]],
    schedule: Schedule,
) -> float:
    """Trains until the schedule ends, continuing from the newest checkpoint if there is one.

    Args:
        run: where everything is written.
        parts: all that changes while training.
        iterate: from an iteration's number to the endless iterations from there on; each trains once
            and yields its terms and how many images it showed.
        look: from an iteration's number and a file name to a preview in the run folder; returns what it
            measured, to be recorded. What it changes must be among the parts.
        schedule: see there.

    Returns:
        Seconds that training took, over all its parts.

    Raises:
        InputError: if a term is no longer finite.
    """
    done, seconds = tf.Variable(0, dtype=tf.int64), tf.Variable(0.0, dtype=tf.float64)
    checkpoints = Checkpoints(run, gan=parts, done=done, seconds=seconds)
    checkpoints.restore()
    start = int(done)
    run.rewind(start)
    if start == 0:
        look(0, "fakes_init")
    else:
        run.say(f"continues at iteration {start}")
    iterations, progress = iterate(start), run.progress(schedule.iterations, start)
    began, recent, images = time.perf_counter(), [], 0
    for end in range(start + 1, schedule.iterations + 1):
        terms, shown = next(iterations)
        recent.append(terms)
        images += shown
        last = end == schedule.iterations
        progress.update()
        if end % schedule.log_every == 0 or last:
            values, elapsed = _mean(recent), time.perf_counter() - began
            seconds.assign_add(elapsed)
            _report(run, end, schedule.iterations, values, images / elapsed)
            progress.set_postfix_str(f"{images / elapsed:.0f} images/s", refresh=False)
            began, recent, images = time.perf_counter(), [], 0
        if end in schedule.looks or last:
            measured = look(end, f"fakes_{end:06d}")
            if measured:
                run.record(end, measured)
        if end % schedule.checkpoint_every == 0 or last:
            done.assign(end)
            checkpoints.save(end)
    progress.close()
    return float(seconds)


def _mean(records: list[Terms]) -> dict[str, float]:
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
            "try a lower learning rate of the GAN, another seed, or --precision float32",
        )
    run.record(end, {**values, "images_per_second": images})
    shown = "  ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in values.items())
    run.say(f"iteration {end}/{total}  {shown}  {images:.1f} images/s  memory {peak_memory():.2f} GB")
