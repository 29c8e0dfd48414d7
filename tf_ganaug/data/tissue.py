"""White matter, grey matter and CSF added to tumour maps (Foroozandeh and Eklund 2020, section 2.1).

The paper segments each subject with FAST of the FSL software. Where FSL's `fast` is on the path it is
called; otherwise dipy's TissueClassifierHMRF does the same job: a hidden Markov random field fitted by
expectation maximisation (Zhang, Brady and Smith 2001), but without FAST's correction of the bias field.

Both classify a skull-stripped T1-weighted volume, where CSF is darkest and white matter brightest, into
FAST's ids: 1 CSF, 2 grey matter, 3 white matter; 0 where the volume is 0.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tf_ganaug.data import brain
from tf_ganaug.data.voxels import read_volume
from tf_ganaug.errors import InputError

#: Stored ids of `tf_ganaug.data.brain` by FAST's ids.
BRAIN_IDS = np.array([brain.BACKGROUND, brain.CSF, brain.GREY_MATTER, brain.WHITE_MATTER], np.uint8)

#: Weight of the neighbours in dipy's random field, as in its documentation.
BETA = 0.1

#: Vessels and enhancing tumour, far brighter than tissue on T1c, would take a class of their own: dipy
#: sees intensities cut at this percentile of the brain's, which lies within white matter, a third or more
#: of a brain.
CUT = 95


class Classifier(NamedTuple):
    """A tissue classifier.

    Attributes:
        name: says in a manifest which one ran.
        classify: path of a T1-weighted NIfTI volume, 0 outside the brain, to (X, Y, Z) uint8 of FAST's
            ids, oriented like `read_volume`; raises InputError.
    """

    name: str
    classify: Callable[[Path], np.ndarray]


def find_classifier() -> Classifier:
    """FSL's FAST if `fast` is on the path, otherwise dipy's.

    Raises:
        InputError: if neither is installed.
    """
    if shutil.which("fast"):
        return Classifier("FSL fast", classify_fast)
    try:
        import dipy
    except ImportError as error:
        remedy = "install FSL or 'tf_ganaug[brats]', or leave the tissues out with --no-tissue"
        raise InputError("tissue classes", "FSL's fast on the path or the package dipy", "neither", remedy) from error
    return Classifier(f"dipy {dipy.__version__}", classify_dipy)


def add_tissue(label: np.ndarray, tissue: np.ndarray) -> np.ndarray:
    """A tumour map with tissues where it has background.

    Args:
        label: uint8, stored ids 0 to 3 of `tf_ganaug.data.brain`; any shape.
        tissue: FAST's ids, the same shape.

    Returns:
        uint8, stored ids 0 to 6.
    """
    return np.where(label == brain.BACKGROUND, BRAIN_IDS[tissue], label)


def classify_fast(path: Path) -> np.ndarray:
    """Runs FSL's FAST for a T1-weighted image and three classes; see `Classifier`.

    Its hard segmentation is taken, so partial volumes are not computed.

    Raises:
        InputError: with its last words, if it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder) / "tissue"
        command = ["fast", "-t", "1", "-n", "3", "--nopve", "-o", str(base), str(path.resolve())]
        environment = {**os.environ, "FSLOUTPUTTYPE": "NIFTI_GZ"}
        ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        result = Path(f"{base}_seg.nii.gz")
        if ran.returncode or not result.is_file():
            words = (ran.stderr or ran.stdout).strip().splitlines() or [f"exit status {ran.returncode}"]
            raise InputError(path, "a volume that FSL's fast segments", words[-1], "run fast on it by hand")
        return read_volume(result).astype(np.uint8)


def classify_dipy(path: Path) -> np.ndarray:
    """Runs dipy's TissueClassifierHMRF on the brain's bounding box; see `Classifier`.

    Raises:
        InputError: if the volume cannot be read or does not have three tissues.
    """
    volume = read_volume(path)
    brain_mask = volume > 0
    if not brain_mask.any():
        raise InputError(path, "a brain", "no value above 0", "remove the subject")
    box = _bounding_box(brain_mask)
    volume, inside = volume[box], brain_mask[box]
    classes = _fit(volume, inside)
    means = [volume[classes == tissue].mean() if (classes == tissue).any() else np.nan for tissue in (1, 2, 3)]
    if not means[0] < means[1] < means[2]:
        found = ", ".join(f"{mean:.4g}" for mean in means)
        raise InputError(path, "three tissues of rising intensity", f"means {found}", "check the volume")
    tissue = np.zeros(brain_mask.shape, np.uint8)
    tissue[box] = classes
    return tissue


def _bounding_box(mask: np.ndarray) -> tuple[slice, ...]:
    spans = []
    for axis in range(mask.ndim):
        hit = np.flatnonzero(mask.any(tuple(a for a in range(mask.ndim) if a != axis)))
        spans.append(slice(hit[0], hit[-1] + 1))
    return tuple(spans)


def _fit(volume: np.ndarray, inside: np.ndarray) -> np.ndarray:
    from dipy.segment.tissue import TissueClassifierHMRF

    # The background needs some spread, and dipy draws its own without a seed wherever it finds zeros.
    noise = np.random.default_rng(0).normal(1e-3, 1e-4, volume.shape)
    scaled = np.where(inside, np.minimum(volume / np.percentile(volume[inside], CUT), 1.0), noise)
    with np.errstate(all="ignore"):  # an empty class divides by zero; the caller refuses it
        _, classes, _ = TissueClassifierHMRF(verbose=False).classify(scaled, 3, BETA)
    # The darkest CSF may fall to the background's class.
    return np.where(inside, np.maximum(classes, 1), 0).astype(np.uint8)
