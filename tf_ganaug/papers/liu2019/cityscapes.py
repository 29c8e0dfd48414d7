"""Liu et al. 2019: Tables 1 and 2, Figures 2 to 8."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from tf_ganaug.data import camvid, cityscapes, folder, street_labels
from tf_ganaug.data.cases import Dataset
from tf_ganaug.data.embedded import street
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.report import Section
from tf_ganaug.experiment.sources import Request, open_dataset, refuse_target
from tf_ganaug.experiment.study import Training
from tf_ganaug.files import make_folder
from tf_ganaug.frames import write_frame
from tf_ganaug.models.sizes import require_multiple
from tf_ganaug.papers.liu2019 import figures
from tf_ganaug.papers.liu2019.settings import Settings
from tf_ganaug.papers.liu2019.study import RecombinationStudy
from tf_ganaug.papers.liu2019.tables import rows, sweep, tables
from tf_ganaug.papers.liu2019.tasks import StreetTask

__all__ = ["Settings", "check", "conduct", "open_data", "study", "trainings"]

#: PSPNet's coarsest batch norm needs some images.
LEAST_BATCH = 4


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


def trainings(study: RecombinationStudy, parts: Sequence[str]) -> list[Training]:
    """What the parts need and is not finished, each training once."""
    tasks = [task for row in rows(study, parts) for task in row.tasks]
    return study.trainings(list(dict.fromkeys([*tasks, *sweep(study, parts).values()])))


def stages(study: RecombinationStudy, parts: Sequence[str]) -> list[list[str]]:
    """Runs that can be made independently of each other, by name; finished ones are among them.

    The coarse painter, where there is one; the painter and the baselines, whose errors choose what is raised; the
    supplementary sets; the trainings on these; the segmenters.

    Raises:
        InputError: for supplementary sets that cannot be made.
    """
    tasks = [task for row in rows(study, parts) for task in row.tasks] + list(sweep(study, parts).values())
    require_maps(study, tasks)
    study.read_images()
    added = [task for task in tasks if task.share]
    painted = any(task.method != "style" for task in added)
    return [
        ["pix2pixhd-half"] if painted and study.settings.painter.enhancer else [],
        ["pix2pixhd-train"] * painted + [task.name for task in tasks if not task.share],
        [study.subset.path(study.supplement(task).name).name for task in added],
        [f"{task.name}-pretraining" for task in added if study.apart(task)],
        [task.name for task in tasks],
    ]


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
    write_frame(study.folder / "cases.csv", test)
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
