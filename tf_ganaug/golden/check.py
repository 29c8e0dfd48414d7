"""Holding our numbers against a golden case's, with the agreed tolerances."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from textwrap import shorten

import numpy as np

from tf_ganaug.errors import InputError
from tf_ganaug.golden import deepmedic, fcn8s, pggan, pix2pix, pix2pixhd, pspnet, spade, swd, wgan_gp
from tf_ganaug.golden.case import GoldenCase, load_case, network_of

RUNNERS = {
    "deepmedic_2d": deepmedic.run_deepmedic,
    "fcn8s": fcn8s.run_fcn8s,
    "pggan": pggan.run_networks,
    "pggan_reals": pggan.run_reals,
    "pggan_schedule": pggan.run_schedule,
    "pix2pix": pix2pix.run_pix2pix,
    "pix2pixhd_discriminator": pix2pixhd.run_discriminator,
    "pix2pixhd_global_generator": pix2pixhd.run_global_generator,
    "pix2pixhd_local_enhancer": pix2pixhd.run_local_enhancer,
    "pix2pixhd_losses": pix2pixhd.run_losses,
    "pspnet": pspnet.run_pspnet,
    "spade_discriminator": spade.run_discriminator,
    "spade_generator": spade.run_generator,
    "spade_losses": spade.run_losses,
    "spectral_norm_conv": spade.run_spectral_norm,
    "swd": swd.run_swd,
    "wgan_gp_dcgan": wgan_gp.run_dcgan,
    "wgan_gp_resnet": wgan_gp.run_resnet,
}


#: Letters of a reason that are told.
LONGEST = 400

#: In the names of outputs whose values can be small.
SMALL = ("grad", "score", "loss", "norm")


@dataclass(frozen=True)
class Verdict:
    """The outcome of one case.

    Attributes:
        case: its name.
        error: the worst error as a share of the allowed one, over all outputs; infinite where the case could not be
            compared, None where its network does not exist.
        output: the output with the worst error.
        problem: what stopped the case, where something did.
    """

    case: str
    error: float | None
    output: str = ""
    problem: str = ""

    @property
    def passed(self) -> bool:
        return self.error is not None and self.error <= 1.0

    def line(self) -> str:
        """Case, verdict and worst error or problem, for a person."""
        word = "missing" if self.error is None else "passes" if self.passed else "FAILS"
        what = self.problem or f"worst error {self.error:.3g} of the tolerance, in {self.output}"
        return f"{self.case:44s} {word:8s} {what}"


def share(name: str, golden: np.ndarray, ours: np.ndarray) -> float:
    """The error of an output as a share of the allowed one, the larger where two measures hold.

    Images, features and logits: ||ours - golden|| <= 3e-5 ||golden||, and no difference above 1e-3 max(1, largest
    value): a single pixel behind a norm of nearly nothing may differ more than the rest, and says nothing.
    Scores, losses, norms and gradients, which can be small: no difference above 1e-3 of the largest value, plus 1e-6.
    """
    golden = golden.astype(np.float64)
    difference = np.abs(ours - golden)
    most, largest = float(difference.max()), float(np.abs(golden).max())
    if any(word in name for word in SMALL):
        return most / (1e-3 * largest + 1e-6)
    # Where all of the golden numbers are 0, ours have to be.
    distance = np.linalg.norm(difference) / max(3e-5 * np.linalg.norm(golden), np.finfo(np.float64).tiny)
    return max(float(distance), most / (1e-3 * max(1.0, largest)))


def _unlike(golden: np.ndarray, ours: np.ndarray | None) -> str:
    """Why the numbers cannot be compared; empty where they can."""
    if ours is None:
        return "is not computed here"
    if ours.shape != golden.shape:
        return f"has the shape {ours.shape}, in the case {golden.shape}"
    return "" if np.all(np.isfinite(ours)) else "is not finite"


def compare(case: GoldenCase, ours: dict[str, np.ndarray]) -> Verdict:
    """The verdict on our numbers; an output that is absent, misshapen or NaN fails."""
    # The distance has a measure of its own: its random draws are not the original's.
    measure = partial(swd.share, case.outputs["std"]) if case.network == "swd" else share
    worst = Verdict(case.name, 0.0)
    for name in ["mean"] if case.network == "swd" else case.outputs:
        golden, mine = case.outputs[name], ours.get(name)
        if problem := _unlike(golden, mine):
            return Verdict(case.name, math.inf, problem=f"{name} {problem}")
        error = measure(name, golden, mine)
        if error >= worst.error:
            worst = Verdict(case.name, error, name)
    return worst


def check_case(path: Path) -> Verdict:
    """Runs the case in the JSON file `path`; whatever that raises is its verdict."""
    try:
        network = network_of(path)
        if network not in RUNNERS:
            return Verdict(path.stem, None, problem=f"no network for {network!r} in this version")
        case = load_case(path)
        return compare(case, RUNNERS[network](case))
    # A case says what it likes, and Keras and TensorFlow raise what they like: the other cases still run.
    except Exception as error:
        reason = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
        return Verdict(path.stem, math.inf, problem=shorten(reason, LONGEST))


def check_folder(folder: Path) -> Iterator[Verdict]:
    """The verdict on every case of `folder`, by name, as soon as it is known.

    Raises:
        InputError: if the folder holds no case.
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise InputError(folder, "golden cases (NAME.json with NAME.npz)", "none", "name their folder")
    yield from map(check_case, paths)
