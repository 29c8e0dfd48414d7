"""Settings: one YAML file holds a paper's numbers, a profile's file only what differs, --set the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, List, Optional  # noqa: UP035  (OmegaConf reads these at run time, on Python 3.9 too)

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from tf_ganaug.errors import InputError

PROFILES = ("quick", "paper", "smoke")


@dataclass
class CommonSettings:
    """What every experiment has; `precision` as in `backend.set_precision`, `jit_compile` is XLA."""

    seed: int
    repeats: int
    folds: int
    folds_used: int
    precision: str
    deterministic: bool
    jit_compile: bool


@dataclass
class DataSettings:
    """How images reach the networks.

    Attributes:
        size: [height, width] of all networks.
        percentiles: of each image's own values, that become -1 and 1.
        subjects: of the embedded cohort.
        native_size: pixels a side of the embedded images.
    """

    size: List[int]  # noqa: UP006
    percentiles: List[float]  # noqa: UP006
    subjects: int
    native_size: int


@dataclass
class GanSettings:
    """The WGAN-GP; `he` and `negative_slope` as in `models.dcgan`, `threshold` as in `gans.joint`."""

    dim: int
    latent_size: int
    he: bool
    negative_slope: float
    batch: int
    iterations: int
    critic_steps: int
    threshold: bool
    penalty_weight: float
    learning_rate: float
    beta_1: float
    beta_2: float
    log_every: int
    preview_every: int
    checkpoint_every: int


@dataclass
class SegmenterSettings:
    """The U-Net and its training; the stopping rule as in `segment.train.Patience`.

    `largest_component` keeps only the largest part of each predicted class; right for one organ, wrong
    where a class has several parts. `distances` measures surface distances beside the overlaps.
    """

    levels: int
    filters: int
    batch: int
    largest_component: bool
    distances: bool
    learning_rate: float
    beta_1: float
    beta_2: float
    min_iterations: int
    more_iterations: int
    max_iterations: Optional[int]
    validate_every: int
    log_every: int
    checkpoint_every: int


@dataclass
class AugmentationSettings:
    """Standard augmentation of the rows called Aug., as in `augment.standard`."""

    shift: float
    scale: float
    translation: float
    elastic: float
    flip: bool


@dataclass
class SliceDataSettings(DataSettings):
    """The same for volumes cut into slices; the embedded cohort has `slices` per subject."""

    slices: int


@dataclass
class WindowedDataSettings(SliceDataSettings):
    """The same for CT: `window` is [level, width] in Hounsfield units, as in `data.ct`."""

    window: List[float]  # noqa: UP006


@dataclass
class ProgressiveSettings:
    """The progressive GAN of label maps; its schedule in images shown, as in `gans.pggan_schedule`.

    `minibatch` and `tick_images` are by level, 4 x 4 first.
    """

    fmap_base: int
    fmap_max: int
    latent_size: int
    fused_scale: bool
    round_levels: bool
    stable_images: int
    fade_images: int
    total_images: int
    repeats: int
    minibatch: List[int]  # noqa: UP006
    tick_images: List[int]  # noqa: UP006
    learning_rate: float
    average_decay: float
    swd_images: int
    log_every: int
    checkpoint_every: int


@dataclass
class ScreenSettings:
    """How many label maps are drawn and which are removed, as in `quality.zscore`.

    `threshold` null finds one that removes most while at most `real_share` of the real maps would be.
    """

    maps: int
    threshold: Optional[float]
    real_share: float


@dataclass
class SpadeSettings:
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
    log_every: int
    preview_every: int
    checkpoint_every: int


@dataclass
class EpochSettings:
    """The U-Net of weighted Dice, trained for a fixed number of epochs."""

    levels: int
    filters: int
    batch: int
    epochs: int
    learning_rate: float
    beta_1: float
    beta_2: float
    log_every: int


@dataclass
class PainterSettings:
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
    learning_rate: float
    beta_1: float
    beta_2: float
    l1_weight: float
    batch_statistics: bool
    log_every: int
    preview_every: int
    checkpoint_every: int


@dataclass
class JudgeSettings:
    """The judges of generated images: whose originals they know ("subset" or "all"), and the classifier's training.

    `filters` as in `models.googlenet`; `each` is the images of every candidate in a minibatch.
    """

    patients: str
    filters: int
    each: int
    iterations: int
    learning_rate: float
    log_every: int
    checkpoint_every: int


@dataclass
class FullyConvolutionalSettings:
    """FCN-8s and its training; widths and form as in `models.fcn8s`, `vgg16` a file of weights.

    A class counts in the loss by its pixels' share to the power of -`balance`: 0 counts all pixels alike.
    """

    filters: int
    fc_filters: int
    aligned: bool
    pool_scales: List[float]  # noqa: UP006
    vgg16: Optional[str]
    balance: float
    batch: int
    learning_rate: float
    beta_1: float
    beta_2: float
    min_iterations: int
    more_iterations: int
    max_iterations: Optional[int]
    validate_every: int
    log_every: int
    checkpoint_every: int


def configs_folder() -> Path:
    """Of the configurations: beside the package in a clone, inside it where it is installed."""
    inside = Path(__file__).resolve().parents[1] / "configs"
    return inside if inside.is_dir() else inside.parents[1] / "configs"


def load_settings(schema: type, folder: Path, paper: str, profile: str, changes: Sequence[str]) -> Any:
    """The settings of one experiment as an instance of `schema`.

    Args:
        schema: dataclass of dataclasses; every value must come from a file or a change.
        folder: holds <paper>.yaml (the paper profile) and <paper>.<profile>.yaml.
        paper: for example "neff2018".
        profile: one of `PROFILES`.
        changes: "key.key=value" each.

    Raises:
        InputError: for an unknown setting, a value of the wrong type, or a file that is no YAML.
    """
    files = [folder / f"{paper}.yaml"]
    if profile != "paper":
        files.append(folder / f"{paper}.{profile}.yaml")
    settings = OmegaConf.structured(schema)
    for file in files:
        try:
            settings = OmegaConf.merge(settings, OmegaConf.load(file))
        except (OSError, YAMLError, OmegaConfBaseException) as error:
            raise InputError(file, "settings of this version", _line(error), "mend the file") from error
    for change in changes:
        settings = _changed(settings, change)
    missing = sorted(OmegaConf.missing_keys(settings))
    if missing:
        raise InputError(files[0], "a value for every setting", f"none for {', '.join(missing)}", "add it")
    return OmegaConf.to_object(settings)


def _changed(settings: Any, change: str) -> Any:
    key, separator, _ = change.partition("=")
    if not separator:
        raise InputError(f"--set {change}", "KEY=VALUE", "no '='", "for example --set gan.iterations=500")
    try:
        return OmegaConf.merge(settings, OmegaConf.from_dotlist([change]))
    except (YAMLError, OmegaConfBaseException) as error:
        remedy = f"known settings: {', '.join(_siblings(settings, key))}"
        raise InputError(f"--set {change}", "a known setting and a value of its type", _line(error), remedy) from error


def _siblings(settings: Any, key: str) -> list[str]:
    """The settings beside `key`, or the topmost ones if there is no such group."""
    group = key.rpartition(".")[0]
    node = OmegaConf.select(settings, group) if group and group in settings else None
    return [f"{group}.{name}" for name in node] if node is not None else [str(name) for name in settings]


def _line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
