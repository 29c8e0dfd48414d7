"""What a survey's numbers say: suspicious cases, remarks on the whole, and reasons not to train on it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
import pandas as pd

from tf_ganaug.data.cache import common_type
from tf_ganaug.data.judgement import FEWEST_SUBJECTS, reasons_against
from tf_ganaug.data.leaks import copies
from tf_ganaug.data.listing import listed
from tf_ganaug.data.subjects import subjects_note
from tf_ganaug.data.survey import Survey
from tf_ganaug.data.survey_hints import hints

#: With fewer subjects, the parts of `run` leave one to test.
FEW_SUBJECTS = 7

#: Values further from the quartiles than so many interquartile ranges are far out (Tukey 1977).
FAR = 3.0

#: Standard deviations by which another placement of a label must be better, however alike the cases are.
LEAST_GAIN = 2.0

#: A label is told only if it lies worse than this share of the middle case.
POOR_FIT = 0.5

#: Share of an image's values at its maximum from which it may be clipped.
CLIPPED = 0.02

#: Share of the image that one class alone must cover to be told.
FILLED = 0.999

#: What more cases than this share have is usual in the data, and told once.
USUAL = 0.05


class Finding(NamedTuple):
    """One suspicious case.

    Attributes:
        kind: heading, the same for all cases of the kind.
        case: its id.
        reason: what was measured.
    """

    kind: str
    case: str
    reason: str


def findings(survey: Survey) -> list[Finding]:
    """All suspicious cases, the most serious kinds first."""
    facts = survey.facts
    found = [*_duplicates(facts), *_misplaced(facts), *_constant(facts), *_labels(survey), *_clipped(facts)]
    return [*found, *_sizes(facts), *_intensities(facts)]


def is_usual(survey: Survey, kind: Sequence[Finding]) -> bool:
    """Whether so many cases have a finding that it is a trait of the data."""
    return len(kind) > max(3, USUAL * len(survey.facts))


def unfit(survey: Survey) -> list[str]:
    """Reasons for which nothing can be trained on the data."""
    facts, spec = survey.facts, survey.spec
    values = [int(value) for value in survey.pixels.columns]
    reasons = reasons_against(spec, facts["subject"].tolist(), values, survey.generated, twins(survey))
    unknown = [int(value) for value in survey.pixels.columns if value not in spec.ids]
    if unknown:
        cases = survey.pixels.index[(survey.pixels[unknown] > 0).any(axis=1)].tolist()
        reasons.append(f"label values {unknown[:8]} are no class and not ignored, in {listed(cases)}")
    kinds = facts["channels"].value_counts()
    if len(kinds) > 1:
        shares = ", ".join(f"{kind} ({count} cases)" for kind, count in kinds.items())
        rare = facts.index[facts["channels"] == kinds.index[-1]].tolist()
        reasons.append(f"different numbers of channels: {shares}; {kinds.index[-1]} in {listed(rare)}")
    if survey.coloured:
        found = f"{len(survey.described.colours)} colours"
        reasons.append(f"labels are colour masks of {found}: name them under 'colours', as in the dataset.yaml written")
    constant = refused(survey)
    if constant:
        reasons.append(f"constant images, to be left out or kept by 'keep_blank: true': {listed(constant)}")
    return reasons


def twins(survey: Survey) -> dict[str, str]:
    """Cases that have the pixels of another subject's, and whose."""
    facts = survey.facts
    return copies(facts["digest"].to_dict(), facts["subject"].to_dict(), survey.described.splits)


def refused(survey: Survey) -> list[str]:
    """Constant images that the reader would refuse."""
    if survey.reader != "folder" or survey.described.keep_blank:
        return []
    return [finding.case for finding in _constant(survey.facts)]


def remarks(survey: Survey) -> list[str]:
    """What concerns the data as a whole."""
    found = [
        *survey.notes,
        *_all_misplaced(survey.facts),
        *_subjects(survey),
        *_few(survey),
        *_values(survey),
        *hints(survey),
    ]
    return [*found, *_pixels(survey.facts)]


def _few(survey: Survey) -> list[str]:
    subjects = survey.facts["subject"].nunique()
    if survey.described.splits or not FEWEST_SUBJECTS <= subjects < FEW_SUBJECTS:
        return []
    return [f"of {subjects} subjects one is tested: no interval; state 'splits' with two test subjects or more"]


def _fence(values: pd.Series, least: float = 0.0) -> tuple[float, float]:
    """Ends of what is not far out; `least` is the smallest interquartile range taken."""
    first, third = values.quantile([0.25, 0.75])
    reach = FAR * max(third - first, least)
    return first - reach, third + reach


def _duplicates(facts: pd.DataFrame) -> list[Finding]:
    varied = facts[facts["minimum"] < facts["maximum"]]
    found = []
    for _, alike in varied[varied.duplicated("digest", keep=False)].groupby("digest", sort=False):
        across = alike["subject"].nunique() > 1
        kind = "identical images of different subjects (a leak)" if across else "identical images of one subject"
        first, *others = alike.index
        found += [Finding(kind, case, f"the same pixels as {first}") for case in others]
    return sorted(found, key=lambda finding: "leak" not in finding.kind)


def _misplaced(facts: pd.DataFrame) -> list[Finding]:
    """Labels that would lie much better elsewhere, compared with the other cases."""
    if facts["fit"].notna().sum() < 4:
        return []
    poor = facts[facts["fit"] < POOR_FIT * facts["fit"].median()]
    far = max(LEAST_GAIN, _fence(facts["gain"].dropna())[1])
    found = [
        Finding(
            "label perhaps shifted against its image",
            case,
            f"boundaries lie on stronger edges {_shift(row.down, row.right)}",
        )
        for case, row in poor[poor["gain"] > far].iterrows()
    ]
    far = max(LEAST_GAIN, _fence(facts["mirrored_gain"].dropna())[1])
    return found + [
        Finding("label perhaps mirrored", case, f"boundaries lie on stronger edges mirrored {row.mirrored}")
        for case, row in poor[poor["mirrored_gain"] > far].iterrows()
    ]


def _shift(down: float, right: float) -> str:
    parts = [f"{abs(down):.0f} px {'lower' if down > 0 else 'higher'}"] if down else []
    parts += [f"{abs(right):.0f} px to the {'right' if right > 0 else 'left'}"] if right else []
    return " and ".join(parts)


def _all_misplaced(facts: pd.DataFrame) -> list[str]:
    """One shift or one mirroring that suits most cases."""
    found = []
    places = facts[["down", "right"]].dropna()
    if len(places) and facts["gain"].median() > LEAST_GAIN:
        down, right = places.median()
        near = np.hypot(places["down"] - down, places["right"] - right) <= 2
        if near.mean() > 0.5 and (down or right):
            found.append(f"most labels lie better {_shift(down, right)}: perhaps all are shifted")
    better = facts[facts["mirrored_gain"] > LEAST_GAIN]
    if len(better) > len(facts) / 2:
        found.append(f"most labels lie better mirrored {better['mirrored'].mode()[0]}: perhaps all are")
    return found


def _constant(facts: pd.DataFrame) -> list[Finding]:
    constant = facts[facts["minimum"] == facts["maximum"]]
    return [Finding("constant image", case, f"{row.minimum:g} everywhere") for case, row in constant.iterrows()]


def _labels(survey: Survey) -> list[Finding]:
    spec, pixels = survey.spec, survey.pixels
    total = pixels.sum(axis=1)
    nothing = [i for i in spec.ids if i in pixels and (i in spec.ignored or i not in _measured(survey))]
    empty = pixels.index[pixels[nothing].sum(axis=1) == total]
    found = [Finding("empty label", case, "no class but the background") for case in empty]
    for value in pixels.columns.intersection(_measured(survey)):
        share = pixels[value] / total
        found += [
            Finding("label fills the image", case, f"value {value} in {share[case]:.1%} of it")
            for case in pixels.index[share >= FILLED]
        ]
    return found


def _measured(survey: Survey) -> list[int]:
    return [i for number in survey.spec.measured for i in survey.spec.classes[number].ids]


def _clipped(facts: pd.DataFrame) -> list[Finding]:
    varied = facts[facts["minimum"] < facts["maximum"]]
    clipped = varied[varied["at_maximum"] > CLIPPED]
    return [
        Finding("image perhaps clipped", case, f"{row.at_maximum:.1%} of its values are its maximum, {row.maximum:g}")
        for case, row in clipped.iterrows()
    ]


def _sizes(facts: pd.DataFrame) -> list[Finding]:
    height, width = facts["height"].median(), facts["width"].median()
    ratio = np.maximum(facts["height"] / height, facts["width"] / width)
    small = np.minimum(facts["height"] / height, facts["width"] / width)
    return [
        Finding("size far from the rest", case, f"{row.height} x {row.width}, the middle is {height:g} x {width:g}")
        for case, row in facts[(ratio > 2) | (small < 0.5)].iterrows()
    ]


def _intensities(facts: pd.DataFrame) -> list[Finding]:
    varied = facts[facts["minimum"] < facts["maximum"]]
    found = []
    for column, what in (("level", "median"), ("contrast", "contrast")):
        low, high = _fence(varied[column], 0.05 * varied["contrast"].median())
        far = varied[(varied[column] < low) | (varied[column] > high)]
        first, third = varied[column].quantile([0.25, 0.75])
        found += [
            Finding(f"{what} far from the rest", case, f"{value:.4g}, half of all lie in {first:.4g} to {third:.4g}")
            for case, value in far[column].items()
        ]
    return found


def _subjects(survey: Survey) -> list[str]:
    note = subjects_note(survey.root, survey.described, survey.stems)
    return [note] if note else []


def _values(survey: Survey) -> list[str]:
    drawn = survey.pixels.sum()
    values = [int(value) for value in drawn.index]
    found = []
    if not survey.named and len(values) == 2 and values[0] == 0 and values[1] > 1:
        found.append(f"masks are coded 0 and {values[1]}: the class has id {values[1]}, see dataset.yaml")
    if not survey.named and len(values) > 2 and 255 in values and values[-2] < 128:
        share, cases = drawn[255] / drawn.sum(), (survey.pixels[255] > 0).mean()
        found.append(
            f"value 255 stands beside small ids, in {share:.2%} of the pixels and {cases:.0%} of the cases: "
            "a class, or pixels to ignore? dataset.yaml takes either"
        )
    if 0 not in values and survey.spec.background == 0 and not survey.named:
        found.append("no label has the value 0, which is the background unless dataset.yaml says otherwise")
    rare = [int(value) for value in drawn.index if 0 < drawn[value] < 1e-5 * drawn.sum()]
    if rare:
        found.append(f"label values {rare[:8]} have less than 0.001 % of the pixels: perhaps slips")
    return found


def _pixels(facts: pd.DataFrame) -> list[str]:
    found = []
    if (facts["row_mm"] != facts["column_mm"]).any():
        found.append("pixels are not square: the networks see them as squares, distances are in millimetres")
    if facts["stored"].nunique() > 1:
        kind = reduce(common_type, map(np.dtype, facts["stored"].unique()))
        kinds = ", ".join(f"{kind} ({count} cases)" for kind, count in facts["stored"].value_counts().items())
        found.append(f"images are stored in different types: {kinds}; all are read as {kind}")
    low, high = (facts["level"] - facts["minimum"]).quantile([0.25, 0.75])
    if high > 2 * low:
        found.append("intensities differ much between cases: each image has to be normalised by itself, as run does")
    return found
