"""Choose among generated pairs."""

from __future__ import annotations

from pathlib import Path

import click

from tf_ganaug.commands.common import input_errors


@click.command(
    short_help="Copy the generated pairs that a screen keeps.",
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.argument("pairs", type=click.Path(path_type=Path))
@click.option("--run", "run", type=click.Path(path_type=Path), required=True, help="Folder of run or train-segmenter.")
@click.option("--by", type=click.Choice(["zscore", "quality"]), required=True, help="What pairs are judged by.")
@click.option("--share", type=click.FloatRange(0, 1, min_open=True), default=0.5, help="Kept at most, of all pairs.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="New folder of the pairs that stay.")
@input_errors
def screen(pairs, run, by, share, out):
    """Copy those of the generated PAIRS to OUT that a screen keeps; screen.csv in it says why.

    PAIRS is a folder of `sample`; RUN says what real pairs they are compared with, its training images.

    \b
      zscore   drops label maps far from the mean of the real ones (Foroozandeh 2020)
      quality  keeps pairs that RUN's segmenter of real images can read, as sharp as real ones (after Karki 2020)

    \b
    Example: tf-ganaug screen pairs --run runs/unet --by quality --share 0.3 --out good-pairs
    Exit status: 0 done, 2 input that cannot be used.
    """
    from tf_ganaug.question.opening import reopen
    from tf_ganaug.question.use import screen_pairs

    study, _ = reopen(run)
    table = screen_pairs(study, pairs, by, share, out)
    click.echo(f"{int(table.kept.sum())} of {len(table)} pairs: {out}")
