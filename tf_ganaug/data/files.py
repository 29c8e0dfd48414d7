"""One image or label file to an array: PNG, TIFF, GIF, BMP, JPEG, npy, NIfTI and JSRT's headerless IMG.

A file is decoded whole or refused with an `InputError` that names it. Images are read as they are to be shown.
Labels are index values: a palette gives its indices. GIF is the exception, since its writers renumber the palette
at will: a grey palette gives the grey values (SCR's masks: 0 and 255) and a coloured one is refused.
What changes values, as JPEG does, may be an image and no label, whatever its name. Nothing is decoded before its
header is compared with the most pixels allowed.
"""

from __future__ import annotations

import os
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from tf_ganaug.data import nifti
from tf_ganaug.data.cases import LARGEST_ID
from tf_ganaug.data.containers import require_content
from tf_ganaug.data.limits import require_pixels, require_regular
from tf_ganaug.data.pictures import PICTURES, Coding, Header, decode_picture, picture_coding, picture_header
from tf_ganaug.errors import InputError

SUFFIXES = (".nii.gz", ".nii", ".hdr", *PICTURES, ".npy", ".img")
NIFTI = (".nii.gz", ".nii", ".hdr")

#: Of JSRT's images: pixels a side, and the largest of their 12-bit values.
JSRT_SIDE, JSRT_MAXIMUM = 2048, 4095


def split_name(path: Path) -> tuple[str, str]:
    """(stem, suffix in lower case); the suffix is "" if it is none of `SUFFIXES`."""
    for suffix in SUFFIXES:
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)], suffix
    return path.name, ""


def plain_name(name: str) -> str:
    """A name in Unicode's composed form (NFC), in which those that look alike are equal.

    Raises:
        InputError: for a file name that is no UTF-8, which no table could hold.
    """
    if not name.isascii():
        try:
            name.encode()
        except UnicodeEncodeError as error:
            stored, remedy = os.fsencode(name), "rename the file"
            with suppress(UnicodeDecodeError):
                stored.decode()
                remedy = "start it in a locale of UTF-8, such as LC_ALL=C.UTF-8"
            raise InputError(repr(stored), "a name in UTF-8", "another encoding", remedy) from error
    return unicodedata.normalize("NFC", name)


def read_image(path: Path, blank: bool = False) -> np.ndarray:
    """(H, W, C) in the stored type; a palette gives its colours, one channel if all of them are grey.

    Alpha is left out, and orientation marks are obeyed. A JSRT IMG is inverted, so that air is dark: 0 to 4095, uint16.

    Raises:
        InputError: if the file is missing, damaged, no 2-D picture, too large, not finite everywhere, or
            constant unless `blank` allows it.
    """
    return as_image(_decode(path, False, True), path, blank)


def read_label(path: Path) -> np.ndarray:
    """(H, W) integers as stored; floats that are whole numbers become int64.

    Raises:
        InputError: if the file is missing, damaged, no 2-D map, too large, perhaps changed by its
            compression, or holds colours or fractions.
    """
    return as_label(_decode(path, True, False), path)


def read_colours(path: Path) -> np.ndarray:
    """(H, W, 3) uint8, the colours of a label as they are to be shown.

    Raises:
        InputError: as of `read_label`; for other than 8 bits or than grey or RGB.
    """
    pixels = _decode(path, True, True)
    height, width, count = _checked(pixels.shape, path)
    if count not in (1, 3) or pixels.dtype != np.uint8:
        found = f"{count} channels of {pixels.dtype}"
        raise InputError(path, "a colour mask of 8 bits a channel", found, "store it as RGB or with a palette")
    return np.broadcast_to(pixels.reshape(height, width, count), (height, width, 3))


def read_coding(path: Path) -> Coding:
    """How a label file holds its classes, from the header.

    Raises:
        InputError: if the header is damaged, or the label lossy.
    """
    suffix = split_name(path)[1]
    with decoding(path):
        if suffix == ".npy":
            shape = open_npy(path).shape
            return Coding(shape[2] if len(shape) == 3 else 1, None)
        return picture_coding(path, suffix) if suffix in PICTURES else Coding(1, None)


def read_shape(path: Path, label: bool = False) -> tuple[int, int, int]:
    """(H, W, C) of what `read_image` returns, from the header alone; raises as `read_header`."""
    return read_header(path, label).shape


def read_header(path: Path, label: bool = False) -> Header:
    """The shape of what `read_image` returns, and how a mark turns it.

    Raises:
        InputError: if the file is missing, or its header is damaged, that of no 2-D picture, or of one too large; of a
            label, if its compression may have changed it.
    """
    suffix = split_name(path)[1]
    with decoding(path):
        if suffix == ".img":
            _check_jsrt_length(path)
            header = Header((JSRT_SIDE, JSRT_SIDE, 1))
        elif suffix in PICTURES:
            header = picture_header(path, suffix, label)
        elif suffix == ".npy":
            header = Header(open_npy(path).shape)
        else:
            header = Header(nifti.picture_shape(path))
        header = header._replace(shape=_checked(header.shape, path))
    require_pixels(path, header.shape[:2])
    return header


def as_image(pixels: np.ndarray, where: str | os.PathLike, blank: bool = False) -> np.ndarray:
    """(H, W) or (H, W, C) to (H, W, C), a copy in the machine's byte order; `where` is for the error.

    Raises:
        InputError: if it has another shape, holds no real numbers, is not finite, or is constant unless
            `blank` allows it.
    """
    pixels = _own(pixels, where).reshape(_checked(pixels.shape, where))
    low, high = pixels.min(), pixels.max()
    if pixels.dtype.kind == "f" and not max(-low, high) <= np.finfo(np.float32).max:  # NaN compares as neither
        count = int((~np.isfinite(pixels)).sum())
        found = f"{count} NaN or infinite" if count else f"values up to {max(-low, high):g}"
        raise InputError(where, "finite values", found, "mend or remove the image")
    if not blank and low == high:
        remedy = "remove the image, or state 'keep_blank: true' in dataset.yaml"
        raise InputError(where, "a picture", f"{pixels.flat[0]} everywhere", remedy)
    return pixels


def as_label(pixels: np.ndarray, where: str | os.PathLike) -> np.ndarray:
    """(H, W) or (H, W, 1) to (H, W) integers, a copy; `where` is for the error. So is grey stored as (H, W, 3).

    Raises:
        InputError: if it has another shape or values that are no whole numbers, or no ids.
    """
    height, width, channels = _checked(pixels.shape, where)
    if channels == 3 and (pixels == pixels[..., :1]).all():
        pixels, channels = pixels[..., 0], 1
    if channels != 1:
        remedy = (
            "state 'colours' in dataset.yaml, for which check-data lists them, or store one class id for each colour "
            "(volumes: state slice_axis)"
        )
        raise InputError(where, "a label of one channel", f"{channels} channels", remedy)
    pixels = _own(pixels, where).reshape(height, width)
    if pixels.dtype.kind == "f":
        _refuse_ids(pixels != np.rint(pixels), pixels, "whole numbers as class ids", where)  # NaN differs too
    if pixels.dtype.kind == "f" or pixels.dtype == np.uint64:
        _refuse_ids(abs(pixels) > LARGEST_ID, pixels, f"class ids up to {LARGEST_ID}", where)
        pixels = pixels.astype(np.int64)
    return pixels


def _refuse_ids(wrong: np.ndarray, pixels: np.ndarray, expected: str, where: str | os.PathLike) -> None:
    if wrong.any():
        raise InputError(where, expected, f"values such as {pixels[wrong][0]}", "store the class ids")


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """What is raised inside becomes an `InputError` that names the file.

    Raises:
        InputError: if the file is missing or damaged.
    """
    # Given damaged bytes, the decoders raise almost any exception, and warn besides.
    require_regular(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except InputError:
        raise
    except PermissionError as error:
        raise InputError(path, "a file that may be read", "no permission", "change its permissions") from error
    except MemoryError as error:
        raise InputError(path, "a file that the memory holds", "none left", "cut it into smaller files") from error
    except Exception as error:
        kind = split_name(path)[1].lstrip(".")
        found = f"{type(error).__name__}: {str(error)[:150]}"
        raise InputError(path, f"a whole {kind} file", found, "replace it by an intact copy") from error


def _decode(path: Path, label: bool, colours: bool) -> np.ndarray:
    suffix = split_name(path)[1]
    if suffix not in SUFFIXES:
        raise InputError(path, f"a file ending in one of {', '.join(SUFFIXES)}", path.name, "convert it")
    read_header(path, label)
    with decoding(path):
        if suffix in PICTURES:
            return decode_picture(path, suffix, label, colours)
        if suffix == ".npy":
            return open_npy(path)
        return _jsrt(path) if suffix == ".img" else nifti.picture(path)


def open_npy(path: Path) -> np.ndarray:
    """An array that is read where it is looked at."""
    require_content(path, ".npy", label=False)
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        if "Python objects" not in str(error):
            raise
        found, remedy = "Python objects, which are programs and never loaded", "save the numbers themselves"
        raise InputError(path, "an array of numbers", found, remedy) from error


def _jsrt(path: Path) -> np.ndarray:
    _check_jsrt_length(path)
    stored = np.fromfile(path, ">u2").reshape(JSRT_SIDE, JSRT_SIDE)
    if (stored > JSRT_MAXIMUM).mean() > 0.01:
        found = f"values up to {stored.max()}"
        raise InputError(path, "12-bit values, high byte first", found, "use the file as JSRT gives it")
    return (JSRT_MAXIMUM - np.minimum(stored, JSRT_MAXIMUM)).astype(np.uint16)


def _check_jsrt_length(path: Path) -> None:
    length, expected = path.stat().st_size, 2 * JSRT_SIDE**2
    if length != expected:
        wanted = f"{expected} bytes ({JSRT_SIDE} x {JSRT_SIDE} of 16 bits)"
        raise InputError(path, wanted, f"{length}", "copy the file again")


def _checked(shape: tuple[int, ...], where: str | os.PathLike) -> tuple[int, int, int]:
    if len(shape) not in (2, 3) or 0 in shape:
        raise InputError(where, "shape (H, W) or (H, W, C)", f"{tuple(shape)}", "store one picture per file")
    return (*shape, 1)[:3]


def _own(pixels: np.ndarray, where: str | os.PathLike) -> np.ndarray:
    if pixels.dtype.kind not in "buif":
        raise InputError(where, "real numbers", f"{pixels.dtype}", "convert the file")
    kind = np.uint8 if pixels.dtype.kind == "b" else pixels.dtype.newbyteorder("=")
    return np.array(pixels, kind, order="C")
