"""Containers and what they say about their pixels: marks, alpha, photometric interpretation, compression, rows."""

import struct
import zlib

import numpy as np
import png
import pytest
import tifffile
from PIL import ExifTags, Image, ImageOps

from tf_ganaug.data.files import read_coding, read_image, read_label, read_shape
from tf_ganaug.data.limits import allowing
from tf_ganaug.errors import InputError

ROWS, COLUMNS = 24, 18
GREY = (np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) * 7 % 251).astype(np.uint8)
RGB = np.stack([GREY, GREY[::-1], 255 - GREY], -1)
IDS = (np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) // 7 % 4).astype(np.uint8)
WHITE_IS_ZERO = 0


def refusal(read, path):
    """The one line with which `read` refuses the file."""
    with pytest.raises(InputError) as caught:
        read(path)
    message = str(caught.value)
    assert "\n" not in message and message.startswith(str(path))
    return message


def assert_image(path, expected):
    image = read_image(path)
    np.testing.assert_array_equal(image, np.atleast_3d(expected))
    assert read_shape(path) == image.shape


def marked(orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return exif


def shown(pixels, orientation):
    """By Pillow."""
    picture = Image.fromarray(pixels)
    picture.getexif()[ExifTags.Base.Orientation] = orientation
    return np.asarray(ImageOps.exif_transpose(picture))


def chunks(*pairs):
    """PNG chunks of kind and data, with their checksums."""
    whole = ((kind + data, len(data)) for kind, data in pairs)
    return b"".join(struct.pack(">I", length) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk, length in whole)


# Orientation


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


# Alpha


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


# Photometric interpretation and bits


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


# BMP


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


# Lossy compression, and names that lie


def test_labels_are_never_lossy_whatever_their_name(tmp_path):
    Image.fromarray(IDS * 60).save(tmp_path / "a.jpg", quality=100)
    for name in ("a.png", "a.tif", "a.gif", "a.bmp"):
        (tmp_path / name).write_bytes((tmp_path / "a.jpg").read_bytes())
        assert f"found JPEG under the name {name[1:]}, which changes class ids" in refusal(read_label, tmp_path / name)
        assert "found JPEG; rename it to a.jpg" in refusal(read_image, tmp_path / name)
    Image.fromarray(IDS * 60).save(tmp_path / "b.tif", compression="jpeg", quality=100)
    assert "found JPEG in TIFF, which may change class ids" in refusal(read_label, tmp_path / "b.tif")
    assert np.abs(read_image(tmp_path / "b.tif")[..., 0].astype(int) - IDS * 60).max() < 20


def test_colours_of_jpeg_in_tiff(tmp_path):
    smooth = np.stack([np.tile(np.linspace(0, 255, 64), (48, 1))] * 3, -1).astype(np.uint8)
    smooth[..., 2] = 40
    Image.fromarray(smooth).save(tmp_path / "a.tif", compression="jpeg", quality=98)
    assert np.abs(read_image(tmp_path / "a.tif").astype(int) - smooth).max() < 12


@pytest.mark.parametrize("quality", [75, 90, 100])
def test_content_under_another_name_is_told(tmp_path, quality):
    Image.fromarray(RGB).save(tmp_path / "a.JPEG", "JPEG", quality=quality)
    (tmp_path / "a.png").write_bytes((tmp_path / "a.JPEG").read_bytes())
    assert "expected PNG content under the name .png, found JPEG" in refusal(read_image, tmp_path / "a.png")
    Image.fromarray(RGB).save(tmp_path / "b.webp")
    (tmp_path / "b.png").write_bytes((tmp_path / "b.webp").read_bytes())
    assert "found WebP; convert it to PNG" in refusal(read_image, tmp_path / "b.png")
    Image.fromarray(IDS).save(tmp_path / "c.png")
    (tmp_path / "c.npy").write_bytes((tmp_path / "c.png").read_bytes())
    assert "expected npy content under the name .npy, found PNG; rename it to c.png" in refusal(
        read_label, tmp_path / "c.npy"
    )


def test_png_for_ios_is_told(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "a.png")
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[:8] + chunks((b"CgBI", b"\x50\0\x20\x06")) + whole[8:])
    for read in (read_image, read_label, read_shape):
        assert "found one optimised for iOS (CgBI)" in refusal(read, tmp_path / "a.png")


def test_animations_and_stacks_are_refused(tmp_path):
    frames = [Image.fromarray(GREY), Image.fromarray(GREY[::-1])]
    for suffix in ("png", "gif"):
        frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:])
        assert "found 2 frames" in refusal(read_image, tmp_path / f"a.{suffix}")
    frames[0].save(tmp_path / "a.mpo", "MPO", save_all=True, append_images=frames[1:], quality=95)
    (tmp_path / "a.jpg").write_bytes((tmp_path / "a.mpo").read_bytes())
    assert np.abs(read_image(tmp_path / "a.jpg")[..., 0].astype(int) - GREY).mean() < 10  # a camera's preview behind it


# All rows


def retitled(path, rows):
    """A PNG whose header claims other rows, with a right checksum."""
    whole = bytearray(path.read_bytes())
    whole[20:24] = struct.pack(">I", rows)
    whole[29:33] = struct.pack(">I", zlib.crc32(whole[12:29]))
    path.write_bytes(whole)


@pytest.mark.parametrize(
    ("pixels", "mode"),
    [
        (GREY, "L;8"),
        (GREY.astype(np.uint16) * 9, "L;16"),
        (RGB, "RGB;8"),
        (RGB.astype(np.uint16), "RGB;16"),
        (IDS, "L;2"),
    ],
)
@pytest.mark.parametrize("interlaced", [False, True])
def test_png_lacks_no_row_of_its_header(tmp_path, pixels, mode, interlaced):
    path = tmp_path / "a.png"
    colours, depth = mode.split(";")
    with path.open("wb") as file:
        writer = png.Writer(COLUMNS, ROWS, greyscale=colours == "L", bitdepth=int(depth), interlace=interlaced)
        writer.write(file, pixels.reshape(ROWS, -1).tolist())
    assert_image(path, pixels)
    for rows in (ROWS + 1, 2 * ROWS, 2**20):
        retitled(path, rows)
        for read in (read_image, read_label):
            assert f"expected all {rows} rows of its header, found data of" in refusal(read, path)


@pytest.mark.parametrize(
    "options", [{}, {"rowsperstrip": 6}, {"compression": "zlib", "rowsperstrip": 6}, {"tile": (16, 16)}]
)
def test_tiff_lacks_no_row_of_its_header(tmp_path, options):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, GREY, **options)
    assert_image(path, GREY)
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages[0].tags["ImageLength"].overwrite(4 * ROWS)
    for read in (read_image, read_shape):
        assert "expected all rows of its header, found data of" in refusal(read, path)


def test_tiff_strip_without_data_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY, rowsperstrip=6)
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as file:
        file.pages[0].tags["StripByteCounts"].overwrite([108, 0, 108, 108])
    assert "found data of 3 of 4 strips or tiles" in refusal(read_label, tmp_path / "a.tif")


@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_lacks_no_row_of_its_header(tmp_path, progressive):
    path = tmp_path / "a.jpg"
    Image.fromarray(RGB).save(path, progressive=progressive)
    whole = bytearray(path.read_bytes())
    frame = whole.index(b"\xff\xc2" if progressive else b"\xff\xc0")
    whole[frame + 5 : frame + 7] = struct.pack(">H", 3 * ROWS)
    path.write_bytes(whole)
    assert "found last rows of flat grey, as where data are missing" in refusal(read_image, path)


def test_jpeg_of_12_bits_is_not_called_damaged(tmp_path):
    path = tmp_path / "a.jpg"
    Image.fromarray(RGB).save(path)
    whole = bytearray(path.read_bytes())
    whole[whole.index(b"\xff\xc0") + 4] = 12
    path.write_bytes(whole)
    assert "found one that is damaged, or of a rare kind; store it as PNG" in refusal(read_image, path)


def test_gif_fills_its_canvas(tmp_path):
    path = tmp_path / "a.gif"
    Image.fromarray(GREY).save(path)
    whole = bytearray(path.read_bytes())
    whole[8:10] = struct.pack("<H", 2 * ROWS)
    path.write_bytes(whole)
    for read in (read_image, read_label, read_shape):
        assert f"expected a picture that fills its {COLUMNS} x {2 * ROWS} pixels" in refusal(read, path)


def test_bmp_lacks_no_row_of_its_header(tmp_path):
    path = tmp_path / "a.bmp"
    for compressed in (False, True):
        Image.fromarray(IDS).save(path)
        whole = bytearray(path.read_bytes())
        if compressed:  # one run, the end of the bitmap, and so 24 rows without data
            start = struct.unpack("<I", whole[10:14])[0]
            whole[30:34] = struct.pack("<I", 1)
            whole[start:] = bytes([5, 1, 0, 1])
        else:
            whole[22:26] = struct.pack("<i", 2 * ROWS)
        path.write_bytes(whole)
        assert "a whole bmp file" in refusal(read_image, path)


# Palettes and sizes


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
