"""`python -m tf_ganaug.golden DIR`: every golden case of a folder against this project's networks."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

# oneDNN sums in another order: differences of 1e-6 before a (leaky) ReLU can flip a unit that sits at
# zero, and one flipped unit moves a gradient by 1e-3 of its size. TensorFlow's own kernels stay at 1e-7.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

from tf_ganaug.errors import InputError
from tf_ganaug.golden.check import check_folder


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("folder", type=click.Path(path_type=Path))
def main(folder: Path) -> None:
    """Run every golden case in FOLDER; exit status 1 if one fails or its network does not exist."""
    try:
        verdicts = check_folder(folder)
    except InputError as error:
        click.echo(error, err=True)
        sys.exit(2)
    for verdict in verdicts:
        click.echo(verdict.line())
    failed = sum(not verdict.passed for verdict in verdicts)
    click.echo(f"{len(verdicts) - failed} of {len(verdicts)} cases pass")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
