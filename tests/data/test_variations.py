"""Pictures and labels of every container, drawn at random and written by real libraries: what is read is the truth."""

import struct
import tempfile
import zlib
from pathlib import Path
from typing import NamedTuple

import nibabel
import numpy as np
import png
import pytest
import tifffile
from hypothesis import event, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from tf_ganaug.data.cases import LabelSpec
from tf_ganaug.data.files import read_coding, read_image, read_label, read_shape
from tf_ganaug.errors import InputError

#: Orientation mark to what a viewer does.
TURNS = {
    1: lambda pixels: pixels,
    2: np.fliplr,
    3: lambda pixels: np.rot90(pixels, 2),
    4: np.flipud,
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.rot90(pixels, 2).swapaxes(0, 1),
    8: np.rot90,
}

#: Class ids from small to large.
IDS = ((0, 1), (0, 1, 2, 3), (0, 255), (0, 7, 200), (0, 254, 255, 256), (0, 1000, 26000), (5, 65535), (0, 70000, 2**31))

FOLDER = tempfile.TemporaryDirectory()


class Written(NamedTuple):
    """A file, and what it holds: as an image (H, W, C), as a label (H, W); text where it must be refused as one."""

    path: Path
    image: np.ndarray | str
    label: np.ndarray | str


def samples(draw, kind, channels=1):
    """(H, W, C), from one pixel up, over the whole range of an integer type or of so many bits."""
    shape = (draw(st.integers(1, 9)), draw(st.integers(1, 9)), channels)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    if isinstance(kind, int):
        return rng.integers(0, 2**kind, shape).astype(np.uint8 if kind <= 8 else np.uint16)
    kind = np.dtype(kind)
    if kind.kind == "f":
        return (rng.integers(-2000, 2000, shape) / 8).astype(kind)
    ends = np.iinfo(kind)
    return rng.integers(ends.min, ends.max, shape, kind.newbyteorder("="), endpoint=True).astype(kind)


def class_ids(draw, most):
    """(H, W) of a choice of ids up to `most`, in int64."""
    ids = draw(st.sampled_from([ids for ids in IDS if ids[-1] <= most]))
    shape = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    return np.random.default_rng(draw(st.integers(0, 2**32))).choice(ids, shape)


def exif(mark):
    made = Image.Exif()
    made[ExifTags.Base.Orientation] = mark
    return made


def place(name):
    return Path(FOLDER.name) / name


@st.composite
def png_files(draw):
    """Grey, colours, palette or alpha, interlaced or not, with or without a mark before or behind the pixels."""
    colours, depth = draw(st.sampled_from([(c, d) for c in ("L", "RGB", "LA", "RGBA") for d in (8, 16)] + [
        ("L", 1), ("L", 2), ("L", 4), ("P", 1), ("P", 2), ("P", 4), ("P", 8)
    ]))  # fmt: skip
    channels = 1 if colours == "P" else len(colours)
    stored = samples(draw, depth, channels)
    palette = np.random.default_rng(3).integers(0, 256, (2**depth if colours == "P" else 0, 3)).astype(np.uint8)
    if draw(st.booleans()):
        palette = palette[:, :1].repeat(3, 1)  # grey
    path, mark = place("a.png"), draw(st.integers(1, 8))
    with path.open("wb") as file:
        writer = png.Writer(
            stored.shape[1], stored.shape[0], greyscale=colours in ("L", "LA"), alpha="A" in colours, bitdepth=depth,
            palette=list(map(tuple, palette.tolist())) or None, interlace=draw(st.booleans()),
            compression=draw(st.sampled_from([0, 9])),
        )  # fmt: skip
        writer.write(file, stored.reshape(len(stored), -1).tolist())
    if draw(st.booleans()):
        add_chunk(path, b"eXIf", exif(mark).tobytes().removeprefix(b"Exif\0\0"), behind=draw(st.booleans()))
    else:
        mark = 1
    shown = TURNS[mark](stored)
    image = shown[..., :-1] if "A" in colours else shown
    if colours == "P":
        image = palette[shown[..., 0]]
        image = image[..., :1] if (palette == palette[:, :1]).all() else image
    return Written(path, image, label_of(shown, "A" in colours))


def label_of(shown, alpha):
    """What a label of these samples is: itself, or why it is none."""
    if alpha:
        largest, shown, alpha = np.iinfo(shown.dtype).max, shown[..., :-1], shown[..., -1]
        if (shown.any(-1) & (alpha != largest)).any():
            return "opaque"
    if (shown == shown[..., :1]).all() and shown.shape[-1] in (1, 3):
        return shown[..., 0]
    return "one channel"


def add_chunk(path, kind, data, behind):
    whole = path.read_bytes()
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    at = len(whole) - 12 if behind else 33
    path.write_bytes(whole[:at] + chunk + whole[at:])


@st.composite
def tiff_files(draw):
    """By tifffile: types, byte orders, planes, strips and tiles, white that is zero, alpha, marks, zlib or lzma."""
    light = draw(st.sampled_from(["minisblack", "miniswhite", "rgb"]))
    kinds = ("u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8")
    kind = np.dtype(
        draw(st.sampled_from(kinds[:3] if light == "miniswhite" else kinds[:2] if light == "rgb" else kinds))
    )
    alpha, mark = draw(st.booleans()) and kind.kind == "u", draw(st.integers(1, 8))
    channels = (3 if light == "rgb" else 1) + alpha
    stored = samples(draw, kind, channels)
    separate = channels > 1 and draw(st.booleans())
    options = draw(st.sampled_from([{}, {"rowsperstrip": 2}, {"tile": (16, 16)}]))
    path = place("a.tif")
    tifffile.imwrite(
        path, np.moveaxis(stored, -1, 0) if separate else stored if channels > 1 else stored[..., 0],
        photometric=light, planarconfig=("separate" if separate else "contig") if channels > 1 else None,
        extrasamples=[draw(st.sampled_from([1, 2]))] if alpha else None, byteorder=draw(st.sampled_from("<>")),
        compression=draw(st.sampled_from([None, "zlib", "lzma"])), extratags=[(274, "H", 1, mark, True)],
        metadata=None, **options,
    )  # fmt: skip
    shown = TURNS[mark](stored)
    image = shown[..., :-1] if alpha else shown
    if light == "miniswhite":
        return Written(path, np.iinfo(kind).max - image, "white is zero")
    label = label_of(shown, alpha)
    whole = isinstance(label, str) or (label == np.rint(label)).all()
    return Written(path, image, label if whole else "whole numbers")


@st.composite
def pillow_files(draw):
    """TIFF as libtiff compresses it, BMP and GIF: grey, colours, palettes, one bit."""
    suffix = draw(st.sampled_from(["tif", "bmp", "gif"]))
    mode = draw(st.sampled_from(["1", "L", "P", "RGB"] if suffix != "gif" else ["L", "P"]))
    stored = samples(draw, 1 if mode == "1" else 8, 3 if mode == "RGB" else 1)
    picture = (
        Image.fromarray(stored[..., 0] > 0)
        if mode == "1"
        else Image.fromarray(stored.squeeze(-1) if mode != "RGB" else stored)
    )
    palette = np.random.default_rng(3).permutation(768).reshape(256, 3).astype(np.uint8)
    if mode == "P":
        picture.putpalette(palette.tobytes())
    mark, options = 1, {}
    if suffix == "tif":
        mark = draw(st.integers(1, 8))
        choice = ["raw", "tiff_lzw", "packbits", "tiff_adobe_deflate"] + ["group4", "group3"] * (mode == "1")
        options = {"compression": draw(st.sampled_from(choice)), "exif": exif(mark)}
    path = place(f"b.{suffix}")
    picture.save(path, **options)
    shown = TURNS[mark](stored)
    image = palette[shown[..., 0]] if mode == "P" else shown
    coloured = suffix == "gif" and mode == "P"
    return Written(path, image, "one channel" if coloured else label_of(shown, alpha=False))


@st.composite
def jpeg_files(draw):
    """Smooth pictures, close to the truth as images; never labels, whatever the name or the container."""
    suffix, mark = draw(st.sampled_from(["jpg", "jpeg", "tif"])), draw(st.integers(1, 8))
    rows, columns = draw(st.integers(8, 24)), draw(st.integers(8, 24))
    ramp = (np.add.outer(np.arange(rows) * 5, np.arange(columns) * 3) + 20).astype(np.uint8)
    colours = draw(st.booleans())
    stored = np.stack([ramp] * 3, -1) if colours else ramp[..., None]
    path = place(f"c.{suffix}")
    options = {"compression": "jpeg"} if suffix == "tif" else {"progressive": draw(st.booleans()), "format": "JPEG"}
    Image.fromarray(stored if colours else ramp).save(
        path, quality=draw(st.integers(90, 100)), exif=exif(mark), **options
    )
    return Written(path, TURNS[mark](stored), "without loss")


@st.composite
def npy_files(draw):
    kind = draw(st.sampled_from(["u1", "<u2", ">u2", "<i4", ">i8", "f4", ">f8", "u8"]))
    stored = samples(draw, kind, draw(st.integers(1, 4)))
    path = place("a.npy")
    np.save(path, np.asfortranarray(stored) if draw(st.booleans()) else stored)
    label = label_of(stored, alpha=False)
    if not isinstance(label, str) and not (abs(label.astype(float)) <= 2**53).all():
        label = "class ids" if stored.dtype == np.uint64 else label
    whole = isinstance(label, str) or (label == np.rint(label)).all()
    return Written(path, stored, label if whole else "whole numbers")


@st.composite
def id_files(draw):
    """Labels of class ids of any size, in the types that hold them."""
    suffix = draw(st.sampled_from(["png", "tif", "npy", "nii.gz"]))
    ids = class_ids(draw, {"png": 65535}.get(suffix, 2**31))
    kinds = {"png": ["u1", "u2"], "tif": ["u1", "u2", "u4", ">u4"], "npy": ["u1", "u2", "u4", "i8", "u8", "f8"]}
    fitting = [k for k in kinds.get(suffix, ["u1", "u2", "u4", "i8", "f8"]) if np.array_equal(ids.astype(k), ids)]
    stored, path = ids.astype(draw(st.sampled_from(fitting))), place(f"d.{suffix}")
    if suffix == "png":
        png.from_array(stored.tolist(), f"L;{8 * stored.itemsize}").save(path)
    elif suffix == "tif":
        tifffile.imwrite(path, stored)
    elif suffix == "npy":
        np.save(path, stored)
    else:  # as ITK-SNAP and 3D Slicer save the label of a picture
        volume = nibabel.Nifti1Image(stored.T[..., None], np.diag([-1.0, -1.0, 1.0, 1.0]), dtype=stored.dtype)
        nibabel.save(volume, path)
    return Written(path, stored[..., None], ids)


@settings(max_examples=500, deadline=None, database=None, derandomize=True)
@given(st.one_of(png_files(), tiff_files(), pillow_files(), jpeg_files(), npy_files(), id_files()))
def test_what_is_read_is_the_truth(written):
    path, truth, label = written
    event(path.suffix)
    image = read_image(path, blank=True)
    assert image.shape == truth.shape == read_shape(path)
    refused = isinstance(label, str)
    if refused and label == "without loss":
        assert np.abs(image.astype(int) - truth).max() < 30
    else:
        np.testing.assert_array_equal(image, truth)
    if refused:
        with pytest.raises(InputError, match=label):
            read_label(path)
        return
    read = read_label(path)
    np.testing.assert_array_equal(read, label)
    values = np.unique(label).astype(int).tolist()
    if min(values) >= 0 and len(values) < 255:
        spec = LabelSpec.from_names({value: f"class {value}" for value in values})
        np.testing.assert_array_equal(np.array(values)[spec.encode(read, path)], label)
    if path.suffix not in (".npy", ".gz"):
        assert read_coding(path).channels in (1, 3)
