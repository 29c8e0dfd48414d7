"""Bring a data set as distributed into the form that training reads."""

from __future__ import annotations

import os
from pathlib import Path

import click

from tf_ganaug.commands.common import input_errors

SETTINGS = {"help_option_names": ["-h", "--help"], "show_default": True}


@click.group("prepare-data", short_help="Bring data as distributed into a folder to read.", context_settings=SETTINGS)
def prepare_data() -> None:
    """Bring a data set as distributed into a folder of slices that --data reads."""


@prepare_data.command(short_help="Cut the volumes of BraTS 2018 into slices.", context_settings=SETTINGS)
@click.argument("source", metavar="SRC", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--modality", type=click.Choice(["t1", "t1ce", "t2", "flair"]), default="t1ce", help="Of the images.")
@click.option("--lgg", is_flag=True, help="Low-grade subjects too.")
@click.option("--size", type=click.IntRange(1), default=256, help="Slices are padded with zeros to this side.")
@click.option("--tissue/--no-tissue", default=True, help="Add white matter, grey matter and CSF to the labels.")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count, show_default="cores", help="Volumes at a time.")
@input_errors
def brats2018(source: Path, out: Path, modality: str, lgg: bool, size: int, tissue: bool, jobs: int) -> None:
    """Cut the volumes of BraTS 2018 in SRC, which holds HGG and LGG, into axial slices in the new folder OUT.

    Every slice becomes images/ID.png (16 bit, as stored) and labels/ID.png (0 background, 1 necrotic core,
    2 oedema, 3 enhancing tumour, 4 white matter, 5 grey matter, 6 CSF); manifest.csv lists them. The same
    command again continues where it stopped.

    Tissues come from FSL's fast if it is on the path, otherwise from dipy (pip install 'tf_ganaug[brats]').

    \b
    Example:
      tf-ganaug prepare-data brats2018 MICCAI_BraTS_2018_Data_Training slices
      tf-ganaug paper foroozandeh2020 --data slices --profile paper --dry-run
    """
    from tf_ganaug.data.prepare import prepare_brats

    count = prepare_brats(source, out, modality, lgg, size, tissue, jobs)
    click.echo(f"{count} pairs: {out}")


@prepare_data.command(short_help="Write pictures drawn by code, with labels.", context_settings=SETTINGS)
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(["head-ct", "head-mr", "streets"]), default="head-ct", help="What is drawn.")
@click.option("--subjects", type=click.IntRange(3), default=60, help="How many, or how many scenes.")
@click.option("--size", type=click.IntRange(16), default=128, help="Height of the pictures; streets are twice as wide.")
@click.option("--seed", type=int, default=0, help="Of all subjects.")
@input_errors
def drawn(out: Path, kind: str, subjects: int, size: int, seed: int) -> None:
    """Write pictures drawn by code, with exact labels, to the new folder OUT: something to try a command on.

    They are nobody's anatomy and no real street. Heads have four slices each.

    \b
    Example:
      tf-ganaug prepare-data drawn heads
      tf-ganaug check-data heads
      tf-ganaug run --data heads
    """
    from tf_ganaug.data.drawn import write_drawn
    from tf_ganaug.data.embedded import head_ct, head_mr, street
    from tf_ganaug.data.street_labels import CATEGORIES

    datasets = {
        "head-ct": lambda: head_ct.read(subjects, 4, size, seed),
        "head-mr": lambda: head_mr.read(subjects, 4, size, seed),
        "streets": lambda: street.read(subjects, size, 2 * size, seed, CATEGORIES),
    }
    write_drawn(datasets[kind](), out)
    click.echo(f"{kind}: {out}")
