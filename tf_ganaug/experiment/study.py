"""One experiment's folder: its data, its splits and what every training there shares."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from tf_ganaug.data.cache import SizedCases, sized_cases
from tf_ganaug.data.cases import Case, Dataset
from tf_ganaug.data.leaks import require_real_test
from tf_ganaug.data.pairs import Pairs, Part, normalise
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.data.splits import Split, cross_validation, read_splits, write_splits
from tf_ganaug.errors import InputError
from tf_ganaug.files import claim_options, locked, make_folder, require_plain
from tf_ganaug.quality.diagnosis import Sets
from tf_ganaug.random import named_seed
from tf_ganaug.reuse import Reuse
from tf_ganaug.run import read_result, whole
from tf_ganaug.segment.train import Segmenter

#: Seconds in which the few cases are read that a step is timed on.
READING = 4.0


@dataclass(frozen=True)
class Training:
    """One training to come, for an estimate of its time.

    Attributes:
        name: of its run folder.
        iterations: at least.
        kind: trainings of one kind take the same time per iteration.
        step: builds the networks and returns one iteration to be timed.
        files: bytes of the generated pairs that come of it.
    """

    name: str
    iterations: int
    kind: Hashable
    step: Callable[[], Callable[[], object]]
    files: int = 0


class Study:
    """Holds a folder, trains what is asked for once, and answers from the folder after that.

    Args:
        folder: of the experiment.
        dataset: every case labelled.
        settings: with the group `data` and the numbers `folds` and `seed`.

    Raises:
        InputError: if the folder's path cannot be one of TensorFlow's.
    """

    #: Whether the segmenters' learning rate falls to nothing, so that each is best at its end.
    anneals = False

    def __init__(self, folder: Path, dataset: Dataset, settings: Any):
        require_plain(folder)
        self.folder, self.dataset, self.settings = folder, dataset, settings
        self.height, self.width = settings.data.size
        self.spec = dataset.spec
        self._network: tuple[Hashable, Segmenter] | None = None
        self.compiled = Reuse()

    @contextmanager
    def at_work(self, asked: dict[str, Any]) -> Iterator[None]:
        """Holds the folder, which must be new or made with the same settings and data.

        Raises:
            InputError: if another process works there, the folder belongs to something else, or generated cases would
                validate or test.
        """
        for split in self.splits:
            require_real_test(self.dataset, split)
        with locked(make_folder(self.folder)):
            claim_options(self.folder, {**asked, "settings": asdict(self.settings)})
            if not self._splits_path.exists():
                write_splits(self.splits, self._splits_path)
            yield

    @cached_property
    def splits(self) -> list[Split]:
        """The folds: those of splits.json, the data set's own, or drawn from the seed."""
        if self._splits_path.exists():
            return read_splits(self._splits_path)
        given = self.dataset.given_splits
        if given:
            return [Split(*(tuple(given.get(part, ())) for part in ("train", "validation", "test")))]
        return self.draw_splits()

    def draw_splits(self) -> list[Split]:
        """The folds where the data set has no parts of its own: by subject, from the seed."""
        subjects = [case.subject for case in self.dataset.cases]
        return cross_validation(subjects, self.settings.folds, named_seed(self.settings.seed, "splits"))

    @property
    def _splits_path(self) -> Path:
        return self.folder / "splits.json"

    @property
    def unit(self) -> str:
        """Of distances: "mm", or "px" where the cases do not state their spacing."""
        return "mm" if all(case.spacing_known for case in self.dataset.cases) else "px"

    @cached_property
    def sized(self) -> SizedCases:
        """All cases at the networks' size."""
        place = self.folder / "cache"
        return sized_cases(self.dataset, self.height, self.width, self.settings.data.percentiles, place)

    def read_images(self) -> None:
        """Fills the cache of `sized` now, before runs of several processes look for it."""
        _ = self.sized

    @cached_property
    def few(self) -> Study:
        """The same study on a few training cases, for the time of a step; read without touching its folder."""
        cases = self.cases(0, "train")
        part = tuple(cases[:: max(1, len(cases) // _quickly_read(cases[0]))])
        splits = {"train": tuple(dict.fromkeys(map(self.split_unit, part)))}
        with TemporaryDirectory() as place:
            study = self.on(Path(place), replace(self.dataset, cases=part, given_splits=splits))
            study.read_images()
        return study

    @cached_property
    def pair_bytes(self) -> int:
        """Of an image and a label as they are stored."""
        return self.few.sized.images[0].nbytes + self.few.sized.labels[0].nbytes

    def on(self, folder: Path, dataset: Dataset) -> Study:
        """A study of the same settings on other data."""
        return type(self)(folder, dataset, self.settings)

    def cases(self, fold: int, part: str) -> list[Case]:
        """The cases of a fold's "train", "validation" or "test" part."""
        wanted = set(getattr(self.splits[fold], part))
        return [case for case in self.dataset.cases if self.split_unit(case) in wanted]

    def split_unit(self, case: Case) -> str:
        """What of a case the parts of `splits` name: its subject."""
        return case.subject

    def pairs(self, fold: int, part: str) -> Pairs:
        """The same as pairs to draw from."""
        if (fold, part) not in self._pairs:
            cases = self.cases(fold, part)
            if not cases:
                remedy = "name subjects of the data under 'splits' in dataset.yaml"
                raise InputError(self.dataset.name, f"cases in the {part} part", "none", remedy)
            self._pairs[fold, part] = Pairs.of(self.sized, cases)
        return self._pairs[fold, part]

    @cached_property
    def _pairs(self) -> dict[tuple[int, str], Pairs]:
        # Trainings share them, and with them what tf.data traced.
        return {}

    def median_range(self, rows: np.ndarray) -> list[float | tuple[float, ...]]:
        """The medians of the stored values that become -1 and 1 in rows of `sized`; of each channel with its own."""
        ends = np.median(self.sized.ranges[rows], axis=0).tolist()
        return [tuple(end) if isinstance(end, list) else end for end in ends]

    def provenance(
        self, cases: list[Case], low: float | tuple[float, ...], high: float | tuple[float, ...]
    ) -> Provenance:
        """What a generator trained on these cases was trained on; `low` and `high` became -1 and 1."""
        return Provenance(
            dataset=self.dataset.name,
            synthetic=self.dataset.synthetic,
            cases=tuple(case.id for case in cases),
            subjects=tuple(sorted({case.subject for case in cases})),
            dtype=str(self.sized.images.dtype),
            low=low,
            high=high,
            spacing=self.sized.spacing(cases),
            padded=self.sized.padded,
            digests=tuple(sorted({self.sized.digests[row] for row in self.sized.rows(cases)} - {""})),
        )

    def made_pairs(self) -> Iterable[tuple[str, Callable[[], Sets]]]:
        """The finished generators by the names of their run folders, each with its pairs beside real ones."""
        return ()

    def sets(self, made: Part, training: Sequence[Case], real: Callable[[np.ndarray], Part], fold: int = 0) -> Sets:
        """A generator's pairs and the real ones to compare them with.

        Those of the validation are the reference; where the generator has seen these, half of the test subjects.

        Args:
            made: pairs of the generator.
            training: the cases that it has seen.
            real: rows of `sized` as the generator saw its own.
            fold: whose parts.
        """
        seen = {case.id for case in training}
        reference, held = (self.cases(fold, part) for part in ("validation", "test"))
        if seen.intersection(case.id for case in reference):
            first = set(sorted({case.subject for case in held})[::2])
            reference = [case for case in held if case.subject in first]
            held = [case for case in held if case.subject not in first]
        parts = (real(self.sized.rows(cases)) for cases in (training, reference, held))
        return Sets(made, *parts, [case.subject for case in training], [case.subject for case in held], self.spec)

    def loaded(self, name: str, build: Callable[[], Segmenter], kind: Hashable = None) -> keras.Model:
        """The network for whole images of a finished training, with its best weights.

        The last that was built stays, and gets the weights of other trainings of its kind: what was returned for these
        is not to be used any more.

        Args:
            name: of the run folder.
            build: makes the network, untrained.
            kind: the networks of one kind have the same layers.
        """
        if self._network is None or self._network[0] != kind:
            self._network = kind, build()
        segmenter = self._network[1]
        segmenter.model.load_weights(whole(self.folder / name / "best.weights.h5"))
        segmenter.carry_over()
        return segmenter.whole

    def finished(self, name: str) -> bool:
        """Whether the run folder of this name has its result."""
        return (self.folder / name / "result.json").exists()

    def costs(self) -> pd.DataFrame:
        """Every finished training of the folder: iterations, minutes."""
        results = {path.parent.name: read_result(path.parent) for path in sorted(self.folder.glob("*/result.json"))}
        results = {name: result for name, result in results.items() if "iterations" in result}
        return pd.DataFrame(
            {
                "Run": name,
                "Iterations": result["iterations"],
                "Best at": result.get("best_iteration", ""),
                "Minutes": round(result["seconds"] / 60, 2),
            }
            for name, result in results.items()
        )

    def display(self, case: Case) -> np.ndarray:
        """A case's image at native size in [-1, 1], (H, W, C) float32, for figures."""
        ranges = self.sized.ranges[self.sized.rows([case])]
        return normalise(tf.constant(case.read_image()[None]), tf.constant(ranges)).numpy()[0]


def _quickly_read(case: Case) -> int:
    """So many cases like this one as are read in some seconds, from 2 to 32."""
    began = time.perf_counter()
    case.read_image()
    return min(32, max(2, round(READING / (time.perf_counter() - began))))
