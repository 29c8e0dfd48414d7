"""Hold this version's networks against numbers of the papers' own code."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from tf_ganaug.commands.common import input_errors


@click.command(
    short_help="Run the golden cases of the authors' code.", context_settings={"help_option_names": ["-h", "--help"]}
)
@click.argument("folder", type=click.Path(path_type=Path))
@input_errors
def golden(folder: Path) -> None:
    """Run every golden case in FOLDER: the papers' networks, losses and gradients against their authors' numbers.

    A case is NAME.json, which says how weights and inputs are drawn, with NAME.npz, the outputs of the authors' code.
    Cases are the repository's tests/golden, or your own. It is meant for a CPU in float32, and runs without oneDNN
    unless TF_ENABLE_ONEDNN_OPTS=1 is set.

    \b
    Exit status: 0 all pass; 1 one fails, ends in an error or has no network here; 2 no case in FOLDER.
    Example: tf-ganaug golden tests/golden
    """
    # Before TensorFlow is imported, and for this command alone: training is faster with oneDNN. It sums in another
    # order: differences of 1e-6 before a (leaky) ReLU can flip a unit that sits at zero, and one flipped unit moves a
    # gradient by 1e-3 of its size. TensorFlow's own kernels stay at 1e-7.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    from tf_ganaug.golden.check import check_folder

    cases = failed = 0
    for verdict in check_folder(folder):
        click.echo(verdict.line())
        cases += 1
        failed += not verdict.passed
    click.echo(f"{cases - failed} of {cases} cases pass")
    sys.exit(1 if failed else 0)
