"""Export a trained generator as a SavedModel that runs without this package."""

from __future__ import annotations

from pathlib import Path

import click

from tf_ganaug.commands.common import input_errors


@click.command(
    short_help="Export a generator as a SavedModel.",
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--format", "kind", type=click.Choice(["savedmodel", "weights"]), default="savedmodel", help="See above.")
@input_errors
def export(run: Path, out: Path, kind: str) -> None:
    """Export the generator of RUN, a finished GAN's run folder, to the new folder OUT.

    \b
    With TensorFlow alone:
      model = tf.saved_model.load("OUT")
      model.signatures["serving_default"](latents=...)   # {image, mask}
      model.sample(n, seed)                              # the same, from a seed
    Image is float32 in [-1, 1], mask uint8 class indices; metadata.json beside the model has classes,
    the way back to stored intensities, and the ids of the training cases. docs/sampling.md has the details.

    \b
    A SavedModel is a program. --format weights writes plain arrays for passing on, whose reader runs nothing:
      weights.npz   every variable
      weights.json  metadata.json, the options of the run, and name, shape and type of each array

    Exit status: 0 written; 2 something to mend, in one line, and nothing written.

    \b
    Example: tf-ganaug export runs/neff2018-quick/gan-fold0 exported
    """
    from tf_ganaug.gans.synthesizer import export as export_model
    from tf_ganaug.gans.weights import export_weights

    if kind == "weights":
        export_weights(run, out)
        click.echo(f"weights: {out}")
    else:
        export_model(run, out)
        click.echo(f"SavedModel: {out}")
