"""What all commands share: quiet libraries, and that every end is told in a line.

Exit status: 2 for what the user can mend, 128 and the signal's number for a signal, 70 for a mistake of ours.
"""

from __future__ import annotations

import functools
import io
import os
import shlex
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import click

from tf_ganaug import __version__

# TensorFlow announces its build and every absent GPU library on stderr, once per process.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

#: Signals that ask a command to end; Windows has no SIGHUP.
_ENDS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Terminated(BaseException):
    """A signal asked the command to end; no `except Exception` keeps it from that.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int):
        super().__init__(number)
        self.number = number


def input_errors(command: Callable) -> Callable:
    """Ends a command in one line on stderr and an exit status, whatever ends it."""

    @functools.wraps(command)
    def wrapped(*args, **kwargs):
        from tf_ganaug.errors import from_outside

        _open_streams()
        try:
            with _signals_end_it():
                return command(*args, **kwargs)
        except KeyboardInterrupt:
            _end(_last_words("Ctrl-C"), 128 + signal.SIGINT)
        except Terminated as ended:
            _end(_last_words(signal.Signals(ended.number).name), 128 + ended.number)
        except (click.exceptions.Exit, click.ClickException, click.Abort, BrokenPipeError):
            raise  # click's own: wrong options, and a reader of our output that has enough
        except Exception as error:
            known = from_outside(error)
            if known is None:
                _end(_told(error), 70)
            _end(str(known), 2)

    return wrapped


def _open_streams() -> None:
    """Makes standard streams take every name, and exist: else a file of ours got the number of a closed one.

    What libraries in C say of their troubles would go into that file then.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            descriptor = os.open(os.devnull, os.O_RDWR)  # the lowest that is free: its number, unless that is taken
            setattr(sys, name, open(descriptor, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper) and number:
            stream.reconfigure(errors="backslashreplace")


def _end(line: str, status: int) -> None:
    with suppress(OSError):  # nothing can be told on a full disk
        click.echo(line, err=True)
    sys.exit(status)


@contextmanager
def _signals_end_it() -> Iterator[None]:
    """Signals raise `Terminated`, the second of a kind kills; one that is ignored, as by nohup, stays so."""

    def end(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise Terminated(number)

    def again(lost: sys.UnraisableHookArgs) -> None:
        """One that came where nothing can be raised, as in a destructor, comes once more."""
        if not isinstance(lost.exc_value, (Terminated, KeyboardInterrupt)):
            usual(lost)
            return
        number = getattr(lost.exc_value, "number", signal.SIGINT)
        if number != signal.SIGINT:
            signal.signal(number, end)
        threading.Timer(0.05, signal.pthread_kill, [threading.main_thread().ident, number]).start()

    usual = sys.unraisablehook
    ours = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in _ENDS if ours}
    before = {number: handler for number, handler in before.items() if handler == signal.SIG_DFL}
    try:
        for number in before:
            signal.signal(number, end)
        sys.unraisablehook = again if ours else usual
        yield
    finally:
        sys.unraisablehook = usual
        for number, handler in before.items():
            signal.signal(number, handler)


def _last_words(cause: str) -> str:
    """What was saved, and how to go on."""
    checkpoints = sys.modules.get("tf_ganaug.checkpoints")
    newest = checkpoints.Checkpoints.newest if checkpoints else ""
    if newest:
        return f"stopped by {cause}; saved: {newest}; the same command continues there"
    kept = "what was finished before is kept, and nothing half done"
    return f"stopped by {cause}; {kept}; the same command continues from the last checkpoint, if there is one"


def _told(error: Exception) -> str:
    """Writes the traceback where it can be found, and says where."""
    text = f"tf_ganaug {__version__}, Python {sys.version}\n{shlex.join(sys.argv)}\n\n"
    text += "".join(traceback.format_exception(type(error), error, error.__traceback__))
    what = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    for place in (os.curdir, None):
        try:
            handle, path = tempfile.mkstemp(".log", "tf-ganaug-error-", place)
            with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
        except OSError:
            continue
        remedy = "please report it with that file, once you have taken out names that are not to be known"
        return f"a mistake in tf_ganaug: {what}; its traceback is in {path}; {remedy}"
    return f"a mistake in tf_ganaug: {what}; its traceback could not be written and follows\n{text}"
