"""What a file holds, by its first bytes and whatever its name."""

from __future__ import annotations

from pathlib import Path

from tf_ganaug.errors import InputError

#: Container to the place and the choice of bytes that begin it.
_SIGNATURES = {
    "PNG": (0, (b"\x89PNG\r\n\x1a\n",)),
    "JPEG": (0, (b"\xff\xd8\xff",)),
    "TIFF": (0, (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    "GIF": (0, (b"GIF87a", b"GIF89a")),
    "BMP": (0, (b"BM",)),
    "npy": (0, (b"\x93NUMPY",)),
    "JPEG 2000": (0, (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")),
    "WebP": (8, (b"WEBP",)),
    "HEIF or AVIF": (4, (b"ftyp",)),
    "DICOM": (128, (b"DICM",)),
    "gzip": (0, (b"\x1f\x8b",)),
    "ZIP": (0, (b"PK\x03\x04",)),
    "PDF": (0, (b"%PDF",)),
}

#: Suffix to the container that it names.
_NAMED = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".npy": "npy",
}

#: What changes the values that it stores, or may.
LOSSY = ("JPEG", "JPEG 2000", "WebP", "HEIF or AVIF")


def content_of(path: Path) -> str:
    """The container of a file's content, "" if it is none that is known here."""
    with path.open("rb") as file:
        start = file.read(132)
    return next(
        (name for name, (at, signatures) in _SIGNATURES.items() if start[at:].startswith(signatures)),
        "",
    )


def regain(content: str) -> str:
    """What to do about a label that is stored with loss."""
    return f"give the label as it was before {content}, or cut a mask of two values at their middle, and save it as PNG"


def require_content(path: Path, suffix: str, label: bool) -> None:
    """Checks that a file is what its suffix says, and a label one that keeps its values.

    Raises:
        InputError: if it is not, naming what it is where that is known.
    """
    named, content = _NAMED.get(suffix, ""), content_of(path)
    if label and content in LOSSY:
        found = content if content == named else f"{content} under the name {suffix}"
        remedy = regain(content)
        raise InputError(path, "a label stored without loss", f"{found}, which changes class ids", remedy)
    if not content and named:
        raise InputError(path, f"a whole {suffix[1:]} file", f"no {named} signature", "replace it by an intact copy")
    if named and content != named:
        readable = next((s for s, name in _NAMED.items() if name == content), None)
        remedy = f"rename it to {path.name[: -len(suffix)]}{readable}" if readable else "convert it to PNG"
        raise InputError(path, f"{named} content under the name {suffix}", content, remedy)
