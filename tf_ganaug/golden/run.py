"""All cases of a folder, told line by line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def run(folder: Path, tell: Callable[[str], None]) -> int:
    """Tells the verdict on every case of `folder`, and how many pass.

    It is to come before TensorFlow is imported: it turns oneDNN off, for this command alone, since training is faster
    with it. oneDNN sums in another order: differences of 1e-6 before a (leaky) ReLU can flip a unit that sits at zero,
    and one flipped unit moves a gradient by 1e-3 of its size. TensorFlow's own kernels stay at 1e-7.

    Returns:
        The exit status: 0 if all pass, else 1.

    Raises:
        InputError: if the folder holds no case.
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    from tf_ganaug.golden.check import check_folder

    cases = failed = 0
    for verdict in check_folder(folder):
        tell(verdict.line())
        cases += 1
        failed += not verdict.passed
    tell(f"{cases - failed} of {cases} cases pass")
    return 1 if failed else 0
