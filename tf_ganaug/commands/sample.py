"""Draw pairs from a trained generator into ordinary image and label files."""

from __future__ import annotations

from pathlib import Path

import click

from tf_ganaug.commands.common import input_errors

READERS = ("folder", "dicom", "scr", "cityscapes", "camvid", "brats", "ct_ich", "wmh")


class Distance(click.ParamType):
    """A number in [0, 1], or `auto`."""

    name = "distance"

    def convert(self, value, param, ctx):
        return value if value == "auto" else click.FloatRange(0.0, 1.0).convert(value, param, ctx)


@click.command(
    short_help="Draw pairs from a trained generator.",
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.argument("source", type=click.Path(path_type=Path))
@click.option("-n", "count", type=click.IntRange(1), default=100, help="Number of pairs.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help="The same seed gives the same pairs.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="New folder for the pairs.")
@click.option("--layout", type=click.Choice(["pairs", "nifti", "nnunet"]), default="pairs", help="See above.")
@click.option("--min-distance", "asked", type=Distance(), metavar="D|auto", help="Refuse nearer copies; needs --data.")
@click.option("--data", type=click.Path(path_type=Path), help="The data the generator was trained on.")
@click.option("--reader", type=click.Choice(READERS), default="folder", help="Of --data.")
@click.option(
    "--dataset-yaml", type=click.Path(path_type=Path), help="Describes --data, if no dataset.yaml lies there."
)
@click.option("--trust", is_flag=True, help="Run a SavedModel from elsewhere, which is a program.")
@input_errors
def sample(
    source: Path,
    count: int,
    seed: int,
    out: Path,
    layout: str,
    asked: float | str | None,
    data: Path | None,
    reader: str,
    dataset_yaml: Path | None,
    trust: bool,
) -> None:
    """Draw pairs from SOURCE, a GAN's run folder or an exported SavedModel, into the new folder OUT.

    The pairs are in the training data's stored type and typical range. A smaller -n gives the first of the same
    pairs. OUT appears when it is complete.

    \b
    Layouts:
      pairs   images/NNNNNN.png, labels/NNNNNN.png (.npy where PNG cannot hold the pixels), dataset.yaml
      nifti   the same as .nii.gz with the spacing; several channels are NNNNNN/image_0.nii.gz, ..., label.nii.gz
      nnunet  imagesTr, labelsTr, dataset.json of nnU-Net v2; OUT is named such as Dataset501_Synthetic
    Each is read again by --data OUT. provenance.json in OUT names the training cases and subjects.

    \b
    Privacy:
      --min-distance D draws another pair for each whose image is nearer than D to a training image: 0 is a copy,
      1 an image that is as like another person as that one, whatever its contrast, moved by a few pixels or
      mirrored as it may be. `auto` takes 0.5, below which reports speak of a copy. Needs the training images:
      --data. nearest.csv lists the image most like each pair.

    Exit status: 0 written; 2 something to mend, in one line, and nothing written.

    \b
    Examples:
      tf-ganaug sample runs/neff2018-quick/gan-fold0 -n 100 --out samples
      tf-ganaug sample model -n 1000 --layout nnunet --out $nnUNet_raw/Dataset501_Synthetic
      tf-ganaug sample model -n 1000 --min-distance auto --data scans --out samples
    """
    from dataclasses import asdict

    from tf_ganaug.data.pool import new_pool
    from tf_ganaug.data.pool_layouts import LAYOUTS
    from tf_ganaug.errors import InputError
    from tf_ganaug.gans.synthesizer import find_synthesizer
    from tf_ganaug.generators.sampling import read_training_data, write_distant, write_first

    if asked is not None and data is None:
        remedy = "name the data the generator was trained on with --data"
        raise InputError("--min-distance", "the training images, to compare with", "no --data", remedy)
    synthesizer = find_synthesizer(source, trust)
    made = {"generator": source.resolve().name, "seed": seed, "count": count}
    with new_pool(out, synthesizer.spec, synthesizer.provenance.spacing, LAYOUTS[layout]) as pool:
        if asked is None:
            write_first(pool, synthesizer, count, seed)
        else:
            training = read_training_data(reader, data, dataset_yaml, synthesizer.spec)
            made["min_distance"] = write_distant(pool, synthesizer, training, asked, count, seed)
        pool.finish({**made, "trained_on": asdict(synthesizer.provenance)})
    click.echo(f"{count} pairs: {out}")
