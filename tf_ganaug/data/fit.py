"""Where an image of other proportions lies in a network's frame: one scale for both axes, then padding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Window:
    """The part of a frame that an image fills; the rest is padding.

    Attributes:
        top: first row of the image.
        left: its first column.
        height: rows of the image.
        width: its columns.
    """

    top: int
    left: int
    height: int
    width: int

    @classmethod
    def of(cls, height: int, width: int, frame_height: int, frame_width: int) -> Window:
        """The largest window of an image's proportions, in the middle of the frame; at least one pixel each way."""
        scale = min(frame_height / height, frame_width / width)
        rows = min(frame_height, max(1, round(height * scale)))
        columns = min(frame_width, max(1, round(width * scale)))
        return cls((frame_height - rows) // 2, (frame_width - columns) // 2, rows, columns)

    def cut(self, frame: np.ndarray) -> np.ndarray:
        """What a frame (H, W, ...) shows of the image, (height, width, ...)."""
        return frame[self.top : self.top + self.height, self.left : self.left + self.width]

    def pad(self, image: np.ndarray, frame_height: int, frame_width: int, value: ArrayLike) -> np.ndarray:
        """An image (height, width, ...) in a frame of `value`, one or one for each channel, in its own type."""
        frame = np.full((frame_height, frame_width, *image.shape[2:]), value, image.dtype)
        self.cut(frame)[...] = image
        return frame
