"""Draw pairs from a trained generator into ordinary image and label files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from tf_ganaug.commands.common import input_errors


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("source", type=click.Path(path_type=Path))
@click.option("-n", "count", type=click.IntRange(1), default=100, help="Number of pairs.")
@click.option("--seed", type=int, default=0, help="The same seed gives the same pairs, whatever -n.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="New folder for the pairs.")
@input_errors
def sample(source: Path, count: int, seed: int, out: Path) -> None:
    """Draw pairs from SOURCE, a GAN's run folder or an exported SavedModel.

    The folder can be read again with --data OUT; provenance.json in it says what made the pairs.

    \b
    Example: tf-ganaug sample runs/neff2018-quick/gan-fold0 -n 100 --out samples
    """
    from tf_ganaug.data.pool import write_pool
    from tf_ganaug.gans.synthesizer import find_synthesizer

    synthesizer = find_synthesizer(source)
    images, labels = synthesizer.sample(count, seed)
    provenance = {
        "generator": str(source),
        "seed": seed,
        "count": count,
        "trained_on": asdict(synthesizer.provenance),
    }
    write_pool(out, images, labels, synthesizer.spec, synthesizer.provenance.spacing, provenance)
    click.echo(f"{count} pairs: {out}")
