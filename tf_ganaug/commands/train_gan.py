"""Train one GAN on a folder of data."""

from __future__ import annotations

from pathlib import Path

import click

from tf_ganaug.commands.common import input_errors
from tf_ganaug.commands.options import changes_of, data_options, question_options, request_of, subjects_option


@click.command(
    "train-gan",
    short_help="Train one GAN on your data.",
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@data_options
@subjects_option
@question_options
@click.option("--fractions", metavar="SHARE", help="Of the training subjects.  [default: 1]")
@click.option("--labels", type=click.Path(path_type=Path), help="Folder of label maps to paint (pix2pix, pix2pixhd).")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of results.")
@input_errors
def train_gan(data, labels, out, subjects_are_files, **options):
    """Train a GAN on the training subjects in DATA; the test subjects stay unseen.

    OUT holds one folder for each training, with previews of fixed latents, learning curves for TensorBoard and
    checkpoints; the last has `synthesizer/`, which `sample` and `export` take. The same command again continues where
    it stopped. `tf-ganaug run` with the same options and OUT goes on from this GAN.

    \b
    Examples:
      tf-ganaug train-gan --data DIR --gan wgan_gp --out runs/lungs
      tf-ganaug sample runs/lungs/gan-1 -n 1000 --out pairs
      tensorboard --logdir runs/lungs
    Exit status: 0 done, 2 input that cannot be used.
    """
    from tf_ganaug.question.checks import settings_of
    from tf_ganaug.question.opening import Source, open_question
    from tf_ganaug.question.use import train_gan

    settings = settings_of(options["profile"], changes_of(options))
    source = Source(request_of(data, options), labels, subjects_are_files=subjects_are_files)
    study, asked = open_question(source, settings, out)
    path, diagnosis = train_gan(study, asked)
    click.echo(diagnosis)
    click.echo(f"GAN: {path}")
