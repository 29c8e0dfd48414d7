"""Orientation marks are obeyed, and alpha is no channel."""

import struct
import zlib

import numpy as np
import png
import pytest
import tifffile
from PIL import ExifTags, Image, ImageOps

from tests.data.picture_files import COLUMNS, GREY, IDS, RGB, ROWS, assert_image, chunks, refusal
from tf_ganaug.data.files import read_header, read_image, read_label, read_shape


def marked(orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return exif


def shown(pixels, orientation):
    """By Pillow."""
    picture = Image.fromarray(pixels)
    picture.getexif()[ExifTags.Base.Orientation] = orientation
    return np.asarray(ImageOps.exif_transpose(picture))


@pytest.mark.parametrize("mark", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "tif", "jpg"])
def test_orientation_marks_are_obeyed_as_viewers_do(tmp_path, suffix, mark):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(RGB).save(path, exif=marked(mark), **({"quality": 95} if suffix == "jpg" else {}))
    assert_image(path, shown(np.asarray(Image.open(path)) if suffix == "jpg" else RGB, mark))
    if suffix != "jpg":
        Image.fromarray(IDS).save(path, exif=marked(mark))
        np.testing.assert_array_equal(read_label(path), shown(IDS, mark))


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_orientation_of_a_palette_and_of_what_only_pillow_decodes(tmp_path, compression):
    path = tmp_path / "a.tif"
    picture = Image.fromarray(IDS)
    picture.putpalette([0, 0, 0, 200, 10, 10, 10, 200, 10, 10, 10, 200])
    picture.save(path, exif=marked(6), compression=compression)
    np.testing.assert_array_equal(read_label(path), np.rot90(IDS, -1))
    assert_image(path, np.rot90(np.asarray(picture.convert("RGB")), -1))


@pytest.mark.parametrize("form", ["eXIf", "zTXt", "iTXt"])
def test_mark_of_a_png_behind_its_pixels(tmp_path, form):
    path = tmp_path / "a.png"
    Image.fromarray(GREY).save(path)
    exif = marked(8).tobytes()
    data = {
        "eXIf": exif.removeprefix(b"Exif\0\0"),
        "zTXt": b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n%8d\n%s\n" % (len(exif), exif.hex().encode())),
        "iTXt": b'XML:com.adobe.xmp\0\0\0\0\0<a tiff:Orientation="8"/>',
    }[form]
    whole = path.read_bytes()
    path.write_bytes(whole[:-12] + chunks((form.encode(), data)) + whole[-12:])
    assert_image(path, np.rot90(GREY))


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_damaged_marks_turn_nothing(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(GREY).save(path, exif=b"Exif\0\0ZZ*\0\x08\0\0\0" + bytes(30))
    assert read_image(path).shape == read_shape(path) == (ROWS, COLUMNS, 1)


@pytest.mark.parametrize(("kind", "value"), [(2, b"6\0\0\0"), (3, b"\0\x09\0\0"), (1, b"\0\0\0\0")])
def test_marks_that_are_no_orientation_turn_nothing(tmp_path, kind, value):
    """A text, 9 and 0 under the tag of the orientation."""
    tags = b"MM\0*\0\0\0\x08\0\x01" + struct.pack(
        ">HHI4s", 274, kind, len(value.strip(b"\0")) + (kind == 2) or 1, value
    )
    Image.fromarray(GREY).save(tmp_path / "a.png", exif=b"Exif\0\0" + tags + bytes(4))
    assert read_header(tmp_path / "a.png") == ((ROWS, COLUMNS, 1), 1)
    assert_image(tmp_path / "a.png", GREY)


@pytest.mark.parametrize("pixels", [GREY, RGB, GREY.astype(np.uint16) * 257, RGB.astype(np.uint16) * 257])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_alpha_is_left_out_of_images(tmp_path, suffix, pixels):
    path = tmp_path / f"a.{suffix}"
    alpha = np.full_like(pixels[..., :1] if pixels.ndim == 3 else pixels[..., None], 7)
    stored = np.concatenate([np.atleast_3d(pixels), alpha], -1)
    if suffix == "png":
        mode = f"{'RGBA' if pixels.ndim == 3 else 'LA'};{8 * pixels.itemsize}"
        png.from_array(stored.reshape(ROWS, -1).tolist(), mode, {"width": COLUMNS}).save(path)
        assert_image(path, pixels)
    for extra in ([1], [2]) if suffix == "tif" else ():
        light = "rgb" if pixels.ndim == 3 else "minisblack"
        tifffile.imwrite(path, stored, photometric=light, planarconfig="contig", extrasamples=extra)
        assert_image(path, pixels)
        planes = np.moveaxis(stored, -1, 0)
        tifffile.imwrite(path, planes, photometric=light, planarconfig="separate", extrasamples=extra)
        assert_image(path, pixels)


def test_transparent_entries_change_nothing(tmp_path):
    grey, palette = Image.fromarray(GREY), Image.fromarray(IDS)
    palette.putpalette([0, 0, 0, 200, 10, 10, 10, 200, 10, 10, 10, 200])
    grey.save(tmp_path / "grey.png", transparency=7)
    assert_image(tmp_path / "grey.png", GREY)
    palette.save(tmp_path / "palette.png", transparency=bytes([0, 128, 255, 255]))
    assert_image(tmp_path / "palette.png", np.asarray(palette.convert("RGB")))
    np.testing.assert_array_equal(read_label(tmp_path / "palette.png"), IDS)
    palette.save(tmp_path / "palette.gif", transparency=1)
    assert_image(tmp_path / "palette.gif", np.asarray(palette.convert("RGB")))


def test_a_sample_of_unstated_meaning_is_no_colour(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.dstack([RGB, GREY]), photometric="rgb", extrasamples=["unspecified"])
    assert "found 4 samples, 1 of them of no stated meaning" in refusal(read_image, path)
    tifffile.imwrite(path, np.dstack([RGB, GREY]), photometric="minisblack", planarconfig="contig")
    assert_image(path, np.dstack([RGB, GREY]))  # channels of their own, and no colours


def test_a_label_may_be_opaque_or_transparent_where_it_is_zero(tmp_path):
    path = tmp_path / "a.png"
    for alpha in (np.full_like(IDS, 255), np.where(IDS > 0, 255, 0).astype(np.uint8)):
        Image.fromarray(np.stack([IDS, alpha], -1)).save(path)
        np.testing.assert_array_equal(read_label(path), IDS)
    Image.fromarray(np.stack([IDS, np.where(IDS == 2, 100, 255).astype(np.uint8)], -1)).save(path)
    assert f"found {(IDS == 2).sum()} transparent pixels with a value" in refusal(read_label, path)
