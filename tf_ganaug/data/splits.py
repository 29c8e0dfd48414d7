"""Parts of a data set by subject: seeded, written down, and checked for leaks."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tf_ganaug.data.cases import Case
from tf_ganaug.errors import InputError
from tf_ganaug.files import read_json, write_text


@dataclass(frozen=True)
class Split:
    """Subjects of the three parts; a subject is in one part at most."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def __post_init__(self):
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        names = list(parts)
        for i, first in enumerate(names):
            for second in names[i + 1 :]:
                leak = sorted(set(parts[first]) & set(parts[second]))
                if leak:
                    raise InputError(
                        "split",
                        "every subject in one part",
                        f"{', '.join(leak[:5])} in both {first} and {second}",
                        "give each subject to one part",
                    )


def cross_validation(subjects: Iterable[str], folds: int, seed: int, validation_share: float = 30 / 165) -> list[Split]:
    """Folds whose test parts hold every subject exactly once.

    The subjects are shuffled and dealt to the test parts, whose sizes differ by one at most; of the rest,
    `validation_share` validates and what remains trains. 247 subjects in 3 folds: 82, 82 and 83 test, 30
    validate, 135 or 134 train (Neff 2018, V.A.2).

    Args:
        subjects: repeated names count once.
        folds: at least 2.
        seed: of the shuffle.
        validation_share: of the subjects that are not tested; at least one validates.

    Raises:
        InputError: if a part of some fold would be empty.
    """
    if folds < 2:
        raise InputError("folds", "at least 2", str(folds), "use folds_used=1 to run one of several")
    order = np.random.default_rng(seed).permutation(sorted(set(subjects)))
    bounds = [len(order) * fold // folds for fold in range(folds + 1)]
    splits = []
    for fold in range(folds):
        test = order[bounds[fold] : bounds[fold + 1]]
        rest = np.concatenate([order[: bounds[fold]], order[bounds[fold + 1] :]])
        validation = max(1, round(len(rest) * validation_share))
        if len(test) == 0 or len(rest) - validation < 1:
            raise InputError(
                "data",
                f"enough subjects to train, validate and test in each of {folds} folds",
                f"{len(order)}",
                "add subjects, or give the parts under 'splits' in dataset.yaml",
            )
        parts = (rest[validation:], rest[:validation], test)
        splits.append(Split(*(tuple(sorted(part.tolist())) for part in parts)))
    return splits


def by_shares(subjects: Iterable[str], shares: Sequence[float], seed: int, source: str) -> Split:
    """Shares of the subjects to train, validate and test, in a shuffled order.

    The parts differ by one subject at most from these shares; of three subjects or more each part has one.

    Args:
        subjects: repeated names count once.
        shares: three, of sum 1.
        seed: of the shuffle.
        source: of the data, for the error.

    Raises:
        InputError: for fewer than three subjects.
    """
    order = np.random.default_rng(seed).permutation(sorted(set(subjects))).tolist()
    if len(order) < 3:
        remedy = "add subjects, or give the parts under 'splits' in dataset.yaml"
        raise InputError(source, "a subject to train, validate and test each", str(len(order)), remedy)
    train, held = (round(end * len(order)) for end in np.cumsum(shares)[:2])
    train = min(max(train, 1), len(order) - 2)
    held = min(max(held, train + 1), len(order) - 1)
    return Split(tuple(order[:train]), tuple(order[train:held]), tuple(order[held:]))


def nested(units: Iterable[str], share: float, seed: int) -> list[str]:
    """The first of a shuffled order, so that a smaller share is part of a larger; rounded up, at least one."""
    order = np.random.default_rng(seed).permutation(sorted(set(units))).tolist()
    return order[: max(1, math.ceil(share * len(order) - 1e-9))]


def write_splits(splits: list[Split], path: Path) -> None:
    """Writes them as JSON, a list of parts."""
    write_text(path, json.dumps([asdict(split) for split in splits], indent=1))


def read_splits(path: Path) -> list[Split]:
    """Reads what `write_splits` wrote, and checks it again.

    Raises:
        InputError: if the file is no such list, or a subject leaks.
    """
    remedy = "remove the file"
    try:
        stored = read_json(path, remedy)
        return [Split(**{name: tuple(part) for name, part in split.items()}) for split in stored]
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(path, "a list of splits", str(error), remedy) from error


def select(cases: Iterable[Case], subjects: Iterable[str]) -> list[Case]:
    """The cases of these subjects, in the given order of cases."""
    wanted = set(subjects)
    return [case for case in cases if case.subject in wanted]
