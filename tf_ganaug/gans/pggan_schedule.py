"""The progressive GAN's schedule, in real images shown (Karras 2018; Foroozandeh 2020, section 3.2).

Source: progressive_growing_of_gans train.py, TrainingSchedule, and the one-GPU preset of config.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tf_ganaug.errors import InputError

#: Published minibatches, learning rates that differ from the common one, and images per tick, by resolution.
MINIBATCH = {4: 128, 8: 128, 16: 128, 32: 64, 64: 32, 128: 16, 256: 8, 512: 4, 1024: 4}
LEARNING_RATES = {1024: 0.0015}
TICK_IMAGES = {
    4: 160_000,
    8: 140_000,
    16: 120_000,
    32: 100_000,
    64: 80_000,
    128: 60_000,
    256: 40_000,
    512: 30_000,
    1024: 20_000,
}


@dataclass(frozen=True)
class Stage:
    """What holds at one point of the schedule.

    Attributes:
        lod: level of detail, how often the full size is halved; between integers a level fades in.
        resolution: shorter side of the images, in pixels; the finer level's in a fade.
        minibatch: real images in a critic step, and fakes in either step.
        learning_rate: of both optimisers.
        tick_images: images between two looks at the results.
    """

    lod: float
    resolution: int
    minibatch: int
    learning_rate: float
    tick_images: int


@dataclass(frozen=True)
class ProgressiveSchedule:
    """From images shown to `Stage`; the defaults are the published numbers.

    Training starts at 4 pixels. Each level is held for `stable_images`, then the next fades in over
    `fade_images`; the last is held to the end.

    Attributes:
        resolution: shorter side of the full size; power of two, at least 4.
        stable_images: shown per level without fading.
        fade_images: shown while a level fades in; 0 switches at once.
        total_images: shown in all.
        repeats: pairs of critic and generator steps between two looks at the schedule.
        minibatch: by resolution.
        learning_rate: of resolutions that `learning_rates` does not name.
        learning_rates: by resolution.
        tick_images: by resolution.

    Raises:
        InputError: for numbers that make no schedule.
    """

    resolution: int
    stable_images: int = 600_000
    fade_images: int = 600_000
    total_images: int = 12_000_000
    repeats: int = 4
    minibatch: Mapping[int, int] = field(default_factory=MINIBATCH.copy)
    learning_rate: float = 1e-3
    learning_rates: Mapping[int, float] = field(default_factory=LEARNING_RATES.copy)
    tick_images: Mapping[int, int] = field(default_factory=TICK_IMAGES.copy)

    def __post_init__(self):
        if self.resolution < 4 or self.resolution & (self.resolution - 1):
            raise InputError("resolution", "a power of two of at least 4", str(self.resolution), "choose another")
        if min(self.stable_images, self.fade_images) < 0 or self.stable_images + self.fade_images == 0:
            found = f"{self.stable_images} and {self.fade_images}"
            raise InputError("stable_images and fade_images", "not below 0, one above 0", found, "mend them")
        for name in ("total_images", "repeats"):
            if getattr(self, name) < 1:
                raise InputError(name, "at least 1", str(getattr(self, name)), "mend it")
        for level in range(self.levels + 1):
            self._require_entries(4 << level)

    def _require_entries(self, resolution: int) -> None:
        for name, given in (("minibatch", self.minibatch), ("tick_images", self.tick_images)):
            if given.get(resolution, 0) < 1:
                found = str(given.get(resolution, "none"))
                raise InputError(f"{name} at {resolution} pixels", "at least 1", found, "state it")

    @property
    def levels(self) -> int:
        """How often 4 pixels are doubled to reach the full size."""
        return self.resolution.bit_length() - 3

    @property
    def minibatches(self) -> list[int]:
        """Those of all levels."""
        return [self.minibatch[4 << level] for level in range(self.levels + 1)]

    def at(self, shown: int) -> Stage:
        """What holds once `shown` real images were shown."""
        phase, into = divmod(shown, self.stable_images + self.fade_images)
        faded = max(into - self.stable_images, 0) / self.fade_images if self.fade_images else 0.0
        lod = max(self.levels - phase - faded, 0.0)
        resolution = self.resolution >> math.floor(lod)
        return Stage(
            lod=lod,
            resolution=resolution,
            minibatch=self.minibatch[resolution],
            learning_rate=self.learning_rates.get(resolution, self.learning_rate),
            tick_images=self.tick_images[resolution],
        )

    def positions(self) -> Iterator[int]:
        """Images shown at each look at the schedule, from 0 until the total is reached."""
        shown = 0
        while shown < self.total_images:
            yield shown
            shown += self.repeats * self.at(shown).minibatch

    def ticks(self) -> dict[int, int]:
        """After how many looks at the schedule the results are looked at, and images shown until then.

        As in the original, a tick is as long as the step just made says, and the end of the training ends one.
        """
        found, begun = {}, 0
        for iteration, before in enumerate(self.positions(), 1):
            stage = self.at(before)
            shown = before + self.repeats * stage.minibatch
            if shown - begun >= stage.tick_images or shown >= self.total_images:
                found[iteration] = begun = shown
        return found
