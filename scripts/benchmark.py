"""Measure this machine: seconds per training step, images per second of the pipeline, peak memory."""

from __future__ import annotations

import json
from pathlib import Path

import click
from common import input_errors


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--size", type=int, default=64, help="Height and width of the images.")
@click.option("--dim", type=int, default=64, help="Feature maps of the DCGAN pair.")
@click.option("--filters", type=int, default=64, help="Filters of the U-Net (3 levels).")
@click.option("--batch", type=int, default=16, help="Pairs in a minibatch.")
@click.option("--channels", type=int, default=3, help="Of the joint images: image and mask together.")
@click.option("--out", type=click.Path(path_type=Path), help="Also write the figures there, as JSON.")
@input_errors
def main(size: int, dim: int, filters: int, batch: int, channels: int, out: Path | None) -> None:
    """Time the WGAN-GP and U-Net steps and the tf.data pipeline.

    Prints a table and, last, one line of JSON. Times are medians in seconds.
    """
    from tf_ganaug.experiment.benchmark import measure
    from tf_ganaug.files import write_text

    figures = measure(size, dim, filters, batch, channels)
    for name, value in figures.items():
        click.echo(f"{name:50s} {value:>12.4g}" if isinstance(value, float) else f"{name:50s} {value!s:>12s}")
    click.echo(json.dumps(figures))
    if out:
        write_text(out, json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
