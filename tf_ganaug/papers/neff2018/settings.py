"""Settings of both experiments of Neff et al. 2018; the values stand in configs/neff2018*.yaml."""

from __future__ import annotations

from dataclasses import dataclass

from tf_ganaug.augment.standard import Augmentation
from tf_ganaug.experiment.settings import (
    AdamSettings,
    AugmentationSettings,
    CommonSettings,
    DataSettings,
    PatienceSettings,
)
from tf_ganaug.generators.settings import GanSettings


@dataclass
class SegmenterSettings(PatienceSettings, AdamSettings):
    """The U-Net and its training.

    `largest_component` keeps only the largest part of each predicted class; right for one organ, wrong
    where a class has several parts. `distances` measures surface distances beside the overlaps.
    """

    levels: int
    filters: int
    largest_component: bool
    distances: bool


@dataclass
class StandardAugmentationSettings(AugmentationSettings):
    """That of the rows called Aug.: the one named here, or with `searched` the best that our own search finds."""

    searched: bool

    @property
    def named(self) -> Augmentation:
        """The one named here."""
        return Augmentation(self.shift, self.scale, self.translation, self.elastic, self.flip)


@dataclass
class Settings(CommonSettings):
    """Everything that defines an experiment."""

    data: DataSettings
    gan: GanSettings
    segmenter: SegmenterSettings
    augmentation: StandardAugmentationSettings
