"""Cityscapes (Cordts et al., CVPR 2016) in its own layout, split as Neff (2018) V.B.2 splits it.

    leftImg8bit/{train,val}/CITY/CITY_SEQUENCE_FRAME_leftImg8bit.png
    gtFine/{train,val}/CITY/CITY_SEQUENCE_FRAME_gtFine_labelIds.png
    gtFine/{train,val}/CITY/CITY_SEQUENCE_FRAME_gtFine_instanceIds.png   (where there are any)

The official validation images are the test set, since the labels of the official test images are not
public: their files hold dummies and are not read. What the ids mean is asked of the package
`cityscapesscripts`. An id that its evaluation ignores is ignored here: all of the category void, and the
rare classes parking, rail track, guard rail, bridge, tunnel, polegroup, caravan and trailer, whatever
their category. A licence plate has no id of its own (-1): the car behind it is drawn in its place.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from tf_ganaug.data.cases import Case, Dataset, LabelClass, LabelSpec
from tf_ganaug.data.files import read_image, read_label, read_shape
from tf_ganaug.data.street_labels import CATEGORIES, TRAINING_CLASSES
from tf_ganaug.data.volumes import require_equal
from tf_ganaug.errors import InputError

#: Of a training part too small for the number of validation images asked for, this share validates: the
#: paper's 400 of 2,975.
VALIDATION_SHARE = 400 / 2975

_IMAGE, _LABEL, _INSTANCES = "_leftImg8bit.png", "_gtFine_labelIds.png", "_gtFine_instanceIds.png"


def categories() -> LabelSpec:
    """The 7 counted categories: flat, construction, object, nature, sky, human, vehicle.

    Raises:
        InputError: if cityscapesscripts is not installed.
    """
    return _view(CATEGORIES, "category")


def training_classes() -> LabelSpec:
    """The 19 classes of training and evaluation, in the order of their `trainId`.

    Raises:
        InputError: if cityscapesscripts is not installed.
    """
    return _view(TRAINING_CLASSES, "name")


def read(root: Path, view: LabelSpec, validation: int = 400, seed: int = 0) -> Dataset:
    """All finely labelled images, checked by their headers; pictures are read when a case is asked for them.

    Each image is its own subject, since the paper draws images. Sequences would not do: most have one
    labelled frame, while a few fill the whole of their city.

    Args:
        root: holds leftImg8bit and gtFine.
        view: `categories()` or `training_classes()`.
        validation: number of training images, drawn at random, that validate; if the training part has
            fewer than four times as many, `VALIDATION_SHARE` of them do, at least one.
        seed: of the draw.

    Returns:
        Cases named CITY_SEQUENCE_FRAME; `given_splits` has the official validation images as test.

    Raises:
        InputError: if a folder is missing, a city's folder holds no images or labels, an image has no
            label or a label no image, a name does not begin with its city, an image is not RGB, a label
            is not grey or not of the image's size, or fewer than two images are there to train.
    """
    train, test = (_cases(root, part) for part in ("train", "val"))
    return Dataset(
        name="Cityscapes",
        cases=tuple(sorted(train + test, key=lambda case: case.id)),
        spec=view,
        channels=3,
        given_splits={
            **_drawn([case.id for case in train], validation, seed, root / "leftImg8bit" / "train"),
            "test": tuple(case.id for case in test),
        },
    )


def colour_case(name: str, image: Path, label: Path) -> Case:
    """A colour picture with its label of 8-bit grey values, the two checked by their headers.

    Args:
        name: of the case and of its subject.
        image: RGB.
        label: of the same size.

    Raises:
        InputError: naming the file that is something else; here, or when its depth is seen on reading.
    """
    (*size, channels), (*label_size, label_channels) = read_shape(image), read_shape(label, label=True)
    if channels != 3:
        raise InputError(image, "an RGB picture", f"{channels} channel(s)", "use the data set's own file")
    if label_channels != 1:
        raise InputError(label, "8-bit grey values", "colours", "use the data set's own file")
    if label_size != size:
        expected, found = (" x ".join(map(str, each)) for each in (size, label_size))
        raise InputError(label, f"{expected} as {image.name}", found, "use the data set's own files")
    return Case(
        id=name,
        subject=name,
        spacing=(1.0, 1.0),
        spacing_known=False,
        files=(str(image), str(label)),
        image=partial(read_image, image),
        label=partial(_read_ids, label),
    )


def _view(named: LabelSpec, field: str) -> LabelSpec:
    """The classes of `named` with all counted ids whose `field` in the published table is their name."""
    try:
        from cityscapesscripts.helpers.labels import labels
    except ImportError as error:
        remedy = 'pip install "tf_ganaug[cityscapes]"'
        raise InputError("cityscapesscripts", "the package with the label tables", "none", remedy) from error
    drawn = [label for label in labels if label.id >= 0]
    counted = [label for label in drawn if not label.ignoreInEval]
    return LabelSpec(
        classes=tuple(
            LabelClass(c.name, tuple(label.id for label in counted if getattr(label, field) == c.name), c.colour)
            for c in named.classes
        ),
        ignored=tuple(label.id for label in drawn if label.ignoreInEval),
        background=None,
    )


def _cases(root: Path, part: str) -> list[Case]:
    """Of the official part, sorted by id."""
    images = _files(root / "leftImg8bit" / part, _IMAGE)
    labels = _files(root / "gtFine" / part, _LABEL)
    for present, partners, folder, suffix in (
        (images, labels, "gtFine", _LABEL),
        (labels, images, "leftImg8bit", _IMAGE),
    ):
        for name in sorted(set(present) - set(partners)):
            partner = root / folder / part / present[name].parent.name / f"{name}{suffix}"
            remedy = f"add it or remove {present[name].name}"
            raise InputError(partner, f"the partner of {present[name].name}", "no file", remedy)
    return [_with_instances(colour_case(name, images[name], labels[name])) for name in sorted(images)]


def _with_instances(case: Case) -> Case:
    label = Path(case.files[-1])
    path = Path(case.files[-1].removesuffix(_LABEL) + _INSTANCES)
    if not path.exists():
        return case
    require_equal(path, read_shape(path, label=True)[:2], read_shape(label, label=True)[:2], label)
    return replace(case, instances=partial(read_label, path))


def _files(folder: Path, suffix: str) -> dict[str, Path]:
    """By CITY_SEQUENCE_FRAME, of all cities of a part."""
    cities = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if not cities:
        remedy = "unpack leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip into one folder"
        raise InputError(folder, "a folder per city", "none", remedy)
    files = {}
    for city in cities:
        paths = [path for path in sorted(city.glob(f"*{suffix}")) if not path.name.startswith(".")]
        if not paths:
            raise InputError(city, f"files named *{suffix}", "none", "unpack the city again or remove its folder")
        for path in paths:
            if not path.name.startswith(f"{city.name}_"):
                raise InputError(path, f"{city.name}_SEQUENCE_FRAME{suffix}", path.name, "move or rename the file")
            files[path.name[: -len(suffix)]] = path
    return files


def _read_ids(path: Path) -> np.ndarray:
    ids = read_label(path)
    if ids.dtype != np.uint8:
        raise InputError(path, "8-bit grey values", str(ids.dtype), "use the data set's own file")
    return ids


def _drawn(names: list[str], validation: int, seed: int, where: Path) -> dict[str, tuple[str, ...]]:
    """Images to "train" and "validation"."""
    if len(names) < 2:
        raise InputError(where, "two images or more, to train and to validate", str(len(names)), "add images")
    if len(names) < 4 * validation:
        validation = max(1, round(len(names) * VALIDATION_SHARE))
    order = np.random.default_rng(seed).permutation(names).tolist()
    return {"train": tuple(sorted(order[validation:])), "validation": tuple(sorted(order[:validation]))}
