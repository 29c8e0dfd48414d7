"""Refuses synthetic cases that would flatter a result: made from held-out subjects, or held out themselves."""

from __future__ import annotations

from tf_ganaug.data.cases import Dataset
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
