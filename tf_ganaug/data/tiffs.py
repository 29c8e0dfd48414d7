"""TIFF files to arrays of the stored values, whatever their bits, planes, compression and orientation."""

from __future__ import annotations

import logging
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tifffile
from PIL import Image

from tf_ganaug.data.containers import regain
from tf_ganaug.data.limits import require_compressed, require_pixels
from tf_ganaug.data.shown import inverted, orientation, require_opaque, upright, upright_shape
from tf_ganaug.errors import InputError

#: Axes of files whose channels come before rows and columns.
_PLANES_FIRST = ("SYX", "CYX")

#: What a sample beyond the colours means (TIFF 6.0, ExtraSamples); nothing but 0 and a missing tag is a channel.
_UNSTATED, _ALPHA = 0, (1, 2)

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
_JPEG = 7

#: Compressions that keep the values: none, CCITT, LZW, deflate (twice), PackBits, LZMA, Zstandard.
_LOSSLESS = (1, 2, 3, 4, 5, 8, 32946, 32773, 34925, 50000)

#: How many times its size a stream of LZMA or deflate may unfold to, and what unfolds it.
_RATIOS = {8: (1032, zlib.decompressobj), 32946: (1032, zlib.decompressobj), 34925: (8000, lzma.LZMADecompressor)}

#: Bytes that may follow the rows of a strip or tile.
_BESIDE = 1 << 26

#: What Pillow multiplies grey values of fewer bits by.
_STRETCHED = {2: 85, 4: 17}

# tifffile logs what it also raises; the one line of the InputError is enough.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


class Tiff(NamedTuple):
    """An opened file of one picture.

    Attributes:
        path: of the file.
        series: its only one.
        alpha: sample that is an alpha channel; None where none is.
    """

    path: Path
    series: tifffile.TiffPageSeries
    alpha: int | None

    @property
    def page(self) -> tifffile.TiffPage:
        return self.series.keyframe

    @property
    def mark(self) -> int:
        """The orientation mark."""
        tag = self.page.tags.get("Orientation")
        return orientation(tag.value) if tag else 1

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, C) as shown: of a palette its colours, without alpha."""
        shape, first = self.series.shape, self.series.axes in _PLANES_FIRST
        rows, columns = shape[1:] if first else shape[:2]
        samples = shape[0] if first else (*shape, 1)[2]
        channels = samples - (self.alpha is not None)
        if self.page.photometric == _PALETTE:
            channels = 3 if (self.palette != self.palette[:, :1]).any() else 1
        return (*upright_shape(rows, columns, self.mark), channels)

    @property
    def palette(self) -> np.ndarray | None:
        """(K, 3) uint8; None where there is none."""
        if self.page.photometric != _PALETTE:
            return None
        colours = np.asarray(self.page.colormap).T
        # Of 16 bits; some programs write 8, as libtiff's readers allow for.
        return (colours // 256 if colours.max() > 255 else colours).astype(np.uint8)

    def decode(self, label: bool, colours: bool) -> np.ndarray:
        """(H, W) or (H, W, C): a palette's colours or indices, all else as stored, without alpha, upright."""
        pixels, turned, black_is_zero = _samples(self, label)
        if self.alpha is not None:
            alpha, pixels = pixels[..., self.alpha], np.delete(pixels, self.alpha, -1)
            if label:
                require_opaque(pixels, alpha, self.path)
        if not black_is_zero:
            pixels = inverted(pixels, _bits(self.page), self.path)
        if colours and self.palette is not None:
            pixels = self.palette[:, : self.shape[2]][pixels.astype(np.intp)]
        return pixels if turned else upright(pixels, self.mark)


@contextmanager
def open_tiff(path: Path) -> Iterator[Tiff]:
    """A file, checked by its header to hold one whole grey, RGB or palette picture.

    Raises:
        InputError: if it holds something else, or rows have no data.
    """
    with tifffile.TiffFile(path) as file:
        if not file.pages:
            raise InputError(path, "a whole tif file with a picture", "none in it", "replace it by an intact copy")
        series = file.series[0]
        page = series.keyframe
        if len(file.series) > 1 or series.axes not in ("YX", "YXS", *_PLANES_FIRST):
            found = f"{len(file.series)} series, axes {series.axes}"
            raise InputError(path, "one grey or RGB picture", found, "store one picture per file")
        kinds = (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, *((_YCBCR,) if page.compression == _JPEG else ()))
        if page.photometric not in kinds:
            found = getattr(page.photometric, "name", str(page.photometric))
            raise InputError(path, "one grey or RGB picture", found, "convert it to grey or RGB")
        for part in series.pages:
            segments = [*zip(part.dataoffsets, part.databytecounts)]
            if len(segments) != np.prod(page.chunked) or not all(map(all, segments)):
                found = f"data of {sum(map(all, segments))} of {np.prod(page.chunked)} strips or tiles"
                raise InputError(path, "all rows of its header", found, "replace it by an intact copy")
        yield Tiff(path, series, _alpha(path, page))


def _alpha(path: Path, page: tifffile.TiffPage) -> int | None:
    extra = [int(kind) for kind in page.extrasamples]
    first = page.samplesperpixel - len(extra)
    colours = page.photometric in (_RGB, _YCBCR)
    if colours and not extra and page.samplesperpixel == 4:  # as older programs write it
        extra, first = [_ALPHA[1]], 3
    alphas = [first + place for place, kind in enumerate(extra) if kind in _ALPHA]
    others = len(extra) - len(alphas)
    if len(alphas) > 1 or (others and (colours or alphas)) or (extra and page.photometric == _PALETTE):
        found = f"{page.samplesperpixel} samples, {others} of them of no stated meaning"
        raise InputError(path, "grey or RGB, perhaps with one alpha channel", found, "store it without the others")
    return alphas[0] if alphas else None


def _samples(tiff: Tiff, label: bool) -> tuple[np.ndarray, bool, bool]:
    """(H, W) or (H, W, S) stored values, whether they are upright already, and whether their zero is black."""
    page, series = tiff.page, tiff.series
    name = getattr(page.compression, "name", str(page.compression))
    if label and page.compression not in _LOSSLESS:
        found = f"{name} in TIFF, which may change class ids"
        raise InputError(tiff.path, "a label stored without loss", found, regain(name))
    if label and page.photometric == _WHITE_IS_ZERO:
        remedy = "store the label with black as zero"
        raise InputError(
            tiff.path, "a label whose values count from 0", "white is zero, so that ids have two readings", remedy
        )
    _require_bounded(tiff)
    black_is_zero = page.photometric != _WHITE_IS_ZERO
    try:
        pixels = series.asarray()
    except (ValueError, NotImplementedError, KeyError, ImportError) as error:
        # Without the package imagecodecs, which few have. Pillow has more codecs, but narrows some types.
        if "imagecodecs" not in str(error) and not isinstance(error, ImportError):
            raise
        return _by_pillow(tiff, name), True, black_is_zero or _bits(page) <= 8
    return np.moveaxis(pixels, 0, -1) if series.axes in _PLANES_FIRST else pixels, False, black_is_zero


def _require_bounded(tiff: Tiff) -> None:
    """Refuses strips and tiles that unfold to far more than their rows: tifffile unfolds all of them.

    Only those that could are looked into, for they are unfolded twice then.
    """
    page = tiff.page
    require_pixels(tiff.path, page.chunks[:2])
    if page.compression not in (*_RATIOS, *_LOSSLESS[1:]):
        return
    rows = int(np.prod(page.chunks)) * page.dtype.itemsize
    ratio, begin = _RATIOS.get(page.compression, (1, None))
    with tiff.path.open("rb") as file:
        for part in tiff.series.pages:
            for place, count in zip(part.dataoffsets, part.databytecounts):
                require_compressed(tiff.path, count, rows)
                if begin is None or count * ratio <= rows + _BESIDE:
                    continue
                file.seek(place)
                if len(begin().decompress(file.read(count), rows + _BESIDE)) == rows + _BESIDE:
                    found = "much behind them"
                    raise InputError(tiff.path, "the rows and no more", found, "replace it by an intact copy")


def _by_pillow(tiff: Tiff, compression: str) -> np.ndarray:
    """The stored values, upright; of 8 bits and fewer their zero is black."""
    with Image.open(tiff.path) as image:
        pixels = np.asarray(image)
    page = tiff.page
    if page.photometric != _PALETTE and _bits(page) in _STRETCHED:
        pixels = pixels // _STRETCHED[_bits(page)]
    stored = (*tiff.shape[:2], page.samplesperpixel)
    if (*pixels.shape, 1)[:3] != stored or pixels.dtype.newbyteorder("=") != page.dtype.newbyteorder("="):
        found = f"{compression} of {page.dtype} {tiff.series.axes}"
        raise InputError(tiff.path, "a common compression", found, "store it uncompressed") from None
    return pixels


def _bits(page: tifffile.TiffPage) -> int:
    bits = page.bitspersample
    return int(bits if np.isscalar(bits) else bits[0])
