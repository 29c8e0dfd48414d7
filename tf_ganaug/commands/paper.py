"""Run a paper's experiments: tables, figures and report."""

from __future__ import annotations

from pathlib import Path

import click

from tf_ganaug.commands.common import input_errors
from tf_ganaug.commands.options import division_options
from tf_ganaug.papers.experiments import all_papers, experiment_of


def _list(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        for experiments in all_papers().values():
            for experiment in experiments:
                click.echo(f"{experiment.paper} --experiment {experiment.name}: {experiment.title}")
                click.echo(f"  --only {','.join(experiment.parts)}")
        context.exit()


@click.command(
    short_help="Run a paper's experiments and write their report.",
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.argument("name", metavar="PAPER")
@click.option("--experiment", help="Of the paper, where it has several; default: its first, see --list.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the data; default: the embedded cohort.")
@click.option("--reader", help="Format of the data, see docs/data-formats.md; default: folder, or embedded.")
@click.option("--target", type=int, help="Stored id of the class to segment, where there are several.")
@click.option("--dataset-yaml", type=click.Path(path_type=Path), help="Describes a folder of data.")
@click.option("--profile", type=click.Choice(["quick", "paper", "smoke"]), default="quick", help="Scale.")
@click.option("--only", help="Tables and figures, separated by commas; see --list.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of results; default: runs/PAPER-PROFILE[-DATA].")
@click.option("--seed", type=int, help="Of everything random; default: the profile's.")
@click.option("--repeats", type=int, help="Networks per row and fold, differing in their seed.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a setting; repeatable.")
@click.option(
    "--precision",
    type=click.Choice(["float32", "mixed_bfloat16", "mixed_float16"]),
    help="Of the networks; default: the profile's.",
)
@division_options
@click.option("--jobs", type=click.IntRange(min=1), default=1, help="Runs made at a time on this machine.")
@click.option("--ray", metavar="ADDRESS", help="Make the runs on this Ray cluster: HOST:PORT of its head, or auto.")
@click.option("--dry-run", is_flag=True, help="Print settings, runs, time and what they need; train nothing.")
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_list, help="List the papers.")
@input_errors
def paper(
    name, experiment, profile, only, data, reader, target, dataset_yaml, out, changes, jobs, ray, dry_run, **named
):
    """Run the experiments of PAPER and write their report.

    The same command again continues where it stopped, and reuses what is finished.

    \b
    Examples:
      tf-ganaug paper neff2018
      tf-ganaug paper neff2018 --data DIR --target 2
      tf-ganaug paper neff2018 --data SCR --reader scr --profile paper --dry-run
      tf-ganaug paper neff2018 --experiment cityscapes
      tf-ganaug paper neff2018 --only table1 --set gan.iterations=2000
      tf-ganaug paper neff2018 --jobs 4
    """
    found = experiment_of(name, experiment)
    if dry_run:
        # Before TensorFlow, whose import takes its time.
        click.echo(f"{found.title} Profile {profile}: {', '.join(found.chosen(profile, only))}.")

    from tf_ganaug.experiment.side_by_side import side_by_side
    from tf_ganaug.experiment.sources import Request
    from tf_ganaug.papers import reproduce

    changes = [*changes, *(f"{key}={value}" for key, value in named.items() if value is not None)]
    parts = found.chosen(profile, only)
    # Absolute, since processes elsewhere may open it too.
    request = Request(data and data.absolute(), reader, target, dataset_yaml and dataset_yaml.absolute())
    opening, folder, asked = reproduce.prepare(found, profile, changes, request, out)
    study = opening(folder)
    if dry_run:
        for line in reproduce.dry_run(study, found, parts):
            click.echo(line)
        return
    make_stages = side_by_side(study, opening, jobs, ray)
    report = reproduce.reproduce(study, found, parts, asked, make_stages)
    click.echo(f"report: {report}")
