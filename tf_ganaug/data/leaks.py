"""Refuses synthetic cases that would flatter a result: made from held-out subjects, or held out themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tf_ganaug.data.cases import Dataset
from tf_ganaug.data.listing import listed
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.data.splits import Split
from tf_ganaug.errors import InputError


def require_no_leak(provenance: Provenance, dataset: str, split: Split) -> None:
    """Checks that a generator has seen no subject that validates or tests.

    Subjects are compared within one data set, known by its name (`name` in dataset.yaml, else the folder's): a
    subject "007" of another data set is another person.

    Args:
        provenance: of the generator, or of its pairs (`read_provenance`).
        dataset: name of the data that are split.
        split: of their subjects.

    Raises:
        InputError: naming the subjects it has seen.
    """
    if provenance.dataset != dataset:
        return
    seen = set(provenance.subjects)
    for part, subjects in (("validation", split.validation), ("test", split.test)):
        leaked = sorted(seen & set(subjects))
        if leaked:
            more = f" and {len(leaked) - 5} more" if len(leaked) > 5 else ""
            raise InputError(
                f"pairs of a generator of {dataset}",
                f"a generator that has not seen the {part} subjects",
                f"{', '.join(leaked[:5])}{more} among its training subjects",
                "train the generator on this split's training subjects",
            )


def require_real_test(dataset: Dataset, split: Split) -> None:
    """Checks that generated cases are not what a network is validated or tested on.

    Raises:
        InputError: if the data set is a pool of generated pairs and the split holds any of it out.
    """
    # Parts may be of subjects or of single cases.
    held = {*split.validation, *split.test} & {name for case in dataset.cases for name in (case.subject, case.id)}
    if dataset.generated is not None and held:
        raise InputError(
            dataset.name,
            "real cases to validate and test",
            f"pairs of a generator trained on {dataset.generated.dataset} (provenance.json)",
            "synthetic cases cannot validate or test: name real data, and use these to train",
        )


def copies(
    digests: Mapping[str, str], subjects: Mapping[str, str], parts: Mapping[str, Iterable[str]] | None
) -> dict[str, str]:
    """Images that would be on two sides of a split, whatever they are called: case to an earlier one of its pixels.

    Args:
        digests: case to the digest of its image (`content.digest_of`).
        subjects: case to its subject.
        parts: part to its subjects, others being left out; None where a seed draws the parts, so that any two subjects
            may be on two sides.
    """
    stated = {subject: part for part, names in (parts or {}).items() for subject in names}
    sides = stated if parts else {subject: subject for subject in subjects.values()}
    first: dict[str, str] = {}
    found = {}
    for case, digest in digests.items():
        if digest and subjects[case] in sides:
            other = first.setdefault(digest, case)
            if sides[subjects[other]] != sides[subjects[case]]:
                found[case] = other
    return found


def require_unseen(what: str, seen: Iterable[str], held: Mapping[str, str]) -> None:
    """Checks that images have not been seen, by their pixels, whatever their data set and files are called.

    Args:
        what: has seen images, for the error, such as "pairs of a generator of lungs".
        seen: digests of these.
        held: case to digest, of what validates and tests.

    Raises:
        InputError: naming the cases.
    """
    known = set(seen) - {""}
    leaked = [case for case, digest in held.items() if digest in known]
    if leaked:
        expected = "none of the images that validate and test"
        remedy = "train the generator on this split's training subjects"
        raise InputError(what, expected, f"the pixels of {listed(leaked)} among its own", remedy)


def names_alike(provenance: Provenance, dataset: str, held: Iterable[str]) -> list[str]:
    """A warning where a generator of data of another name has seen subjects named as the held ones are.

    Args:
        provenance: of the generator.
        dataset: name of the data that are split.
        held: subjects that validate and test.
    """
    wanted = {_plain(subject) for subject in held}
    seen = {_plain(name) for name in (*provenance.subjects, *provenance.cases)}
    seen |= {_plain(re.sub(r"[_-][^_-]+$", "", name)) for name in provenance.cases}
    shared = wanted & seen
    if provenance.dataset == dataset or len(shared) < max(2, len(wanted) / 2):
        return []
    return [
        f"WARNING: {len(shared)} of the {len(wanted)} held subjects are named as training subjects of the generator, "
        f"whose data are called {provenance.dataset}: if they are the same people, the test is none."
    ]


def _plain(name: str) -> str:
    """A name without case, separators and leading zeros."""
    return "".join(re.findall(r"[a-z]+|[1-9]\d*", name.lower()))
