"""Which image sizes the networks can take."""

from __future__ import annotations

from tf_ganaug.errors import InputError


def require_power_of_two(height: int, width: int, smallest: int) -> None:
    """Raises InputError unless both are powers of two and at least `smallest`."""
    for size in (height, width):
        if size < smallest or size & (size - 1):
            raise InputError(
                f"image size {height} x {width}",
                f"powers of two of at least {smallest}",
                str(size),
                f"choose another 'size', for example {1 << max(size, smallest).bit_length() - 1}",
            )


def require_multiple(height: int, width: int, factor: int) -> None:
    """Raises InputError unless both are positive multiples of `factor`."""
    for size in (height, width):
        if size < factor or size % factor:
            raise InputError(
                f"image size {height} x {width}",
                f"multiples of {factor}",
                str(size),
                "choose another 'size' or fewer levels",
            )


def halvings(height: int, width: int, smallest: int) -> int:
    """How often both sizes can be halved before the shorter is `smallest`."""
    return (min(height, width) // smallest).bit_length() - 1
