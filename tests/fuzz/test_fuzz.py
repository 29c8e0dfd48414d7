"""Damaged files of every format, through every reader: refused in one line, or read as they were.

The tests read 1,000 damaged files on each stack, not the same ones, so that CI reads 2,000; the long ones read 5,000,
and `python tests/fuzz/test_fuzz.py 20000 --seed 1` any number, and prints the counts.
Damage is a function of the seed and the file's number, so a find is found again by its number.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
import png
import pydicom
import pytest
import tifffile
from PIL import Image

from tf_ganaug.backend import REFERENCE_STACK
from tf_ganaug.data import cityscapes, dicom, folder, scr
from tf_ganaug.data.cases import Dataset
from tf_ganaug.data.street_labels import CATEGORIES
from tf_ganaug.data.survey import survey
from tf_ganaug.errors import InputError

#: Formats whose own checksum covers every pixel: damage must never give other values.
CHECKED = ("png", "png16", "png-palette", "png-rgb", "png-rgb16", "png-label", "nii.gz", "nii.gz-label", "gtFine")

#: Every so many files are also read as `check-data` reads them.
SURVEYED = 10

SIDE = 24
SEED = 7


@dataclass(frozen=True)
class Template:
    """A whole data set on disk and the file in it that is damaged.

    Attributes:
        root: of the data set.
        file: below the root.
        read: the reader.
    """

    root: Path
    file: str
    read: Callable[[Path], Dataset]


def pictures(seed: int, kind: str = "grey") -> np.ndarray:
    rng = np.random.default_rng(seed)
    if kind == "label":
        return (rng.random((SIDE, SIDE)) < 0.5).astype(np.uint8)
    top, shape = (65535, (SIDE, SIDE, 3)) if kind == "rgb16" else (255, (SIDE, SIDE))
    return rng.integers(0, top, shape).astype(np.uint16 if kind == "rgb16" else np.uint8)


def save_npy(path: Path, pixels: np.ndarray) -> None:
    np.save(path, pixels)


def save_nifti(path: Path, pixels: np.ndarray) -> None:
    nibabel.save(nibabel.Nifti1Image(pixels[..., None], np.diag([-0.5, -0.75, 3.0, 1.0])), path)


def save_png(path: Path, pixels: np.ndarray) -> None:
    if pixels.ndim == 3:
        png.from_array(pixels.reshape(SIDE, -1).tolist(), "RGB;16", {"width": SIDE}).save(path)
    else:
        Image.fromarray(pixels).save(path)


def save_palette(path: Path, pixels: np.ndarray) -> None:
    picture = Image.fromarray(pixels).convert("P")
    picture.putpalette([n for value in range(256) for n in (value, 255 - value, value // 2)])
    picture.save(path)


def save_dicom(path: Path, pixels: np.ndarray, number: int = 0) -> None:
    meta = pydicom.dataset.FileMetaDataset()
    meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
    made = pydicom.dataset.FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    values = {
        "SOPClassUID": meta.MediaStorageSOPClassUID, "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "Modality": "CT", "SeriesInstanceUID": "1.2.3", "Rows": SIDE, "Columns": SIDE,
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "ImagePositionPatient": [0, 0, 3 * number],
        "PixelSpacing": [1, 1], "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16, "BitsStored": 16, "HighBit": 15, "PixelRepresentation": 0, "RescaleSlope": 1,
        "RescaleIntercept": -1024, "PixelData": (pixels.astype("<u2") * 8).tobytes(),
    }  # fmt: skip
    for name, value in values.items():
        setattr(made, name, value)
    made.save_as(path)


def pairs(root: Path, suffix: str, save: Callable, label_suffix: str = "png", kind: str = "grey") -> Path:
    """Three pairs in images/ and labels/, with a description."""
    for part, ending, writer in (("images", suffix, save), ("labels", label_suffix, None)):
        (root / part).mkdir(parents=True)
        for number in range(3):
            path = root / part / f"p{number}.{ending}"
            pixels = pictures(number, kind if part == "images" else "label")
            (writer or (save_nifti if ending.startswith("nii") else save_png))(path, pixels)
    (root / "dataset.yaml").write_text("classes: {0: background, 1: disc}\nname: fuzz\nspacing: [1, 1]\n")
    return root


def templates(place: Path) -> Iterator[tuple[str, Template]]:
    """Name and data set of every kind of file."""
    kinds = {
        "png": (save_png, "png"), "png-palette": (save_palette, "png"), "jpg": (save_png, "jpg"),
        "gif": (save_png, "gif"), "bmp": (save_png, "bmp"), "tif": (save_png, "tif"), "npy": (save_npy, "npy"),
        "png16": (lambda path, pixels: Image.fromarray(pixels.astype(np.uint16) * 257).save(path), "png"),
        "png-rgb": (lambda path, pixels: Image.fromarray(np.dstack([pixels, pixels.T, pixels])).save(path), "png"),
        "tif-tiles": (lambda path, pixels: tifffile.imwrite(path, pixels, tile=(16, 16), compression="zlib"), "tif"),
    }  # fmt: skip
    for name, (save, suffix) in kinds.items():
        yield name, Template(pairs(place / name, suffix, save), f"images/p1.{suffix}", folder.read)
    yield "png-rgb16", Template(pairs(place / "rgb16", "png", save_png, kind="rgb16"), "images/p1.png", folder.read)
    yield "png-label", Template(place / "png", "labels/p1.png", folder.read)
    yield "yaml", Template(place / "png", "dataset.yaml", folder.read)
    for suffix in ("nii", "nii.gz"):
        root = pairs(place / suffix, suffix, save_nifti, suffix)
        yield suffix, Template(root, f"images/p1.{suffix}", folder.read)
        yield f"{suffix}-label", Template(root, f"labels/p1.{suffix}", folder.read)
    yield from other_trees(place)


def other_trees(place: Path) -> Iterator[tuple[str, Template]]:
    """Those that are no folders of pairs."""
    root = pairs(place / "csv", "png", save_png)
    (root / "subjects.csv").write_text("stem,subject\np0,a\np1,b\np2,c\n")
    (root / "dataset.yaml").write_text("classes: {0: background, 1: disc}\nsubjects: subjects.csv\n")
    yield "csv", Template(root, "subjects.csv", folder.read)
    root = place / "nnunet"
    for part, ending in (("imagesTr", "_0000"), ("labelsTr", "")):
        (root / part).mkdir(parents=True)
        for number in range(3):
            save_png(root / part / f"p{number}{ending}.png", pictures(number, "label" if not ending else "grey"))
    described = {"labels": {"background": 0, "disc": 1}, "channel_names": {"0": "a"}, "file_ending": ".png"}
    (root / "dataset.json").write_text(json.dumps({**described, "numTraining": 3}))
    yield "json", Template(root, "dataset.json", folder.read)
    root = place / "dicom"
    (root / "images" / "p").mkdir(parents=True)
    (root / "labels").mkdir()
    for number in range(3):
        save_dicom(root / "images" / "p" / f"{number}.dcm", pictures(number), number)
    volume = np.stack([pictures(number, "label").T for number in range(3)], -1)
    nibabel.save(nibabel.Nifti1Image(volume, np.diag([-1.0, -1, 3, 1])), root / "labels" / "p.nii.gz")
    yield "dicom", Template(root, "images/p/1.dcm", lambda root: dicom.read(root, classes=None))
    root = place / "scr"
    for number in range(2):
        mask = root / "fold1" / "masks" / "left lung" / f"JPCLN00{number}.gif"
        mask.parent.mkdir(parents=True, exist_ok=True)
        save_png(mask, pictures(number, "label") * 255)
        save_png(root / f"JPCLN00{number}.png", pictures(number))
    yield "scr-mask", Template(root, "fold1/masks/left lung/JPCLN001.gif", scr.read)
    root = place / "gtFine"
    for part, count in (("train", 3), ("val", 1)):
        for number in range(count):
            name = f"{'ulm' if part == 'train' else 'munster'}_{number:06d}_000019"
            image = root / "leftImg8bit" / part / name.split("_")[0] / f"{name}_leftImg8bit.png"
            label = root / "gtFine" / part / name.split("_")[0] / f"{name}_gtFine_labelIds.png"
            for path, pixels in ((image, pictures(number)), (label, pictures(number, "label") + 7)):
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(np.dstack([pixels] * 3) if path == image else pixels).save(path)
    file = "gtFine/train/ulm/ulm_000001_000019_gtFine_labelIds.png"
    yield "gtFine", Template(root, file, lambda root: cityscapes.read(root, CATEGORIES))


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """Changed in one of nine ways, never the same bytes."""
    found = bytearray(data)
    first, second = sorted(rng.integers(0, len(data) + 1, 2).tolist())
    way = int(rng.integers(9))
    if way == 0:  # a bit
        found[first % len(data)] ^= 1 << rng.integers(8)
    elif way == 1:  # some bits
        for place in rng.integers(0, len(data), rng.integers(2, 9)):
            found[place] ^= 1 << rng.integers(8)
    elif way == 2:  # the end is missing
        del found[first:]
    elif way == 3:  # zeros, as a disk leaves them
        found[first:second] = bytes(second - first)
    elif way == 4:  # noise
        found[first:second] = rng.bytes(second - first)
    elif way == 5:  # a part is missing
        del found[first:second]
    elif way == 6:  # a part is there twice
        found[first:first] = found[first:second]
    elif way == 7:  # more at the end
        found += rng.bytes(int(rng.integers(1, 64)))
    else:  # a number at its limit
        found[first : first + 4] = [b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\0\0\0\x80"][rng.integers(4)]
    return bytes(found) if found != data else damaged(data, rng)


def values(dataset: Dataset) -> list:
    """All that a training would see of a data set."""
    cases = [
        (case.id, case.subject, np.round(case.spacing, 6).tolist(), case.read_image(), case.class_indices(dataset.spec))
        for case in dataset.cases
    ]
    return [dataset.spec.names, *cases]


def equal(one: list, other: list) -> bool:
    def alike(a: object, b: object) -> bool:
        return np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b

    flat = [
        [part for item in found for part in (item if isinstance(item, tuple) else [item])] for found in (one, other)
    ]
    return len(flat[0]) == len(flat[1]) and all(map(alike, *flat))


def outcome(template: Template, expected: list) -> str:
    """What becomes of reading it: "refused", "same", "other", or "raised NAME"."""
    try:
        found = values(template.read(template.root))
    except InputError as error:
        return "refused" if "\n" not in str(error) else "raised several lines"
    except Exception as error:
        return f"raised {type(error).__name__}: {error}"
    return "same" if equal(found, expected) else "other"


def surveyed(template: Template) -> str:
    """What becomes of it in `check-data`."""
    try:
        survey(template.root, "folder", None)
    except InputError:
        return "refused"
    except Exception as error:
        return f"raised {type(error).__name__}: {error}"
    return "surveyed"


def fuzz(count: int, seed: int, place: Path) -> Iterator[tuple[int, str, str, float]]:
    """Number, kind of file, outcome and seconds of every damaged file."""
    known = [(name, template, values(template.read(template.root))) for name, template in templates(place)]
    for number in range(count):
        name, template, expected = known[number % len(known)]
        path = template.root / template.file
        whole, began = path.read_bytes(), time.perf_counter()
        try:
            path.write_bytes(damaged(whole, np.random.default_rng((seed, number))))
            yield number, name, outcome(template, expected), time.perf_counter() - began
            if template.read is folder.read and number // len(known) % SURVEYED == 0:
                yield number, f"{name} in check-data", surveyed(template), time.perf_counter() - began
        finally:
            path.write_bytes(whole)


def wrong(name: str, found: str) -> bool:
    return found.startswith("raised") or (found == "other" and name in CHECKED)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("count", [1000, pytest.param(5000, marks=pytest.mark.long)])
def test_damaged_files(tmp_path, count):
    found = list(fuzz(count, SEED if REFERENCE_STACK else SEED + 1, tmp_path))
    assert not [line for line in found if wrong(line[1], line[2])]
    counts = Counter((name in CHECKED, kind) for _, name, kind, _ in found)
    # Most damage is noticed, and some changes nothing: a fuzzer that read whole files would refuse none.
    assert counts[True, "refused"] > count / 4 and counts[True, "same"] > count / 100


def main() -> None:
    """Prints what became of each kind of file, and every find."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    place = Path(tempfile.mkdtemp())
    counts, slowest, finds = Counter(), 0.0, 0
    try:
        for number, name, found, seconds in fuzz(asked.count, asked.seed, place):
            counts[name, found.split(" ")[0]] += 1
            slowest = max(slowest, seconds)
            if wrong(name, found):
                finds += 1
                print(f"{number} {name}: {found}"[:300], flush=True)
    finally:
        shutil.rmtree(place)
    for (name, found), number in sorted(counts.items()):
        print(f"{name:24s} {found:10s} {number}")
    print(f"slowest {slowest:.1f} s; finds {finds}")
    sys.exit(1 if finds else 0)


if __name__ == "__main__":
    main()
