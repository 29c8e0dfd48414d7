"""Measure this machine: seconds per step, images per second and peak memory of an experiment's steps."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from tf_ganaug.commands.common import input_errors


@click.command(
    short_help="Time every kind of step of an experiment.",
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.argument("paper", default="neff2018")
@click.option("--experiment", help="Of the paper, where it has several; default: its first.")
@click.option("--profile", type=click.Choice(["quick", "paper", "smoke"]), default="quick", help="Scale.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a setting; repeatable.")
@click.option("--out", type=click.Path(path_type=Path), help="Also write the figures there, as JSON.")
@input_errors
def benchmark(paper, experiment, profile, changes, out) -> None:
    """Time every kind of step of PAPER's experiment: trainings, generators, the input pipeline.

    Times are medians; every kind of step has a process of its own, whose largest memory is shown.

    \b
    Examples:
      tf-ganaug benchmark neff2018 --set data.size=[64,64] --set gan.dim=64
      tf-ganaug benchmark neff2018 --experiment cityscapes --profile paper
    """
    from tf_ganaug.files import write_text
    from tf_ganaug.papers.benchmark import measure

    click.echo(f"{'step':44s} {'seconds':>10s} {'images/s':>10s} {'peak GB':>8s}")
    costs = []
    for cost in measure(paper, experiment, profile, changes):
        costs.append(asdict(cost))
        click.echo(f"{cost.step:44s} {cost.seconds:10.4g} {cost.images_per_second:10.4g} {cost.memory:8.2f}")
    if out:
        write_text(out, json.dumps(costs, indent=1))
