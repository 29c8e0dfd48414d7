"""The segmenters of a question: which data each one learns from, and in what order."""

from __future__ import annotations

from dataclasses import dataclass

from tf_ganaug.question.change import GENERATED, MOVED
from tf_ganaug.question.settings import Settings


@dataclass(frozen=True)
class QuestionTask:
    """One segmenter.

    Attributes:
        fraction: of the training subjects.
        arm: one of `change.ARMS`.
        repeat: number of the seed; all arms of a repeat start from the same weights.
        kind: of the GAN whose pairs it learns from, "" if none.
        gan: number of that GAN among those of its kind, -1 if none.
    """

    fraction: float
    arm: str
    repeat: int
    kind: str = ""
    gan: int = -1

    @property
    def generated(self) -> bool:
        """Whether it also learns from generated pairs."""
        return self.arm in GENERATED

    @property
    def moved(self) -> bool:
        """Whether its pairs are changed by ordinary augmentation."""
        return self.arm in MOVED


def all_tasks(settings: Settings) -> list[QuestionTask]:
    """All segmenters of a question, those of one fraction after each other, those without a GAN first."""
    repeats, gans = range(settings.repeats), settings.gans or settings.repeats
    found = []
    for fraction in settings.fractions:
        for arm in (arm for arm in settings.arms if arm not in GENERATED):
            found += [QuestionTask(fraction, arm, repeat) for repeat in repeats]
        for kind in settings.kinds:
            for arm in (arm for arm in settings.arms if arm in GENERATED):
                found += [QuestionTask(fraction, arm, repeat, kind, repeat % gans) for repeat in repeats]
    return found
