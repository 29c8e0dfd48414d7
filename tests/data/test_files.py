"""Every format written by its own library and read back."""

import nibabel
import numpy as np
import png
import pytest
import tifffile
from PIL import Image

from tests.data.picture_files import COLUMNS, IDS, ROWS, refusal
from tf_ganaug.data.files import read_image, read_label, read_shape

GREY16 = np.linspace(0, 65535, ROWS * COLUMNS).astype(np.uint16).reshape(ROWS, COLUMNS)
GREY8 = (GREY16 >> 8).astype(np.uint8)


def save_png(path, pixels, mode):
    """By pypng, whose modes name grey, colours, alpha and bits."""
    rows = pixels.reshape(len(pixels), -1).tolist()
    png.from_array(rows, mode, {"width": pixels.shape[1]}).save(path)


def assert_image(path, expected):
    image = read_image(path)
    np.testing.assert_array_equal(image, expected)
    assert image.dtype == expected.dtype
    assert read_shape(path) == expected.shape


@pytest.mark.parametrize(
    ("mode", "pixels"),
    [
        ("L;8", GREY8[..., None]),
        ("L;16", GREY16[..., None]),
        ("RGB;8", np.stack([GREY8, GREY8[::-1], IDS], -1)),
        ("RGB;16", np.stack([GREY16, GREY16[::-1], GREY16 // 3], -1)),
        ("L;2", IDS[..., None]),
    ],
)
def test_png_image_keeps_stored_values(tmp_path, mode, pixels):
    save_png(tmp_path / "a.png", pixels, mode)
    assert_image(tmp_path / "a.png", pixels)


@pytest.mark.parametrize("mode", ["RGBA;8", "RGBA;16"])
def test_png_alpha_is_left_out(tmp_path, mode):
    pixels = np.stack([GREY8, IDS, GREY8[::-1], np.full_like(IDS, 255)], -1)
    save_png(tmp_path / "a.png", pixels, mode)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), pixels[..., :3])
    assert read_shape(tmp_path / "a.png") == (ROWS, COLUMNS, 3)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_palette_is_indices_as_label_and_colours_as_image(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    palette = np.array([[0, 0, 0], [200, 10, 10], [10, 200, 10], [10, 10, 200]], np.uint8)
    picture = Image.fromarray(IDS)
    picture.putpalette(palette.tobytes())
    picture.save(path)
    np.testing.assert_array_equal(read_label(path), IDS)
    assert_image(path, palette[IDS])


@pytest.mark.parametrize(("mode", "ids"), [("L;1", IDS % 2), ("L;4", IDS), ("L;8", IDS), ("L;16", IDS)])
def test_png_label_keeps_ids_at_every_depth(tmp_path, mode, ids):
    save_png(tmp_path / "a.png", ids, mode)
    label = read_label(tmp_path / "a.png")
    np.testing.assert_array_equal(label, ids)
    assert label.dtype.kind in "ui"


def test_gif_gives_grey_values_not_palette_indices(tmp_path):
    mask = np.where(IDS > 1, 255, 0).astype(np.uint8)
    Image.fromarray(mask).save(tmp_path / "a.gif")
    np.testing.assert_array_equal(read_label(tmp_path / "a.gif"), mask)
    assert_image(tmp_path / "a.gif", mask[..., None])


def test_coloured_and_animated_gif_are_no_labels(tmp_path):
    picture = Image.fromarray(IDS)
    picture.putpalette([0, 0, 0, 200, 10, 10, 10, 200, 10, 10, 10, 200])
    picture.save(tmp_path / "colours.gif")
    assert "found 3 channels" in refusal(read_label, tmp_path / "colours.gif")
    frames = [Image.fromarray(IDS * factor) for factor in (1, 20)]
    frames[0].save(tmp_path / "moves.gif", save_all=True, append_images=frames[1:])
    assert "found 2 frames" in refusal(read_label, tmp_path / "moves.gif")


@pytest.mark.parametrize(
    "pixels",
    [GREY8, GREY16, GREY16.astype(np.float32) / 7, np.stack([GREY16, GREY16[::-1], GREY16 // 3], -1)],
    ids=["8", "16", "float32", "rgb16"],
)
def test_tiff(tmp_path, pixels):
    photometric = "rgb" if pixels.ndim == 3 else "minisblack"
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric=photometric)
    assert_image(tmp_path / "a.tif", np.atleast_3d(pixels))


def test_tiff_planes_first_and_compressed(tmp_path):
    planes = np.stack([GREY16, GREY16[::-1], GREY16 // 3])
    tifffile.imwrite(tmp_path / "planes.tiff", planes, photometric="rgb", planarconfig="separate")
    assert_image(tmp_path / "planes.tiff", np.moveaxis(planes, 0, -1))
    Image.fromarray(GREY16).save(tmp_path / "lzw.tif", compression="tiff_lzw")
    assert_image(tmp_path / "lzw.tif", GREY16[..., None])


def test_tiff_that_no_decoder_keeps_exact_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    Image.fromarray(GREY16.astype(np.int32)).save(path, compression="tiff_lzw")
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages[0].tags["SampleFormat"].overwrite(1)  # unsigned, which Pillow reads as signed
    assert "found LZW of uint32 YX" in refusal(read_image, path)


def test_tiff_of_several_pages_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.stack([GREY16, GREY16 // 2]), photometric="minisblack")
    assert "one grey or RGB picture" in refusal(read_image, tmp_path / "a.tif")


@pytest.mark.parametrize(
    "pixels", [GREY16, np.stack([GREY8] * 4 + [IDS], -1), GREY16.astype(">i4"), GREY16 / 3.0, IDS > 1]
)
def test_npy(tmp_path, pixels):
    np.save(tmp_path / "a.npy", pixels)
    native = np.uint8 if pixels.dtype == bool else pixels.dtype.newbyteorder("=")
    assert_image(tmp_path / "a.npy", np.atleast_3d(pixels).astype(native))


def test_npy_holds_no_objects(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}]), allow_pickle=True)
    assert "never loaded" in refusal(read_image, tmp_path / "a.npy")


def test_whole_floats_are_labels_and_fractions_are_not(tmp_path):
    np.save(tmp_path / "whole.npy", IDS.astype(np.float32))
    label = read_label(tmp_path / "whole.npy")
    np.testing.assert_array_equal(label, IDS)
    assert label.dtype == np.int64
    for name, value in (("half", 0.5), ("nan", np.nan)):
        np.save(tmp_path / f"{name}.npy", np.where(IDS == 3, value, IDS))
        assert f"found values such as {value}" in refusal(read_label, tmp_path / f"{name}.npy")


def test_colours_are_no_label(tmp_path):
    save_png(tmp_path / "a.png", np.stack([IDS] * 3, -1), "RGB;8")
    np.testing.assert_array_equal(read_label(tmp_path / "a.png"), IDS)  # grey, whatever the file calls it
    save_png(tmp_path / "a.png", np.stack([IDS, IDS, IDS[::-1]], -1), "RGB;8")
    assert "found 3 channels" in refusal(read_label, tmp_path / "a.png")


@pytest.mark.parametrize(
    ("value", "found"),
    [(np.nan, "3 NaN or infinite"), (np.inf, "3 NaN or infinite"), (7.0, "7.0 everywhere")],
)
def test_images_that_show_nothing_are_refused(tmp_path, value, found):
    pixels = np.full((ROWS, COLUMNS), 7.0)
    pixels[2, :3] = value
    np.save(tmp_path / "a.npy", pixels)
    assert f"found {found}" in refusal(read_image, tmp_path / "a.npy")


def write_every_format(folder):
    noise = np.random.default_rng(0).integers(0, 65536, (ROWS, COLUMNS)).astype(np.uint16)
    save_png(folder / "grey16.png", noise, "L;16")
    save_png(folder / "rgb16.png", np.stack([noise] * 3, -1), "RGB;16")
    save_png(folder / "grey8.png", noise >> 8, "L;8")
    Image.fromarray((noise >> 8).astype(np.uint8)).save(folder / "grey.gif")
    Image.fromarray((noise >> 8).astype(np.uint8)).save(folder / "grey.jpg")
    tifffile.imwrite(folder / "plain.tif", noise)
    Image.fromarray(noise).save(folder / "lzw.tif", compression="tiff_lzw")
    np.save(folder / "a.npy", noise)
    for suffix in ("nii", "nii.gz"):
        nibabel.save(nibabel.Nifti1Image(noise[..., None], np.diag([-1, -1, 1, 1])), folder / f"a.{suffix}")


def test_truncated_files_are_refused_in_silence(tmp_path, capfd, recwarn):
    write_every_format(tmp_path)
    paths = sorted(tmp_path.iterdir())
    assert len(paths) == 10
    for path in paths:
        whole = path.read_bytes()
        assert read_image(path).size
        for length in (0, 5, 30, len(whole) // 2, len(whole) - 12):
            path.write_bytes(whole[:length])
            assert "a whole " in refusal(read_image, path)
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_flipped_byte_in_png_is_refused(tmp_path):
    path = tmp_path / "a.png"
    save_png(path, GREY16, "L;16")
    content = bytearray(path.read_bytes())
    content[-17] ^= 1  # the last byte of the pixels' checksum
    path.write_bytes(content)
    assert "a whole png file" in refusal(read_image, path)


def test_missing_and_foreign_files(tmp_path):
    assert "expected a file, found none" in refusal(read_image, tmp_path / "a.png")
    (tmp_path / "a.webp").write_bytes(b"")
    assert "a file ending in one of" in refusal(read_label, tmp_path / "a.webp")


def test_jpeg_is_for_images(tmp_path):
    ramp = np.linspace(0, 255, ROWS * COLUMNS).reshape(ROWS, COLUMNS).astype(np.uint8)
    for name, pixels in (("grey.jpg", ramp), ("rgb.JPEG", np.stack([ramp, ramp, 255 - ramp], -1))):
        path = tmp_path / name
        Image.fromarray(pixels).save(path, "JPEG", quality=98)
        image = read_image(path)
        assert image.dtype == np.uint8 and image.shape == read_shape(path)
        assert np.abs(image.astype(int) - pixels.reshape(image.shape)).mean() < 4
        assert "found JPEG, which changes class ids" in refusal(read_label, path)
    Image.fromarray(np.stack([ramp] * 4, -1), "CMYK").save(tmp_path / "print.jpg")
    assert "expected grey or RGB, found CMYK" in refusal(read_image, tmp_path / "print.jpg")


def test_jsrt_is_inverted_and_its_length_and_byte_order_checked(tmp_path):
    path = tmp_path / "JPCLN001.IMG"
    stored = np.zeros((2048, 2048), ">u2")
    stored[0, :3] = 1, 256, 4095
    stored.tofile(path)
    image = read_image(path)
    assert image.shape == read_shape(path) == (2048, 2048, 1)
    assert image.dtype == np.uint16
    assert image[0, :4, 0].tolist() == [4094, 3839, 0, 4095]
    path.write_bytes(path.read_bytes()[:-2])
    for read in (read_image, read_shape):
        assert "expected 8388608 bytes (2048 x 2048 of 16 bits), found 8388606" in refusal(read, path)
    np.full((2048, 2048), 1000, "<u2").tofile(path)
    assert "12-bit values, high byte first" in refusal(read_image, path)


def test_a_file_that_may_not_be_read_is_told_as_one(tmp_path, monkeypatch):
    Image.fromarray(GREY8).save(tmp_path / "a.png")
    np.save(tmp_path / "a.npy", GREY8)

    def refused(*_, **__):  # as for another's file; the superuser of a test may read all
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refused)
    for name in ("a.png", "a.npy"):
        assert "expected a file that may be read, found no permission" in refusal(read_image, tmp_path / name)
