"""How bright a head without skull is in an MR magnitude image, whatever its weighting."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tf_ganaug.data.embedded.head_anatomy import Tissues
from tf_ganaug.data.embedded.solids import Waves, covered

#: The picture's side in millimetres.
FIELD = 200.0


@dataclass(frozen=True)
class MagnitudeScan:
    """How bright things are in a subject's images; white matter without noise and bias is 1.

    Attributes:
        level: stored value of white matter.
        grey, fluid, falx: brightness.
        texture: unevenness of what is diseased.
        bias: unevenness of the field.
        unevenness: of the field, as a part of the signal.
        noise: standard deviation in the real and the imaginary part.
    """

    level: float
    grey: float
    fluid: float
    falx: float
    texture: Waves
    bias: Waves
    unevenness: float
    noise: float

    def brightness(
        self,
        points: np.ndarray,
        tissues: Tissues,
        diseased: Iterable[tuple[np.ndarray, np.ndarray | float]],
        pixel: float,
    ) -> np.ndarray:
        """The signal of pixels, of which several tissues may have a part, (...).

        Args:
            points: (3, ...) of the head's frame.
            tissues: at the points.
            diseased: distance (...) and brightness of what lies over the tissues, the last in front.
            pixel: side in millimetres.
        """
        image = 1 + (self.grey - 1) * covered(tissues.grey, pixel)
        fluid = self.fluid + (self.falx - self.fluid) * covered(tissues.falx - 0.5, pixel)
        for distance, level in ((tissues.fluid, fluid), *diseased):
            image += covered(distance, pixel) * (level - image)
        return image * np.exp(self.unevenness * self.bias(points))

    def stored(self, image: np.ndarray, tissues: Tissues, rng: np.random.Generator) -> np.ndarray:
        """A signal (...) with noise as uint16: from 1 on in the brain, and 0 outside."""
        real, imaginary = self.noise * rng.standard_normal((2, *image.shape), np.float32)
        signal = np.clip(np.rint(self.level * np.hypot(image + real, imaginary)), 1, 65535)
        return np.where(tissues.brain < 0, signal, 0).astype(np.uint16)
