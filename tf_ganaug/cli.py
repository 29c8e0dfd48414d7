"""The console command `tf-ganaug`; its subcommands are in `commands/`."""

from __future__ import annotations

import click

from tf_ganaug import __version__
from tf_ganaug.commands.export import export
from tf_ganaug.commands.sample import sample


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """GAN-based data augmentation for image segmentation: does it help on your data, and which kind?"""


for command in (sample, export):
    main.add_command(command)
