"""The settings of a question, and which of them make no sense together."""

from __future__ import annotations

from collections.abc import Sequence

from tf_ganaug.errors import InputError
from tf_ganaug.experiment.settings import PROFILES, configs_folder, load_settings, require_counts
from tf_ganaug.question.change import ARMS, EFFECTS
from tf_ganaug.question.networks import factor
from tf_ganaug.question.settings import CONDITIONAL, GANS, MIXES, SCREENS, SEGMENTERS, Settings

#: Fewest images in PSPNet's minibatches: its batch norm of a 1 x 1 map needs them.
PSPNET_BATCH = 4


def settings_of(profile: str, changes: Sequence[str]) -> Settings:
    """A profile's settings with changes, "key=value" each.

    Raises:
        InputError: for unknown settings, or such as make no sense together.
    """
    if profile not in PROFILES:
        raise InputError("profile", f"one of {', '.join(PROFILES)}", profile, "choose one of these")
    settings = load_settings(Settings, configs_folder(), "question", profile, changes)
    check(settings)
    return settings


def check(s: Settings) -> None:
    """Refuses what does not exist or makes no sense together; docs/run.md lists it.

    Raises:
        InputError: with the reason.
    """
    _check_names(s)
    if not s.fractions or not all(0 < fraction <= 1 for fraction in s.fractions):
        raise InputError("--fractions", "numbers above 0, at most 1", str(s.fractions), "for example 0.1,0.5,1")
    require_counts(s)
    if (s.folds, s.folds_used) != (1, 1):
        remedy = "run again with another --seed, which tests other subjects"
        raise InputError("--set folds", "1: subjects are parted once", str(s.folds), remedy)
    if len(s.data.parts) != 3 or min(s.data.parts) <= 0 or abs(sum(s.data.parts) - 1) > 1e-6:
        raise InputError(
            "data.parts", "three shares above 0 of sum 1", str(s.data.parts), "for example [0.6,0.15,0.25]"
        )
    if s.pool.amount <= 0:
        raise InputError("pool.amount", "above 0", str(s.pool.amount), "the arm without generated pairs is always made")
    if s.screen != "none" and s.pool.oversample < 1:
        raise InputError("pool.oversample", "at least 1", str(s.pool.oversample), "mend it")
    if s.segmenter == "pspnet" and s.training.batch < PSPNET_BATCH:
        expected, found = f"at least {PSPNET_BATCH} for pspnet", str(s.training.batch)
        raise InputError("training.batch", expected, found, "its 1 x 1 batch norm erases a smaller minibatch")
    if s.mix == "replace" and s.training.batch < 2:
        raise InputError("training.batch", "at least 2 with --mix replace", "1", "both kinds share a minibatch")
    _check_frame(s)


def _check_names(s: Settings) -> None:
    """Refuses kinds and arms that do not exist, and numbers of GANs that no repeats can share."""
    for kind in s.kinds:
        if kind not in GANS:
            raise InputError(
                "--gan", f"all, or some of {', '.join(GANS)}, with commas between", kind, "choose of these"
            )
    chosen = {"screen": SCREENS, "mix": MIXES, "segmenter": SEGMENTERS}
    for name, offered in chosen.items():
        value = getattr(s, name)
        if value not in offered:
            raise InputError(f"--{name}", f"one of {', '.join(offered)}", value, "choose one of these")
    unknown = [arm for arm in s.arms if arm not in ARMS]
    if unknown or not s.arms or len(set(s.arms)) < len(s.arms):
        found = ",".join(s.arms) or "none"
        raise InputError("--arms", f"some of {', '.join(ARMS)}, each once", found, "for example real,gan")
    if s.gans is not None and not 1 <= s.gans <= s.repeats:
        expected = f"1 to {s.repeats}, the number of repeats"
        raise InputError("--gans", expected, str(s.gans), "name another, or more --repeats")


def comparable(arms: Sequence[str]) -> bool:
    """Whether two of the arms differ in one thing, so that a question is answered."""
    return any(set(arms).issuperset(pair) for pair in EFFECTS)


def require_comparison(s: Settings) -> None:
    """Checks that the arms of a question answer it: that two of them differ in one thing.

    Raises:
        InputError: if they do not.
    """
    if not comparable(s.arms):
        pairs = " or ".join(",".join(pair) for pair in EFFECTS)
        raise InputError("--arms", f"{pairs} among them", ",".join(s.arms), "add what these are compared with")


def _check_frame(s: Settings) -> None:
    """Refuses frames that the GAN or the segmenter cannot have."""
    if len(s.data.size) != 2:
        raise InputError("--size", "height and width", str(s.data.size), "for example 64 or 64x128")
    height, width = s.data.size
    found, remedy = f"{height} x {width}", "choose such a frame: images are padded into it"
    doubling = [kind for kind in s.kinds if kind not in CONDITIONAL]
    if "pggan_spade" in s.kinds and height != width:
        raise InputError("--size", "equal sides for pggan_spade", found, remedy)
    if doubling and any(side < 16 or side & (side - 1) for side in (height, width)):
        raise InputError("--size", f"powers of two of at least 16 for {doubling[0]}", found, remedy)
    needed = max(factor(s), 16)
    if any(side % needed for side in (height, width)):
        raise InputError("--size", f"multiples of {needed} for {s.segmenter}", found, remedy)
