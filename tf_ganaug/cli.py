"""The console command `tf-ganaug`; its subcommands are in `commands/`."""

from __future__ import annotations

import click

from tf_ganaug import __version__
from tf_ganaug.commands.benchmark import benchmark
from tf_ganaug.commands.check_data import check_data
from tf_ganaug.commands.convert_weights import convert_weights
from tf_ganaug.commands.copies import copies
from tf_ganaug.commands.coverage import coverage
from tf_ganaug.commands.diagnose import diagnose
from tf_ganaug.commands.doctor import doctor
from tf_ganaug.commands.evaluate import evaluate
from tf_ganaug.commands.export import export
from tf_ganaug.commands.golden import golden
from tf_ganaug.commands.paper import paper
from tf_ganaug.commands.prepare_data import prepare_data
from tf_ganaug.commands.report import report
from tf_ganaug.commands.run import run
from tf_ganaug.commands.sample import sample
from tf_ganaug.commands.screen import screen
from tf_ganaug.commands.train_gan import train_gan
from tf_ganaug.commands.train_segmenter import train_segmenter


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """GAN-based data augmentation for image segmentation: does it help on your data, and which kind?"""


for command in (
    check_data,
    run,
    train_gan,
    sample,
    diagnose,
    screen,
    train_segmenter,
    evaluate,
    report,
    export,
    paper,
    prepare_data,
    convert_weights,
    benchmark,
    coverage,
    copies,
    golden,
    doctor,
):
    main.add_command(command)
