"""Write the report of a finished question again."""

from __future__ import annotations

from pathlib import Path

import click

from tf_ganaug.commands.common import input_errors


@click.command(
    short_help="Write a finished question's report again.", context_settings={"help_option_names": ["-h", "--help"]}
)
@click.argument("run", type=click.Path(path_type=Path))
@input_errors
def report(run: Path) -> None:
    """Write the report of RUN again, a folder of `run`, from its finished segmenters; trains nothing.

    \b
    Example: tf-ganaug report runs/question-lungs
    Exit status: 0 done, 2 where a segmenter is missing.
    """
    from tf_ganaug.errors import InputError
    from tf_ganaug.question import report as reports
    from tf_ganaug.question.checks import comparable
    from tf_ganaug.question.opening import reopen

    study, asked = reopen(run)
    if not comparable(study.settings.arms):
        found, remedy = ", ".join(study.settings.arms), "train-segmenter has no report, but cases.csv in its runs"
        raise InputError(run, "segmenters of arms to compare", f"those of {found}", remedy)
    missing = [study.name(task) for task in study.tasks if not study.finished(study.name(task))]
    if missing:
        expected, found = "all segmenters, finished", f"{len(missing)} missing"
        remedy = "repeat its `tf-ganaug run` to the end"
        raise InputError(run, expected, found, remedy)
    with study.at_work(asked):
        click.echo(f"report: {reports.report(study)}")
