"""The SCR masks with their JSRT chest radiographs, as their owners distribute them.

Images lie anywhere below the folder: JSRT's `JPCLN001.IMG` to `JPCLN154.IMG` (with a nodule) and
`JPCNN001.IMG` to `JPCNN093.IMG` (without), or PNG conversions named `JPCLN001.png` or
`JPCLN001.IMG.png`. An IMG is inverted when read, so that the lungs are dark; a PNG is taken as the
picture it shows and is not. Where an image is there as both, the IMG is read.

Masks lie in folders named by organ, anywhere below: SCR's `fold1/masks/left lung/JPCLN001.gif`, or
`masks/left lung/JPCLN001.png`. They are half the images' size and brought to it when read.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import numpy as np

from tf_ganaug.data.cache import resize_label
from tf_ganaug.data.cases import Case, Dataset, LabelSpec
from tf_ganaug.data.files import JSRT_SIDE, read_image, read_label, read_shape
from tf_ganaug.data.folder import common_channels
from tf_ganaug.data.levels import counts_of
from tf_ganaug.data.listing import require_pairs
from tf_ganaug.errors import InputError

#: Stored id to organ, left and right being the patient's. The first is Neff (2018)'s target.
ORGANS = {1: "left lung", 2: "right lung", 3: "heart", 4: "left clavicle", 5: "right clavicle"}

#: Millimetres per pixel of JSRT's own 2048 x 2048 files.
JSRT_SPACING = 0.175

#: Part by which the proportions of a mask and its image may differ: conversions round.
_ROUNDED = 0.01

_IMAGE = re.compile(r"(JPC[LN]N\d{3})(?:\.IMG|(?:\.IMG)?\.PNG)")
_MASK = re.compile(r"(JPC[LN]N\d{3})\.(?:GIF|PNG)")


def read(root: Path, target: int | None = None) -> Dataset:
    """One organ against all else; SCR's masks overlap, so an organ's own mask is read whole.

    Args:
        root: holds images and masks, see above.
        target: a key of `ORGANS`; None is 1, the left lung.

    Returns:
        One case per radiograph, each its own subject; labels hold 0 and `target`; spacing is 0.175 mm
        at 2048 pixels and more at fewer.

    Raises:
        InputError: if the folder is missing or holds no images or masks, an image has no mask or a mask
            no image or other proportions, an IMG has not JSRT's length, or `target` is no organ.
    """
    target = 1 if target is None else target
    if target not in ORGANS:
        offered = ", ".join(f"{i} ({organ})" for i, organ in ORGANS.items())
        raise InputError("--target", f"one of {offered}", f"{target}", "name one of these")
    if not root.is_dir():
        raise InputError(root, "the folder of SCR and JSRT", "none", "mend the path")
    images, masks = _find(root, ORGANS[target])
    require_pairs(root, images, masks)
    shapes = {path: read_shape(path) for path in images.values()}
    cases = tuple(_case(i, images[i], shapes[images[i]], masks[i], target) for i in sorted(images))
    channels = common_channels({path: shape[2] for path, shape in shapes.items()})
    spec = LabelSpec.from_names({0: "background", target: ORGANS[target]})
    return Dataset(f"SCR {ORGANS[target]}", cases, spec, channels)


def _find(root: Path, organ: str) -> tuple[dict[str, Path], dict[str, Path]]:
    """Images and this organ's masks by id."""
    images, masks = {}, {}
    for path in sorted(root.rglob("*"), key=lambda path: (path.suffix.lower() != ".img", path)):
        folder = path.parent.name.lower().replace("_", " ")
        name = path.name.upper()
        if folder == organ and (match := _MASK.fullmatch(name)):
            masks.setdefault(match[1], path)
        elif folder not in ORGANS.values() and (match := _IMAGE.fullmatch(name)):
            images.setdefault(match[1], path)
    if not images:
        expected = "JSRT images (JPCLN001.IMG, JPCLN001.png)"
        raise InputError(root, expected, "none", "add the images, from db.jsrt.or.jp")
    if not masks:
        expected = f"masks of the {organ} (SCR: fold1/masks/{organ}/*.gif)"
        raise InputError(root, expected, "none", "add SCR's folders fold1 and fold2")
    return images, masks


def _case(name: str, image: Path, shape: tuple[int, int, int], mask: Path, target: int) -> Case:
    height, width, _ = shape
    rows, columns, _ = read_shape(mask, label=True)
    if abs(rows * width / (columns * height) - 1) > _ROUNDED:
        expected = f"the proportions of {image.name}, {height} x {width}"
        raise InputError(mask, expected, f"{rows} x {columns}", "use SCR's own file, or convert both alike")
    return Case(
        id=name,
        subject=name,
        spacing=(JSRT_SPACING * JSRT_SIDE / height, JSRT_SPACING * JSRT_SIDE / width),
        files=(str(image), str(mask)),
        image=partial(read_image, image),
        label=partial(_read_mask, mask, height, width, target),
    )


def _read_mask(path: Path, height: int, width: int, target: int) -> np.ndarray:
    mask = read_label(path)
    values = counts_of(mask)[0]
    if len(values) != 2 or values[0] != 0:
        found = f"values {values[:8].tolist()}"
        raise InputError(path, "a mask of 0 and one other value", found, "use SCR's own file")
    return resize_label(np.where(mask > 0, target, 0), height, width)
