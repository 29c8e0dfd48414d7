"""Files as some programs write them, by real libraries: read with the values written, or one line that helps."""

import gzip
import os
import struct

import nibabel
import numpy as np
import png
import pytest
import tifffile
from PIL import Image

from tf_ganaug.data import folder
from tf_ganaug.data.files import read_image, read_label
from tf_ganaug.data.survey import survey
from tf_ganaug.errors import InputError

IMAGE = (np.arange(20 * 24).reshape(20, 24) * 7 % 250).astype(np.uint8)
LABEL = np.zeros((20, 24), np.uint8)
LABEL[3:9, 2:14], LABEL[12:18, 10:20] = 1, 2
COLOURS = np.stack([IMAGE, IMAGE // 2, IMAGE // 3], -1)
AFFINE = np.diag([1.0, 1.0, 2.0, 1.0])


def save_png(path, pixels, **options):
    height, width = pixels.shape[:2]
    with path.open("wb") as file:
        png.Writer(width, height, **options).write(file, pixels.reshape(height, -1).tolist())


def alpha16(path):
    save_png(
        path,
        np.stack([IMAGE.astype(np.uint16) * 200, np.full_like(IMAGE, 65535, np.uint16)], -1),
        greyscale=True,
        alpha=True,
        bitdepth=16,
    )


IMAGES = {
    "planes apart.tif": (
        lambda p: tifffile.imwrite(p, COLOURS.transpose(2, 0, 1), photometric="rgb", planarconfig="separate"),
        COLOURS,
    ),
    "high byte first.tif": (lambda p: tifffile.imwrite(p, IMAGE.astype(np.uint16) * 250, byteorder=">"), IMAGE * 250.0),
    "predictor of LZW.tif": (
        lambda p: Image.fromarray(IMAGE).save(p, compression="tiff_lzw", tiffinfo={317: 2}),
        IMAGE,
    ),
    "half floats.tif": (lambda p: tifffile.imwrite(p, (IMAGE / 8).astype(np.float16)), IMAGE / 8),
    "of ImageJ.tif": (lambda p: tifffile.imwrite(p, IMAGE.astype(np.uint16), imagej=True), IMAGE),
    "of OME.ome.tif": (lambda p: tifffile.imwrite(p, IMAGE, ome=True), IMAGE),
    "grey and alpha of 16 bits.png": (alpha16, IMAGE * 200.0),
    "a colour is transparent.png": (
        lambda p: save_png(p, COLOURS, greyscale=False, transparent=(3, 1, 1), bitdepth=8),
        COLOURS,
    ),
    "a profile of colours.png": (lambda p: Image.fromarray(IMAGE).save(p, icc_profile=b"x" * 200), IMAGE),
    "columns first.npy": (lambda p: np.save(p, np.asfortranarray(IMAGE)), IMAGE),
}

LABELS = {
    "big.tif": (lambda p: tifffile.imwrite(p, LABEL, bigtiff=True), LABEL),
    "high byte first.tif": (lambda p: tifffile.imwrite(p, LABEL.astype(np.int32), byteorder=">"), LABEL),
    "predictor of deflate.tif": (
        lambda p: Image.fromarray(LABEL).save(p, compression="tiff_adobe_deflate", tiffinfo={317: 2}),
        LABEL,
    ),
    "one bit.png": (lambda p: save_png(p, (LABEL > 0).astype(int), greyscale=True, bitdepth=1), LABEL > 0),
    "an id is transparent.png": (lambda p: save_png(p, LABEL, greyscale=True, transparent=(1,), bitdepth=8), LABEL),
    "high byte first.npy": (lambda p: np.save(p, LABEL.astype(">i8")), LABEL),
    "negative zero.npy": (lambda p: np.save(p, np.where(LABEL == 0, -0.0, LABEL)), LABEL),
    "truth values.npy": (lambda p: np.save(p, LABEL > 0), LABEL > 0),
}


@pytest.mark.parametrize(("read", "name"), [(read_image, name) for name in IMAGES] + [(read_label, n) for n in LABELS])
def test_pictures(tmp_path, read, name):
    save, expected = (IMAGES if read is read_image else LABELS)[name]
    save(tmp_path / name)
    found = read(tmp_path / name)
    np.testing.assert_array_equal(found.reshape(expected.shape), expected)


def stored(voxels, slope=1.0):
    """The bytes of a NIfTI file whose values are `slope` times its voxels."""
    data = bytearray(nibabel.Nifti1Image(voxels, AFFINE).to_bytes())
    data[112:116] = struct.pack("<f", slope)
    return bytes(data)


def in_two_members(voxels):
    data = stored(voxels)
    return gzip.compress(data[:1000]) + gzip.compress(data[1000:])


def placed(voxels, form):
    image = nibabel.Nifti1Image(voxels, AFFINE)
    image.set_qform(*((None, 0) if form == "sform" else (AFFINE, 1)))
    image.set_sform(*((None, 0) if form == "qform" else (AFFINE, 1)))
    return image.to_bytes()


def negative_zero(voxels):
    return stored(np.where(voxels == 0, np.float32(-0.0), voxels.astype(np.float32)))


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("a.nii", lambda voxels: stored(2 * voxels.astype(np.int16), 0.5)),
        ("a.nii.gz", in_two_members),
        ("a.nii.gz", lambda voxels: gzip.compress(stored(voxels)) + b"\0" * 512),
        ("a.nii", lambda voxels: gzip.compress(stored(voxels))),
        ("a.nii", lambda voxels: placed(voxels, "qform")),
        ("a.nii", lambda voxels: placed(voxels, "sform")),
        ("a.nii", lambda voxels: stored(voxels[..., None])),
        ("a.nii", negative_zero),
    ],
)
def test_volumes(tmp_path, name, made):
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
    voxels = np.stack([LABEL, LABEL[::-1]], -1)
    nibabel.save(nibabel.Nifti1Image(np.stack([IMAGE, IMAGE], -1).astype(np.int16), AFFINE), tmp_path / "images/a.nii")
    (tmp_path / "labels" / name).write_bytes(made(voxels))
    for case, plane in zip(folder.read(tmp_path).cases, (LABEL, LABEL[::-1])):
        np.testing.assert_array_equal(case.read_label(), np.rot90(plane))


def save_pairs(root):
    for part, pixels in (("images", IMAGE), ("labels", LABEL)):
        (root / part).mkdir()
        for number in range(3):
            Image.fromarray(pixels + np.uint8(number * (part == "images"))).save(root / part / f"c{number}.png")


def dangling(root, name):
    os.symlink("nowhere", root / name)


ODD = {
    "another ending": (
        lambda r: (r / "dataset.yml").write_text("ignored: [2]"),
        "dataset.yml: expected a description named dataset.yaml",
    ),
    "other letters": (
        lambda r: (r / "Dataset.YAML").write_text("ignored: [2]"),
        "Dataset.YAML: expected a description named dataset.yaml",
    ),
    "a description that is not there": (
        lambda r: dangling(r, "dataset.yaml"),
        "dataset.yaml: expected a file, found none",
    ),
    "a provenance that is not there": (
        lambda r: dangling(r, "provenance.json"),
        "provenance.json: expected a file, found none",
    ),
    "an empty description": (
        lambda r: (r / "dataset.yaml").write_text("# later"),
        "dataset.yaml: expected a YAML mapping, found nothing;",
    ),
    "two documents": (
        lambda r: (r / "dataset.yaml").write_text("name: a\n---\nname: b\n"),
        "a YAML file, found another document, line 2",
    ),
    "a label of no format": (
        lambda r: (r / "labels/c1.png").rename(r / "labels/c1.webp"),
        "none for c1, c1.webp is there, of no format that is read",
    ),
    "an image of no format": (
        lambda r: (r / "images/c1.png").rename(r / "images/c1.npz"),
        "no image for c1, c1.npz is there, of no format",
    ),
    "a link to itself": (lambda r: dangling(r, "images/nowhere"), None),
}


@pytest.mark.parametrize("name", ODD)
def test_what_would_be_passed_over(tmp_path, name):
    save_pairs(tmp_path)
    change, line = ODD[name]
    change(tmp_path)
    if line is None:
        assert "nowhere" in folder.read(tmp_path).notes[0] and "nowhere" in survey(tmp_path).notes[0]
        return
    for read in (folder.read, survey):
        with pytest.raises(InputError) as caught:
            read(tmp_path)
        assert line in str(caught.value)


class Program:
    def __reduce__(self):
        return os.mkdir, ("ran",)


def test_objects_are_never_loaded_and_a_picture_without_pages_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "a.npy", np.array([[Program()] * 3] * 3, object), allow_pickle=True)
    with pytest.raises(InputError, match=r"a\.npy: expected an array of numbers, found Python objects, which are prog"):
        read_label(tmp_path / "a.npy")
    assert not (tmp_path / "ran").exists()
    (tmp_path / "a.tif").write_bytes(b"II*\0" + struct.pack("<I", 0))
    with pytest.raises(InputError, match=r"a\.tif: expected a whole tif file with a picture, found none in it"):
        read_image(tmp_path / "a.tif")
