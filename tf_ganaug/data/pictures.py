"""PNG, GIF, JPEG and TIFF files to arrays of the stored values, neither stretched nor cut, and arrays to PNG.

These raise whatever their libraries raise; `tf_ganaug.data.files` turns it into one line.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import png
import tifffile
from PIL import ExifTags, Image

from tf_ganaug.errors import InputError

#: Axes of TIFF files whose channels come before rows and columns.
_PLANES_FIRST = ("SYX", "CYX")

# tifffile logs what it also raises; the one line of the InputError is enough.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def decode_png(path: Path, colours: bool) -> np.ndarray:
    """(H, W) or (H, W, C) uint8 or uint16: colours without alpha, or the palette's indices."""
    with Image.open(path) as image:
        image.verify()  # the checksums of all chunks, which decoding leaves out
    with path.open("rb") as file:
        depth, kind = file.read(26)[24:]
        if depth == 8 or kind == 3:
            pixels = decode_pillow(path, colours)
        elif (depth, kind) == (16, 0):
            pixels = decode_pillow(path, colours).astype(np.uint16, copy=False)
        else:  # Pillow stretches grey of 1 to 4 bits to 0..255 and cuts 16-bit colours to 8 bits
            file.seek(0)
            width, height, rows, info = png.Reader(file=file).read()
            pixels = np.stack([np.asarray(row) for row in rows]).reshape(height, width, info["planes"])
    return pixels[..., :-1] if colours and kind in (4, 6) else pixels


def decode_pillow(path: Path, colours: bool) -> np.ndarray:
    """(H, W) or (H, W, C) of 8-bit files: a GIF's colours, or those or the indices of another palette."""
    with Image.open(path) as image:
        frames = getattr(image, "n_frames", 1)
        if frames > 1:
            raise InputError(path, "one picture", f"{frames} frames", "store each picture in its own file")
        if image.mode == "P" and (colours or image.format == "GIF"):
            return np.asarray(image.convert("RGB" if channels(image) == 3 else "L"))
        return np.asarray(image)


def decode_jpeg(path: Path) -> np.ndarray:
    """(H, W) or (H, W, 3) uint8."""
    with Image.open(path) as image:
        if image.mode not in ("L", "RGB"):
            raise InputError(path, "grey or RGB", image.mode, "convert it to RGB")
        if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
            # The label may lie as the pixels are stored, or as a viewer shows them.
            raise InputError(path, "pixels stored upright", "an EXIF mark that turns them", "store it as it is shown")
        return np.asarray(image)


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


def decode_tiff(path: Path, colours: bool) -> np.ndarray:
    """(H, W) or (H, W, C) in the stored type: a palette's colours, or its indices."""
    with tifffile.TiffFile(path) as file:
        series = _only_series(file, path)
        if colours and series.keyframe.photometric == tifffile.PHOTOMETRIC.PALETTE:
            return decode_pillow(path, colours)
        try:
            pixels = file.asarray()
        except ValueError as error:
            if "imagecodecs" not in str(error):
                raise
            pixels = decode_pillow(path, colours)  # has more codecs, but narrows some pixel types
            if (pixels.shape, pixels.dtype) != (series.shape, series.dtype):
                found = f"{series.keyframe.compression.name} of {series.dtype} {series.axes}"
                raise InputError(path, "a common compression", found, "store it uncompressed") from None
    return np.moveaxis(pixels, 0, -1) if series.axes in _PLANES_FIRST else pixels


def tiff_shape(path: Path) -> tuple[int, ...]:
    """(H, W) or (H, W, C) of the picture, from the header."""
    with tifffile.TiffFile(path) as file:
        series = _only_series(file, path)
        if series.keyframe.photometric == tifffile.PHOTOMETRIC.PALETTE:
            with Image.open(path) as image:
                return (*series.shape, channels(image))
        return (*series.shape[1:], series.shape[0]) if series.axes in _PLANES_FIRST else series.shape


def _only_series(file: tifffile.TiffFile, path: Path) -> tifffile.TiffPageSeries:
    series = file.series[0]
    light = series.keyframe.photometric  # in MINISWHITE the stored values are inverted
    if len(file.series) > 1 or series.axes not in ("YX", "YXS", *_PLANES_FIRST) or light == 0:
        found = f"{len(file.series)} series, axes {series.axes}, {light.name}"
        raise InputError(path, "one grey or RGB picture", found, "store one picture per file")
    return series
