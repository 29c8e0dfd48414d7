"""Settings of the generators, for the papers' own and for those of any data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional  # noqa: UP035  (OmegaConf reads these at run time, on Python 3.9 too)

from tf_ganaug.errors import InputError
from tf_ganaug.experiment.settings import AdamSettings, RecordSettings

#: What the critic's pairs go through.
AUGMENTS = ("none", "diff", "adaptive")


@dataclass
class AugmentedSettings:
    """`augment` changes all that a critic or discriminator sees, as in `gans.critic_augmentation`."""

    augment: str

    def __post_init__(self):
        if self.augment not in AUGMENTS:
            raise InputError("augment", f"one of {', '.join(AUGMENTS)}", self.augment, "choose one of these")


@dataclass
class PreviewedSettings(RecordSettings):
    """How often a training writes, its pictures too."""

    preview_every: int


@dataclass
class GanSettings(PreviewedSettings, AdamSettings, AugmentedSettings):
    """The WGAN-GP; `he` and `negative_slope` as in `models.dcgan`, `threshold` as in `gans.joint`.

    `batch_statistics` normalises generated pairs as in training, by those made with them, or else by frozen statistics.
    """

    dim: int
    latent_size: int
    he: bool
    negative_slope: float
    batch: int
    iterations: int
    critic_steps: int
    threshold: bool
    batch_statistics: bool
    penalty_weight: float


@dataclass
class GrowingSettings(RecordSettings, AugmentedSettings):
    """A progressive GAN; its schedule in images shown, as in `gans.pggan_schedule`.

    `minibatch` is by level, 4 x 4 first.
    """

    fmap_base: int
    fmap_max: int
    latent_size: int
    fused_scale: bool
    stable_images: int
    fade_images: int
    total_images: int
    repeats: int
    minibatch: List[int]  # noqa: UP006
    learning_rate: float
    average_decay: float


@dataclass
class PatchGanSettings(PreviewedSettings, GrowingSettings):
    """The progressive GAN of pairs; `label_channels`, one_per_class or coded, as in `gans.label_channels`."""

    label_channels: str
    noise: bool


@dataclass
class ProgressiveSettings(GrowingSettings):
    """The progressive GAN of label maps; `tick_images` is by level, as `minibatch` is."""

    round_levels: bool
    tick_images: List[int]  # noqa: UP006
    swd_images: int


@dataclass
class ScreenSettings:
    """How many label maps are drawn and which are removed, as in `quality.zscore`.

    `threshold` null finds one that removes most while at most `real_share` of the real maps would be.
    """

    maps: int
    threshold: Optional[float]
    real_share: float


@dataclass
class SpadeSettings(PreviewedSettings, AugmentedSettings):
    """SPADE; widths as in `models.spade`, `vgg19` a file of weights for the perceptual loss."""

    ngf: int
    ndf: int
    hidden: int
    upsamplings: int
    batch: int
    epochs: int
    reduced_epochs: int
    decay_epochs: int
    generator_rate: float
    discriminator_rate: float
    beta_1: float
    beta_2: float
    vgg19: Optional[str]


@dataclass
class PainterSettings(PreviewedSettings, AdamSettings, AugmentedSettings):
    """The pix2pix of a subset's slices.

    `coded` gives the label maps one channel instead of one per class. `epochs` are the candidates: the
    training ends with the last. `batch_statistics` normalises painted images as in training, or else by
    frozen statistics; `traditional` adds the traditionally augmented copies to its training pairs.
    """

    ngf: int
    ndf: int
    coded: bool
    batch: int
    jitter: bool
    traditional: bool
    epochs: List[int]  # noqa: UP006
    l1_weight: float
    batch_statistics: bool


@dataclass
class Pix2PixHdSettings(PreviewedSettings, AdamSettings, AugmentedSettings):
    """The painter of label maps, as in `models.pix2pixhd` and `gans.pix2pixhd`.

    With `enhancer` a global generator is trained at half the size for `epochs` and `decay_epochs`, and then a local
    enhancer for `enhancer_epochs`, in the first `frozen_epochs` of which only its own part learns, and as many more of
    decay. `ngf` is that of the global generator, `scales` that of its discriminator. `vgg19` is a file of weights.
    """

    enhancer: bool
    ngf: int
    ndf: int
    downsamplings: int
    blocks: int
    scales: int
    batch: int
    epochs: int
    decay_epochs: int
    enhancer_epochs: int
    frozen_epochs: int
    pool_size: int
    flip: bool
    edges: bool
    vgg19: Optional[str]
