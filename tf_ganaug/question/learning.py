"""How the segmenters learned: the validations of all arms, and which of them were still improving."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tf_ganaug.experiment.figures import curves
from tf_ganaug.question.study import QuestionStudy
from tf_ganaug.run import read_metrics

#: Column of `validations`: how often each real image had been shown.
SEEN = "times that each real image was shown"


def validations(study: QuestionStudy, fraction: float) -> dict[str, pd.DataFrame]:
    """The validations of each arm, the mean over repeats: columns step, `SEEN` and validation_dice, in [0, 1]."""
    found: dict[str, list[pd.DataFrame]] = {}
    for task in (task for task in study.tasks if task.fraction == fraction):
        records = pd.DataFrame(read_metrics(study.folder / study.name(task)))
        frame = records.dropna(subset="validation_dice")[["step", "validation_dice"]]
        share = study.result(task)["real_share"] * study.settings.training.batch
        frame = frame.assign(**{SEEN: frame.step * share / len(study.subset(fraction).rows)})
        name = f"{task.arm} ({task.kind})" if task.kind and len(study.settings.kinds) > 1 else task.arm
        found.setdefault(name, []).append(frame)
    return {name: pd.concat(frames).groupby("step", as_index=False).mean() for name, frames in found.items()}


def improving_line(study: QuestionStudy, late: list[str]) -> list[str]:
    """What the answer says of them."""
    if not late:
        return []
    longer = 2 * study.settings.training.iterations
    *others, last = late
    arms = f"the arms {', '.join(others)} and {last} were" if others else f"the arm {last} was"
    return [
        f"Still improving: {arms} best in the last tenth of the training. Longer training may change the answer: "
        f"--set training.iterations={longer}."
    ]


def exposure_line(study: QuestionStudy) -> str:
    """How often each arm was shown the real images."""
    s, largest = study.settings, max(study.settings.fractions)
    count = len(study.subset(largest).rows)
    shown = {}
    for task in (task for task in study.tasks if task.fraction == largest and task.repeat == 0):
        result = study.result(task)
        times = result["iterations"] * s.training.batch * result["real_share"] / count
        shown[task.arm] = f"{times:.1f}", result["iterations"]
    often = {times for times, _ in shown.values()}
    if len(often) == 1:
        steps = ", ".join(f"{arm} {iterations} steps" for arm, (_, iterations) in shown.items())
        return f"Every arm was shown each real image {often.pop()} times: {steps}."
    unlike = ", ".join(f"{arm} {times} times in {iterations} steps" for arm, (times, iterations) in shown.items())
    return f"Real images were not shown equally often: {unlike}."


def draw(validated: dict[str, pd.DataFrame], path: Path) -> None:
    """Writes the validations of all arms as one picture."""
    curves(validated, ["validation_dice"], path, x=SEEN)
