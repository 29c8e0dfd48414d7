"""How long an experiment would take and what it needs, before anything is trained."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from tf_ganaug.compiled import on_paper
from tf_ganaug.experiment.speed import Speed, seconds_per_call
from tf_ganaug.experiment.study import Training
from tf_ganaug.experiment.work import Work

#: A step that is calculated to take longer than so many seconds is not made.
PATIENCE = 0.3


@dataclass(frozen=True)
class Cost:
    """Of an iteration of one kind of training.

    Attributes:
        seconds: that it takes on this machine.
        measured: whether it was made and timed; else only its minibatch was, and the rest is calculated.
        work: of its compiled steps.
    """

    seconds: float
    measured: bool
    work: Work

    @classmethod
    def of(cls, training: Training, speed: Speed) -> Cost:
        """Networks, minibatches and augmentation are the experiment's own."""
        step = training.step()
        with on_paper() as calls:
            step()
            work = Work.of(calls)
            minibatch = seconds_per_call(step, warm=0, calls=2)
        calculated = minibatch + speed.seconds(work)
        if calculated > PATIENCE:
            return cls(calculated, False, work)
        return cls(seconds_per_call(step), True, work)


def estimate(trainings: Sequence[Training]) -> Iterator[tuple[Training, Cost]]:
    """The trainings in their order, each with the cost of its kind, which is looked at once."""
    kinds: dict[Hashable, Cost] = {}
    speed = Speed()
    for training in trainings:
        if training.kind not in kinds:
            kinds[training.kind] = Cost.of(training, speed)
        yield training, kinds[training.kind]
