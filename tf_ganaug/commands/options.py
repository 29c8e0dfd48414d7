"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tf_ganaug.generators.settings import AUGMENTS
from tf_ganaug.question.settings import GANS, TRAINED

if TYPE_CHECKING:
    from tf_ganaug.experiment.sources import Request

#: Options that stand for a setting of the same name.
SETTINGS = ("gan", "gans", "screen", "mix", "segmenter", "seed", "repeats", "precision", "devices", "accumulate")


class Devices(click.ParamType):
    """A number of devices, or "all"."""

    name = "devices"

    def convert(self, value, param, ctx):
        if value == "all":
            from tf_ganaug.replicas import present_devices

            return len(present_devices())
        return click.IntRange(min=1).convert(value, param, ctx)


def division_options(command: Callable) -> Callable:
    """--devices and --accumulate."""
    options = [
        click.option("--devices", type=Devices(), metavar="N|all", help="GPUs that share a minibatch.  [default: 1]"),
        click.option("--accumulate", type=int, metavar="K", help="Parts of a minibatch, where memory is small."),
    ]
    return _decorated(command, options)


class Kinds(click.ParamType):
    """One kind of generator, several with commas between, or "all"."""

    name = "kinds"

    def convert(self, value, param, ctx):
        wrong = [kind for kind in value.split(",") if kind not in GANS]
        if wrong and value != "all":
            self.fail(f"{wrong[0]!r} is not one of {', '.join(map(repr, GANS))}, 'all'.", param, ctx)
        return value


def data_options(command: Callable) -> Callable:
    """--data and what describes the folder."""
    options = [
        click.option("--data", type=click.Path(path_type=Path), required=True, help="Folder of images and labels."),
        click.option("--reader", help="Format: folder, dicom, scr, wmh or brats.  [default: folder]"),
        click.option("--dataset-yaml", type=click.Path(path_type=Path), help="Describes the folder, see check-data."),
        click.option("--target", type=int, help="Stored id of one class to segment against all others."),
    ]
    return _decorated(command, options)


def subjects_option(command: Callable) -> Callable:
    """--subjects-are-files."""
    text = "Each file is a subject of its own, though names or a table suggest otherwise."
    return click.option("--subjects-are-files", is_flag=True, help=text)(command)


def question_options(command: Callable) -> Callable:
    """What defines a GAN's training on any data."""
    text = "What makes the pairs.  [default: pggan_joint]"
    few = "Of what its critic sees, for few images.  [default: none]"
    options = [
        click.option("--gan", type=Kinds(), metavar="LIST|all", help=text),
        click.option("--gan-augment", type=click.Choice(AUGMENTS), help=few),
        training_options,
    ]
    return _decorated(command, options)


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
        division_options,
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
    changes += [f"{name}=[{options[name]}]" for name in ("arms", "fractions") if options.get(name)]
    if options.get("gan_augment"):
        changes += [f"{group}.augment={options['gan_augment']}" for group in TRAINED]
    return [*changes, *options["changes"]]


def _size(text: str) -> list[int]:
    from tf_ganaug.errors import InputError

    sides = text.lower().split("x")
    if not 1 <= len(sides) <= 2 or not all(side.isdigit() for side in sides):
        raise InputError("--size", "a number, or height x width", text, "for example 64 or 64x128")
    return [int(sides[0]), int(sides[-1])]
