"""Foroozandeh and Eklund 2020: Table 1 and Figures 1 to 10."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from tf_ganaug.data import brain, brats, folder
from tf_ganaug.data.cases import Dataset, LabelSpec
from tf_ganaug.data.embedded import head_mr
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.report import Section, Table
from tf_ganaug.experiment.sources import Request, open_dataset, refuse_target
from tf_ganaug.experiment.statistics import interval_note, paired_pooled_difference, pooled, with_interval
from tf_ganaug.experiment.study import Training
from tf_ganaug.files import make_folder
from tf_ganaug.models.sizes import require_multiple, require_power_of_two
from tf_ganaug.papers.foroozandeh2020 import figures
from tf_ganaug.papers.foroozandeh2020.settings import Settings
from tf_ganaug.papers.foroozandeh2020.study import ChainStudy, SliceTask

#: Training slices of the paper's full and reduced set.
FULL, REDUCED = 26_040, 5_208

VIEWS = ("7", "4", "2")


@dataclass(frozen=True)
class Row:
    """A row of Table 1.

    Attributes:
        chain: whose slices.
        real: the paper's number of real training slices.
        synthetic: likewise.
        printed: Dice error in percent for 7, 4 and 2 classes; None where the paper has no such row.
    """

    chain: str
    real: int
    synthetic: int
    printed: tuple[float, float, float] | None

    @property
    def name(self) -> str:
        """As printed, with the chain."""
        return f"{self.chain}: {self.real:,} real, {self.synthetic:,} synthetic"


TABLE_1 = (
    Row("full", FULL, 0, (10.94, 6.62, 2.49)),
    Row("full", FULL, 8_960, (10.92, 6.65, 2.48)),
    Row("full", FULL, 23_960, (10.90, 6.42, 2.53)),
    Row("full", 0, FULL, (42.76, 39.11, 24.14)),
    Row("reduced", REDUCED, 0, (16.80, 12.90, 6.16)),
    Row("reduced", REDUCED, 4_792, (16.44, 12.51, 6.14)),
    Row("reduced", REDUCED, 20_832, (16.18, 12.11, 5.80)),
)

#: The default's rows: real, both, and, which the paper has for the full chain only, synthetic alone.
SHORT = (TABLE_1[4], TABLE_1[6], Row("reduced", 0, 26_040, None))

#: The paper's GANs: lowest SWD, at million images, share screened out and of empty maps in percent.
GANS = {"full": (3.2130, 7.2401, 0.597, 15.66), "reduced": (3.5915, 7.3601, 1.882, 15.44)}


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
        lambda: head_mr.read(d.subjects, d.slices, d.native_size, settings.seed),
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
        sections.append(split_warning())
    if {"table1", "reduced", "predictions"} & set(parts):
        for by_row in needed.values():
            for task in (task for group in by_row.values() for task in group):
                study.segmenter(task)
        sections += [table_section(study, view, by_row) for view, by_row in needed.items()]
        sections.append(gan_section(study, used))
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


def split_warning() -> Section:
    """What splitting by slices means for the numbers."""
    return Section(
        "Split by slices: training and test share subjects",
        [
            "All slices were shuffled before they were parted, as in the paper (2.1), which does so although "
            "neighbouring slices of one person then lie on both sides. The numbers below are those of slices of known "
            "people and say little of new ones; intervals are over people all the same. --set split=subjects keeps "
            "every person on one side."
        ],
    )


def table_section(study: ChainStudy, view: str, by_row: Mapping[Row, list[SliceTask]]) -> Section:
    """One column of Table 1, with plain Dice beside it."""
    frames = {
        row: pd.concat([study.measures(task) for task in group], ignore_index=True) for row, group in by_row.items()
    }
    records = []
    for row, group in by_row.items():
        losses = pd.Series([100 * study.segmenter(task)["test_loss"] for task in group])
        spread = f" ± {losses.std():.2f}" if len(losses) > 1 else ""
        task = group[0]
        record = {
            "Slices": f"{row.chain}: {task.real:,} real, {task.synthetic:,} synthetic",
            "Dice error": f"{losses.mean():.2f}{spread} %",
            "Paper: slices": f"{row.real:,} / {row.synthetic:,}" if row.printed else "not in the paper",
        }
        if study.views[view] in (brain.SEVEN, brain.FOUR, brain.TWO):
            record["Paper: Dice error"] = f"{row.printed[VIEWS.index(view)]:.2f} %" if row.printed else ""
        dice = pooled(frames[row], "dice")
        record.update({f"Dice {name}": f"{100 * value:.2f} %" for name, value in dice.items()})
        record["Mean Dice over real only [95 %]"] = _difference(frames, row, list(dice.index))
        records.append(record)
    counts = "real and synthetic" if study.settings.statistics == "all" else "real"
    return Section(
        f"Table 1, {view} classes",
        [
            Table(
                pd.DataFrame(records),
                "Dice error: the weighted Dice loss over the test slices times 100, its class weights and the "
                f"normalisation from the row's {counts} training slices, so that rows with other data are not measured "
                "alike. Plain Dice, of pixels of all test slices, has no weights. Synthetic slices are "
                "as many as the paper's share of real ones. " + interval_note(study.settings.repeats),
            ),
            *(
                f"{row.name}: the validation loss reached a new minimum {study.segmenter(group[0])['improvements']} "
                "times; the paper saw 1, 5 and 4 for 7, 4 and 2 classes."
                for row, group in by_row.items()
                if not row.real
            ),
        ],
    )


def _difference(frames: Mapping[Row, pd.DataFrame], row: Row, classes: list[str]) -> str:
    baseline = next((other for other in frames if other.chain == row.chain and not other.synthetic), None)
    if baseline is None or row == baseline:
        return ""
    return with_interval(paired_pooled_difference(frames[row], frames[baseline], "dice", classes), 100)


def gan_section(study: ChainStudy, used: Sequence[str]) -> Section:
    """The numbers of section 4.1 and 4.2, ours beside the paper's."""
    records = []
    for chain in used:
        gan, screened = (study.makers[chain].result(kind) for kind in ("pggan", "maps"))
        swd, images, removed, empty = GANS[chain]
        share = 100 * gan["empty"] / (gan["empty"] + gan["maps"])
        records.append(
            {
                "Chain": chain,
                "Lowest SWD": f"{gan['swd']:.4f}",
                "Paper: SWD": f"{swd:.4f}",
                "At images": f"{gan['best_images']:,} of {gan['images']:,}",
                "Paper: at": f"{images:.2f} M of 12.00 M",
                "Screened out": f"{100 * screened['removed_share']:.3f} % (real {100 * screened['real_share']:.3f} %)",
                "Paper: out": f"{removed:.3f} %",
                "Threshold": f"{screened['threshold']:.0f}",
                "Empty maps": f"{share:.2f} %",
                "Paper: empty": f"{empty:.2f} %",
            }
        )
    images = study.settings.pggan.swd_images
    return Section(
        "Label maps: distance, screen, empty maps",
        [
            Table(
                pd.DataFrame(records),
                f"Sliced Wasserstein distance times 1000, average over levels, {images:,} maps; the paper's has 16,384 "
                "at 256 x 256. The threshold is on the norm of a map's z-scores; the paper's is 500.",
            )
        ],
    )
