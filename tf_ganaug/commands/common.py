"""What all commands share: quiet libraries, one-line errors, exit status 2."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable

import click

# TensorFlow announces its build and every absent GPU library on stderr, once per process.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def input_errors(command: Callable) -> Callable:
    """Turns an InputError into one line on stderr and exit status 2, and Ctrl-C into a hint."""

    @functools.wraps(command)
    def wrapped(*args, **kwargs):
        from tf_ganaug.errors import InputError

        try:
            return command(*args, **kwargs)
        except InputError as error:
            click.echo(error, err=True)
            sys.exit(2)
        except KeyboardInterrupt:
            click.echo("stopped; the same command continues from the last checkpoint", err=True)
            sys.exit(130)

    return wrapped
