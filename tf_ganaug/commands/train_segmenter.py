"""Train segmenters on a folder of data, with or without pairs made elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from tf_ganaug.commands.common import input_errors
from tf_ganaug.commands.options import changes_of, data_options, request_of, subjects_option, training_options
from tf_ganaug.question.settings import MIXES, SEGMENTERS


@click.command(
    "train-segmenter",
    short_help="Train segmenters, with or without generated pairs.",
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@data_options
@subjects_option
@training_options
@click.option("--synthetic", type=click.Path(path_type=Path), help="Folder of generated pairs, as of `sample`.")
@click.option("--mix", type=click.Choice(MIXES), help="How these reach the segmenter.  [default: add]")
@click.option("--segmenter", type=click.Choice(SEGMENTERS), help="What learns.  [default: unet]")
@click.option("--repeats", type=int, help="Segmenters, differing in their seed.  [default: the profile's]")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of results.")
@input_errors
def train_segmenter(data, synthetic, out, subjects_are_files, **options):
    """Train segmenters on the training subjects in DATA, and measure them on its test subjects.

    With --synthetic they learn from those pairs too; pairs of a generator that has seen a test subject are refused.
    OUT holds one folder for each segmenter: the best validation's weights, learning curves and cases.csv. The same
    command again continues where it stopped.

    \b
    Examples:
      tf-ganaug train-segmenter --data DIR --segmenter unet --out runs/unet
      tf-ganaug train-segmenter --data DIR --synthetic pairs --mix pretrain --out runs/unet-gan
    Exit status: 0 done, 2 input that cannot be used.
    """
    from tf_ganaug.question.checks import settings_of
    from tf_ganaug.question.opening import Source, open_question
    from tf_ganaug.question.use import train_segmenters

    arms = [f"arms=[{'real' if synthetic is None else 'gan'}]", "gans=1"]
    settings = settings_of(options["profile"], [*arms, *changes_of(options)])
    source = Source(request_of(data, options), synthetic=synthetic, subjects_are_files=subjects_are_files)
    study, asked = open_question(source, settings, out)
    frame = train_segmenters(study, asked)
    test = frame[(frame.part == "test") & (frame.pixels_true > 0)]
    click.echo(test.groupby(["class", "repeat"]).dice.mean().unstack("repeat").to_string(float_format="{:.3f}".format))
    click.echo(f"mean Dice of test images that have the class {test.dice.mean():.3f}: {out}")
