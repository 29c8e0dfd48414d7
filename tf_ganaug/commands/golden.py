"""Hold this version's networks against numbers of the papers' own code."""

from __future__ import annotations

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
    from tf_ganaug.golden.run import run

    sys.exit(run(folder, click.echo))
