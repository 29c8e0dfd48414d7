"""Holding our numbers against a golden case's, with the agreed tolerances."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class Verdict:
    """The outcome of one case.

    Attributes:
        case: its name.
        error: the worst error as a share of the allowed one, over all outputs; None if missing.
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
        """Case, worst error and verdict, for a person."""
        if self.error is None:
            return f"{self.case:44s} missing  {self.problem}"
        word = "passes" if self.passed else "FAILS"
        return f"{self.case:44s} {word:8s} worst error {self.error:.3g} of the tolerance, in {self.output}"


def tolerance(name: str, golden: np.ndarray) -> float:
    """The largest allowed absolute difference.

    Images, features and logits: 1e-4 max(1, largest value). Scores, losses, norms and gradients,
    which can be small: 1e-3 of the largest value, plus 1e-6.
    """
    largest = float(np.max(np.abs(golden)))
    small = ("grad", "score", "loss", "norm")
    if any(word in name for word in small):
        return 1e-3 * largest + 1e-6
    return 1e-4 * max(1.0, largest)


def tolerances(case: GoldenCase) -> dict[str, float | np.ndarray]:
    """What is compared, and how far it may differ; where a case's note says so, by another measure."""
    if case.network == "swd":
        return swd.tolerances(case)
    return {name: tolerance(name, golden) for name, golden in case.outputs.items()}


def compare(case: GoldenCase, ours: dict[str, np.ndarray]) -> Verdict:
    """The verdict on our numbers; an output that is absent, misshapen or NaN fails."""
    worst = Verdict(case.name, 0.0)
    for name, allowed in tolerances(case).items():
        golden, mine = case.outputs[name], ours.get(name)
        if mine is None or mine.shape != golden.shape or not np.all(np.isfinite(mine)):
            return Verdict(case.name, float("inf"), name)
        error = float(np.max(np.abs(mine - golden) / allowed))
        if error >= worst.error:
            worst = Verdict(case.name, error, name)
    return worst


def check_case(path: Path) -> Verdict:
    """Runs the case in the JSON file `path`."""
    network = network_of(path)
    if network not in RUNNERS:
        return Verdict(path.stem, None, problem=f"no network for {network!r} in this version")
    case = load_case(path)
    return compare(case, RUNNERS[network](case))


def check_folder(folder: Path) -> list[Verdict]:
    """The verdicts on every case of `folder`, by name.

    Raises:
        InputError: if the folder holds no case.
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise InputError(folder, "golden cases (NAME.json with NAME.npz)", "none", "name their folder")
    return [check_case(path) for path in paths]
