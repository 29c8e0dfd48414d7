"""Look at this machine and its installation, and say what is wrong and how to mend it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tf_ganaug.commands.common import input_errors

if TYPE_CHECKING:
    from tf_ganaug.doctor import Facts, Problem

SHOWN = ("tensorflow", "keras", "tensorflow-addons", "numpy", "scipy", "protobuf", "tensorboard")


@click.command(
    short_help="Say what is wrong with this installation.", context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option("--no-timing", is_flag=True, help="Leave the training steps out.")
@input_errors
def doctor(no_timing: bool) -> None:
    """Say what is wrong with this installation, each with its cure, and how fast this machine trains.

    Printed are the versions and which of the two software stacks they are, processor, memory, disk and GPUs with the
    precisions they are fast in, and the seconds of one training step of each of the five GANs: narrow networks,
    64 x 64 pixels, minibatches of 4. The steps show that everything runs, and compare machines; for the time of an
    experiment ask `tf-ganaug paper` or `tf-ganaug run` with --dry-run. Nothing is written. It takes about a minute,
    mostly to build the steps.

    \b
    Looked for:
      versions that do not go together, as TensorFlow, Keras, their parts and this package state them
      (Keras 3 or NumPy 2 with TensorFlow 2.15, a wrong protobuf, TensorBoard missing, ...)
      tensorflow-addons beside Keras 3
      KERAS_BACKEND, TF_USE_LEGACY_KERAS and keras.json that change what Keras is
      an NVIDIA driver without a GPU in TensorFlow; a processor without AVX; too little memory or disk

    Exit status: 0 all is well; 1 something is wrong. No display is needed by anything here.

    \b
    Examples:
      tf-ganaug doctor
      tf-ganaug doctor --no-timing
    """
    from tf_ganaug.doctor import gather, problems

    facts = gather()
    _print_facts(facts)
    found = problems(facts)
    if found:
        click.echo("TensorFlow was not started: mend this first")
    else:
        found = _start_tensorflow(facts, not no_timing)
    for problem in found:
        click.echo(f"wrong: {problem.what}\n  cure: {problem.cure}")
    click.echo(f"wrong in all: {len(found)}" if found else "all is well")
    sys.exit(1 if found else 0)


def _print_facts(facts: Facts) -> None:
    from tf_ganaug.doctor import EXTRAS

    stack = "reference" if facts.old else "current"
    click.echo(f"Python {facts.python}, {sys.executable}: {stack} stack (docs/stacks.md)")
    click.echo("  " + ", ".join(f"{name} {facts.versions[name]}" for name in SHOWN if name in facts.versions))
    lacking = [f"{name} [{extra}]" for extra, name in EXTRAS.items() if name not in facts.versions]
    if lacking:
        click.echo(f'  for some data only, by pip install "tf_ganaug[...]": {", ".join(lacking)}')
    click.echo(f"  {facts.cores} cores, {facts.memory:.1f} GiB of memory, {facts.disk:.1f} GiB free here")


def _start_tensorflow(facts: Facts, timing: bool) -> list[Problem]:
    """Prints GPUs and times; what is wrong there."""
    from tf_ganaug.doctor import Problem, gpu_lines, gpu_problems

    try:
        gpus = gpu_lines()
    # Whatever a broken installation raises is what the user came to ask about.
    except Exception as error:
        what = f"TensorFlow cannot be imported: {type(error).__name__}: {error}"
        return [Problem(what, "install into a fresh environment: pip install -e .")]
    for line in gpus or ["no GPU: float32, the default precision, is the fast one"]:
        click.echo(f"  {line}")
    return [*gpu_problems(facts, len(gpus)), *(_time_steps() if timing else [])]


def _time_steps() -> list[Problem]:
    """Prints the seconds of a step of each GAN; those that do not run."""
    from tf_ganaug.doctor import Problem
    from tf_ganaug.gans.timing import BATCH, GANS, SIDE, step_seconds

    click.echo(f"seconds of a training step, narrow networks, {BATCH} x {SIDE} x {SIDE} pixels:")
    found = []
    for name in GANS:
        try:
            click.echo(f"  {name:16s}{step_seconds(name):8.3f}")
        except Exception as error:  # as above
            cure = "if memory is short, end other programs; else install into a fresh environment: pip install -e ."
            found.append(Problem(f"{name} does not train here: {type(error).__name__}: {error}"[:500], cure))
    return found
