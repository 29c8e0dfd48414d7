"""Liu et al. 2019: Tables 1 and 2, Figures 2 to 8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tf_ganaug.data import camvid, cityscapes, folder, street_labels
from tf_ganaug.data.cases import Dataset
from tf_ganaug.data.embedded import street
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.recombination_settings import Settings
from tf_ganaug.experiment.recombination_study import RecombinationStudy, StreetTask
from tf_ganaug.experiment.report import Section, Table
from tf_ganaug.experiment.sources import Request, open_dataset, refuse_target
from tf_ganaug.experiment.statistics import paired_pooled_difference, pooled
from tf_ganaug.experiment.study import Training
from tf_ganaug.files import make_folder
from tf_ganaug.models.sizes import require_multiple
from tf_ganaug.papers import liu2019_figures as figures

__all__ = ["DEFAULT_PARTS", "PARTS", "Settings", "check", "conduct", "open_data", "study", "trainings"]

#: What can be asked for with --only. All but "distribution" train their method beside the baseline.
PARTS = ("distribution", "single", "several", "reconstruction", "style", "ratio")

#: Made unless --only says otherwise.
DEFAULT_PARTS = {"paper": PARTS} | dict.fromkeys(("quick", "smoke"), ("distribution", "single", "reconstruction"))

#: Settings of a few embedded cases, for the benchmark.
FEW = ("data.subjects=48",)

#: The printed mIoU in percent of Tables 1 and 2, and for "baseline" of the row Tradition.
PRINTED = {"baseline": 77.31, "single": 78.65, "several": 78.82, "reconstruction": 79.41, "style": 79.10}

#: PSPNet's coarsest batch norm needs some images.
LEAST_BATCH = 4


@dataclass(frozen=True)
class Row:
    """A row of the tables.

    Attributes:
        name: as shown.
        method: key of `PRINTED`.
        tasks: one per repeat.
        printed: whether the paper has this very row.
    """

    name: str
    method: str
    tasks: tuple[StreetTask, ...]
    printed: bool = True


def check(settings: Settings) -> None:
    """What can be wrong with the settings, before anything is read or trained.

    Raises:
        InputError: for a size that a network cannot have, an unknown choice, or a file of weights that is not there.
    """
    s = settings
    require_multiple(*s.data.size, factor=1 << s.painter.downsamplings + s.painter.enhancer)
    if s.order not in ("sequential", "mixed"):
        raise InputError("order", "sequential or mixed", s.order, "choose one of these")
    for name, share in [("share", s.share), *(("shares", share) for share in s.shares)]:
        if not 0 <= share < 1 or (name == "share" and share == 0):
            raise InputError(name, "a share of supplementary images, below 1", str(share), "for example 0.5")
    if s.segmenter.batch < LEAST_BATCH:
        remedy = "the coarsest batch norm of PSPNet sees one pixel per image"
        raise InputError("segmenter.batch", f"at least {LEAST_BATCH}", str(s.segmenter.batch), remedy)
    if s.segmenter.zoom < 1:
        raise InputError("segmenter.zoom", "at least 1: zooming in", str(s.segmenter.zoom), "choose a larger factor")
    weights = {
        "painter.vgg19": s.painter.vgg19,
        "style.vgg19": s.style.vgg19,
        "segmenter.imagenet": s.segmenter.imagenet,
    }
    for name, file in weights.items():
        if file is not None and not Path(file).is_file():
            raise InputError(name, "a file of weights", f"no file {file}", "name one, or null to do without")


def open_data(request: Request, settings: Settings) -> Dataset:
    """Street scenes with all classes; void is not counted.

    Raises:
        InputError: also for classes of the settings that the data does not have.
    """
    refuse_target(request)
    d, seed = settings.data, settings.seed
    dataset = open_dataset(
        request,
        lambda: street.read(d.subjects, d.native_size, 2 * d.native_size, seed, street_labels.TRAINING_CLASSES),
        {
            "folder": lambda root: folder.read(root, dataset_yaml=request.dataset_yaml),
            "cityscapes": lambda root: cityscapes.read(root, cityscapes.training_classes(), seed=seed),
            "camvid": lambda root: camvid.read(root, camvid.classes()),
        },
    )
    m = settings.maps
    named = {"single": [m.single] if m.single else [], "several": m.several or [], "base": m.base}
    for setting, names in named.items():
        for name in names:
            if name not in dataset.spec.names:
                known = ", ".join(dataset.spec.names)
                remedy = "name classes of the data" + ("" if setting == "base" else ", or null to have them chosen")
                raise InputError(f"maps.{setting}", f"classes among {known}", name, remedy)
    return dataset


def study(place: Path, dataset: Dataset, settings: Settings) -> RecombinationStudy:
    """The experiment in a folder."""
    return RecombinationStudy(place, dataset, settings)


def rows(study: RecombinationStudy, parts: Sequence[str]) -> list[Row]:
    """Of Tables 1 and 2, those that the parts need: the baseline first."""
    s = study.settings

    def tasks(**what) -> tuple[StreetTask, ...]:
        return tuple(StreetTask(**what, repeat=repeat) for repeat in range(s.repeats))

    found = [Row("Tradition", "baseline", tasks())]
    if set(parts) - {"distribution"}:
        found.append(Row("Tradition, longer", "baseline", tasks(longer=True), printed=False))
    style = "Style transfer" if s.style.vgg19 else "Colour statistics"
    names = {"single": "Single label", "several": "Multi-label", "style": style}
    for method, name in names.items():
        if method in parts:
            printed = method != "style" or s.style.vgg19 is not None
            found.append(Row(name, method, tasks(method=method, share=s.share), printed))
    if "reconstruction" in parts:
        for draw in range(s.maps.reconstructions):
            name = f"Reconstruction {draw + 1}" if draw else "Reconstruction"
            again = tasks(method="reconstruction", share=s.share, draw=draw)
            found.append(Row(name, "reconstruction", again, draw == 0))
    return found


def sweep(study: RecombinationStudy, parts: Sequence[str]) -> dict[float, StreetTask]:
    """Share to its network of Figure 7: reconstructions, and the baseline at 0."""
    if "ratio" not in parts:
        return {}
    shares = sorted(study.settings.shares)
    return {share: StreetTask("reconstruction", share=share) if share else StreetTask() for share in shares}


def trainings(study: RecombinationStudy, parts: Sequence[str]) -> list[Training]:
    """What the parts need and is not finished, each training once."""
    tasks = [task for row in rows(study, parts) for task in row.tasks]
    return study.trainings(list(dict.fromkeys([*tasks, *sweep(study, parts).values()])))


def conduct(study: RecombinationStudy, parts: Sequence[str]) -> list[Section]:
    """Trains what the parts need and is not there yet, and makes their report sections."""
    place = make_folder(study.folder / "figures")
    table, shares = rows(study, parts), sweep(study, parts)
    require_maps(study, [row.tasks[0] for row in table] + list(shares.values()))
    for row in table:
        for task in row.tasks:
            study.segmenter(task)
    for task in shares.values():
        study.segmenter(task)
    frame = pd.concat([study.measures(task).assign(row=row.name) for row in table for task in row.tasks])
    test = frame[frame.part == "test"]
    test.to_csv(study.folder / "cases.csv", index=False)
    sections = [] if len(table) == 1 else tables(study, table, test)
    sections.append(figures.distribution(study, place))
    sections += figures.supplements(study, [row.tasks[0] for row in table if row.tasks[0].share], place)
    sections.append(figures.per_class(test, place))
    if shares:
        sections.append(figures.ratio(study, shares, place))
    sections.append(figures.predictions(study, {row.name: row.tasks[0] for row in table}, test, place))
    return [*sections, figures.training(study, table, place)]


def require_maps(study: RecombinationStudy, tasks: Sequence[StreetTask]) -> None:
    """That the label maps asked for can be made, before anything is trained for them.

    Raises:
        InputError: for classes that no map has, or too few maps.
    """
    for task in tasks:
        chosen = {"single": study.settings.maps.single, "several": study.settings.maps.several}.get(task.method, True)
        # What is chosen by the baseline's IoU is known later.
        if task.share and task.method != "style" and chosen is not None:
            study.supplements.recipes(study.supplement(task))


def tables(study: RecombinationStudy, table: Sequence[Row], test: pd.DataFrame) -> list[Section]:
    """Tables 1 and 2, ours beside the printed values, percent."""
    first = [row for row in table if row.method not in ("style",)]
    second = [row for row in table if row.method in ("baseline", "style", "reconstruction")]
    s = study.settings
    how = "supplementary images first, then the originals" if s.order == "sequential" else "all images mixed"
    caption = (
        f"IoU over all {test.case.nunique()} test images as one set, at native size, void not counted; mean of "
        f"{s.repeats} network(s) per row; {how}. Tradition is trained with rotation and zooming in, as all rows are; "
        "longer: for as many iterations as the rows below in all. Intervals are bootstraps over images and leave out "
        "the chance of a single training."
    )
    found = [Section("Table 1: recombined label maps", [Table(_table(study, first, test), caption)])]
    raised = _raised(study, table, test)
    if len(raised):
        text = "IoU of the classes that the supplementary images raise, percent; the paper: +5.0 for the added class."
        found[0].parts.append(Table(raised, text))
    if len(second) > 2:
        parts: list = [Table(_table(study, second, test), "As Table 1.")]
        if not s.style.vgg19 and any(row.method == "style" for row in second):
            parts.append(
                "Without VGG-19 weights there is no style transfer: the row gives photographs the colours and the "
                "texture of others by their statistics (augment/statistics_transfer.py). "
                "--set style.vgg19=FILE makes the paper's row."
            )
        found.append(Section("Table 2: other augmentations", parts))
    return found


def _table(study: RecombinationStudy, table: Sequence[Row], test: pd.DataFrame) -> pd.DataFrame:
    records = []
    base, longer = (test[test.row == row.name] for row in table[:2])
    for row in table:
        mine = test[test.row == row.name]
        task, each = row.tasks[0], mine.groupby("repeat").apply(_miou)
        spread = f" ± {100 * each.std():.2f}" if len(each) > 1 else ""
        record = {
            "Method": row.name,
            "mIoU": f"{100 * each.mean():.2f}{spread} %",
            "Paper": f"{PRINTED[row.method]:.2f} %" if row.printed else "not in the paper",
            "over Tradition [95 %]": "" if row is table[0] else _difference(mine, base),
        }
        gained = row.printed and row.method != "baseline"
        record["Paper: over"] = f"{PRINTED[row.method] - PRINTED['baseline']:+.2f}" if gained else ""
        record["over longer [95 %]"] = _difference(mine, longer) if task.share else ""
        record["Supplementary"] = study.supplement(task).count if task.share else 0
        record["Iterations"] = " + ".join(map(str, study.iterations(task)))
        records.append(record)
    return pd.DataFrame(records)


def _raised(study: RecombinationStudy, table: Sequence[Row], test: pd.DataFrame) -> pd.DataFrame:
    """IoU of the raised classes, of the overlays; the baseline's beside it."""
    records = []
    base, longer = (test[test.row == row.name] for row in table[:2])
    for row in table:
        if row.method not in ("single", "several", "reconstruction"):
            continue
        # A reconstruction raises them all; shown are those that an overlay would.
        mine, names = test[test.row == row.name], study.raised("single" if row.method == "single" else "several")
        found, before = pooled(mine, "iou"), pooled(base, "iou")
        for name in names:
            records.append(
                {
                    "Method": row.name,
                    "Class": name,
                    "Tradition": 100 * before[name],
                    "IoU": 100 * found[name],
                    "over Tradition [95 %]": _difference(mine, base, [name]),
                    "over longer [95 %]": _difference(mine, longer, [name]),
                }
            )
    return pd.DataFrame(records)


def _miou(frame: pd.DataFrame) -> float:
    return float(np.nanmean(pooled(frame.assign(repeat=0), "iou")))


def _difference(mine: pd.DataFrame, base: pd.DataFrame, classes: Sequence[str] | None = None) -> str:
    names = list(base["class"].unique()) if classes is None else classes
    if not mine.pixels_true[mine["class"].isin(names)].any():
        return "absent"
    mean, low, high = (100 * value for value in paired_pooled_difference(mine, base, "iou", names))
    return f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]"
