"""Whether anything can be trained on a data set: one judgement for `check-data` and for the start of `run`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from tf_ganaug.data.cases import Dataset, LabelSpec
from tf_ganaug.data.leaks import copies
from tf_ganaug.data.listing import listed
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.errors import InputError

#: Train, validate, test.
FEWEST_SUBJECTS = 3


def reasons_against(
    spec: LabelSpec,
    subjects: Collection[str],
    values: Collection[int],
    generated: Provenance | None,
    twins: Mapping[str, str],
) -> list[str]:
    """Why nothing can be trained; nothing where something can.

    Args:
        spec: the classes.
        subjects: of all cases.
        values: stored ids that some label has.
        generated: what made the cases, if a generator did.
        twins: of `leaks.copies`.
    """
    found = []
    if len(set(subjects)) < FEWEST_SUBJECTS:
        count = len(set(subjects))
        found.append(f"too few subjects: {count}, and one each to train, validate and test is the least")
    absent = [spec.names[n] for n in spec.measured if not any(i in values for i in spec.classes[n].ids)]
    if len(absent) == len(spec.measured):
        found.append("no label has a class but the background")
    elif len(spec.classes) < 2:
        found.append(f"one class alone, {spec.names[0]}, and no background to tell it from")
    elif absent:
        found.append(f"no label has the class {listed(absent)}")
    if negative := sorted({i for i in (*spec.ids, *values) if i < 0}):
        found.append(f"label values {negative[:8]} are below 0")
    if generated is not None:
        found.append(
            f"the cases are pairs of a generator trained on {generated.dataset} (provenance.json), "
            "which cannot validate or test"
        )
    if twins:
        pairs = listed([f"{first} and {case}" for case, first in twins.items()], 3)
        found.append(
            f"the same pixels in {pairs}, of different subjects: one may train and the other test; give both one "
            "subject, or name one of each under 'leave_out' in dataset.yaml"
        )
    return found


def require_fit(dataset: Dataset, drawn: Collection[int], digests: Sequence[str]) -> None:
    """Checks that something can be trained on a data set whose labels have been read.

    Args:
        dataset: all cases.
        drawn: indices of the classes that some label has at its native size.
        digests: of the images (`content.digest_of`), in the order of the cases.

    Raises:
        InputError: with all reasons against it.
    """
    values = {i for number in drawn for i in dataset.spec.classes[number].ids}
    subjects = {case.id: case.subject for case in dataset.cases}
    twins = copies(dict(zip(subjects, digests)), subjects, dataset.given_splits)
    found = reasons_against(dataset.spec, subjects.values(), values, dataset.generated, twins)
    if found:
        remedy = "look at the data with tf-ganaug check-data"
        raise InputError(dataset.name, "data that are fit for training", "; ".join(found), remedy)
