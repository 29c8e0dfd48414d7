"""Measure this machine: seconds per step, images per second and peak memory of an experiment's steps."""

from __future__ import annotations

import json
from collections.abc import Sequence
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
@click.option("--growth", is_flag=True, help="Instead: what many pairs cost, and memory of many slices and trainings.")
@click.option("--out", type=click.Path(path_type=Path), help="Also write the figures there, as JSON.")
@input_errors
def benchmark(paper, experiment, profile, changes, growth, out) -> None:
    """Time every kind of step of PAPER's experiment: trainings, generators, the input pipeline.

    Times are medians; every kind of step has a process of its own, whose largest memory is shown. --growth needs 20 GB
    of disk where temporary files go, unless its file system keeps holes.

    \b
    Examples:
      tf-ganaug benchmark neff2018 --set data.size=[64,64] --set gan.dim=64
      tf-ganaug benchmark neff2018 --experiment cityscapes --profile paper
      tf-ganaug benchmark --growth
    """
    from tf_ganaug.files import write_text

    costs = _growth() if growth else _steps(paper, experiment, profile, changes)
    if out:
        write_text(out, json.dumps([asdict(cost) for cost in costs], indent=1))


def _steps(paper: str, experiment: str | None, profile: str, changes: Sequence[str]) -> list:
    from tf_ganaug.papers.benchmark import measure

    click.echo(f"{'step':44s} {'seconds':>10s} {'images/s':>10s} {'peak GB':>8s}")
    costs = []
    for cost in measure(paper, experiment, profile, changes):
        costs.append(cost)
        click.echo(f"{cost.step:44s} {cost.seconds:10.4g} {cost.images_per_second:10.4g} {cost.memory:8.2f}")
    return costs


def _growth() -> list:
    from tf_ganaug.experiment.growth import bars, measure, sliced_memory, trained_memory

    click.echo(f"{'pairs':>9s} {'pixels':>6s} {'GB on disk':>10s} {'CPU ms a minibatch':>18s} {'peak GB':>8s}")
    costs = []
    for cost in measure():
        costs.append(cost)
        row = f"{cost.pairs:9,d} {cost.side:6d} {cost.disk:10.2f} {cost.milliseconds:18.3f} {cost.memory:8.2f}"
        click.echo(row)
    for name, found, most in bars(costs, trained_memory(), sliced_memory()):
        click.echo(f"{name}: {found:.2f} (at most {most:g})")
    return costs
