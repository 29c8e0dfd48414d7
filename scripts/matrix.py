"""Every segmenter over every generator's pairs, at smoke size: does every pair end with a result?"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import click

from tf_ganaug.commands.common import input_errors


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--out", type=click.Path(path_type=Path), required=True, help="New folder of results.")
@click.option("--subjects", type=click.IntRange(3), default=10, help="Of the embedded head CT.")
@input_errors
def main(out: Path, subjects: int) -> None:
    """Train the five GANs once at smoke size, and every segmenter on each one's pairs.

    Prints a table of mean test Dice; no number means anything but that it is one. Exit status 1 if a pair has none.

    \b
    Example: python scripts/matrix.py --out runs/matrix
    """
    import pandas as pd

    from tf_ganaug.data.embedded import head_ct
    from tf_ganaug.question.checks import check, settings_of
    from tf_ganaug.question.settings import GANS, SEGMENTERS
    from tf_ganaug.question.study import QuestionStudy
    from tf_ganaug.question.tasks import QuestionTask

    settings = replace(settings_of("smoke", []), repeats=1)
    dataset = head_ct.read(subjects, 3, 48, settings.seed)
    began, records = time.perf_counter(), []
    for gan in GANS:
        for segmenter in SEGMENTERS:
            chosen = replace(settings, gan=gan, segmenter=segmenter)
            check(chosen)
            # One folder for each GAN, so that its segmenters share the pool.
            study = QuestionStudy(out / gan, dataset, chosen)
            task = QuestionTask(1.0, "gan", 0, gan, 0)
            study.segmenter(task)
            dice = study.measures(task).query("part == 'test'").dice.mean()
            records.append({"GAN": gan, "segmenter": segmenter, "Dice": dice})
            click.echo(f"{gan} {segmenter} {dice:.3f} after {(time.perf_counter() - began) / 60:.1f} min")
    frame = pd.DataFrame(records)
    click.echo(frame.pivot(index="segmenter", columns="GAN", values="Dice").to_string(float_format="{:.3f}".format))
    if frame.Dice.isna().any():
        raise SystemExit(1)


if __name__ == "__main__":
    main()
