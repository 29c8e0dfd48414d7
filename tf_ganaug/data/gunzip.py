"""What a gzip file unfolds to, a piece at a time, with its checksums.

Python's own reader goes through names and padding byte by byte, and through any number of empty members.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

#: Bytes that are read at once, and unfolded at once.
_READ, PIECE = 1 << 16, 1 << 22

#: Members that a file may have, and bytes of content for each more: bgzip makes one of every 64 kB.
_MEMBERS, _CONTENT = 1000, 1024

#: What zlib calls gzip's format.
_GZIP = 16 + zlib.MAX_WBITS


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """The content of all members, at most `PIECE` bytes at a time; zeros between and behind members are padding.

    Raises:
        EOFError: if the file ends early.
        ValueError: for a wrong checksum, other content behind a member, or members without end.
    """
    unfold, data, begun, members, total = zlib.decompressobj(_GZIP), b"", False, 0, 0
    while data := data or file.read(_READ):
        data = data if begun else data.lstrip(b"\0")
        begun |= bool(data)
        try:
            piece = unfold.decompress(data, PIECE)
        except zlib.error as error:
            raise ValueError(f"gzip: {error}") from error
        total += len(piece)
        if piece:
            yield piece
        data = unfold.unconsumed_tail
        if unfold.eof:
            members, data, begun = members + 1, unfold.unused_data, False
            if members > _MEMBERS + total // _CONTENT:
                raise ValueError("gzip: members without content")
            unfold = zlib.decompressobj(_GZIP)
    if begun or not members:
        raise EOFError("gzip: the file ends early")
