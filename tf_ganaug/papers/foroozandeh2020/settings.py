"""Settings of Foroozandeh and Eklund 2020; the values stand in configs/foroozandeh2020*.yaml."""

from __future__ import annotations

from dataclasses import dataclass

from tf_ganaug.experiment.settings import AdamSettings, CommonSettings, SliceDataSettings
from tf_ganaug.generators.settings import ProgressiveSettings, ScreenSettings, SpadeSettings


@dataclass
class EpochSettings(AdamSettings):
    """The U-Net of weighted Dice, trained for a fixed number of epochs; `truncated` as in `models.unet`."""

    levels: int
    filters: int
    truncated: bool
    batch: int
    epochs: int
    epsilon: float
    log_every: int


@dataclass
class Settings(CommonSettings):
    """Everything that defines the experiment; the values stand in configs/foroozandeh2020*.yaml.

    `classes` are those of the drawn heads: 7 as in the paper, or 3, background, brain and tumour. With `equal_steps`
    all U-Nets take the steps that the epochs over the full chain's real slices do; without, the epochs are over a row's
    own slices.
    """

    classes: int
    equal_steps: bool
    split: str
    reduced: float
    statistics: str
    data: SliceDataSettings
    pggan: ProgressiveSettings
    screen: ScreenSettings
    spade: SpadeSettings
    segmenter: EpochSettings
