"""How often the reports' intervals hold the truth."""

from __future__ import annotations

import click

from tf_ganaug.commands.common import input_errors


@click.command(
    short_help="Show how often the intervals hold the truth.",
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.option("--studies", type=click.IntRange(1), default=500, help="Simulated for each design.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help="Of the simulation.")
@input_errors
def coverage(studies: int, seed: int) -> None:
    """Simulate studies with a known truth: how often the 95 % intervals of the reports hold it, and how often a
    report would say "helped" or "hurt" where nothing changes.

    Designs: 5, 20 and 50 test subjects, 3 and 5 repeats, 1 and 3 GANs, four mixtures of what differs between subjects,
    GANs, repeats and within. Each number is the mean over the others, the worst behind it. Takes about a minute.
    """
    from tf_ganaug.experiment.coverage import coverage as covered
    from tf_ganaug.experiment.coverage import false_verdicts

    held, wrong = covered(studies, seed), false_verdicts(studies, seed)
    click.echo("Intervals that hold the truth, %: mean (worst)")
    click.echo(_table(held, "held", "min"))
    worst = held.loc[held.held.idxmin()]
    click.echo(f"all designs: {100 * held.held.mean():.1f}; the worst: {_design(worst)}, {100 * worst.held:.1f}\n")
    several = wrong[wrong.repeats > 1]
    click.echo('"helped" or "hurt" where nothing changes, a GAN for each repeat, %: mean (worst)')
    click.echo(_table(several, "verdicts", "max"))
    worst = several.loc[several.verdicts.idxmax()]
    click.echo(
        f"all designs: {100 * several.verdicts.mean():.1f}; the worst: {_design(worst)}, {100 * worst.verdicts:.1f}"
    )
    click.echo(f"with one repeat: {100 * wrong[wrong.repeats == 1].verdicts.max():.1f}")


def _table(frame, column: str, worst: str) -> str:
    """By shape and number of subjects."""
    groups = frame.groupby(["shape", "subjects"], sort=False)[column].agg(["mean", worst])
    texts = groups.apply(lambda row: f"{100 * row['mean']:.1f} ({100 * row[worst]:.1f})", axis=1)
    return texts.unstack().rename_axis(index="changes of subjects", columns="subjects").to_string()


def _design(row) -> str:
    counts = f"{row.subjects} subjects, {row.repeats} repeats, {row.gans} " + ("GAN" if row.gans == 1 else "GANs")
    return f"{row['shape']}, {row.source}, {counts}"
