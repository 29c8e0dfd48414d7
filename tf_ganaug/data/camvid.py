"""CamVid (Brostow et al., 2009) with the 11 classes and the split of SegNet (Badrinarayanan et al., 2017).

{train,val,test}/images/NAME.png with {train,val,test}/labels/NAME.png, whose grey values are 0 to 10 for
the classes and 11 for void.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tf_ganaug.data.cases import Case, Dataset, LabelClass, LabelSpec
from tf_ganaug.data.cityscapes import colour_case
from tf_ganaug.data.listing import require_pairs
from tf_ganaug.data.street_labels import CATEGORIES, STORED_ID, TRAINING_CLASSES
from tf_ganaug.errors import InputError

#: Name of each class, in the order of the stored ids, to the Cityscapes class that it resembles.
_CLASSES = {
    "sky": "sky",
    "building": "building",
    "pole": "pole",
    "road": "road",
    "pavement": "sidewalk",
    "tree": "vegetation",
    "sign": "traffic sign",
    "fence": "fence",
    "car": "car",
    "pedestrian": "person",
    "bicyclist": "rider",
}
_VOID = 11

_PARTS = {"train": "train", "validation": "val", "test": "test"}


def classes() -> LabelSpec:
    """The 11 classes, in the order of the stored ids; void is ignored, all else measured."""
    colours = {c.name: c.colour for c in TRAINING_CLASSES.classes}
    return LabelSpec(
        classes=tuple(LabelClass(name, (i,), colours[twin]) for i, (name, twin) in enumerate(_CLASSES.items())),
        ignored=(_VOID,),
        background=None,
    )


def categories() -> LabelSpec:
    """The 11 classes grouped to the 7 counted categories of Cityscapes; void is ignored.

    Pedestrian and bicyclist are human, sign and pole object, building and fence construction, road and
    pavement flat.
    """
    twins = [STORED_ID[twin] for twin in _CLASSES.values()]
    return LabelSpec(
        classes=tuple(
            replace(c, ids=tuple(i for i, twin in enumerate(twins) if twin in c.ids)) for c in CATEGORIES.classes
        ),
        ignored=(_VOID,),
        background=None,
    )


def read(root: Path, view: LabelSpec) -> Dataset:
    """All frames, checked by their headers; pictures are read when a case is asked for them.

    Each frame is its own subject, because the given split parts two of the four drives in time: frames of
    0016E5 train and validate, of 0001TP train and test. Neighbouring frames look alike, so keep it.

    Args:
        root: holds train, val and test.
        view: `categories()` or `classes()`.

    Returns:
        Cases by frame, with the given split.

    Raises:
        InputError: if a folder is missing or empty, a frame is in two parts, an image has no label or a
            label no image, sizes differ, an image is not RGB or a label is not 8-bit grey.
    """
    cases: dict[str, Case] = {}
    splits: dict[str, tuple[str, ...]] = {}
    for part, name in _PARTS.items():
        images, labels = (_pictures(root / name / kind) for kind in ("images", "labels"))
        require_pairs(root / name, images, labels)
        for frame in images:
            if frame in cases:
                raise InputError(images[frame], "a frame of one part", f"{cases[frame].source} too", "remove one")
            cases[frame] = colour_case(frame, images[frame], labels[frame])
        splits[part] = tuple(images)
    in_order = tuple(cases[frame] for frame in sorted(cases))
    return Dataset("CamVid", in_order, view, channels=3, given_splits=splits)


def _pictures(folder: Path) -> dict[str, Path]:
    """PNG files by frame, sorted."""
    found = {path.stem: path for path in sorted(folder.glob("*.png")) if not path.name.startswith(".")}
    if not found:
        remedy = "put the frames into {train,val,test}/{images,labels}"
        raise InputError(folder, "PNG files", "none" if folder.is_dir() else "no folder", remedy)
    return found
