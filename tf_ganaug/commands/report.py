"""Write the report of a finished question again."""

from __future__ import annotations

from pathlib import Path

import click

from tf_ganaug.commands.common import input_errors


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run", type=click.Path(path_type=Path))
@input_errors
def report(run: Path) -> None:
    """Write the report of RUN again, a folder of `run`, from its finished segmenters; trains nothing.

    \b
    Example: tf-ganaug report runs/question-lungs
    Exit status: 0 done, 2 where a segmenter is missing.
    """
    from tf_ganaug.errors import InputError
    from tf_ganaug.experiment import question, question_report, question_use

    study, asked = question.reopen(run)
    missing = [study.name(task) for task in study.tasks if not study.finished(study.name(task))]
    if missing and not any(task.generated for task in question_use.finished_tasks(study)):
        expected, found = "a folder of `run`, with segmenters of both arms", "one arm"
        raise InputError(run, expected, found, "of a folder of train-segmenter, read cases.csv in its runs")
    if missing:
        raise InputError(run, "all segmenters finished", f"{len(missing)} missing", "run its command to the end first")
    with study.at_work(asked):
        click.echo(f"report: {question_report.report(study)}")
