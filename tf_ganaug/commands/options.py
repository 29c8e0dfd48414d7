"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tf_ganaug.question.settings import GANS

if TYPE_CHECKING:
    from tf_ganaug.experiment.sources import Request

#: Options that stand for a setting of the same name.
SETTINGS = ("gan", "screen", "mix", "segmenter", "seed", "repeats", "precision")


def data_options(command: Callable) -> Callable:
    """--data and what describes the folder."""
    options = [
        click.option("--data", type=click.Path(path_type=Path), required=True, help="Folder of images and labels."),
        click.option("--reader", help="Format: folder, dicom, scr, wmh or brats.  [default: folder]"),
        click.option("--dataset-yaml", type=click.Path(path_type=Path), help="Describes the folder, see check-data."),
        click.option("--target", type=int, help="Stored id of one class to segment against all others."),
    ]
    return _decorated(command, options)


def question_options(command: Callable) -> Callable:
    """What defines a GAN's training on any data."""
    text = "What makes the pairs.  [default: pggan_joint]"
    return click.option("--gan", type=click.Choice(GANS), help=text)(training_options(command))


def training_options(command: Callable) -> Callable:
    """What defines any training on any data."""
    profiles = click.Choice(["quick", "paper", "smoke"])
    precisions = click.Choice(["float32", "mixed_bfloat16", "mixed_float16"])
    options = [
        click.option("--size", help="Frame of the networks, 64 or 64x128 (height x width).  [default: the profile's]"),
        click.option("--profile", type=profiles, default="quick", help="Scale: CPU, the papers' own, or a test."),
        click.option("--seed", type=int, help="Of everything random.  [default: 0]"),
        click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a setting; repeatable."),
        click.option("--precision", type=precisions, help="Of the networks.  [default: float32]"),
    ]
    return _decorated(command, options)


def _decorated(command: Callable, options: list[Callable]) -> Callable:
    for option in reversed(options):
        command = option(command)
    return command


def request_of(data: Path, options: Mapping[str, Any]) -> Request:
    """The data that were asked for."""
    from tf_ganaug.experiment.sources import Request

    return Request(data, options["reader"], options["target"], options["dataset_yaml"])


def changes_of(options: Mapping[str, Any]) -> list[str]:
    """The settings that options stand for, before those of --set.

    Raises:
        InputError: for a size that is none.
    """
    changes = [f"{name}={options[name]}" for name in SETTINGS if options.get(name) is not None]
    if options.get("size"):
        changes.append(f"data.size={_size(options['size'])}")
    if options.get("fractions"):
        changes.append(f"fractions=[{options['fractions']}]")
    return [*changes, *options["changes"]]


def _size(text: str) -> list[int]:
    from tf_ganaug.errors import InputError

    sides = text.lower().split("x")
    if not 1 <= len(sides) <= 2 or not all(side.isdigit() for side in sides):
        raise InputError("--size", "a number, or height x width", text, "for example 64 or 64x128")
    return [int(sides[0]), int(sides[-1])]
