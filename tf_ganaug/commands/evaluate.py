"""Measure trained segmenters on other data."""

from __future__ import annotations

from pathlib import Path

import click

from tf_ganaug.commands.common import input_errors
from tf_ganaug.commands.options import data_options, request_of


@click.command(
    short_help="Measure finished segmenters on other data.",
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.argument("run", type=click.Path(path_type=Path))
@data_options
@click.option("--csv", "path", type=click.Path(path_type=Path), default=Path("evaluation.csv"), help="The measures.")
@input_errors
def evaluate(run, data, path, **options):
    """Measure every finished segmenter of RUN on all cases of other data.

    RUN is a folder of `run` or `train-segmenter`. The data have the same classes and channels. Measures are at native
    size: overlaps in [0, 1], distances in millimetres, or in pixels where the spacing is unknown.

    \b
    Example: tf-ganaug evaluate runs/question-lungs --data OTHER --csv other.csv
    Exit status: 0 done, 2 input that cannot be used.
    """
    from tf_ganaug.question.opening import open_data, reopen
    from tf_ganaug.question.use import evaluate_on, seen_cases

    study, _ = reopen(run)
    dataset = open_data(request_of(data, options))
    if seen := seen_cases(study, dataset):
        known = f"{len(seen)} of {len(dataset.cases)} images trained or validated these segmenters"
        click.echo(f"WARNING: {known}; only others tell how well they do", err=True)
    frame = evaluate_on(study, dataset, path)
    shown = frame[frame.pixels_true > 0]
    means = shown.groupby(["fraction", "arm", "class"])[["dice", "iou"]].mean()
    click.echo(means.to_string(float_format="{:.3f}".format))
    click.echo("means over the images that have the class")
    click.echo(f"{len(frame)} measurements: {path}")
