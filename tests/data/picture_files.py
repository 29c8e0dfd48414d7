"""Pictures of known pixels, and how a test looks at what is read of them."""

import struct
import zlib

import numpy as np

from tests.data.refusals import line_of
from tf_ganaug.data.files import read_image, read_shape

ROWS, COLUMNS = 24, 18
GREY = (np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) * 7 % 251).astype(np.uint8)
RGB = np.stack([GREY, GREY[::-1], 255 - GREY], -1)
IDS = (np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS) // 7 % 4).astype(np.uint8)
WHITE_IS_ZERO = 0


def refusal(read, path):
    """The one line with which `read` refuses the file."""
    line = line_of(read, path)
    assert line.startswith(str(path))
    return line


def assert_image(path, expected):
    image = read_image(path)
    np.testing.assert_array_equal(image, np.atleast_3d(expected))
    assert read_shape(path) == image.shape


def chunks(*pairs):
    """PNG chunks of kind and data, with their checksums."""
    whole = ((kind + data, len(data)) for kind, data in pairs)
    return b"".join(struct.pack(">I", length) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk, length in whole)
