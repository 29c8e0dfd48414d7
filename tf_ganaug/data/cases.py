"""Case, LabelSpec and Dataset: what every reader returns and every later stage takes."""

from __future__ import annotations

import colorsys
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from tf_ganaug.data.provenance import Provenance
from tf_ganaug.errors import InputError

#: Class index that marks a pixel no loss and no measure counts.
IGNORE = 255

#: Classes beside the background: with it they take the bytes below `IGNORE`.
MOST_NUMBERED = IGNORE - 1

#: The largest id that is stored alike as an integer and as a float.
LARGEST_ID = 2**53

#: Ids below this are looked up in a table, others searched for.
_TABLE = 2**16

#: Pixels that are encoded at a time.
_STRIP = 2**20

#: Colours given to classes whose source states none (matplotlib's "tab10", as bytes).
PALETTE = (
    (0, 0, 0),
    (31, 119, 180),
    (255, 127, 14),
    (44, 160, 44),
    (214, 39, 40),
    (148, 103, 189),
    (140, 86, 75),
    (227, 119, 194),
    (188, 189, 34),
    (23, 190, 207),
)


def _colour(number: int) -> tuple[int, int, int]:
    """Of a class: `PALETTE`, and beyond it hues as far from each other as the golden ratio puts them."""
    if number < len(PALETTE):
        return PALETTE[number]
    return tuple(round(255 * part) for part in colorsys.hsv_to_rgb(number * 0.618034 % 1, 0.6, 0.9))


def require_numbered(where: str | os.PathLike, count: int) -> None:
    """Checks that class indices fit a byte, given the number of classes beside the background.

    Raises:
        InputError: naming `where`, if there are more.
    """
    if count > MOST_NUMBERED:
        remedy = "name fewer, and list the other ids under 'ignored'"
        raise InputError(where, f"at most {MOST_NUMBERED} classes beside the background", f"{count}", remedy)


def is_background(name: str | None) -> bool:
    """Whether a class of id 0 is the background, by its name."""
    return (name or "").lower() == "background"


def require_names(where: str | os.PathLike, names: Iterable[str]) -> None:
    """Checks that each class has a name of its own: tables have a line for each name.

    Raises:
        InputError: naming `where` and the names that two classes have.
    """
    names = list(names)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(where, "a name of its own for each class", f"{', '.join(twice)} twice", "rename one")


@dataclass(frozen=True)
class LabelClass:
    """One class as the networks see it.

    Attributes:
        name: shown in tables and legends.
        ids: the values in the stored label files that mean this class.
        colour: (red, green, blue), 0 to 255.
    """

    name: str
    ids: tuple[int, ...]
    colour: tuple[int, int, int]


@dataclass(frozen=True)
class LabelSpec:
    """The classes of a label map.

    A view with fewer classes (19 to 7, 7 to 2) is another LabelSpec over the same stored ids.

    Attributes:
        classes: in the order of the class indices 0, 1, 2, ...
        ignored: stored ids that no loss and no measure counts.
        background: index of the class that measures leave out; None where every class is measured.

    Raises:
        InputError: for more classes than a byte numbers beside `IGNORE`.
    """

    classes: tuple[LabelClass, ...]
    ignored: tuple[int, ...] = ()
    background: int | None = 0

    def __post_init__(self):
        require_numbered("classes", len(self.measured))

    @classmethod
    def from_names(cls, names: Mapping[int, str], ignored: Iterable[int] = ()) -> LabelSpec:
        """One class for each stored id, the smallest id first, with colours of `PALETTE` and then others.

        Id 0 is the background if that is its name, else a class as others.
        """
        classes = tuple(LabelClass(names[i], (i,), _colour(n)) for n, i in enumerate(sorted(names)))
        background = 0 if is_background(names.get(0)) else None
        return cls(classes, tuple(ignored), background)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.classes)

    @property
    def measured(self) -> tuple[int, ...]:
        """Class indices that measures report."""
        return tuple(i for i in range(len(self.classes)) if i != self.background)

    @property
    def ids(self) -> tuple[int, ...]:
        """All stored ids that are allowed, sorted."""
        return tuple(sorted({i for c in self.classes for i in c.ids} | set(self.ignored)))

    def encode(self, label: np.ndarray, source: str | os.PathLike) -> np.ndarray:
        """Stored ids to class indices.

        Args:
            label: (H, W) integers.
            source: the file, for the error.

        Returns:
            (H, W) uint8 class indices, `IGNORE` where the id is ignored.

        Raises:
            InputError: for an id that the spec does not have.
        """
        index = np.empty(label.shape, np.uint8)
        pixels, indices = label.reshape(-1), index.reshape(-1)
        for start in range(0, len(pixels), _STRIP):
            strip = slice(start, start + _STRIP)
            known, indices[strip] = self._looked_up(pixels[strip])
            if not known.all():
                self._refuse(pixels, source)
        return index

    def _looked_up(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N,) stored ids to (N,) whether the spec has them, and (N,) uint8 class indices."""
        number_of = dict.fromkeys(self.ignored, IGNORE)
        number_of.update({i: number for number, c in enumerate(self.classes) for i in c.ids})
        ids = np.array(sorted(number_of), np.int64)
        numbers = np.array([number_of[i] for i in ids.tolist()], np.uint8)
        low, high = int(pixels.min()), int(pixels.max())
        if low < 0 or high >= _TABLE:
            places = np.minimum(np.searchsorted(ids, pixels), len(ids) - 1)
            return ids[places] == pixels, numbers[places]
        known, table = np.zeros(high + 1, bool), np.zeros(high + 1, np.uint8)
        near = (ids >= 0) & (ids <= high)
        known[ids[near]], table[ids[near]] = True, numbers[near]
        return known.take(pixels), table.take(pixels)

    def _refuse(self, pixels: np.ndarray, source: str | os.PathLike) -> None:
        unknown = sorted(set(np.unique(pixels).tolist()) - set(self.ids))
        more = f" and {len(self.ids) - 20} others" if len(self.ids) > 20 else ""
        raise InputError(
            source,
            f"label values among {list(self.ids[:20])}{more}",
            f"{unknown[:8]}",
            "mend the file, or name the value as a class or as ignored (in a folder: in dataset.yaml)",
        )

    def view_table(self, view: LabelSpec) -> np.ndarray:
        """(256,) uint8: from this spec's class indices to those of a view over the same stored ids.

        Raises:
            InputError: if the view lacks an id.
        """
        table = np.full(256, IGNORE, np.uint8)
        for number, label_class in enumerate(self.classes):
            table[number] = view.encode(np.array([label_class.ids[:1]]), "the view")[0, 0]
        return table

    def target(self, stored_id: int) -> LabelSpec:
        """The two-class view: one stored id against all others.

        Raises:
            InputError: if no class has that id.
        """
        chosen = [c for c in self.classes if stored_id in c.ids]
        if not chosen:
            offered = ", ".join(f"{c.ids[0]} ({c.name})" for c in self.classes[1:])
            raise InputError("--target", f"one of {offered}", str(stored_id), "name one of these")
        rest = tuple(i for c in self.classes for i in c.ids if c is not chosen[0])
        background = LabelClass("background", rest, (0, 0, 0))
        return replace(self, classes=(background, chosen[0]))


@dataclass(frozen=True)
class Case:
    """One labelled image, read when asked for.

    Attributes:
        id: unique in its data set; names the case in tables and files.
        subject: the person or scene; splits never part a subject.
        spacing: millimetres per pixel (row, column) at native size; (1, 1) if unknown.
        files: those it is read from, the image's first, the label's last; for drawn
            cases what stands for them.
        image: reads what `read_image` returns.
        label: reads what `read_label` returns.
        instances: reads what `read_instances` returns; None where the data set has none.
        number: of the slice that these are asked for, so that the slices of a volume share them; None where they read
            one picture.
        spacing_known: whether `spacing` is stated anywhere.
        remarks: (file, what its header does not state or contradicts).
    """

    id: str
    subject: str
    spacing: tuple[float, float]
    files: tuple[str, ...]
    image: Callable[..., np.ndarray] = field(repr=False, compare=False)
    label: Callable[..., np.ndarray] = field(repr=False, compare=False)
    instances: Callable[..., np.ndarray] | None = field(default=None, repr=False, compare=False)
    number: int | None = field(default=None, repr=False, compare=False)
    spacing_known: bool = True
    remarks: tuple[tuple[str, str], ...] = field(default=(), repr=False, compare=False)

    @property
    def source(self) -> str:
        """The image's file."""
        return self.files[0]

    def read_image(self) -> np.ndarray:
        """(H, W, C), as stored."""
        return self._read(self.image)

    def read_label(self) -> np.ndarray:
        """(H, W) integers, the stored ids."""
        return self._read(self.label)

    def read_instances(self) -> np.ndarray:
        """(H, W) integers, an id for each object."""
        return self._read(self.instances)

    def _read(self, what: Callable[..., np.ndarray]) -> np.ndarray:
        return what() if self.number is None else what(self.number)

    def class_indices(self, spec: LabelSpec) -> np.ndarray:
        """The label at native size, (H, W) uint8 class indices.

        Raises:
            InputError: naming the label's file, for an id that the spec does not have.
        """
        return spec.encode(self.read_label(), self.files[-1])


@dataclass(frozen=True)
class Dataset:
    """What a reader returns.

    Attributes:
        name: shown wherever results are shown.
        cases: sorted by id.
        spec: the classes of all labels.
        channels: of every image.
        synthetic: True if the images are drawn by code; every result says so.
        version: changes when the reader would return other pixels for the same files.
        given_splits: part ("train", "validation", "test") to subjects, where the data set has its own.
        generated: what the generator of all cases was trained on; None where none made them.
        notes: what its files do not state, and what is passed over, a line each.
        sequences: whether channels are images of their own, such as FLAIR and T1 of MR, each with a range of its own.
        mirror: whether left and right are alike, so that a mirrored image may train; None where nothing says.
    """

    name: str
    cases: tuple[Case, ...]
    spec: LabelSpec
    channels: int
    synthetic: bool = False
    version: str = "1"
    given_splits: Mapping[str, tuple[str, ...]] | None = None
    generated: Provenance | None = None
    sequences: bool = False
    notes: tuple[str, ...] = ()
    mirror: bool | None = None
