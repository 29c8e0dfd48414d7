"""The diagnosis of any generator, or folder of pairs, against the data that it was trained on and has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tf_ganaug.data import folder
from tf_ganaug.data.arrays import NewArray
from tf_ganaug.data.cache import SizedCases, sized_cases
from tf_ganaug.data.cases import Dataset, LabelSpec
from tf_ganaug.data.mapped import open_array
from tf_ganaug.data.pairs import Part
from tf_ganaug.data.provenance import Provenance
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.diagnosed import write
from tf_ganaug.gans.model_files import METADATA
from tf_ganaug.gans.synthesizer import Synthesizer, find_synthesizer
from tf_ganaug.generators.sampling import read_training_data
from tf_ganaug.quality.diagnosis import SWD_IMAGES, Diagnosis, Judge, Sets, diagnose
from tf_ganaug.quality.features import unlearned
from tf_ganaug.quality.near_copies import require_whole
from tf_ganaug.quality.own_network import read_network
from tf_ganaug.random import named_seed


def diagnose_any(
    source: Path,
    data: Path,
    reader: str,
    dataset_yaml: Path | None,
    out: Path,
    count: int,
    seed: int,
    network: Path | None = None,
    trust: bool = False,
) -> Diagnosis:
    """Diagnoses a generator or generated pairs and writes what it finds.

    The subjects that the generator has not seen are halved at random: those of one half are the reference, the others
    what a perfect generator would reach.

    Args:
        source: a GAN's run folder, an exported SavedModel, or a folder of pairs with provenance.json.
        data: what it was trained on, with subjects that it has not seen.
        reader: of the data, as of `read_training_data`.
        dataset_yaml: describes them.
        out: folder of the results.
        count: of pairs to draw from a generator.
        seed: of all draws.
        network: a Keras model to compare by; None for one that has learned nothing.
        trust: as of `find_synthesizer`.

    Raises:
        InputError: for what cannot be read or compared.
    """
    with TemporaryDirectory() as place:
        made = _drawn if _is_generator(source) else _read
        part, spec, provenance = made(source, Path(place), count, seed, trust)
        dataset = read_training_data(reader, data, dataset_yaml, spec)
        shape = part.images.shape[1:]
        sized, ranges = _real(dataset, spec, provenance, shape, Path(place))
        sets = _sets(part, sized, ranges, spec, provenance, named_seed(seed, "diagnosis"))
        if network is None:
            judge = Judge("a network that learned nothing", unlearned(shape[-1]))
        else:
            judge = Judge(network.name, read_network(network, shape))
        found, seen = diagnose(sets, judge, seed, min(SWD_IMAGES, len(part.rows)))
        write(out, found, seen)
    return found


def _is_generator(source: Path) -> bool:
    """Whether it is, or should be, a run folder or SavedModel rather than pairs."""
    return any((source / name).exists() for name in (METADATA, "synthesizer", "options.json"))


def _drawn(source: Path, place: Path, count: int, seed: int, trust: bool) -> tuple[Part, LabelSpec, Provenance]:
    """The first pairs of a generator, in the stored type."""
    synthesizer: Synthesizer = find_synthesizer(source, trust)
    shape, provenance = synthesizer.image_shape, synthesizer.provenance
    with (
        NewArray(place / "images.npy", provenance.dtype, (count, *shape)) as images,
        NewArray(place / "labels.npy", np.uint8, (count, *shape[:2])) as labels,
    ):
        left = count
        for made, classes in synthesizer.chunks(seed):
            images.append(provenance.to_stored(made[:left]))
            labels.append(classes[:left])
            left -= min(left, len(made))
            if not left:
                break
    return _part(*map(open_array, (images.path, labels.path)), provenance), synthesizer.spec, provenance


def _read(source: Path, place: Path, *_: object) -> tuple[Part, LabelSpec, Provenance]:
    """The pairs of a folder."""
    pairs = folder.read(source)
    if pairs.generated is None:
        expected, remedy = "provenance.json, which says what the generator was trained on", "name pairs of `sample`"
        raise InputError(source, expected, "none", remedy)
    height, width = pairs.cases[0].read_image().shape[:2]
    sized = sized_cases(pairs, height, width, (0.0, 100.0), place / "pairs")
    return _part(sized.images, sized.labels, pairs.generated), pairs.spec, pairs.generated


def _part(images: np.ndarray, labels: np.ndarray, provenance: Provenance) -> Part:
    return Part(images, labels, np.arange(len(images)), provenance.ranges(len(images)))


def _real(
    dataset: Dataset, spec: LabelSpec, provenance: Provenance, shape: Sequence[int], place: Path
) -> tuple[SizedCases, np.ndarray]:
    """All real pairs as the generator saw its own, and the stored values of each that became -1 and 1."""
    if dataset.channels != shape[-1] or dataset.spec.names != spec.names:
        expected = f"{shape[-1]} channels and the classes {', '.join(spec.names)}, as the generator's"
        found = f"{dataset.channels} and {', '.join(dataset.spec.names)}"
        raise InputError(dataset.name, expected, found, "name the data as the generator was trained on them")
    sized = sized_cases(dataset, *shape[:2], provenance.percentiles or (0.0, 100.0), place / "real", provenance.padded)
    return sized, np.asarray(sized.ranges) if provenance.percentiles else provenance.ranges(len(sized.cases))


def _sets(
    generated: Part, sized: SizedCases, ranges: np.ndarray, spec: LabelSpec, provenance: Provenance, seed: int
) -> Sets:
    subjects = np.array([case.subject for case in sized.cases])
    seen = np.isin([case.id for case in sized.cases], provenance.cases)
    unseen = np.unique(subjects[~seen & ~np.isin(subjects, provenance.subjects)])
    if not seen.any() or len(unseen) < 2:
        expected = f"training cases of the generator ({provenance.dataset}) and two subjects that it has not seen"
        found = f"{int(seen.sum())} of its cases and {len(unseen)} such subjects"
        raise InputError("--data", expected, found, "name its training data, with subjects that it has not seen")
    require_whole("--data", sized, [case for case, is_seen in zip(sized.cases, seen) if is_seen], provenance)
    half = np.random.default_rng(seed).permutation(unseen)[: len(unseen) // 2]
    reference, held = np.isin(subjects, half), np.isin(subjects, np.setdiff1d(unseen, half))

    def part(chosen: np.ndarray) -> Part:
        rows = np.flatnonzero(chosen)
        return Part(sized.images, sized.labels, rows, ranges[rows])

    return Sets(generated, *map(part, (seen, reference, held)), subjects[seen], subjects[held], spec)
