"""How often the copy detector is right."""

from __future__ import annotations

from pathlib import Path

import click

from tf_ganaug.commands.common import input_errors


@click.command(
    short_help="Show how often the copy detector is right.",
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.option("--data", type=click.Path(path_type=Path), help="A folder of one's own data; default: drawn persons.")
@click.option("--dataset-yaml", type=click.Path(path_type=Path), help="Describes --data, if it has none.")
@click.option("--cost", type=click.IntRange(2), metavar="N", help="Instead, time N random images against N others.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help="Of persons, halves and noise.")
@input_errors
def copies(data: Path | None, dataset_yaml: Path | None, cost: int | None, seed: int) -> None:
    """Show how often the copy detector is right: on drawn heads (MR, CT) and chests, or on images of one's own.

    Half of the subjects are training subjects. Their images are changed as a generator may give them back, and all of
    these should be called copies; the other subjects' images, blurred or not, and means of training persons should
    not. Images are compared at 64 x 64 pixels.
    """
    from tf_ganaug.quality.copy_characteristic import characteristic, drawn_persons, persons_of, seconds

    if cost:
        wall, processor = seconds(cost, seed)
        click.echo(f"{cost} images against {cost}: {wall:.1f} s, {processor:.1f} s of processor time")
        return
    sets = {data.name: lambda: persons_of(data, dataset_yaml)} if data else drawn_persons(seed)
    for name, read in sets.items():
        images, subjects = read()
        click.echo(f"{name}: {len(images)} images of {len(set(subjects))} subjects, called copies")
        for part, kinds in characteristic(images, subjects, seed).items():
            for kind, share in kinds.items():
                click.echo(f"  {part + ':':12s} {kind:52s} {100 * share:5.1f} %")
