"""What a PNG's chunks say before its pixels are decoded, and that all of them are there."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tf_ganaug.errors import InputError

#: Of a pixel of each colour type (grey, RGB, palette, grey with alpha, RGBA).
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}

#: Those with alpha.
_ALPHA = (4, 6)

#: First column and row, and the steps between them, of the passes of an interlaced picture.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))

#: Chunks that may hold an orientation mark.
_MARKS = (b"eXIf", b"tEXt", b"zTXt", b"iTXt")

#: Chunks of pixels, which are 8 kB at least as programs write them, and all others that a file may have.
_MOST_DATA, _MOST_OTHERS = 1 << 18, 1 << 12

#: Bytes that are unfolded at a time.
_BLOCK = 2**20


class PngHeader(NamedTuple):
    """The fields of IHDR that reading depends on; `kind` is the colour type."""

    width: int
    height: int
    depth: int
    kind: int
    interlaced: bool

    @property
    def channels(self) -> int:
        """Without alpha."""
        return _SAMPLES[self.kind] - (self.kind in _ALPHA)

    @property
    def unfolded(self) -> int:
        """Bytes of all rows before they are compressed."""
        passes = _PASSES if self.interlaced else ((0, 0, 1, 1),)
        sizes = [(-(-(self.width - x) // dx), -(-(self.height - y) // dy)) for x, y, dx, dy in passes]
        bits = self.depth * _SAMPLES[self.kind]
        return sum(rows * (1 + -(-columns * bits // 8)) for columns, rows in sizes if columns > 0 and rows > 0)


def read_header(path: Path) -> PngHeader:
    """Of a file that begins as a PNG.

    Raises:
        InputError: for the form that iOS tools make, which is no PNG to others.
    """
    with path.open("rb") as file:
        file.seek(8)
        length, chunk = struct.unpack(">I4s", file.read(8))
        if chunk == b"CgBI":
            remedy = "convert it, for example with pngcrush -revert-iphone-optimizations"
            raise InputError(path, "a PNG", "one optimised for iOS (CgBI)", remedy)
        if (length, chunk) != (13, b"IHDR"):
            raise ValueError("no header")
        width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", file.read(13))
        file.seek(8)
        for chunk, length in _chunks(file):  # Pillow looks at all before the pixels
            if chunk == b"IDAT":
                break
            file.seek(length + 4, 1)
    return PngHeader(width, height, depth, kind, bool(interlaced))


def late_mark(path: Path) -> bool:
    """Whether an orientation mark may stand behind the pixels, where a header's reader does not look."""
    with path.open("rb") as file:
        file.seek(8)
        seen = False
        for chunk, length in _chunks(file):
            if seen and chunk in _MARKS:
                return True
            seen |= chunk == b"IDAT"
            file.seek(length + 4, 1)
    return False


def require_whole(path: Path, header: PngHeader) -> None:
    """Reads all chunks once: their checksums, and that the pixels are as many as the header says.

    Raises:
        InputError: if rows are missing.
        ValueError: if a checksum is wrong or the file ends early.
    """
    unfold, unfolded = zlib.decompressobj(), 0
    with path.open("rb") as file:
        file.seek(8)
        for chunk, length in _chunks(file):
            checksum = zlib.crc32(chunk)
            for data in _blocks(file, length):
                checksum = zlib.crc32(data, checksum)
                while chunk == b"IDAT" and data and unfolded < header.unfolded:
                    unfolded += len(unfold.decompress(data, _BLOCK))
                    data = unfold.unconsumed_tail
            if checksum != struct.unpack(">I", file.read(4))[0]:
                raise ValueError(f"wrong checksum of chunk {chunk.decode('latin-1')}")
    if unfolded < header.unfolded:
        unfolded += len(unfold.flush())  # of what lies behind the pixels, it would unfold all
    if unfolded < header.unfolded:
        found = f"data of {unfolded / header.unfolded:.0%} of them"
        raise InputError(path, f"all {header.height} rows of its header", found, "replace it by an intact copy")


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Kind and length of each chunk, the file standing at its data; who takes one reads or skips to its end."""
    chunk, data, others = b"", 0, 0
    while chunk != b"IEND":
        length, chunk = struct.unpack(">I4s", file.read(8))
        data, others = data + (chunk == b"IDAT"), others + (chunk != b"IDAT")
        if data > _MOST_DATA or others > _MOST_OTHERS:
            raise ValueError("chunks without end")
        yield chunk, length


def _blocks(file: BinaryIO, length: int) -> Iterator[bytes]:
    while length:
        data = file.read(min(length, _BLOCK))
        if not data:
            raise ValueError("the file ends early")
        length -= len(data)
        yield data
