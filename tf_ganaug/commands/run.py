"""Ask whether GAN augmentation helps on a folder of data."""

from __future__ import annotations

from pathlib import Path

import click

from tf_ganaug.commands.common import input_errors
from tf_ganaug.commands.options import changes_of, data_options, question_options, request_of, subjects_option
from tf_ganaug.question.settings import MIXES, SCREENS, SEGMENTERS


@click.command(
    short_help="Does GAN augmentation help on your data?",
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@data_options
@subjects_option
@question_options
@click.option("--screen", type=click.Choice(SCREENS), help="How generated pairs are chosen.  [default: none]")
@click.option("--mix", type=click.Choice(MIXES), help="How they reach the segmenter.  [default: add]")
@click.option("--segmenter", type=click.Choice(SEGMENTERS), help="What learns from them.  [default: unet]")
@click.option("--fractions", help="Of the training subjects, separated by commas, such as 0.1,0.5,1.  [default: 1]")
@click.option("--arms", metavar="LIST", help="Some of real, ordinary, gan, both.  [default: all]")
@click.option("--gans", type=int, help="Generators of each kind, shared by the repeats.  [default: the profile's]")
@click.option("--repeats", type=int, help="Segmenters of each kind, differing in their seed; 5 or more are worth it.")
@click.option("--labels", type=click.Path(path_type=Path), help="Folder of label maps to paint (pix2pix, pix2pixhd).")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of results; default: runs/question-NAME.")
@click.option("--dry-run", is_flag=True, help="Print settings, data, runs, time and what they need; train nothing.")
@input_errors
def run(data, labels, out, dry_run, subjects_are_files, **options):
    """Does GAN augmentation help on your data, and by how much?

    Trains a GAN on the training subjects in DATA, draws pairs of images and labels from it, trains segmenters with and
    without them, measures these on test subjects that none has seen, and writes a report whose first line is the
    answer with its interval: report.html, report.md and tables as CSV. The same command again continues where it
    stopped.

    \b
    Arms (--arms), which see each real image equally often:
      real         real pairs alone
      ordinary     real pairs, shifted, bent, brightened and, where left and right are alike, mirrored
      gan          real and generated pairs
      both         real and generated pairs, changed as in ordinary
    Generators (--gan), one or several with commas between, or all; several are ranked:
      wgan_gp      images and labels together (Neff 2018)
      pggan_joint  the same, progressively grown (Bowles 2018)
      pggan_spade  label maps progressively grown, then painted (Foroozandeh 2020)
      pix2pix      paints given label maps (Karki 2020)
      pix2pixhd    the same, with larger networks (Liu 2019)
    Screens (--screen):
      zscore       drops label maps far from the mean of the real ones (Foroozandeh 2020)
      quality      keeps pairs that a segmenter of real images can read, as sharp as real ones (after Karki 2020)
    Mixes (--mix):
      replace      part of every minibatch is generated (Neff 2018)
      add          generated pairs are more training pairs (Bowles 2018)
      pretrain     first half generated, second half real (Liu 2019)

    Check your data first: tf-ganaug check-data DIR. docs/own-data.md tells more.

    \b
    Examples:
      tf-ganaug run --data DIR
      tf-ganaug run --data DIR --gan pix2pix --segmenter unet --repeats 5 --gans 5
      tf-ganaug run --data DIR --gan wgan_gp,pggan_joint,pix2pix --arms real,gan
      tf-ganaug run --data DIR --gan wgan_gp --mix replace --fractions 0.1,0.5,1
      tf-ganaug run --data DIR --size 128x128 --set training.iterations=2000
    Exit status: 0 done, 2 input that cannot be used.
    """
    from tf_ganaug.question import report as reports
    from tf_ganaug.question.checks import require_comparison, settings_of
    from tf_ganaug.question.opening import Source, default_folder, open_question

    out = out or default_folder(data)
    settings = settings_of(options["profile"], changes_of(options))
    require_comparison(settings)
    source = Source(request_of(data, options), labels, subjects_are_files=subjects_are_files)
    study, asked = open_question(source, settings, out)
    if dry_run:
        for line in reports.dry_run(study):
            click.echo(line)
        return
    report = reports.conduct(study, asked)
    click.echo(f"report: {report}")
