"""PNG, JPEG, GIF, BMP and TIFF files to arrays of the stored values, as they are to be shown; arrays to PNG.

Values are neither stretched nor cut; alpha is left out; orientation marks of EXIF and TIFF are obeyed. A picture has
all the rows of its header. These raise whatever their libraries raise; `tf_ganaug.data.files` turns it into one line.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import png
from PIL import ExifTags, Image, UnidentifiedImageError

from tf_ganaug.data.containers import require_content
from tf_ganaug.data.png_chunks import PngHeader, late_mark, read_header, require_whole
from tf_ganaug.data.shown import orientation, require_opaque, upright, upright_shape
from tf_ganaug.data.tiffs import open_tiff
from tf_ganaug.errors import InputError

#: Suffixes of pictures.
PICTURES = (".png", ".tif", ".tiff", ".gif", ".bmp", ".jpg", ".jpeg")
_TIFF = (".tif", ".tiff")

#: Colour types of PNG.
_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGBA = 0, 2, 3, 4, 6

#: What Pillow multiplies grey values of fewer bits by.
_STRETCHED = {2: 85, 4: 17}

#: What decoders of JPEG draw where data are missing.
_JPEG_NOTHING = 128

# `limits.require_pixels` takes the place of Pillow's own limit.
Image.MAX_IMAGE_PIXELS = None


class Coding(NamedTuple):
    """How a label file holds its classes.

    Attributes:
        channels: of its values; 1 for grey and for the indices of a palette.
        palette: (K, 3) uint8, the colours of indices; None where values are no indices.
    """

    channels: int
    palette: np.ndarray | None


class Header(NamedTuple):
    """What a header says of a picture.

    Attributes:
        shape: (H, W, C) as shown, with a palette's colours and without alpha.
        mark: of its orientation: 2 to 8 turn or mirror what is stored.
    """

    shape: tuple[int, int, int]
    mark: int = 1


def picture_header(path: Path, suffix: str, label: bool = False) -> Header:
    """Of what `decode_picture` gives as colours."""
    require_content(path, suffix, label)
    if suffix in _TIFF:
        with open_tiff(path) as tiff:
            return Header(tiff.shape, tiff.mark)
    header = read_header(path) if suffix == ".png" else None
    with _opened(path, suffix) as image:
        count = header.channels if header and header.kind != _PALETTE else channels(image)
        mark = _mark(image, path)
        return Header((*upright_shape(image.height, image.width, mark), count), mark)


def picture_coding(path: Path, suffix: str) -> Coding:
    """Of a label, from the header."""
    require_content(path, suffix, label=True)
    if suffix in _TIFF:
        with open_tiff(path) as tiff:
            return Coding(1 if tiff.palette is not None else tiff.shape[2], tiff.palette)
    with _opened(path, suffix) as image:
        if image.mode != "P" or suffix == ".gif":
            return Coding(channels(image), None)
        return Coding(1, np.reshape(image.getpalette(), (-1, 3)).astype(np.uint8))


def decode_picture(path: Path, suffix: str, label: bool, colours: bool) -> np.ndarray:
    """(H, W) or (H, W, C) as shown.

    Args:
        path: of the file.
        suffix: in lower case.
        label: refuses what may have changed its values, and transparent pixels.
        colours: whether a palette gives its colours, else its indices; of GIF, whose writers renumber it, its colours.
    """
    require_content(path, suffix, label)
    if suffix in _TIFF:
        with open_tiff(path) as tiff:
            return tiff.decode(label, colours)
    header = read_header(path) if suffix == ".png" else None
    if header:
        require_whole(path, header)
    with _opened(path, suffix) as image:
        mark, frames = _mark(image, path), getattr(image, "n_frames", 1)
        if frames > 1 and image.format != "MPO":  # cameras add previews behind the picture
            raise InputError(path, "one picture", f"{frames} frames", "store each picture in its own file")
        if image.mode == "P" and (colours or suffix == ".gif"):
            image = image.convert("RGB" if channels(image) == 3 else "L")
        pixels = _png_values(path, image, header) if header else np.asarray(image)
    if suffix in (".jpg", ".jpeg"):
        _require_all_rows(path, pixels)
    if (header and header.kind in (_GREY_ALPHA, _RGBA)) or image.mode in ("LA", "RGBA"):
        alpha, pixels = pixels[..., -1], pixels[..., :-1]
        if label:
            require_opaque(pixels, alpha, path)
    return upright(pixels, mark)


def channels(image: Image.Image) -> int:
    """Of an opened file when read as a picture: a palette has 3, or 1 if it is grey; alpha is none."""
    if image.mode == "P":
        palette = np.reshape(image.getpalette(), (-1, 3))
        return 3 if (palette != palette[:, :1]).any() else 1
    return sum(band != "A" for band in image.getbands())


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Writes (H, W) or (H, W, 1 or 3) uint8 or uint16 as grey or RGB, lossless."""
    height, width = pixels.shape[:2]
    writer = png.Writer(width, height, greyscale=pixels.size == height * width, bitdepth=8 * pixels.dtype.itemsize)
    big_endian = pixels.astype(pixels.dtype.newbyteorder(">"))
    with path.open("wb") as file:
        writer.write_packed(file, (row.tobytes() for row in big_endian))


@contextmanager
def _opened(path: Path, suffix: str) -> Iterator[Image.Image]:
    """A file whose header is read, and is of a kind whose values Pillow keeps."""
    try:
        image = Image.open(path)
    except UnidentifiedImageError as error:  # its first bytes are those of its suffix
        found, remedy = "one that is damaged, or of a rare kind", "store it as PNG, or replace it by an intact copy"
        raise InputError(path, f"a whole {suffix[1:]} file of a kind that is read", found, remedy) from error
    with image:
        if suffix in (".jpg", ".jpeg") and image.mode not in ("L", "RGB"):
            raise InputError(path, "grey or RGB", image.mode, "convert it to RGB")
        if suffix == ".gif" and tuple(image.tile[0][1]) != (0, 0, *image.size):
            found = "a frame of {2} x {3} at {0}, {1}".format(*image.tile[0][1])
            expected = f"a picture that fills its {image.width} x {image.height} pixels"
            raise InputError(path, expected, found, "store it anew")
        yield image


def _mark(image: Image.Image, path: Path) -> int:
    """The orientation mark, read without the pixels if it does not stand behind them."""
    behind = image.format == "PNG" and late_mark(path)
    try:
        exif = image.getexif() if behind else Image.Image.getexif(image)
    except SyntaxError:  # so Pillow says that EXIF is damaged; viewers show the picture as stored then
        return 1
    return orientation(exif.get(ExifTags.Base.Orientation, 1))


def _png_values(path: Path, image: Image.Image, header: PngHeader) -> np.ndarray:
    if header.depth == 16 and header.kind == _GREY_ALPHA:
        return _by_pypng(path)
    if header.depth == 16 and header.kind != _GREY:
        # Pillow cuts these to 8 bits, the high ones or the low ones.
        mode = "RGBA" if header.kind == _RGBA else "RGB"
        return _bytes_as(path, f"{mode};16B") << 8 | _bytes_as(path, f"{mode};16L")
    pixels = np.asarray(image)
    if header.depth == 16:
        return pixels.astype(np.uint16, copy=False)
    return pixels // _STRETCHED[header.depth] if header.kind != _PALETTE and header.depth in _STRETCHED else pixels


def _bytes_as(path: Path, raw: str) -> np.ndarray:
    """(H, W, C) uint16 of one byte of each value of 16 bits, as a raw mode of Pillow takes it."""
    with Image.open(path) as image:
        image.tile = [(*tile[:3], raw) for tile in image.tile]
        return np.asarray(image).astype(np.uint16)


def _by_pypng(path: Path) -> np.ndarray:
    width, height, rows, info = png.Reader(filename=str(path)).read()
    return np.stack([np.asarray(row) for row in rows]).reshape(height, width, info["planes"])


def _require_all_rows(path: Path, pixels: np.ndarray) -> None:
    """Refuses a JPEG whose last rows are what decoders draw for missing data, which they do not tell."""
    missing = (pixels[-8:] == _JPEG_NOTHING).all()
    if missing and not (pixels == _JPEG_NOTHING).all():
        remedy = "replace it by an intact copy, or store it as PNG if it is drawn so"
        raise InputError(path, "data for all rows", "last rows of flat grey, as where data are missing", remedy)
