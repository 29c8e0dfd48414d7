"""Settings of the recombination experiment (Liu 2019); the values stand in configs/liu2019*.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional  # noqa: UP035  (OmegaConf reads these at run time, on Python 3.9 too)

from tf_ganaug.experiment.settings import CommonSettings, DataSettings, ValidatedSettings
from tf_ganaug.generators.settings import Pix2PixHdSettings


@dataclass
class MapSettings:
    """What is recombined: classes by name.

    `single` is overlaid alone, `several` together; null has them chosen by how rare they are, `several` as the
    first `raised` of those. `base` are the classes under a reconstruction, the first lowest.
    """

    single: Optional[str]
    several: Optional[List[str]]  # noqa: UP006
    raised: int
    base: List[str]  # noqa: UP006
    reconstructions: int


@dataclass
class StyleSettings:
    """Style transfer: by optimisation on VGG-19 features with `vgg19`, a file of weights; by statistics without.

    `style_weight` against 1 for the content; the statistics have no setting.
    """

    vgg19: Optional[str]
    iterations: int
    learning_rate: float
    style_weight: float


@dataclass
class PspNetSettings(ValidatedSettings):
    """PSPNet and its training: `epochs` over originals, `pretraining_epochs` over supplementary images.

    `imagenet` is a file of the backbone's weights. `rotation` (degrees) and `zoom` (factor) are those of the
    traditional augmentation.
    """

    layers: int
    filters: int
    imagenet: Optional[str]
    epochs: int
    pretraining_epochs: int
    learning_rate: float
    momentum: float
    weight_decay: float
    power: float
    rotation: float
    zoom: float


@dataclass
class Settings(CommonSettings):
    """Everything that defines the experiment.

    `order` is "sequential" (supplementary images first, then originals) or "mixed"; `share` is supplementary /
    all, and `shares` those of the sweep. With `validation_trains` the validation images train too: PSPNets keep their
    last weights, so that they choose none.
    """

    order: str
    share: float
    shares: List[float]  # noqa: UP006
    validation_trains: bool
    data: DataSettings
    painter: Pix2PixHdSettings
    maps: MapSettings
    style: StyleSettings
    segmenter: PspNetSettings
