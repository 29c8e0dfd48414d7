"""Names, stored ids and colours of Cityscapes' training classes and categories.

As published with the data set (Cordts et al., CVPR 2016) and in its `labels.py`. Cityscapes publishes
no colours for categories; here a category has its first class's.
"""

from __future__ import annotations

from tf_ganaug.data.cases import LabelClass, LabelSpec

#: Category to its training classes: name, stored id (`labelIds`), colour. Both orders are Cityscapes' own.
_TABLE = {
    "flat": (("road", 7, (128, 64, 128)), ("sidewalk", 8, (244, 35, 232))),
    "construction": (("building", 11, (70, 70, 70)), ("wall", 12, (102, 102, 156)), ("fence", 13, (190, 153, 153))),
    "object": (
        ("pole", 17, (153, 153, 153)),
        ("traffic light", 19, (250, 170, 30)),
        ("traffic sign", 20, (220, 220, 0)),
    ),
    "nature": (("vegetation", 21, (107, 142, 35)), ("terrain", 22, (152, 251, 152))),
    "sky": (("sky", 23, (70, 130, 180)),),
    "human": (("person", 24, (220, 20, 60)), ("rider", 25, (255, 0, 0))),
    "vehicle": (
        ("car", 26, (0, 0, 142)),
        ("truck", 27, (0, 0, 70)),
        ("bus", 28, (0, 60, 100)),
        ("train", 31, (0, 80, 100)),
        ("motorcycle", 32, (0, 0, 230)),
        ("bicycle", 33, (119, 11, 32)),
    ),
}

#: Stored id to name of the void category, which no measure counts.
VOID = {
    0: "unlabeled",
    1: "ego vehicle",
    2: "rectification border",
    3: "out of roi",
    4: "static",
    5: "dynamic",
    6: "ground",
}

#: The 19 classes of training and evaluation, in the order of Cityscapes' `trainIds`; all are measured.
TRAINING_CLASSES = LabelSpec(
    classes=tuple(LabelClass(name, (i,), colour) for rows in _TABLE.values() for name, i, colour in rows),
    ignored=tuple(VOID),
    background=None,
)

#: The 7 categories, in Cityscapes' order; all are measured.
CATEGORIES = LabelSpec(
    classes=tuple(LabelClass(name, tuple(i for _, i, _ in rows), rows[0][2]) for name, rows in _TABLE.items()),
    ignored=tuple(VOID),
    background=None,
)

#: Stored id by name, void included.
STORED_ID = {c.name: c.ids[0] for c in TRAINING_CLASSES.classes} | {name: i for i, name in VOID.items()}
