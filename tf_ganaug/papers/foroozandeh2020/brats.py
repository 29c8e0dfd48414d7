"""Foroozandeh and Eklund 2020: Table 1 and Figures 1 to 10."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tf_ganaug.data import brain, brats, folder
from tf_ganaug.data.cases import Dataset, LabelSpec
from tf_ganaug.data.embedded import head_mr
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.report import Section
from tf_ganaug.experiment.sources import Request, open_dataset, refuse_target
from tf_ganaug.experiment.study import Training
from tf_ganaug.files import make_folder
from tf_ganaug.models.sizes import require_multiple, require_power_of_two
from tf_ganaug.papers.foroozandeh2020 import figures, tables
from tf_ganaug.papers.foroozandeh2020.settings import Settings
from tf_ganaug.papers.foroozandeh2020.study import ChainStudy
from tf_ganaug.papers.foroozandeh2020.tables import FULL, REDUCED, SHORT, TABLE_1, VIEWS, Row
from tf_ganaug.papers.foroozandeh2020.tasks import SliceTask

#: Classes of the drawn heads, by how many they are.
DRAWN = {7: brain.SEVEN, 3: brain.THREE}


def check(settings: Settings) -> None:
    """What can be wrong with the settings, before anything is read or trained.

    Raises:
        InputError: for a size that a network cannot have, or an unknown choice.
    """
    require_power_of_two(*settings.data.size, smallest=16)
    require_multiple(*settings.data.size, factor=1 << settings.segmenter.levels)
    if settings.data.size[0] != settings.data.size[1]:
        found = " x ".join(map(str, settings.data.size))
        raise InputError("data.size", "equal sides", found, "the sliced Wasserstein distance needs them")
    for name, allowed in (("split", ("slices", "subjects")), ("statistics", ("all", "real"))):
        found = getattr(settings, name)
        if found not in allowed:
            raise InputError(name, f"one of {', '.join(allowed)}", found, "choose one of these")
    if settings.classes not in DRAWN:
        raise InputError(
            "classes", f"one of {', '.join(map(str, DRAWN))}", str(settings.classes), "choose one of these"
        )
    if not 0 < settings.reduced <= 0.2:
        # The painted maps of the reduced chain are as many as the full chain's slices, five times its own.
        raise InputError("reduced", "above 0, at most 0.2", str(settings.reduced), "choose a smaller share")


def open_data(request: Request, settings: Settings) -> Dataset:
    """Slices of brains with tumours; a case is a slice, its subject the person.

    Raises:
        InputError: with `split: slices`, for data whose parts are given by subject.
    """
    refuse_target(request)
    d = settings.data
    dataset = open_dataset(
        request,
        lambda: head_mr.read(d.subjects, d.slices, d.native_size, settings.seed, DRAWN[settings.classes]),
        {
            "folder": lambda root: folder.read(root, dataset_yaml=request.dataset_yaml),
            "brats": lambda root: brats.read(root),
        },
    )
    if settings.split == "slices" and dataset.given_splits:
        remedy = "--set split=subjects takes the parts that are given"
        raise InputError(dataset.name, "no parts of its own, to split by slices", "'splits' in dataset.yaml", remedy)
    return dataset


def study(place: Path, dataset: Dataset, settings: Settings) -> ChainStudy:
    """The experiment's folder."""
    return ChainStudy(place, dataset, settings, views_of(dataset.spec))


def views_of(spec: LabelSpec) -> dict[str, LabelSpec]:
    """The class views a data set allows, the richest first; of other data: its classes, and any against none."""
    views = {"7": brain.SEVEN, "4": brain.FOUR, "2": brain.TWO}
    if spec.names == brain.SEVEN.names:
        return views
    if spec.names == brain.FOUR.names:
        return {name: views[name] for name in VIEWS[1:]}
    if spec.names == brain.THREE.names:
        return {"3": brain.THREE, "2": brain.TWO}
    whole = {str(len(spec.classes)): spec}
    if len(spec.classes) == 2:
        return whole
    background, *objects = spec.classes
    ids = tuple(i for c in objects for i in c.ids)
    merged = replace(objects[0], name="any of " + ", ".join(c.name for c in objects), ids=ids)
    return {**whole, "2": replace(spec, classes=(background, merged))}


def amounts(study: ChainStudy, row: Row) -> tuple[int, int]:
    """Real and synthetic training slices of a row on these data, in the paper's proportion."""
    mine, theirs = study.amounts[row.chain], {"full": FULL, "reduced": REDUCED}[row.chain]
    synthetic = min(round(row.synthetic / theirs * mine), study.painted(row.chain))
    return (mine if row.real else 0), synthetic


def tasks(study: ChainStudy, rows: Sequence[Row], view: str) -> dict[Row, list[SliceTask]]:
    """Row to its networks, one per repeat."""
    return {
        row: [SliceTask(row.chain, *amounts(study, row), view, repeat) for repeat in range(study.settings.repeats)]
        for row in rows
    }


def wanted(study: ChainStudy, parts: Sequence[str]) -> dict[str, dict[Row, list[SliceTask]]]:
    """View to rows to networks that the parts need."""
    found: dict[str, dict[Row, list[SliceTask]]] = {}
    if "table1" in parts:
        found = {view: tasks(study, TABLE_1, view) for view in study.views}
    if "reduced" in parts or not found:
        smallest = list(study.views)[-1]
        found[smallest] = {**found.get(smallest, {}), **tasks(study, SHORT, smallest)}
    return found


def chains(study: ChainStudy, parts: Sequence[str]) -> list[str]:
    """The chains that the parts need, the reduced first."""
    rows = {row.chain for by_row in wanted(study, parts).values() for row in by_row}
    return [chain for chain in ("reduced", "full") if chain in rows]


def trainings(study: ChainStudy, parts: Sequence[str]) -> list[Training]:
    """What the parts need and is not finished, each training once."""
    units = [task for by_row in wanted(study, parts).values() for group in by_row.values() for task in group]
    return study.trainings(chains(study, parts), list(dict.fromkeys(units)))


def stages(study: ChainStudy, parts: Sequence[str]) -> list[list[str]]:
    """Runs that can be made independently of each other, by name; finished ones are among them.

    Both GANs of each chain and the segmenters of real slices; the chains' label maps; their images; the segmenters.

    Raises:
        InputError: if fewer label maps are drawn than are painted.
    """
    needed, used = wanted(study, parts), chains(study, parts)
    for chain in used:
        study.require_maps(chain)
    study.read_images()
    tasks = [task for by_row in needed.values() for group in by_row.values() for task in group]
    real = [task.name for task in tasks if not task.synthetic]
    return [
        [f"{kind}-{chain}" for chain in used for kind in ("pggan", "spade")] + real,
        [f"maps-{chain}" for chain in used],
        [f"images-{chain}" for chain in used],
        [task.name for task in tasks],
    ]


def conduct(study: ChainStudy, parts: Sequence[str]) -> list[Section]:
    """Trains what the parts need and is not there yet, and makes their report sections."""
    place = make_folder(study.folder / "figures")
    needed, used = wanted(study, parts), chains(study, parts)
    for chain in used:
        study.require_maps(chain)
    sections = []
    if study.settings.split == "slices":
        sections.append(tables.split_warning())
    if {"table1", "reduced", "predictions"} & set(parts):
        for by_row in needed.values():
            for task in (task for group in by_row.values() for task in group):
                study.segmenter(task)
        sections += [tables.table_section(study, view, by_row) for view, by_row in needed.items()]
        sections.append(tables.gan_section(study, used))
    if "slices" in parts:
        sections.append(figures.slices(study, place))
    if "maps" in parts:
        sections += figures.maps(study, used, place)
    if "pairs" in parts:
        sections += figures.pairs(study, used, place)
    if "predictions" in parts:
        sections += [figures.predictions(study, view, _named(by_row), place) for view, by_row in needed.items()]
    return [*sections, figures.training(study, used, needed, place)]


def _named(by_row: Mapping[Row, list[SliceTask]]) -> dict[str, SliceTask]:
    """Row's name to its first network."""
    return {row.name: group[0] for row, group in by_row.items()}
