"""Settings of both experiments of Neff et al. 2018; the values stand in configs/neff2018*.yaml."""

from __future__ import annotations

from dataclasses import dataclass

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
class Settings(CommonSettings):
    """Everything that defines an experiment; `augmentation` is that of the rows called Aug."""

    data: DataSettings
    gan: GanSettings
    segmenter: SegmenterSettings
    augmentation: AugmentationSettings
