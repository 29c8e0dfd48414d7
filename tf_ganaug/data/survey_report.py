"""A survey in words: the summary for the terminal, cases.csv, and a dataset.yaml to edit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

import pandas as pd

from tf_ganaug.data.colours import ids_of
from tf_ganaug.data.limits import PIXELS
from tf_ganaug.data.listing import listed
from tf_ganaug.data.sides import sided
from tf_ganaug.data.subjects import in_folders, subject_pattern, subject_table
from tf_ganaug.data.survey import Survey
from tf_ganaug.data.survey_findings import (
    Finding,
    is_usual,
    refused,
    remarks,
    twins,
    unfit,
)
from tf_ganaug.errors import printable
from tf_ganaug.files import write_text
from tf_ganaug.frames import write_frame

#: Cases of one kind of finding that the summary names.
_NAMED = 5


def summary(survey: Survey, found: Sequence[Finding]) -> str:
    """All that was found, for a terminal of 100 columns and more; the last line is the verdict."""
    lines = [f"{survey.name}: {len(survey.facts)} cases", *_rows(_traits(survey)), "", *_classes(survey)]
    for kind, of_kind in groupby(found, lambda finding: finding.kind):
        cases = list(of_kind)
        lines += ["", f"{kind}: {len(cases)} of {len(survey.facts)} cases"]
        if is_usual(survey, cases):
            lines[-1] += ", usual in these data (each is in cases.csv)"
            continue
        lines += [f"  {finding.case}: {finding.reason}" for finding in cases[:_NAMED]]
        lines += [f"  +{len(cases) - _NAMED} more in cases.csv"] if len(cases) > _NAMED else []
    noted = remarks(survey)
    lines += ["", *(f"note: {remark}" for remark in noted)] if noted else []
    return "\n".join(map(printable, [*lines, "", verdict(survey)]))


def verdict(survey: Survey) -> str:
    """One line."""
    reasons = unfit(survey)
    return f"unfit for training: {'; '.join(reasons)}" if reasons else "fit for training"


def write_cases(survey: Survey, found: Iterable[Finding], path: Path) -> None:
    """Writes a CSV with a line for each case: its facts, the pixels of each label value, its findings.

    Files are named by their places in the folder.
    """
    pixels = survey.pixels.add_prefix("pixels_of_")
    told = pd.Series("", index=survey.facts.index, name="findings")
    for finding in found:
        told[finding.case] += f"{'; ' if told[finding.case] else ''}{finding.kind}: {finding.reason}"
    files = survey.facts[["image", "label"]].apply(lambda column: [_in(survey.root, file) for file in column])
    write_frame(path, survey.facts.assign(**files).join(pixels).join(told), index=True)


def _in(root: Path, file: str) -> str:
    return Path(file).relative_to(root).as_posix()


def write_dataset_yaml(survey: Survey, path: Path) -> None:
    """Writes a description of the data that `data.description` reads, with a comment at every guess."""
    described = survey.described
    lines = [
        f"# Made by tf-ganaug check-data from {_flow(survey.root.resolve().name)}",
        "# Edit it, then copy it into that folder or name it with --dataset-yaml.",
        f"name: {_flow(survey.name)}",
        *_class_lines(survey),
        *_spacing_line(survey),
        *_subject_line(survey),
    ]
    if described.files:
        lines.append(f"files: {_flow({'image': described.files.images, 'label': described.files.label})}")
    lines += [f"splits: {_flow(described.splits)}"] if described.splits else []
    lines += [f"slice_axis: {described.slice_axis}"] if described.slice_axis is not None else []
    lines += ["keep_blank: true"] if described.keep_blank else []
    lines += [f"limits: {_flow({'pixels': described.limits})}"] if described.limits != PIXELS else []
    lines.append(_mirror_line(survey))
    lines += _left_out(survey)
    write_text(path, "\n".join(lines))


def _left_out(survey: Survey) -> list[str]:
    described, constant, copied = survey.described, refused(survey), list(twins(survey))
    comments = [f"{listed([*map(_flow, constant)])}: constant, or state 'keep_blank: true'"] if constant else []
    comments += [f"{listed([*map(_flow, copied)])}: copies, or give each the subject of the other"] if copied else []
    names = [*dict.fromkeys((*described.leave_out, *constant, *copied))]
    comment = f"  # {'; '.join(comments)}" if comments else ""
    return [f"leave_out: {_flow(names)}{comment}"] if names else []


def _traits(survey: Survey) -> dict[str, str]:
    facts = survey.facts
    quartiles = facts["level"].quantile([0.25, 0.75]).tolist()
    levels = f"{_span(facts['level'])}, half of them {quartiles[0]:.4g} to {quartiles[1]:.4g}"
    return {
        "layout": survey.layout,
        "subjects": f"{facts['subject'].nunique()}, {_told_apart(survey)}",
        "sizes": _sizes(facts),
        "images": ", ".join(
            [*_kinds(facts["format"]), *_kinds(facts["stored"]), *_kinds(facts["channels"], "channel")]
        ),
        "spacing": f"{_span(facts['row_mm'])} x {_span(facts['column_mm'])} mm per pixel"
        if _has_spacing(survey)
        else "not stated: distances are in pixels",
        "intensities": f"{facts['minimum'].min():g} to {facts['maximum'].max():g}; medians of the cases {levels}",
        "mirroring": _mirroring(survey),
    }


def _has_spacing(survey: Survey) -> bool:
    return all(case.spacing_known for case in survey.cases)


def _told_apart(survey: Survey) -> str:
    described = survey.described
    if described.subjects is not None:
        return f"as in {described.subjects}"
    if described.subject is not None:
        return f"by the pattern {described.subject.pattern}"
    if survey.reader == "dicom":
        return "by folder; series of one PatientID are of one subject"
    return "by folder" if in_folders(survey.described, survey.stems) else "each file its own"


def _sizes(facts: pd.DataFrame) -> str:
    sizes = facts.groupby(["height", "width"]).size().sort_values(ascending=False)
    height, width = sizes.index[0]
    if len(sizes) == 1:
        return f"{height} x {width} (height x width)"
    span = f"{_span(facts['height'])} x {_span(facts['width'])} (height x width)"
    return f"{span}, {len(sizes)} different; {sizes.iloc[0]} cases are {height} x {width}"


def _span(values: pd.Series) -> str:
    low, high = values.min(), values.max()
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"


def _kinds(values: pd.Series, noun: str = "") -> list[str]:
    counts = values.value_counts()
    names = [f"{kind} {noun}{'s' if noun and kind != 1 else ''}".strip() for kind in counts.index]
    return names if len(names) == 1 else [f"{name} ({count})" for name, count in zip(names, counts)]


def _rows(pairs: dict[str, str]) -> list[str]:
    return [f"  {key:<12} {value}" for key, value in pairs.items()]


def _classes(survey: Survey) -> list[str]:
    names = {i: c.name for c in survey.spec.classes for i in c.ids}
    names.update(dict.fromkeys(survey.spec.ignored, "(ignored)"))
    width = max(map(len, names.values()))
    lines = [f"  {'label value':>11}  {'class':<{width}}  {'pixels':>8}  {'cases':>6}"]
    for value in sorted({*names, *survey.pixels.columns}):
        share, cases = _shares(survey, value)
        lines.append(f"  {value:>11}  {names.get(value, '(no class)'):<{width}}  {share:>8.2%}  {cases:>6.0%}")
    return lines


def _shares(survey: Survey, value: int) -> tuple[float, float]:
    """Of the pixels, and of the cases that have the value."""
    if value not in survey.pixels:
        return 0.0, 0.0
    of_value = survey.pixels[value]
    return float(of_value.sum() / survey.pixels.to_numpy().sum()), float((of_value > 0).mean())


def _class_lines(survey: Survey) -> list[str]:
    if survey.described.colours:
        return _colour_lines(survey)
    spec, found = survey.spec, set(survey.pixels.columns)
    below = [i for i in spec.ids if i < 0]
    if not spec.measured or len(spec.classes) - len(below) < 2:
        return ["# classes: {1: name}  # no label has two values that can be classes"]
    coded = not survey.named and len(found) == 2 and min(found) == 0 and max(found) > 1
    lines = ["classes:" if survey.named else "classes:  # guessed from the values found: rename them"]
    for number, label_class in enumerate(spec.classes):
        if label_class.ids[0] in below:
            lines.append(f"  # {label_class.ids[0]} is below 0: store another id")
            continue
        share, cases = _shares(survey, label_class.ids[0])
        name = "foreground" if coded and number != spec.background else label_class.name
        entry = {"name": name, "colour": label_class.colour} if survey.described.spec else name
        lines.append(f"  {label_class.ids[0]}: {_flow(entry)}  # {share:.2%} of pixels, in {cases:.0%} of cases")
    if spec.ignored:
        lines.append(f"ignored: {_flow(list(spec.ignored))}")
    elif not survey.named and 255 in found and len(found) > 2:
        lines.append("# ignored: [255]  # instead of class 255, if its pixels shall not count")
    unknown = [int(value) for value in sorted(found - set(spec.ids))]
    return lines + ([f"# label values without a class: {unknown}"] if unknown else [])


def _colour_lines(survey: Survey) -> list[str]:
    ids = ids_of(survey.described.colours)
    lines = [
        "colours:" + ("  # as found in the labels, the most frequent first: rename them" if survey.coloured else "")
    ]
    for name, colours in survey.described.colours.items():
        share, cases = _shares(survey, ids[colours[0]])
        stored = [list(colour) for colour in colours]
        entry = _flow(stored if len(stored) > 1 else stored[0])
        lines.append(f"  {_flow(name)}: {entry}  # {share:.2%} of pixels, in {cases:.0%} of cases")
    return lines


def _spacing_line(survey: Survey) -> list[str]:
    if survey.described.spacing:
        return [f"spacing: {_flow(list(survey.described.spacing))}"]
    return [] if _has_spacing(survey) else ["# spacing: [1.0, 1.0]  # millimetres per row and column, not in the files"]


def _subject_line(survey: Survey) -> list[str]:
    described = survey.described
    if described.subject is not None:
        return [f"subject: {_flow(described.subject.pattern)}"]
    if described.subjects is not None:
        return [f"subjects: {_flow(described.subjects)}"]
    if in_folders(survey.described, survey.stems):
        return []
    table, pattern = subject_table(survey.root, survey.described, survey.stems), subject_pattern(list(survey.stems))
    lines = [f"# subjects: {_flow(table)}  # if its second column is the subject of each file"] if table else []
    if pattern:
        comment = f"guessed: {pattern[1]} subjects; remove it if each file is its own"
        lines.append(f"subject: {_flow(pattern[0])}  # {comment}")
    return lines


def _mirroring(survey: Survey) -> str:
    """Whether ordinary augmentation may mirror the images, and why."""
    stated, names = survey.described.mirror, sided(survey.spec)
    if stated is not None:
        return f"{'may be done' if stated else 'never'} to train, as {survey.described.path.name} says"
    return f"never to train: {listed(names)} on one side" if names else "may be done to train: no class is on one side"


def _mirror_line(survey: Survey) -> str:
    stated, names = survey.described.mirror, sided(survey.spec)
    if stated is not None:
        return f"mirror: {_flow(stated)}"
    why = (
        f"{listed(names)} on one side"
        if names
        else "no class is on one side; false if left and right differ all the same"
    )
    return f"mirror: {_flow(not names)}  # guessed: {why}"


def _flow(value: object) -> str:
    """JSON, which is YAML in one line; what is no printable character, and could end the line, is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)
