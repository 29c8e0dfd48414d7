"""What made the generated pairs: how large, how long trained against its paper, and how good, in words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from tf_ganaug.experiment import diagnosed
from tf_ganaug.quality.diagnosis import Diagnosis
from tf_ganaug.question.answer import Who, percent
from tf_ganaug.question.checks import settings_of
from tf_ganaug.question.diagnosing import diagnosis_of
from tf_ganaug.question.generator import Generator
from tf_ganaug.question.study import QuestionStudy
from tf_ganaug.run import read_result


@dataclass(frozen=True)
class Makers:
    """The generators of one kind, at one fraction.

    Attributes:
        kind: of the GAN.
        count: of them.
        minutes: of training, the mean.
        shown: real images that each was shown.
        published: as many in the paper's training, on these images.
        profile: of the settings.
        diagnoses: of each, or why there is none.
        augments: as of `Generator`.
    """

    kind: str
    count: int
    minutes: float
    shown: int
    published: int
    profile: str
    diagnoses: tuple[Diagnosis | str, ...]
    augments: dict[str, str] = field(default_factory=dict)

    @property
    def who(self) -> Who:
        """As a sentence on them begins."""
        size = "small and " if self.profile != "paper" else ""
        each = " each" * (self.count > 1)
        name = f"these {self.count} generators" if self.count > 1 else "this generator"
        return Who(f"{name}, {size}trained for {_time(self.minutes)}{each} (profile {self.profile}),", self.count > 1)

    @property
    def line(self) -> str:
        """How far they are from the paper's, and their quality."""
        each = f"Each {self.kind}" if self.count > 1 else f"The {self.kind}"
        share = percent(self.shown / self.published)
        text = f"{each} was shown {self.shown:,} images, {share} of the {self.published:,} of its paper."
        if self.augments:
            told = ", ".join(f"{name}.augment {kind}" for name, kind in self.augments.items())
            text += f" Not as in its paper, what its critic saw was augmented ({told})."
        return f"{text} {diagnosed.of_several(self.diagnoses)}"


def makers_of(study: QuestionStudy, fraction: float, kind: str) -> Makers:
    """Of finished generators and pools; what is not diagnosed yet is."""
    gans = [study.generator(fraction, kind, number) for of, number in study.generators if of == kind]
    seconds = [sum(read_result(study.folder / name)["seconds"] for name in gan.run_names) for gan in gans]
    published = Generator(replace(gans[0].subset, settings=settings_of("paper", [f"gan={kind}"])))
    return Makers(
        kind=kind,
        count=len(gans),
        minutes=float(np.mean(seconds)) / 60,
        shown=gans[0].images_shown,
        published=published.images_shown,
        profile=study.settings.profile,
        augments=gans[0].augments,
        diagnoses=tuple(diagnosis_of(study, fraction, kind, number) for of, number in study.generators if of == kind),
    )


def _time(minutes: float) -> str:
    if minutes < 1:
        return "less than a minute"
    if minutes < 90:
        return f"{minutes:.0f} minute" + "s" * (round(minutes) != 1)
    return f"{minutes / 60:.0f} hours"
