"""Bowles et al. 2018, CSF on CT: Tables 1 to 3, Figures 1 and 2."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tf_ganaug.data import ct, dicom, folder, wmh
from tf_ganaug.data.cases import Dataset
from tf_ganaug.data.embedded import head_csf
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.report import Section
from tf_ganaug.experiment.sources import Request, open_dataset, refuse_target
from tf_ganaug.experiment.study import Training
from tf_ganaug.files import make_folder
from tf_ganaug.frames import write_frame
from tf_ganaug.models.sizes import require_multiple, require_power_of_two
from tf_ganaug.papers.bowles2018 import figures, tables
from tf_ganaug.papers.bowles2018.networks import NETWORKS
from tf_ganaug.papers.bowles2018.printed import TABLE_2, TABLE_3, TABLE_4, Cell, Experiment
from tf_ganaug.papers.bowles2018.settings import Settings
from tf_ganaug.papers.bowles2018.study import PatchStudy
from tf_ganaug.papers.bowles2018.tasks import Fraction, PatchTask

__all__ = ["Settings", "check", "conduct", "open_data", "stages", "study", "trainings"]

#: Synthetic patches of Figure 2, left, a percentage of the real ones.
HALF = 50.0


def check(settings: Settings) -> None:
    """What can be wrong with the settings, before anything is read or trained.

    Raises:
        InputError: for a size that a network cannot have, an unknown choice, or percentages that cannot be.
    """
    s, size = settings, settings.patches.size
    require_power_of_two(size, size, smallest=32 if s.gan.noise else 4)
    if "UNet" in s.networks:
        require_multiple(size, size, factor=1 << s.unet.levels - 1)
    if "UResNet" in s.networks:
        require_multiple(size, size, factor=8)
    if "DeepMedic" in s.networks and size <= 2 * len(s.deepmedic.feature_maps):
        remedy = "choose larger patches"
        raise InputError("patches.size", f"more than {2 * len(s.deepmedic.feature_maps)}", str(size), remedy)
    unknown = [name for name in s.networks if name not in NETWORKS]
    if unknown or not s.networks:
        raise InputError("networks", f"some of {', '.join(NETWORKS)}", str(s.networks), "name at least one of these")
    choices = {
        "gan.label_channels": (s.gan.label_channels, ("one_per_class", "coded")),
        "fraction_unit": (s.fraction_unit, ("subject", "slice")),
    }
    for name, (found, allowed) in choices.items():
        if found not in allowed:
            raise InputError(name, " or ".join(allowed), found, "choose one of these")
    _check_percentages(s)
    _check_data(s)


def _check_percentages(s: Settings) -> None:
    for name, shares in (("available", s.available), ("sweep_available", s.sweep_available)):
        if not shares or not all(1 <= share <= 100 for share in shares):
            remedy = "a fraction must leave images to train on"
            raise InputError(name, "percentages from 1 to 100", str(shares), remedy)
    for name, shares in (("added", s.added), ("sweep_added", s.sweep_added)):
        if len(shares) < 2 or shares[0] != 0 or sorted(set(shares)) != list(shares):
            found = str(shares)
            raise InputError(name, "percentages that increase from 0, the baseline", found, "for example [0, 50]")
    if not 0 <= s.patches.rotation <= 180:
        raise InputError("patches.rotation", "0 to 180 degrees", str(s.patches.rotation), "mend it")
    if not 0 <= s.patches.on_classes <= 1:
        raise InputError("patches.on_classes", "a share from 0 to 1", str(s.patches.on_classes), "for example 0.5")
    if s.patches.count < 1:
        raise InputError("patches.count", "at least 1", str(s.patches.count), "mend it")


def _check_data(s: Settings) -> None:
    parts, window = s.data.parts, s.data.window
    if len(parts) != 3 or min(parts) <= 0 or not np.isclose(sum(parts), 1, atol=1e-3):
        raise InputError("data.parts", "three shares above 0 with a sum of 1", str(parts), "mend them")
    if window is not None and len(window) != 2:
        raise InputError("data.window", "[level, width]", str(window), "name two numbers")
    levels = s.patches.size.bit_length() - 2
    if len(s.gan.minibatch) < levels:
        expected = f"a number for each of {levels} levels"
        raise InputError("gan.minibatch", expected, str(len(s.gan.minibatch)), "add some")


def open_data(request: Request, settings: Settings) -> Dataset:
    """CT slices with classes of CSF, or any others; the subject is the patient."""
    refuse_target(request)
    d, seed = settings.data, settings.seed
    dataset = open_dataset(
        request,
        lambda: head_csf.read(d.subjects, d.slices, d.native_size, seed),
        {
            "folder": lambda root: folder.read(root, dataset_yaml=request.dataset_yaml),
            "dicom": lambda root: dicom.read(root, dataset_yaml=request.dataset_yaml),
        },
    )
    return in_bytes(dataset, settings)


def in_bytes(dataset: Dataset, settings: Settings) -> Dataset:
    """Images of 8 bits: as they are, through the window, or normalised per stack.

    Raises:
        InputError: for labels whose class 0 is no background.
    """
    if dataset.spec.background != 0:
        raise InputError(
            dataset.name, "a background, as the class of the smallest id", "none", "see docs/bowles2018.md"
        )
    if dataset.cases[0].read_image().dtype == np.uint8:
        return dataset
    window = settings.data.window
    return ct.windowed(dataset, *window) if window else wmh.normalised(dataset)


def study(place: Path, dataset: Dataset, settings: Settings) -> PatchStudy:
    """The experiment in a folder."""
    return PatchStudy(place, dataset, settings)


def experiments(settings: Settings, parts: Sequence[str]) -> dict[str, Experiment]:
    """The rows of Table 1 that the parts need, by part.

    Raises:
        InputError: for Table 3 without a rotation.
    """
    s, rotated = settings, settings.patches.rotation > 0
    available, added, first = tuple(s.available), tuple(s.added), tuple(s.networks[:1])
    if "table3" in parts and not rotated:
        raise InputError("patches.rotation", "above 0 for Table 3", "0", "choose an angle, or leave table3 out")
    kind = "MR" if s.data.window is None else "CT"
    wanted = {
        "table2": Experiment(available, added, tuple(s.networks), kind, (rotated,)),
        "table3": Experiment(available, (0, added[-1]), first, kind, (False, True)),
        "figure2": Experiment(available, tuple(s.sweep_added), first, kind, (rotated,)),
        "figure2 left": Experiment(tuple(s.sweep_available), (0, HALF), first, kind, (rotated,)),
        "table4": Experiment(available, added, tuple(s.networks), kind, (rotated,)),
    }
    return {name: one for name, one in wanted.items() if name.split()[0] in parts}


def tasks_of(settings: Settings, cell: Cell) -> list[PatchTask]:
    """One segmenter per repeat."""
    draws = [repeat if settings.redraw else 0 for repeat in range(settings.repeats)]
    return [
        PatchTask(cell.network, Fraction(cell.available, cell.rotation, draw), cell.added, repeat)
        for repeat, draw in enumerate(draws)
    ]


def wanted(settings: Settings, parts: Sequence[str]) -> dict[Cell, list[PatchTask]]:
    """The different cells of these parts, with their segmenters."""
    cells = (cell for one in experiments(settings, parts).values() for cell in one.cells())
    return {cell: tasks_of(settings, cell) for cell in dict.fromkeys(cells)}


def fractions(settings: Settings, parts: Sequence[str]) -> list[Fraction]:
    """Those whose GAN the parts need."""
    found = [task.fraction for tasks in wanted(settings, parts).values() for task in tasks if task.added]
    return list(dict.fromkeys([*found, *shown(settings, parts)]))


def shown(settings: Settings, parts: Sequence[str]) -> list[Fraction]:
    """The fractions whose synthetic patches Figures 1 and 3 show, the largest last."""
    ordered = [Fraction(share, settings.patches.rotation > 0) for share in sorted(settings.available)]
    return ordered if "figure3" in parts else ordered[-1:] if "figure1" in parts else []


def stages(study: PatchStudy, parts: Sequence[str]) -> list[list[str]]:
    """Runs that can be made independently of each other, by name: GANs, then segmenters; finished ones are among them.

    Raises:
        InputError: for a fraction without an image, or a part without a labelled one.
    """
    needed, cells = fractions(study.settings, parts), wanted(study.settings, parts)
    tasks = [task for group in cells.values() for task in group]
    for fraction in dict.fromkeys([*needed, *(task.fraction for task in tasks)]):
        study.training_cases(fraction)
    study.read_images()
    for part in ("train", "validation", "test"):
        study.labelled(part)
    return [[study.gan_path(fraction).name for fraction in needed], [task.name for task in tasks]]


def trainings(study: PatchStudy, parts: Sequence[str]) -> list[Training]:
    """What the parts need and is not finished, each training once."""
    tasks = [task for group in wanted(study.settings, parts).values() for task in group]
    return study.trainings(fractions(study.settings, parts), tasks)


def conduct(study: PatchStudy, parts: Sequence[str]) -> list[Section]:
    """Trains what the parts need and is not there yet, and makes their report sections."""
    place, s = make_folder(study.folder / "figures"), study.settings
    for stage in stages(study, parts):
        for name in stage:
            study.make(name)
    rows, cells = experiments(s, parts), wanted(s, parts)
    sections = [tables.experiments_section(study, list(rows.values()), cells, len(fractions(s, parts)))]
    if cells:
        found = tables.counts(study, cells)
        write_frame(study.folder / "scores.csv", tables.scores(found))
        frames = [study.measures(task).assign(run=task.name) for group in cells.values() for task in group]
        write_frame(study.folder / "cases.csv", pd.concat(frames, ignore_index=True))
        sections += _results(found, rows, place, s.redraw)
    if "figure1" in parts:
        sections.append(figures.patches(study, shown(s, parts)[-1], place))
    if "figure3" in parts:
        sections.append(figures.neighbours(study, shown(s, parts), place))
    if cells:
        sections.append(figures.predictions(study, cells, place))
    return [*sections, figures.training(study, fractions(s, parts), cells, place)]


def _results(found: pd.DataFrame, rows: dict[str, Experiment], place: Path, own_gans: bool) -> list[Section]:
    """Tables 2 to 4 and Figure 2, those of these rows, of `tables.counts`."""
    keys = list(Cell.__dataclass_fields__)

    def of(name: str) -> pd.DataFrame:
        cells = pd.DataFrame([vars(cell) for cell in rows[name].cells()])
        return cells.merge(found, on=keys)

    sections = []
    titles = {
        "table2": ("Table 2: CSF segmentation on CT, amounts of data", TABLE_2),
        "table4": ("Table 4: WMH segmentation on MRI", TABLE_4),
    }
    for name, (title, printed) in titles.items():
        if name in rows:
            sections.append(tables.table(title, of(name), tables.amounts, printed, own_gans))
    if "table3" in rows:
        one, title = of("table3"), "Table 3: CSF segmentation on CT, kinds of augmentation"
        section = tables.table(title, one, tables.augmentations, TABLE_3, own_gans, "Augmentation")
        sections.append(Section(title, [*section.parts, tables.of_the_gan(one)]))
    if "figure2" in rows:
        sections.append(figures.sweeps(*map(tables.scores, (of("figure2 left"), of("figure2"))), HALF, place))
    return sections
