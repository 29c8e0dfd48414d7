"""Say what a generator is: undertrained, collapsed, memorising, or as close as held-out images are."""

from __future__ import annotations

from pathlib import Path

import click

from tf_ganaug.commands.common import input_errors
from tf_ganaug.commands.sample import READERS


@click.command(
    short_help="Say in words how good a generator is.",
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.argument("source", metavar="RUN_OR_POOL", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Its training data, with unseen subjects.")
@click.option("--reader", type=click.Choice(READERS), default="folder", help="Of --data.")
@click.option("--dataset-yaml", type=click.Path(path_type=Path), help="Describes --data, if it has none.")
@click.option("-n", "count", type=click.IntRange(8, 5000), default=500, help="Pairs to draw from a generator.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help="Of the pairs, and of what is compared.")
@click.option("--network", type=click.Path(path_type=Path), help="Compare by this Keras model (.keras).")
@click.option("--out", type=click.Path(path_type=Path), help="Of the results.  [default: RUN, or diagnosis-NAME]")
@click.option("--trust", is_flag=True, help="Run a SavedModel from elsewhere, which is a program.")
@input_errors
def diagnose(source, data, reader, dataset_yaml, count, seed, network, out, trust):
    """Say what RUN_OR_POOL is: a GAN's run folder, an exported SavedModel, or a folder of pairs as of `sample`.

    Its pairs are compared with real pairs of subjects that the generator has not seen, and so are other pairs of such
    subjects: what these reach stands beside each measure. Written are diagnosis.md, diagnosis.json and,
    of labels and of the best and worst pairs, diagnosis.png and diagnosis-pairs.png.

    \b
      undertrained  its pairs are not like real ones
      collapsed     they are like each other, or leave out a part of what real ones show
      memorising    more of its images are copies of training images than chance explains
      as close as held-out images are
    docs/diagnosis.md has the measures and the rules. Pairs are compared by a network that has learned nothing, or by
    one of your own: --network. `tf-ganaug run` compares by its segmenter of real images.

    \b
    Examples:
      tf-ganaug diagnose runs/lungs/gan-1 --data lungs
      tf-ganaug diagnose pairs --data lungs
    Exit status: 0 done, 2 input that cannot be used.
    """
    from tf_ganaug.experiment.diagnosed import label_lines, measures, sentence
    from tf_ganaug.generators.diagnose import diagnose_any

    place = out or (source if (source / "synthesizer").is_dir() else Path(f"diagnosis-{source.resolve().name}"))
    found = diagnose_any(source, data, reader, dataset_yaml, place, count, seed, network, trust)
    for line in (sentence(found), *label_lines(found), measures(found).to_string(index=False)):
        click.echo(line)
    click.echo(f"diagnosis: {place}")
