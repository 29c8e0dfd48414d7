"""Settings of Karki et al. 2020; the values stand in configs/karki2020*.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional  # noqa: UP035  (OmegaConf reads these at run time, on Python 3.9 too)

from tf_ganaug.experiment.settings import (
    AdamSettings,
    CommonSettings,
    PatienceSettings,
    RecordSettings,
    SliceDataSettings,
)
from tf_ganaug.generators.settings import PainterSettings


@dataclass
class WindowedDataSettings(SliceDataSettings):
    """How slices are read; `window` is [level, width] in Hounsfield units, as in `data.ct`."""

    window: List[float]  # noqa: UP006


@dataclass
class JudgeSettings(RecordSettings):
    """The judges of generated images.

    `reader` is whose originals the segmenter that reads them has learnt: those of the arm's patients, "subset", or of
    "all" training patients. `masks` is what the candidates paint to be judged: the "training" masks of the arm, or the
    "validation" masks, which neither pix2pix nor the reader has learnt from. The classifier learns originals and
    painted images of the same masks. `filters` as in `models.googlenet`; `each` is the images of every candidate in a
    minibatch.
    """

    reader: str
    masks: str
    filters: int
    each: int
    iterations: int
    learning_rate: float


@dataclass
class FullyConvolutionalSettings(PatienceSettings, AdamSettings):
    """FCN-8s and its training; widths and form as in `models.fcn8s`, `vgg16` a file of weights, or "random".

    `pool_scales` suit VGG-16's activations; with random weights they are 1.
    A class counts in the loss by its pixels' share to the power of -`balance`: 0 counts all pixels alike.
    """

    filters: int
    fc_filters: int
    aligned: bool
    pool_scales: List[float]  # noqa: UP006
    vgg16: Optional[str]
    balance: float


@dataclass
class Settings(CommonSettings):
    """Everything that defines the experiment; the values stand in configs/karki2020*.yaml.

    With `equal_steps` all FCN-8s take as many steps; without, those with more than the original slices take more, to
    see each original as often.
    """

    shares: List[float]  # noqa: UP006
    equal_steps: bool
    data: WindowedDataSettings
    painter: PainterSettings
    judge: JudgeSettings
    segmenter: FullyConvolutionalSettings
