"""A user's own folder, in any layout of `tf_ganaug.data.layouts`.

Every file may be of any format of `tf_ganaug.data.files`. NIfTI volumes, and npy volumes if
`slice_axis` is stated, become one case per slice; slices whose image is constant are left out unless
`keep_blank` is stated. What the files cannot say is in `dataset.yaml`, described by
`tf_ganaug.data.description`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from tf_ganaug.data.cases import Case, Dataset, LabelSpec, require_numbered
from tf_ganaug.data.colours import ids_of, read_mask
from tf_ganaug.data.description import Description, read_description
from tf_ganaug.data.files import NIFTI, as_image, as_label, read_coding, read_header, read_image, read_label, split_name
from tf_ganaug.data.layouts import Pair, find_layout
from tf_ganaug.data.levels import counts_of
from tf_ganaug.data.limits import PIXELS, allowing
from tf_ganaug.data.listing import listed
from tf_ganaug.data.nifti import voxel_file
from tf_ganaug.data.palettes import mixed_palettes, require_one_palette
from tf_ganaug.data.provenance import read_provenance
from tf_ganaug.data.remarks import one_unit, remarks_of, tell
from tf_ganaug.data.volumes import require_equal, require_grid, require_single
from tf_ganaug.data.voxels import read_grid, read_slice, read_volume, slice_spacing
from tf_ganaug.errors import InputError

#: More different values than this in the label files are a soft mask or a picture, not class ids.
MOST_CLASSES = 64

#: Of a picture that is not read as it is stored.
_TURNED = "turned as an orientation mark (EXIF) says, so the other file of the pair must lie as viewers show both"


def read(root: Path, dataset_yaml: Path | None = None, axis: int | None = None) -> Dataset:
    """All pairs of a folder, checked by their headers; pictures are read when a case is asked for them.

    Volumes are read once here, to find their constant slices, and so are the labels of all cases if no classes are
    described: the classes are then the values found.

    Args:
        root: holds images and labels in a layout of `tf_ganaug.data.layouts`.
        dataset_yaml: the description; None is root/dataset.yaml, if there is one.
        axis: 0, 1 or 2, the axis across which volumes are sliced, before the description's `slice_axis`;
            if neither is stated, 2 for NIfTI (axial).

    Returns:
        Cases by stem, with "_SLICE" after it for volumes; a stem is its own subject unless described.

    Raises:
        InputError: if the folder is missing or empty, a file lacks its partner, the files of a pair
            differ in size or grid, images differ in channels, or the description does not fit.
    """
    described = read_description(dataset_yaml or root / "dataset.yaml", dataset_yaml is not None).with_subjects(root)
    axis = described.slice_axis if axis is None else axis
    layout = find_layout(root, described)
    described = replace(described, files=layout.files)
    channels, cases = {}, []
    for pair in layout.pairs:
        channels[pair.images[0]], of_pair = read_pair(pair, described, axis)
        cases += of_pair
    labels = [] if described.colours else [pair.label for pair in layout.pairs if pair.stem not in described.leave_out]
    palettes = {label: read_coding(label).palette for label in labels}
    require_one_palette(palettes)
    cases = one_unit(kept_cases(cases, described))
    return Dataset(
        name=described.name or root.resolve().name,
        cases=tuple(sorted(cases, key=lambda case: case.id)),
        spec=described.spec or layout.spec or spec_of_labels(cases, described.ignored),
        channels=common_channels(channels),
        # Under the same ids, these give other pixels.
        version=f"1, axis {axis}, {described.files}" + (f", {described.colours}" if described.colours else ""),
        given_splits=described.splits,
        generated=read_provenance(root),
        sequences=any(len(pair.images) > 1 or pair.volumes > 1 for pair in layout.pairs),
        notes=tell(root, (*layout.notes, *mixed_palettes(palettes), *remarks_of(cases))),
        mirror=described.mirror,
    )


def read_pair(pair: Pair, described: Description, axis: int | None) -> tuple[int, list[Case]]:
    """The number of channels and the cases of one picture or volume, checked by the headers of its files.

    Raises:
        InputError: as of `read`, for files of this pair.
    """
    with allowing(described.limits):
        if is_volume(pair.images[0], axis):
            channels, cases = _slices(pair, 2 if axis is None else axis, described)
        else:
            channels, case = _picture(pair, described)
            cases = [case]
    if pair.volumes > 1 and channels != pair.volumes:
        expected, remedy = f"{pair.volumes} channels as dataset.json names them", "mend the names, or add what lacks"
        raise InputError(pair.images[0], expected, f"{channels}", remedy)
    return channels, limited(cases, described.limits)


def limited(cases: list[Case], most: int) -> list[Case]:
    """The cases, to be read under the limit of their data set."""
    if most == PIXELS:
        return cases
    allowed = partial(partial, _within, most)
    return [replace(c, image=allowed(c.image), label=allowed(c.label)) for c in cases]


def _within(most: int, read: Callable[..., np.ndarray], *number: int) -> np.ndarray:
    """What a case reads, under the limit of its data set."""
    with allowing(most):
        return read(*number)


def is_volume(path: Path, axis: int | None) -> bool:
    """Whether a file is sliced; `axis` as of `read`."""
    suffix = split_name(path)[1]
    return suffix in NIFTI or (suffix == ".npy" and axis is not None)


def common_channels(channels: Mapping[Path, int]) -> int:
    """The number of channels of all images, given that of each.

    Raises:
        InputError: naming the first image that differs from the first of all.
    """
    (first, expected), *rest = channels.items()
    for path, found in rest:
        if found != expected:
            wanted = f"{expected} channels as in {first.name}"
            raise InputError(path, wanted, f"{found}", "store all images with equal channels")
    return expected


def kept_cases(cases: list[Case], described: Description) -> list[Case]:
    """The cases that a description does not leave out.

    Raises:
        InputError: if it leaves out all cases or one that is not there, or splits a subject that is not; or two cases
            have one id.
    """
    counts = Counter(case.id for case in cases)
    twice = next((case for case in cases if counts[case.id] > 1), None)
    if twice is not None:
        found = f"{twice.id} of another file too"
        raise InputError(twice.source, "a case with an id of its own", found, "rename one of the files")
    unknown = sorted(set(described.leave_out) - set(counts))
    if unknown:
        raise InputError(described.path, "'leave_out' of known cases", listed(unknown), "name cases by their ids")
    kept = [case for case in cases if case.id not in described.leave_out]
    if not kept:
        raise InputError(described.path, "cases that are not left out", "none", "shorten 'leave_out'")
    subjects = {case.subject for case in kept}
    for part, names in (described.splits or {}).items():
        unknown = sorted(set(names) - subjects)
        if unknown:
            remedy = "name subjects of the folder"
            raise InputError(described.path, f"'splits' of known subjects in {part}", listed(unknown), remedy)
    return kept


def _picture(pair: Pair, described: Description) -> tuple[int, Case]:
    """The number of channels and the case of one picture, checked by the headers of its files."""
    headers = {path: read_header(path) for path in pair.images}
    headers[pair.label] = read_header(pair.label, label=True)
    for path, header in headers.items():
        require_equal(path, header.shape[:2], headers[pair.images[0]].shape[:2], pair.images[0])
    case = Case(
        id=pair.stem,
        subject=pair.subject,
        spacing=described.spacing or (1.0, 1.0),
        files=_files(pair),
        image=partial(_read_channels, pair.images, described.keep_blank),
        label=_label_reader(pair.label, described),
        spacing_known=described.spacing is not None,
        remarks=tuple((str(path), _TURNED) for path, header in headers.items() if 2 <= header.mark <= 8),
    )
    return sum(headers[path].shape[2] for path in pair.images), case


def _label_reader(path: Path, described: Description) -> Callable[[], np.ndarray]:
    return partial(read_mask, path, ids_of(described.colours)) if described.colours else partial(read_label, path)


def _read_channels(paths: tuple[Path, ...], keep_blank: bool) -> np.ndarray:
    return np.concatenate([read_image(path, keep_blank) for path in paths], -1)


def _files(pair: Pair) -> tuple[str, ...]:
    """The image's first, the label's last; what is stored in pairs has its voxels between."""
    paths = (*pair.images, pair.label)
    voxels = [voxel_file(path) for path in paths if voxel_file(path) != path]
    return tuple(map(str, (*pair.images, *voxels, pair.label)))


def _slices(pair: Pair, axis: int, described: Description) -> tuple[int, list[Case]]:
    """The number of channels, and the slices."""
    if described.colours:
        expected, remedy = "no 'colours' beside volumes, whose labels hold ids", "name the ids under 'classes'"
        raise InputError(described.path, expected, pair.label.name, remedy)
    grids = {path: read_grid(path) for path in (*pair.images, pair.label)}
    grid = grids[pair.images[0]]
    for path, other in grids.items():
        if other.volumes != (pair.volumes if path != pair.label else 1):
            require_single(path, other)
        require_grid(path, other, grid, pair.images[0])
    remarks = tuple((str(path), remark) for path, other in grids.items() for remark in other.remarks)
    digits = len(str(grid.shape[axis] - 1))
    # A data set may have very many slices: those of a volume share what they can.
    shared = {
        "subject": pair.subject,
        "spacing": described.spacing or slice_spacing(grid, axis),
        "files": _files(pair),
        "image": partial(_read_image_slice, pair.images, axis, described.keep_blank),
        "label": partial(_read_label_slice, pair.label, axis),
        "spacing_known": described.spacing is not None or grid.known,
        "remarks": remarks,
    }
    return sum(grids[path].volumes for path in pair.images), [
        Case(f"{pair.stem}_{index:0{digits}d}" if grid.shape[axis] > 1 else pair.stem, number=index, **shared)
        for index in (range(grid.shape[axis]) if described.keep_blank else _varying(pair, axis))
    ]


def _varying(pair: Pair, axis: int) -> list[int]:
    across = tuple(a for a in range(3) if a != axis)
    # NaN compares unlike, so a damaged slice stays in and is refused when read.
    constant = [np.equal(v.min(across), v.max(across)) for v in map(read_volume, pair.images)]
    kept = np.flatnonzero(~np.column_stack(constant).all(axis=1))
    if not kept.size:
        raise InputError(pair.images[0], "a volume that varies", "constant slices only", "remove the volume")
    return kept.tolist()


def _read_image_slice(paths: tuple[Path, ...], axis: int, keep_blank: bool, index: int) -> np.ndarray:
    channels = np.concatenate([np.atleast_3d(read_slice(path, axis, index)) for path in paths], -1)
    return as_image(channels, f"{paths[0]} (slice {index} across axis {axis})", keep_blank)


def _read_label_slice(path: Path, axis: int, index: int) -> np.ndarray:
    return as_label(read_slice(path, axis, index), f"{path} (slice {index} across axis {axis})")


def spec_of_labels(cases: list[Case], ignored: tuple[int, ...]) -> LabelSpec:
    """A class for each value in the labels of these cases.

    Raises:
        InputError: for a label that cannot be read, values that are no class ids, or none beside the background.
    """
    values: set[int] = set()
    for case in cases:
        label = Path(case.files[-1])
        found = set(counts_of(case.read_label())[0].tolist())
        values |= found
        require_ids(label, values)
        if min(found) < 0:  # `check-data` goes on, and tells it at its end
            remedy = "store other ids, for example 255 for -1"
            raise InputError(label, "class ids from 0 up", f"{min(found):g}", remedy)
    return spec_of_values(Path(cases[0].files[-1]).parent, values, ignored)


def require_ids(path: Path, values: Collection[float], most: int = MOST_CLASSES) -> None:
    """Checks that the values of labels are class ids.

    Raises:
        InputError: naming `path`, if they are more than `most` or no whole numbers.
    """
    if len(values) > most or not all(float(value).is_integer() for value in values):
        found = f"{len(values)} values, {sorted(values)[:4]} and others"
        remedy = (
            "store class ids, without smoothing or lossy compression and not a number for each object, "
            "or name the classes in dataset.yaml"
        )
        raise InputError(path, f"at most {most} class ids, whole numbers", found, remedy)


def spec_of_values(folder: Path, values: Collection[float], ignored: tuple[int, ...]) -> LabelSpec:
    """A class for each value found in labels; 0 is the background unless it is ignored.

    Raises:
        InputError: naming the labels' folder, if there is no class beside the background, or there are too many.
    """
    ids = {int(value) for value in values} - {0, *ignored}
    if not ids:
        raise InputError(folder, "labels with a class beside 0", "none", "draw some labels")
    require_numbered(folder, len(ids))
    background = {} if 0 in ignored else {0: "background"}
    return LabelSpec.from_names({**background, **{i: f"class {i}" for i in ids}}, ignored)
