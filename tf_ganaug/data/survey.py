"""A survey of a user's data before anything is trained on them: every case is read once, only numbers are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from tf_ganaug.data import dicom, folder
from tf_ganaug.data.cases import Case, LabelSpec
from tf_ganaug.data.colours import colours_in, guessed, spec_of_colours
from tf_ganaug.data.description import Description, Files, read_description
from tf_ganaug.data.files import read_coding, read_label
from tf_ganaug.data.layouts import find_layout
from tf_ganaug.data.limits import allowing
from tf_ganaug.data.palettes import mixed_palettes, require_one_palette
from tf_ganaug.data.pictures import Coding
from tf_ganaug.data.provenance import Provenance, read_provenance
from tf_ganaug.data.remarks import one_unit, remarks_of
from tf_ganaug.data.survey_case import MOST_VALUES, Facts, Fit, facts_of
from tf_ganaug.errors import InputError

#: Readers of a user's own data.
READERS = ("folder", "dicom")


@dataclass(frozen=True)
class Survey:
    """What the files of a folder hold.

    Attributes:
        root: the folder.
        reader: one of `READERS`.
        layout: how the files lie, in words.
        described: its dataset.yaml, or an empty description.
        spec: the classes: described, named by the layout, or the values found; perhaps the background alone.
        named: whether the classes have names of their own.
        coloured: whether labels are colour masks whose classes are guessed.
        stems: stem of each pair of files to its subject.
        cases: all that were read.
        facts: `survey_case.Facts` by case, the parts of `fit` as columns of their own, without `values`.
        pixels: label value to pixels, by case.
        unreadable: what is wrong with files that cannot be read.
        notes: what the files do not state, and what is passed over, a line each.
        generated: what the generator of all cases was trained on; None where none made them.
    """

    root: Path
    reader: str
    layout: str
    described: Description
    spec: LabelSpec
    named: bool
    coloured: bool
    stems: dict[str, str]
    cases: tuple[Case, ...]
    facts: pd.DataFrame
    pixels: pd.DataFrame
    unreadable: tuple[InputError, ...]
    notes: tuple[str, ...] = ()
    generated: Provenance | None = None

    @property
    def name(self) -> str:
        return self.described.name or self.root.resolve().name


@dataclass(frozen=True)
class _Sources:
    """Where cases come from: a file or series each, opened one after the other, as it is described or guessed."""

    described: Description
    layout: str
    spec: LabelSpec | None
    stems: dict[str, str]
    open: list[Callable[[], list[Case]]]
    unreadable: list[InputError]
    files: Files | None = None
    notes: tuple[str, ...] = ()


def survey(root: Path, reader: str = "folder", dataset_yaml: Path | None = None) -> Survey:
    """Reads every case once, going on after files that cannot be read.

    Args:
        root: as the readers take it.
        reader: one of `READERS`.
        dataset_yaml: the description; None is root/dataset.yaml, if there is one.

    Raises:
        InputError: if the folder has no layout that the reader knows, files lack partners, the description does
            not fit, or labels have too many values for classes.
    """
    described = read_description(dataset_yaml or root / "dataset.yaml", dataset_yaml is not None).with_subjects(root)
    sources = _folder(root, described) if reader == "folder" else _dicom(root, described)
    coloured, described = sources.described is not described, sources.described
    most = folder.MOST_CLASSES if sources.spec is None else MOST_VALUES
    cases, facts, unreadable = _read_all(sources, most)
    if not unreadable:
        cases = folder.kept_cases(cases, described)
    cases = one_unit(cases)
    frame, pixels = _frames(facts, cases)
    folder.require_ids(root, pixels.columns.tolist(), most)
    return Survey(
        root=root,
        reader=reader,
        layout=sources.layout,
        described=replace(described, files=sources.files),
        spec=sources.spec or _spec(root, set(pixels.columns), described.ignored),
        named=sources.spec is not None and not coloured,
        coloured=coloured,
        stems=sources.stems,
        cases=tuple(cases),
        facts=frame,
        pixels=pixels,
        unreadable=tuple({str(error): error for error in unreadable}.values()),
        notes=(*sources.notes, *remarks_of(cases)),
        generated=read_provenance(root) if reader == "folder" else None,
    )


def _read_all(sources: _Sources, most: int) -> tuple[list[Case], list[Facts], list[InputError]]:
    """All cases, the facts of those that are not left out, and what could not be read."""
    cases, facts, unreadable = [], [], list(sources.unreadable)
    for source in tqdm(sources.open, "reading", unit="pair", disable=None):
        try:
            opened = source()
        except InputError as error:
            unreadable.append(error)
            continue
        cases += opened
        for case in opened:
            if case.id not in sources.described.leave_out:
                try:
                    facts.append(facts_of(case, most))
                except InputError as error:
                    unreadable.append(error)
    return cases, facts, unreadable


def _folder(root: Path, described: Description) -> _Sources:
    layout, axis, unreadable = find_layout(root, described), described.slice_axis, []
    codings = {}
    for pair in layout.pairs:
        if pair.stem in described.leave_out:
            continue
        with suppress(InputError):  # told when the pair is opened
            codings[pair.label] = Coding(1, None) if folder.is_volume(pair.label, axis) else read_coding(pair.label)
    notes = layout.notes
    try:
        described = _with_colours(described, codings)
        if not described.colours:
            palettes = {path: coding.palette for path, coding in codings.items()}
            require_one_palette(palettes)
            notes += mixed_palettes(palettes)
    except InputError as error:
        unreadable.append(error)

    def opened(pair: folder.Pair) -> list[Case]:
        # Constant pictures are a finding here, and no error; constant slices are left out as always.
        blank = described.keep_blank or not folder.is_volume(pair.images[0], axis)
        return folder.read_pair(pair, replace(described, keep_blank=blank), axis)[1]

    stems = {pair.stem: pair.subject for pair in layout.pairs}
    sources = [partial(opened, pair) for pair in layout.pairs]
    spec = described.spec or layout.spec
    return _Sources(described, layout.name, spec, stems, sources, unreadable, layout.files, notes)


def _with_colours(described: Description, codings: Mapping[Path, Coding]) -> Description:
    """The same, or with the colours that are found where labels are colour masks and no classes are described."""
    with allowing(described.limits):
        if described.spec or not any(_is_mask(path, coding) for path, coding in codings.items()):
            return described
        colours = guessed(colours_in(codings, folder.MOST_CLASSES))
    return replace(described, colours=colours, spec=spec_of_colours(described.path, colours))


def _is_mask(path: Path, coding: Coding) -> bool:
    """Whether a label holds colours: ids may be stored as RGB too."""
    if coding.channels != 3:
        return False
    try:
        read_label(path)
    except InputError:
        return True
    return False


def _dicom(root: Path, described: Description) -> _Sources:
    dicom.load_pydicom()
    found, notes = dicom.find_series(root, described)
    spec, unreadable, contents = described.spec, [], []
    for labelled in found if spec is None else ():
        try:
            contents.append(dicom.label_content(labelled.label, described.limits))
        except InputError as error:
            unreadable.append(error)
    segments = {name for _, names in contents for name in names}
    named = dicom.spec_of_content(root / "labels", contents, described.ignored) if segments else spec
    sources = [partial(dicom.read_cases, labelled, described, named) for labelled in found]
    stems = {labelled.stem: labelled.subject for labelled in found}
    return _Sources(described, "a series for each label file", named, stems, sources, unreadable, notes=notes)


def _frames(facts: list[Facts], cases: Sequence[Case]) -> tuple[pd.DataFrame, pd.DataFrame]:
    columns = [name for name in dict.fromkeys((*Facts._fields, *Fit._fields)) if name != "values"]
    rows = [{**case._asdict(), **case.fit._asdict()} for case in facts]
    frame = pd.DataFrame(rows, columns=columns).set_index("case")
    spacing = {case.id: case.spacing for case in cases}
    frame[["row_mm", "column_mm"]] = np.reshape([spacing[case] for case in frame.index], (-1, 2))
    pixels = pd.DataFrame([case.values for case in facts], index=frame.index).fillna(0).astype("int64")
    return frame.sort_index(), pixels.sort_index().sort_index(axis=1)


def _spec(root: Path, values: set[int], ignored: tuple[int, ...]) -> LabelSpec:
    if values - {0, *ignored}:
        return folder.spec_of_values(root, values, ignored)
    return LabelSpec.from_names({0: "background"}, ignored)
