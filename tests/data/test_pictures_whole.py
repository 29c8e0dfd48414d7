"""Names that lie, lossy labels, several pictures in a file, and rows that are lacking."""

import struct
import zlib

import numpy as np
import png
import pytest
import tifffile
from PIL import Image

from tests.data.picture_files import COLUMNS, GREY, IDS, RGB, ROWS, assert_image, chunks, refusal
from tf_ganaug.data.files import read_image, read_label, read_shape


def test_labels_are_never_lossy_whatever_their_name(tmp_path):
    Image.fromarray(IDS * 60).save(tmp_path / "a.jpg", quality=100)
    for name in ("a.png", "a.tif", "a.gif", "a.bmp"):
        (tmp_path / name).write_bytes((tmp_path / "a.jpg").read_bytes())
        assert f"found JPEG under the name {name[1:]}, which changes class ids" in refusal(read_label, tmp_path / name)
        assert "found JPEG; rename it to a.jpg" in refusal(read_image, tmp_path / name)
    Image.fromarray(IDS * 60).save(tmp_path / "b.tif", compression="jpeg", quality=100)
    message = refusal(read_label, tmp_path / "b.tif")
    assert "found JPEG in TIFF, which may change class ids" in message
    assert "cut a mask of two values at their middle" in message  # as data sets exist that are given out so
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
