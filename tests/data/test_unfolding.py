"""Small files that would unfold to gigabytes, or keep a reader busy without end, end in one line before they do."""

from __future__ import annotations

import gzip
import lzma
import struct
import tracemalloc
import zlib
from contextlib import contextmanager

import nibabel
import numpy as np
import pydicom
import pytest

from tests.data.dicom_files import place, save_slice
from tf_ganaug.data.dicom_files import stored_pixels
from tf_ganaug.data.files import read_image
from tf_ganaug.data.nifti import read_voxels
from tf_ganaug.data.texts import read_yaml
from tf_ganaug.errors import InputError

WIDTH, HEIGHT = 24, 20

#: What the bombs unfold to, and what of it may be in memory.
MUCH, LITTLE = 1 << 28, 3 << 26


def zeros(compressor) -> bytes:
    piece = bytes(1 << 20)
    return b"".join([compressor.compress(piece) for _ in range(MUCH >> 20)]) + compressor.flush()


def tiff(compression: int, data: bytes, side: int = 0) -> bytes:
    """Grey of 8 bits, in one strip or, with `side`, in one tile."""
    tags = [(256, 4, WIDTH), (257, 4, HEIGHT), (258, 3, 8), (259, 3, compression), (262, 3, 1), (277, 3, 1)]
    pixels = [(322, 4, side), (323, 4, side), (324, 4, 8), (325, 4, len(data))]
    tags += pixels if side else [(273, 4, 8), (278, 4, HEIGHT), (279, 4, len(data))]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in sorted(tags))
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + struct.pack("<H", len(tags)) + entries + bytes(4)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*before: bytes, pixels: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0))
    return b"".join([b"\x89PNG\r\n\x1a\n", header, *before, chunk(b"IDAT", pixels), chunk(b"IEND", b"")])


def rows() -> bytes:
    return b"".join(b"\0" + bytes(range(WIDTH)) for _ in range(HEIGHT))


PICTURES = {
    "deflate.tif": lambda: tiff(8, zeros(zlib.compressobj(1))),
    "lzma.tif": lambda: tiff(34925, zeros(lzma.LZMACompressor(preset=0))),
    "packbits.tif": lambda: tiff(32773, b"\x81\0" * (1 << 20)),
    "tile.tif": lambda: tiff(1, bytes(WIDTH * HEIGHT), 1 << 20),
    "texts.png": lambda: png(*[chunk(b"tEXt", b"a\0b")] * 5000, pixels=zlib.compress(rows())),
    "empty.png": lambda: png(*[chunk(b"IDAT", b"")] * 300_000, pixels=zlib.compress(rows())),
}


@contextmanager
def little_memory():
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < LITTLE, f"{peak:,} bytes"


def test_pictures(tmp_path):
    for name, made in PICTURES.items():
        (tmp_path / name).write_bytes(made())
    with little_memory():
        for name in PICTURES:
            with pytest.raises(InputError, match=name):
                read_image(tmp_path / name)


def test_what_lies_behind_a_pngs_pixels_is_not_unfolded(tmp_path):
    unfold = zlib.compressobj(1)
    data = unfold.compress(rows()) + zeros(unfold)
    (tmp_path / "long.png").write_bytes(png(pixels=data))
    with little_memory():
        assert (read_image(tmp_path / "long.png")[..., 0] == np.arange(WIDTH)).all()


VOLUME = nibabel.Nifti1Image(np.arange(60, dtype=np.int16).reshape(3, 4, 5), np.eye(4))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda data: gzip.compress(data) + gzip.compress(b"") * 3000, "members without content"),
        (lambda data: gzip.compress(b"") * 3000 + gzip.compress(data), "members without content"),
        (lambda data: b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * (1 << 24), "the file ends early"),
        (lambda data: gzip.compress(data) + b"more", "gzip"),
        (lambda data: gzip.compress(data) + gzip.compress(b"more")[:-6], "the file ends early"),
    ],
)
def test_gzip(tmp_path, change, line):
    (tmp_path / "a.nii.gz").write_bytes(change(VOLUME.to_bytes()))
    with pytest.raises((EOFError, ValueError, InputError), match=line):
        read_voxels(tmp_path / "a.nii.gz")


def test_gzip_in_blocks_and_with_padding(tmp_path):
    """As bgzip makes it, an empty block last; and zeros that fill a tape."""
    data = VOLUME.to_bytes()
    blocks = b"".join(gzip.compress(data[at : at + 100]) for at in range(0, len(data), 100)) + gzip.compress(b"")
    (tmp_path / "a.nii.gz").write_bytes(blocks + bytes(1 << 22))
    np.testing.assert_array_equal(read_voxels(tmp_path / "a.nii.gz"), VOLUME.get_fdata())


@pytest.mark.parametrize(
    ("syntax", "frame", "line"),
    [
        ("1.2.840.10008.1.2.5", struct.pack("<16L", 1, 64, *[0] * 14) + b"\x81\0" * (1 << 20), "compressed pixels"),
        (
            "1.2.840.10008.1.2.4.90",
            b"\xff\x4f\xff\x51\0\x29\0\0" + struct.pack(">8I", 60000, 60000, 0, 0, 60000, 60000, 0, 0),
            "60000 x 60000",
        ),
        (
            "1.2.840.10008.1.2.4.50",
            b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x0b\x08" + struct.pack(">HH", 65000, 64000) + bytes(9),
            "65000 x 64000",
        ),
    ],
)
def test_dicom(tmp_path, syntax, frame, line):
    path = save_slice(tmp_path / "IM1", np.zeros((6, 8), np.int16), place(0))
    made = pydicom.dcmread(path)
    made.file_meta.TransferSyntaxUID = syntax
    made.PixelData = pydicom.encaps.encapsulate([frame])
    made["PixelData"].is_undefined_length = True
    made.save_as(path)
    with pytest.raises(InputError, match=line):
        stored_pixels(path)


def test_yaml_of_many_values(tmp_path):
    (tmp_path / "dataset.yaml").write_text(f"leave_out: [{','.join('a' * 30_000)}]")
    with pytest.raises(InputError, match="more than 20,000 keys and values, line"):
        read_yaml(tmp_path / "dataset.yaml")
