"""What containers say about their pixels: photometric interpretation, bits, compression, palettes."""

import struct

import numpy as np
import png
import pytest
import tifffile
from PIL import Image

from tests.data.picture_files import COLUMNS, GREY, IDS, RGB, ROWS, WHITE_IS_ZERO, assert_image, refusal
from tf_ganaug.data.files import read_coding, read_image, read_label, read_shape
from tf_ganaug.data.limits import allowing


def save_bits(path, values, bits, light):
    """An uncompressed TIFF of fewer than 8 bits a pixel, which no library at hand writes."""
    padded = ["".join(f"{value:0{bits}b}" for value in row) for row in values]
    rows = [int(row.ljust(-(-len(row) // 8) * 8, "0"), 2).to_bytes(-(-len(row) // 8), "big") for row in padded]
    data, (height, width) = b"".join(rows), values.shape
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: light, 273: 0, 277: 1, 278: height, 279: len(data)}
    tags[273] = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    path.write_bytes(b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0) + data)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_values_of_few_bits_are_not_stretched(tmp_path, bits):
    values = GREY % 2**bits
    save_bits(tmp_path / "a.tif", values, bits, light=1)
    np.testing.assert_array_equal(read_label(tmp_path / "a.tif"), values)
    assert_image(tmp_path / "a.tif", values)
    save_bits(tmp_path / "a.tif", values, bits, WHITE_IS_ZERO)
    assert_image(tmp_path / "a.tif", 2**bits - 1 - values)
    assert "white is zero" in refusal(read_label, tmp_path / "a.tif")
    png.from_array(values.tolist(), f"L;{bits}").save(tmp_path / "a.png")
    assert_image(tmp_path / "a.png", values)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_white_that_is_zero_is_inverted(tmp_path, dtype):
    path = tmp_path / "a.tif"
    pixels = GREY.astype(dtype) * (np.iinfo(dtype).max // 255)
    tifffile.imwrite(path, pixels, photometric="miniswhite")
    assert_image(path, np.iinfo(dtype).max - pixels)
    assert "white is zero" in refusal(read_label, path)
    tifffile.imwrite(path, pixels.astype(np.float32), photometric="miniswhite")
    assert "expected unsigned integers where white is zero, found float32" in refusal(read_image, path)


def test_tiff_of_12_bits(tmp_path):
    values = GREY.astype(np.uint16) * 16 + 3
    save_bits(tmp_path / "a.tif", values, 12, light=1)
    assert_image(tmp_path / "a.tif", values)
    np.testing.assert_array_equal(read_label(tmp_path / "a.tif"), values)
    for bits in (3, 5, 10, 14):
        save_bits(tmp_path / "a.tif", values % 2**bits, bits, light=1)
        assert "a whole tif file" in refusal(read_image, tmp_path / "a.tif")


def test_fax_compression(tmp_path):
    path = tmp_path / "a.tif"
    Image.fromarray(IDS > 1).save(path, compression="group4")
    np.testing.assert_array_equal(read_label(path), IDS > 1)
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages[0].tags["PhotometricInterpretation"].overwrite(WHITE_IS_ZERO)
    assert_image(path, IDS <= 1)


@pytest.mark.parametrize("light", ["separated", "cielab", "cfa"])
def test_other_colours_are_refused(tmp_path, light):
    pixels = {"separated": np.dstack([RGB, GREY]), "cielab": RGB, "cfa": GREY}[light]
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric=light)
    assert f"expected one grey or RGB picture, found {light.upper()}" in refusal(read_image, tmp_path / "a.tif")


@pytest.mark.parametrize("dtype", [">u2", ">i2", ">f4", "i1", "i4", "u4", "f2", "f8"])
def test_types_and_byte_orders_of_tiff(tmp_path, dtype):
    pixels = (GREY.astype(np.float64) - 100).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", pixels, byteorder=">" if dtype[0] == ">" else "<")
    assert_image(tmp_path / "a.tif", pixels)
    assert read_image(tmp_path / "a.tif").dtype == np.dtype(dtype).newbyteorder("=")


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_adobe_deflate", "zstd", "lzma"])
def test_lossless_compressions_keep_every_value(tmp_path, compression):
    path = tmp_path / "a.tif"
    for pixels in (GREY, RGB, GREY.astype(np.uint16) * 200):
        Image.fromarray(pixels).save(path, compression=compression)
        assert_image(path, pixels)
    Image.fromarray(IDS).save(path, compression=compression)
    np.testing.assert_array_equal(read_label(path), IDS)


def test_bmp(tmp_path):
    path = tmp_path / "a.bmp"
    palette = Image.fromarray(IDS)
    palette.putpalette([0, 0, 0, 200, 10, 10, 10, 200, 10, 10, 10, 200])
    for picture, expected in (
        (Image.fromarray(GREY), GREY),
        (Image.fromarray(RGB), RGB),
        (Image.fromarray(IDS > 1), IDS > 1),
    ):
        picture.save(path)
        assert_image(path, expected)
    palette.save(path)
    assert_image(path, np.asarray(palette.convert("RGB")))
    np.testing.assert_array_equal(read_label(path), IDS)
    Image.fromarray(IDS).save(path)
    np.testing.assert_array_equal(read_label(path), IDS)
    Image.fromarray(np.dstack([RGB, GREY]), "RGBA").save(path)
    assert_image(path, RGB)


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_palettes_of_labels(tmp_path, suffix):
    picture = Image.fromarray(IDS)
    picture.putpalette([0, 0, 0, 200, 10, 10, 10, 200, 10, 10, 10, 200])
    picture.save(tmp_path / f"a.{suffix}")
    assert read_coding(tmp_path / f"a.{suffix}").palette[:4].tolist() == [
        [0, 0, 0],
        [200, 10, 10],
        [10, 200, 10],
        [10, 10, 200],
    ]
    Image.fromarray(IDS).save(tmp_path / f"b.{suffix}")
    assert read_coding(tmp_path / f"b.{suffix}") == (1, None)


@pytest.mark.parametrize("suffix", ["png", "tif", "gif", "bmp", "jpg", "npy"])
def test_the_limit_is_asked_before_memory_is_taken(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    np.save(path, GREY) if suffix == "npy" else Image.fromarray(GREY).save(path)
    with allowing(ROWS * COLUMNS - 1):
        for read in (read_image, read_shape):
            assert "expected at most 431 pixels, found 432 (24 x 18)" in refusal(read, path)
    with allowing(ROWS * COLUMNS):
        assert read_image(path).shape == (ROWS, COLUMNS, 1)
