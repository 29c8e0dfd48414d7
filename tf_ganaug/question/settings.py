"""Settings of a question on any data; the values stand in configs/question*.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional  # noqa: UP035  (OmegaConf reads these at run time, on Python 3.9 too)

from tf_ganaug.experiment.settings import AugmentationSettings, CommonSettings, FrameSettings, ValidatedSettings
from tf_ganaug.generators.settings import (
    GanSettings,
    PainterSettings,
    PatchGanSettings,
    Pix2PixHdSettings,
    ProgressiveSettings,
    SpadeSettings,
)

#: Kinds of generators; the last three paint label maps, of which the first draws its own.
GANS = ("wgan_gp", "pggan_joint", "pggan_spade", "pix2pix", "pix2pixhd")

#: Those that paint label maps they are given.
CONDITIONAL = ("pix2pix", "pix2pixhd")

#: Groups of settings that train a generator.
TRAINED = ("wgan_gp", "pggan_joint", "pggan_maps", "spade", "pix2pix", "pix2pixhd")

#: How generated pairs are chosen.
SCREENS = ("none", "zscore", "quality")

#: How they reach the segmenter.
MIXES = ("replace", "add", "pretrain")

SEGMENTERS = ("unet_neff", "unet", "unet_weighted_dice", "uresnet", "deepmedic", "fcn8s", "pspnet")


@dataclass
class PartedSettings(FrameSettings):
    """How images reach the networks: with one scale for both axes.

    `parts` are the shares of subjects that train, validate and test, where the data have no parts of their own.
    """

    parts: List[float]  # noqa: UP006


@dataclass
class PoolSettings:
    """The generated pairs: `amount` for each real pair, from `oversample` times as many where a screen chooses.

    `real_share` of the real label maps may be lost to the z-score screen; `quality_share` of the pairs are kept by
    the quality screen. `swd_images` measure the sliced Wasserstein distance. `features` is a Keras
    model (.keras) by whose maps pairs are compared; null is the segmenter of real images.
    """

    amount: float
    oversample: float
    real_share: float
    quality_share: float
    swd_images: int
    features: Optional[str]


@dataclass
class TrainingSettings(ValidatedSettings):
    """Of every segmenter. The best validation's weights are kept.

    `iterations` are those of the arms of real images. Arms with generated pairs take as many more as let them see each
    real image as often, or with `equal_steps` as many.
    """

    iterations: int
    equal_steps: bool


@dataclass
class RateSettings:
    """Learning rates of the segmenters."""

    unet_neff: float
    unet: float
    unet_weighted_dice: float
    uresnet: float
    deepmedic: float
    fcn8s: float
    pspnet: float


@dataclass
class WidthSettings:
    """Filters of the segmenters' first layers, and levels or layers where the network has a choice."""

    unet_neff: int
    unet_neff_levels: int
    unet: int
    unet_levels: int
    unet_weighted_dice: int
    unet_weighted_dice_levels: int
    uresnet: int
    deepmedic: List[int]  # noqa: UP006
    deepmedic_fc: List[int]  # noqa: UP006
    fcn8s: int
    fcn8s_fc: int
    pspnet: int
    pspnet_layers: int


@dataclass
class Settings(CommonSettings):
    """Everything that defines a question: does this GAN help this segmenter on these data?

    `gan` is a kind, several kinds with commas between, or "all". Each kind is trained `gans` times, with a seed of its
    own each, and the repeats take these by turns; null is a GAN for each repeat. `arms` are compared.
    `fractions` of the training subjects are asked about. Label-conditional GANs train for their epochs, but for no
    more than `most_gan_iterations`.
    """

    profile: str
    gan: str
    gans: Optional[int]
    arms: List[str]  # noqa: UP006
    screen: str
    mix: str
    segmenter: str
    fractions: List[float]  # noqa: UP006
    data: PartedSettings
    pool: PoolSettings
    augmentation: AugmentationSettings
    training: TrainingSettings
    rate: RateSettings
    width: WidthSettings
    most_gan_iterations: Optional[int]
    wgan_gp: GanSettings
    pggan_joint: PatchGanSettings
    pggan_maps: ProgressiveSettings
    spade: SpadeSettings
    pix2pix: PainterSettings
    pix2pixhd: Pix2PixHdSettings

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of GAN, in the order asked for."""
        return GANS if self.gan == "all" else tuple(dict.fromkeys(self.gan.split(",")))
