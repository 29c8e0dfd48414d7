"""Does it help? A change as a sentence: the verdict first, then the change, its interval, and what would tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from tf_ganaug.experiment.crossed import Mean
from tf_ganaug.experiment.repeats import LEVEL
from tf_ganaug.question.change import GENERATED, MOVED, Change
from tf_ganaug.question.outcome import LESS_IS_BETTER

#: Points of Dice below which a change does not matter.
MARGIN = 1.0

#: Points of Dice below which a network has hardly learned what it was shown.
LEARNED = 10.0

#: With fewer trainings their spread is a guess.
FEW_TRAININGS = 3

#: With fewer subjects the shape of their distribution cannot be seen, and the interval leans on Student's t.
FEW_SUBJECTS = 6

#: Measures that a change of Dice is held against, as a sentence names them.
_OTHERS = {
    "image_dice": "the mean Dice of single images",
    "image_false_alarms": "false alarms, the share of images without the class where some of it is found,",
}


@dataclass(frozen=True)
class Who:
    """What a sentence is about.

    Attributes:
        name: such as "this generator", as it stands inside a sentence.
        many: whether it is several.
    """

    name: str
    many: bool = False


ORDINARY = Who("ordinary augmentation")


def short(generators: int) -> Who:
    """So many generators of one kind, without more words."""
    return Who(f"these {generators} generators", True) if generators > 1 else Who("this generator")


def verdict(change: Change, margin: float = MARGIN) -> str:
    """What the interval says: "helped" or "hurt" where it leaves zero out, "same" where it has zero in it and lies
    within the margin, else "open": the data cannot tell, as of a single repeat.
    """
    return change.mean.verdict(margin)


def sentence(change: Change, who: Who, given: Sequence[str] = (), margin: float = MARGIN) -> str:
    """The verdict in words, with the change and its interval.

    Args:
        change: of Dice.
        who: made it.
        given: conditions that the sentence begins with, such as "with 10 % of the training data".
        margin: points below which a change does not matter.
    """
    mean, found = change.mean, verdict(change, margin)
    numbers = f"Dice changed by {points(mean.mean)} points, from {change.before:.1f} to {change.after:.1f}"
    about = f"{numbers} ({_source(mean)})"
    help_, make = ("help", "make") if who.many else ("helps", "makes")
    if max(change.before, change.after) < LEARNED:
        text = f"the data cannot tell whether {who.name} {help_}: the networks have hardly learned the task. {about}."
    elif mean.spread is None or found == "open":
        text = f"the data cannot tell whether {who.name} {help_}: {about}."
    elif found == "same":
        text = f"{who.name} {make} no difference that matters, within {count(margin, 'point')}: {about}."
    else:
        small = f", though by less than {count(margin, 'point')}" if max(-mean.low, mean.high) < margin else ""
        text = f"{who.name} {found}{small}: {about}."
    return capital(", ".join([*given, text]))


def advice(change: Change, margin: float = MARGIN) -> list[str]:
    """Where the data cannot tell, what the interval holds and what would tell."""
    mean = change.mean
    if max(change.before, change.after) < LEARNED:
        return ["Train longer (--set training.iterations=N), or show more pixels (--size)."]
    if mean.spread is None:
        return ["An interval needs at least three test subjects with the class."]
    if verdict(change, margin) != "open":
        return []
    gains, losses = (f"{max(0, end):.1f}" for end in (mean.high, -mean.low))
    held = f"The interval holds gains of up to {gains} and losses of up to {losses} points."
    return [f"{held} {_remedy(mean, margin)}"]


def conditions(arms: tuple[str, str], fraction: float = 1.0) -> list[str]:
    """What both arms of a change had, as `sentence` begins with it."""
    given = [f"with {percent(fraction)} of the training data"] if fraction != 1 else []
    return [*given, *["on top of ordinary augmentation"] * (arms[0] in MOVED)]


def who_made(change: Change, generators: int) -> Who:
    """What made a change: so many generators, or ordinary augmentation."""
    return short(generators) if change.arms[1] in GENERATED else ORDINARY


def contrary(change: Change, others: dict[str, Change], margin: float = MARGIN) -> list[str]:
    """Sentences on what points the other way than Dice: by more than the margin, or surely.

    Args:
        change: of Dice.
        others: the same change of other measures, by their names.
        margin: in points.
    """
    lines = []
    for name, other in others.items():
        better = -other.mean.mean if name in LESS_IS_BETTER else other.mean.mean
        sure = other.mean.verdict(0.0) in ("helped", "hurt")
        if better * change.mean.mean < 0 and (sure or abs(better) >= margin):
            ends = f", 95 % interval {points(other.mean.low)} to {points(other.mean.high)}" if other.mean.spread else ""
            lines.append(
                f"But {_OTHERS[name]} changed from {other.before:.1f} to {other.after:.1f} % "
                f"({points(other.mean.mean)} points{ends})."
            )
    return lines


def percent(fraction: float) -> str:
    """A share as texts and figures name it, "10 %"."""
    return f"{100 * fraction:.3g} %"


def _source(mean: Mean) -> str:
    """The interval and what it is of."""
    interval = "no interval" if mean.spread is None else f"95 % interval {points(mean.low)} to {points(mean.high)}"
    return f"{interval}; {counted(mean.subjects, mean.repeats, mean.gans)}"


def counted(subjects: int, repeats: int, generators: int) -> str:
    """Of how many the numbers are, and what so few cannot say."""
    units = [count(subjects, "subject"), count(repeats, "repeat")]
    units += [count(generators, "generator")] if generators > 1 else []
    over = f"{', '.join(units[:-1])} and {units[-1]}"
    if repeats == 1:
        return f"{units[0]}; one repeat, so the chance of a training is not in it"
    return f"{over}; two trainings say little" if (generators if generators > 1 else repeats) == 2 else over


def _remedy(mean: Mean, margin: float) -> str:
    """What would narrow the interval to the margin; where it is that narrow, to half, which always gives a verdict."""
    now, noun = (mean.subjects, mean.trainings), "generator" if mean.gans > 1 else "repeat"
    half = margin if mean.high - mean.low > 2 * margin else margin / 2
    goal = f"narrow the interval to \N{PLUS-MINUS SIGN}{count(half, 'point')}"
    subjects, trainings = mean.spread.subjects_for(half, *now), mean.spread.repeats_for(half, *now)
    if mean.trainings < FEW_TRAININGS:
        said = "one says nothing" if mean.trainings == 1 else "two say little"
        advice = f"First make more {noun}s, at least 5: {said} of the chance of a training."
        if mean.trainings > 1:
            return advice
        return advice + (
            f" Even without that chance it takes about {subjects} test subjects to {goal}." if subjects else ""
        )
    if trainings and subjects:
        return f"About {trainings} {noun}s, or {subjects} test subjects, would {goal}: a rough estimate."
    if subjects:
        return (
            f"No number of {noun}s can {goal}, for the subjects differ too much; about {subjects} test subjects would."
        )
    if trainings:
        return (
            f"No number of test subjects can {goal}, for the {noun}s differ too much; about {trainings} {noun}s would."
        )
    both = mean.spread.both_for(half, *now)
    together = f"; together, about {both[0]} test subjects with {both[1]} {noun}s would" if both else ""
    return f"Neither more test subjects nor more {noun}s alone can {goal}{together}."


def scope(mean: Mean) -> list[str]:
    """What the interval of a change by generated pairs covers and what it does not, in sentences; empty without one."""
    if mean.spread is None:
        return []
    training = "the chance of the segmenters' training" + (" and of the GANs'" if mean.gans > 1 else "")
    covered = "which subjects were tested" + (f", and {training}" if mean.repeats > 1 else "")
    missing = ["another training of the segmenters"] * (mean.repeats == 1)
    missing += ["another training of the GAN"] * (mean.gans <= 1)
    lines = [f"The interval covers {covered}. It does not cover {' or '.join([*missing, 'other data'])}."]
    if mean.gans <= 1 < mean.repeats:
        lines[0] += " So it speaks of this generator: --gans N trains several."
    if mean.subjects < FEW_SUBJECTS:
        few = f"With {count(mean.subjects, 'test subject')} the interval's width rests on the assumption that changes "
        lines.append(few + "are about normally distributed among subjects, which so few cannot show.")
    return lines


def class_note(table: pd.DataFrame) -> str:
    """What remains of `tables.by_class` when so many classes are looked at."""
    if table.p.isna().all():
        return f"{len(table)} classes; of a single repeat, or fewer than three subjects, there is no test of any."
    kept = [str(name) for name in table["class"][table.holm_p < LEVEL]]
    found = f"of {', '.join(kept)}" if kept else "of no class"
    return (
        f"{len(table)} classes are looked at, so some change seems certain by chance more often than once in twenty. "
        f"After Holm's correction (p below {LEVEL:g}) the change {found} remains."
    )


def points(value: float) -> str:
    """A change, with as many digits as keep it from looking like none."""
    return f"{value:+.1g}" if 0.0005 < abs(value) < 0.05 else f"{value + 0.0:+.1f}"


def count(number: float, noun: str) -> str:
    """A number with its noun, in the plural but for 1."""
    return f"{number:g} {noun}" + "s" * (number != 1)


def capital(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]
