"""Settings of the patch experiments (Bowles 2018); the values stand in configs/bowles2018*.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional  # noqa: UP035  (OmegaConf reads these at run time, on Python 3.9 too)

from tf_ganaug.experiment.settings import AdamSettings, CommonSettings, SliceDataSettings, ValidatedSettings
from tf_ganaug.generators.settings import PatchGanSettings


@dataclass
class SliceSettings(SliceDataSettings):
    """How slices are read: all are brought to `size`, [height, width], and patches are cut from that.

    `window` is [level, width] in Hounsfield units, as in `data.ct`; null normalises every stack, as in `data.wmh`.
    Images of 8 bits are taken as they are. `parts` are the shares of subjects that train, validate and test, where
    the data has no parts of its own.
    """

    window: Optional[List[float]]  # noqa: UP006
    parts: List[float]  # noqa: UP006


@dataclass
class PatchSettings:
    """The `count` patches of `size` x `size` that stand for every fraction of the data; `rotation` in degrees.

    `on_classes` is the share of them that lie on a class, as in `data.patches`.
    """

    size: int
    count: int
    rotation: float
    on_classes: float


@dataclass
class UResNetSettings(ValidatedSettings, AdamSettings):
    """UResNet, and its training by Adam."""

    filters: int
    iterations: int


@dataclass
class UNetSettings(UResNetSettings):
    """The original U-Net, likewise."""

    levels: int


@dataclass
class DeepMedicSettings(ValidatedSettings):
    """DeepMedic, and its training by its own RMSProp, whose rate is halved after each of the iterations `halvings`."""

    subsample_factors: List[int]  # noqa: UP006
    feature_maps: List[int]  # noqa: UP006
    fc_feature_maps: List[int]  # noqa: UP006
    iterations: int
    learning_rate: float
    halvings: List[int]  # noqa: UP006
    normalised: bool


@dataclass
class Settings(CommonSettings):
    """Everything that defines the experiment.

    `available` and `added` are the percentages of the tables, `sweep_available` and `sweep_added` those of Figure 2.
    `fraction_unit`, subject or slice, is what a percentage is taken of. With `redraw` every repeat has a subset and a
    GAN of its own; without it they differ in the segmenter's seed alone. With `equal_steps` all segmenters of a network
    take as many steps; without, those with synthetic patches take more, to see each real one as often.
    """

    networks: List[str]  # noqa: UP006
    available: List[int]  # noqa: UP006
    added: List[float]  # noqa: UP006
    sweep_available: List[int]  # noqa: UP006
    sweep_added: List[float]  # noqa: UP006
    fraction_unit: str
    redraw: bool
    equal_steps: bool
    data: SliceSettings
    patches: PatchSettings
    gan: PatchGanSettings
    unet: UNetSettings
    uresnet: UResNetSettings
    deepmedic: DeepMedicSettings
