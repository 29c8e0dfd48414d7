"""A plan before the days: what an experiment's trainings take, and whether this machine has it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from tf_ganaug.checkpoints import KEPT
from tf_ganaug.data.stored import HELD
from tf_ganaug.experiment.estimate import Cost, estimate
from tf_ganaug.experiment.study import Study, Training
from tf_ganaug.hardware import free_disk, gpu_memory, memory

#: Bytes of the process before it has data or networks: TensorFlow and its libraries.
PROCESS = 1e9


@dataclass(frozen=True)
class Needs:
    """Of an experiment's trainings, one after the other.

    Attributes:
        trainings: their number.
        device: bytes of networks, optimisers and results of the largest step, on a GPU if there is one.
        host: bytes of the machine's memory beside these.
        disk: bytes of the results' folder: sized images, checkpoints, weights and generated pairs.
    """

    trainings: int
    device: float
    host: float
    disk: float

    @classmethod
    def of(cls, study: Study, costs: Sequence[tuple[Training, Cost]]) -> Needs:
        """Of a study's trainings with their costs."""
        few, count = study.few.sized, len(study.dataset.cases)
        pair = [array[0].nbytes * count for array in (few.images, few.labels)]
        # Beside its checkpoints a training leaves the best weights, or a generator.
        states = sum((KEPT + 1) * cost.work.variables + training.files for training, cost in costs)
        return cls(
            len(costs),
            max((cost.work.memory for _, cost in costs), default=0.0),
            PROCESS + min(HELD, sum(pair)),
            sum(pair) + states,
        )

    def __str__(self) -> str:
        device, host, disk = map(_size, (self.device, self.host, self.disk))
        return (
            f"Needs:    {self.trainings} trainings; {device} of GPU memory, or the machine's; {host} of it beside; "
            f"{disk} of disk"
        )

    def lacking(self, folder: Path, devices: int = 1) -> Iterator[str]:
        """What this machine has less of for results in a folder, by so many GPUs at a time; a warning each."""
        gpus = bool(tf.config.list_physical_devices("GPU"))
        rows = [
            ("on the GPU", devices * min(gpu_memory(), default=math.inf), self.device if gpus else 0.0),
            ("of the machine", memory(), self.host + (0.0 if gpus else self.device)),
            (f"on the disk of {folder}", free_disk(folder), self.disk),
        ]
        for where, found, needed in rows:
            if found < needed:
                yield f"WARNING: {_size(found)} {where}, {_size(needed)} are needed; see docs/gpu.md."


def plan(study: Study, trainings: Sequence[Training]) -> Iterator[str]:
    """The trainings, what each takes on this machine, their time together and their needs, a line at a time.

    Nothing is trained or written. A line comes when it is known: each kind of step is looked at when it is first met.
    """
    costs, width = [], max((len(training.name) for training in trainings), default=0)
    for training, cost in estimate(trainings):
        costs.append((training, cost))
        minutes = cost.seconds * training.iterations / 60
        how = "timed" if cost.measured else "calculated"
        yield (
            f"{training.name:{width}}  {training.iterations:7d} iterations of {cost.seconds:9.3g} s, {how:10s} "
            f"{minutes:9.3g} min  {_size(cost.work.memory)}"
        )
    total = sum(cost.seconds * training.iterations for training, cost in costs)
    ways = Counter("timed" if cost.measured else "calculated" for _, cost in costs)
    yield (
        f"{len(costs)} training{'s' * (len(costs) != 1)} to do, about {total / 3600:.1f} h ({total / 60:.0f} min) "
        "on this machine, a segmenter counted with its least iterations"
    )
    if ways["calculated"]:
        yield (
            "calculated: from the arithmetic and the traffic of the step's graph, and this machine's speed in both; "
            "half or twice as long may be true."
        )
    needs = Needs.of(study, costs)
    yield str(needs)
    yield from needs.lacking(study.folder, study.settings.devices)


def _size(count: float) -> str:
    """Of bytes, in two digits or three."""
    if count < 1e9:
        return f"{count / 1e6:.0f} MB"
    return f"{count / 1e9:.1f} GB" if count < 1e10 else f"{count / 1e9:.0f} GB"
