"""Small folders of discs on noise, whose faults are known."""

import nibabel
import numpy as np
import tifffile
from PIL import Image

SIDE = 48
CASES = 8


def pair(number):
    """(SIDE, SIDE) uint8: a bright disc and a notch beside it on noise, and its mask of 0 and 1."""
    rng = np.random.default_rng(number)
    row, column = np.indices((SIDE, SIDE))
    top, left = rng.integers(18, 24, 2)
    inside = np.hypot(row - top, column - left) < 9
    inside |= (abs(row - top - 12) < 4) & (abs(column - left - 9) < 7)
    image = np.clip(90 + 80 * inside + rng.normal(0, 8, inside.shape), 0, 250)
    return image.astype(np.uint8), inside.astype(np.uint8)


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, pixels)
    elif path.suffix == ".tif":
        tifffile.imwrite(path, pixels)
    elif path.suffix == ".gz":
        nibabel.save(nibabel.Nifti1Image(pixels, np.diag([0.5, 0.75, 3.0, 1.0])), path)
    else:
        Image.fromarray(pixels).save(path)


def save_pairs(root, changed=None, stems=None):
    """CASES pairs; `changed` maps the number of a pair to what is done with its image and label."""
    for number in range(CASES):
        image, label = (changed or {}).get(number, lambda *both: both)(*pair(number))
        stem = stems[number] if stems else f"c{number}"
        save(root / "images" / f"{stem}.png", image)
        save(root / "labels" / f"{stem}.png", label)


def describe(root, text):
    (root / "dataset.yaml").write_text(text)
    return root
