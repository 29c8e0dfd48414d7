"""What a question came to: the answer of its report, from the measures of its test subjects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tf_ganaug.experiment.learning import still_improving
from tf_ganaug.experiment.ranking import ranking
from tf_ganaug.experiment.report import Answer, Table
from tf_ganaug.question import answer, learning, pictures, tables
from tf_ganaug.question.change import EFFECTS, GENERATED, Change, effects, gans_of, of_kind, pseudo_values, results
from tf_ganaug.question.makers import makers_of
from tf_ganaug.question.study import QuestionStudy


def answer_of(study: QuestionStudy, subjects: pd.DataFrame, place: Path, warnings: list[str]) -> Answer:
    """The answer: its sentence, what belongs to it, a picture of the pairs and a small table.

    Args:
        study: finished.
        subjects: test subjects, of `outcome.of_subjects`.
        place: of the figures.
        warnings: what its reader must know first.
    """
    s, largest = study.settings, subjects.fraction.max()
    whole = subjects[subjects.fraction == largest]
    generated = any(arm in GENERATED for arm in s.arms)
    late = learning.improving_line(study, still_improving(learning.validations(study, largest)))
    if len(s.kinds) > 1 and generated:
        table = rank(study, whole)
        best = str(table.kind[0])
        remarks = [makers_of(study, largest, kind).line for kind in s.kinds]
        shown = [pictures.neighbours(study, largest, best, place), Table(shown_ranking(table), RANKED, 1)]
        return Answer(sentence_of(study, subjects), [*warnings, *late, *remarks], shown)
    changes = effects(whole)
    first, *others = changes
    makers = makers_of(study, largest, s.kinds[0]) if generated else None
    count = makers.count if makers else 0
    remarks = [
        answer.sentence(change, answer.who_made(change, count), answer.conditions(change.arms, largest))
        for change in others
    ]
    remarks += [makers.line] if makers else []
    remarks += _of_smaller_shares(subjects, largest, first.arms, count)
    table = Table(tables.shown(tables.by_effect(changes)), "Dice of the test subjects, in points (hundredths).", 1)
    shown = [pictures.neighbours(study, largest, s.kinds[0], place)] if generated else []
    told = [*warnings, *answer.advice(first), *late, *remarks]
    return Answer(sentence_of(study, subjects), told, [*shown, table])


def sentence_of(study: QuestionStudy, subjects: pd.DataFrame) -> str:
    """The first paragraph, on the largest fraction: which kind did best, or what the generated pairs changed."""
    s, largest = study.settings, subjects.fraction.max()
    whole = subjects[subjects.fraction == largest]
    generated = any(arm in GENERATED for arm in s.arms)
    if len(s.kinds) > 1 and generated:
        table = rank(study, whole)
        return ranking_sentence(table, makers_of(study, largest, str(table.kind[0])).who)
    first = effects(whole)[0]
    who = makers_of(study, largest, s.kinds[0]).who if first.arms[1] in GENERATED else answer.ORDINARY
    text = answer.sentence(first, who, answer.conditions(first.arms, largest))
    return " ".join([text, *answer.contrary(first, _others(whole, first))])


def _others(whole: pd.DataFrame, first: Change) -> dict[str, Change]:
    """The first change of the measures that may point the other way, where there are such."""
    found = {}
    for measure in ("image_dice", "image_false_alarms"):
        rows = whole[whole.arm.isin(first.arms)]
        if np.isfinite(rows[measure]).any():
            found[measure] = Change.of(whole, first.arms, measure)
    return found


def _of_smaller_shares(subjects: pd.DataFrame, largest: float, arms: tuple[str, str], generators: int) -> list[str]:
    lines = []
    for fraction, part in sorted(subjects.groupby("fraction"), key=lambda group: -group[0]):
        if fraction != largest:
            change = Change.of(part, arms)
            who = answer.who_made(change, generators)
            lines.append(answer.sentence(change, who, answer.conditions(arms, float(fraction))))
    return lines


def how_it_was_found(study: QuestionStudy, subjects: pd.DataFrame) -> list[str]:
    """What was compared, how often images were shown, and what the interval covers."""
    s = study.settings
    whole = of_kind(subjects[subjects.fraction == subjects.fraction.max()], s.kinds[0])
    first = effects(whole)[0]
    kinds = f"GAN {', '.join(s.kinds)} ({s.gans or s.repeats} each), screen {s.screen}, mix {s.mix}, "
    return [
        f"{kinds}segmenter {s.segmenter}; networks see {study.height} x {study.width} pixels; {s.repeats} repeat(s), "
        f"seed {s.seed}.",
        learning.exposure_line(study),
        ordinary_line(study),
        *answer.scope(first.mean),
    ]


def ordinary_line(study: QuestionStudy) -> str:
    """What ordinary augmentation was."""
    a, moved = study.settings.augmentation, study.ordinary
    mirrored = "mirrored in half of all draws" if moved.flip else "never mirrored"
    why = ", since left and right differ" if a.flip and not moved.flip else ""
    moves = f"moved by {100 * a.translation / 256:.2g} % and bent by {100 * a.elastic / 256:.2g} % of the longer side"
    return (
        f"Ordinary augmentation, standard deviations: brightness {100 * a.shift / 2:.3g} % of the range, contrast "
        f"{100 * a.scale:.3g} %, {moves}; {mirrored}{why}."
    )


#: Caption of the ranking's table.
RANKED = (
    "Kinds of generator by their effect on Dice, in points. The intervals hold all at once with 95 % (Bonferroni); "
    "ranks are those that the differences of every two kinds leave open (p below 0.05 after Holm's correction)."
)


def rank(study: QuestionStudy, whole: pd.DataFrame) -> pd.DataFrame:
    """`experiment.ranking` of all kinds by the first effect of generated pairs, with `minutes` of training each."""
    arms = next(pair for pair in EFFECTS if pair[1] in GENERATED and set(whole.arm).issuperset(pair))
    frames = {kind: of_kind(whole, kind) for kind in study.settings.kinds}
    subjects = pd.Index(sorted(set().union(*(results(frame, "dice", arms).index for frame in frames.values()))))
    changes = {kind: pseudo_values(frame, arms, subjects) for kind, frame in frames.items()}
    gans = {kind: gans_of(frame, arms[1]) for kind, frame in frames.items()}
    table = ranking(changes, gans, answer.MARGIN)
    largest = float(whole.fraction.iloc[0])
    return table.assign(minutes=[makers_of(study, largest, kind).minutes for kind in table.kind])


def ranking_sentence(table: pd.DataFrame, who: answer.Who) -> str:
    """The best kind, and whether it surely helped.

    Args:
        table: of `rank`.
        who: the best kind's generators.
    """
    best, help_, make = table.iloc[0], *(("help", "make") if who.many else ("helps", "makes"))
    ends = f"{answer.points(best.low)} to {answer.points(best.high)}"
    interval = f"95 % interval of all kinds at once {ends}" if best.low == best.low else "no interval"
    over = answer.counted(int(best.subjects), int(best.repeats), int(best.gans))
    about = f"Dice changed by {answer.points(best.change)} points ({interval}; {over})"
    told = {
        "open": f"the data cannot tell whether {who.name} {help_}",
        "same": f"{who.name} {make} no difference that matters, within {answer.count(answer.MARGIN, 'point')}",
    }.get(best.verdict, f"{who.name} {best.verdict}")
    ties = int((table.best_rank == 1).sum()) - 1
    others = "The other kind" if len(table) == 2 else answer.count(ties, "other kind")
    alone = f" {others} may be as good or better." if ties else ""
    return f"Of {len(table)} kinds of generator, {best.kind} did best. {answer.capital(told)}: {about}.{alone}"


def shown_ranking(table: pd.DataFrame) -> pd.DataFrame:
    """`rank` under a report's headings."""
    ranks = [f"{a}" if a == b else f"{a} to {b}" for a, b in zip(table.best_rank, table.worst_rank)]
    columns = ["kind", "change", "low", "high", "p", "minutes"]
    return tables.shown(table[columns].assign(verdict=table.verdict.map(tables.VERDICTS), rank=ranks))
