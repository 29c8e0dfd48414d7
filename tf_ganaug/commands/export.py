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
@click.option("--terms", help="Of the training data, in your words: licence, consent, who may use it.")
@input_errors
def export(run: Path, out: Path, kind: str, terms: str | None) -> None:
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

    MODEL_CARD.md in OUT says what it was trained on, under the terms you state by --terms, how good it is
    (`tf-ganaug diagnose`, or the run's own diagnosis), what it is for and what not.

    Exit status: 0 written; 2 something to mend, in one line, and nothing written.

    \b
    Example: tf-ganaug export runs/neff2018-quick/gan-fold0 exported --terms "CC BY-NC-SA 4.0; research only"
    """
    from tf_ganaug.experiment.diagnosed import read
    from tf_ganaug.gans.model_files import export as export_model
    from tf_ganaug.gans.weights import export_weights
    from tf_ganaug.generators.model_card import write_card

    known = read(run)
    if kind == "weights":
        export_weights(run, out)
    else:
        export_model(run, out)
    write_card(run, out, known, terms)
    click.echo(f"{'weights' if kind == 'weights' else 'SavedModel'}: {out}")
