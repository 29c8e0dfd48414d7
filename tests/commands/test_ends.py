"""Every end of a command is told in a line, with an exit status of its own."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from PIL import Image

from tf_ganaug.checkpoints import Checkpoints
from tf_ganaug.commands.check_data import check_data
from tf_ganaug.commands.common import input_errors
from tf_ganaug.errors import InputError, from_outside
from tf_ganaug.run import RunFolder


def end_of(work, *arguments):
    """Exit status and last words of a command that does this."""
    command = click.command()(input_errors(lambda: work(*arguments)))
    done = CliRunner().invoke(command, [])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 1
    return done.exit_code, done.stderr


def full_disk():
    with open("/dev/full", "w") as file:
        file.write("x")


def run_without_its_folder(place):
    run = RunFolder(place / "run", {})
    shutil.rmtree(place / "run")
    run.say("hello")


def checkpoint_on(place):
    """TensorFlow's own writer meets a file where the folder should be."""
    run = RunFolder(place / "run", {})
    (place / "run" / "checkpoints").write_text("in the way")
    Checkpoints(run, step=tf.Variable(1)).save(1)


def read_only():
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), "results/cases.csv")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk():
    assert end_of(full_disk)[0] == 2
    assert "make room there; the same command continues" in end_of(full_disk)[1]


def test_folders_and_memory(tmp_path):
    status, line = end_of(run_without_its_folder, tmp_path)
    assert status == 2 and f"{tmp_path}/run/log.txt: expected" in line and "No such file" in line
    status, line = end_of(checkpoint_on, tmp_path)
    assert status == 2 and "checkpoints" in line
    status, line = end_of(read_only)
    assert status == 2 and "results/cases.csv" in line and "choose another folder" in line
    status, line = end_of(np.empty, 1 << 50)
    assert status == 2 and line.startswith("memory: expected enough") and "smaller" in line


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor of shape [9]"), "memory: expected"),
        (tf.errors.ResourceExhaustedError(None, None, "a/b; No space left on device"), "make room"),
        (tf.errors.NotFoundError(None, None, "runs/x; No such file or directory"), "makes it again"),
        (OSError("Can't write data (errno = 28, error message = 'No space left on device')"), "make room"),
        (tf.errors.UnknownError(None, None, "runs/ckpt-2; File too large"), "ulimit -f"),
        (tf.errors.ResourceExhaustedError(None, None, "runs/a; Too many open files"), "ulimit -n"),
        (RuntimeError("Symlink loop from '/data/loop'"), "/data/loop: expected a place"),
        (OSError("500 requested and 200 written"), "500 requested"),
    ],
)
def test_what_libraries_say_of_disk_and_memory(error, words):
    assert words in str(from_outside(error))


def test_mistakes_of_ours_are_no_input():
    assert from_outside(tf.errors.InvalidArgumentError(None, None, "shapes differ")) is None
    assert from_outside(KeyError("dice")) is None
    known = InputError("a", "b", "c", "d")
    assert from_outside(known) is known


def test_a_mistake_leaves_its_traceback_in_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def mistaken():
        return 1 / 0

    status, line = end_of(mistaken)
    assert status == 70 and "ZeroDivisionError: division by zero" in line and "report" in line
    (log,) = tmp_path.glob("tf-ganaug-error-*.log")
    assert log.name in line
    assert "in mistaken" in log.read_text() and "Python 3" in log.read_text()


def test_wrong_options_stay_the_shells():
    command = click.command()(click.option("--n", type=int)(input_errors(lambda n: None)))
    done = CliRunner().invoke(command, ["--n", "many"])
    assert done.exit_code == 2 and "Usage" in done.stderr


def test_a_message_is_one_line_that_changes_no_terminal():
    line = str(InputError("a\x1b[31mred.png", "x", "many " * 1000, "y\nz\u202e"))
    assert line.startswith("a\\x1b[31mred.png: expected x, found many") and line.endswith("; y z\\u202e")
    assert len(line) < 1100


def test_names_change_no_terminal_wherever_they_are_told(tmp_path):
    """A summary, notes and warnings have names of files in them; a line has one line of the terminal."""
    name, data = "c\x1b[2J\nfit for training\r$\\frac$", tmp_path / "data"
    for part in ("images", "labels"):
        (data / part).mkdir(parents=True)
    for number in range(4):
        pixels = np.arange(120, dtype=np.uint8).reshape(10, 12) + number
        Image.fromarray(pixels).save(data / f"images/{name}{number}.png")
        Image.fromarray(np.uint8(pixels > 90) * (number > 0)).save(data / f"labels/{name}{number}.png")
    (data / f"images/{name}.txt").touch()
    done = CliRunner().invoke(check_data, [str(data), "--out", str(tmp_path / "checked")])
    assert done.exit_code == 0, done.output
    assert r"c\x1b[2J\nfit for training\r$\frac$0" in done.stdout
    assert all(line.isprintable() for line in (done.stdout + done.stderr).splitlines())
    assert done.stdout.splitlines().count("fit for training") == 1


WAITING = """
import sys, time
from pathlib import Path
import click
from tf_ganaug.commands.common import input_errors
@click.command()
@input_errors
def main():
    try:
        Path("ready").touch()
        time.sleep(60)
    except Exception:
        time.sleep(60)
    finally:
        Path("cleaned").touch()
main([])
"""


ENDING = """
import os, click
from tf_ganaug.commands.common import input_errors
@click.command()
@input_errors
def main():
    with open("results", "w", encoding="utf-8") as file:
        click.echo("gr\\u00f6\\u00dfe \\u65e5")
        click.echo("told", err=True)
        os.write(2, b"a library in C")
        file.write("mine")
main([])
"""


@pytest.mark.parametrize("closed", ["<&- >&- 2>&-", "2>&-", ">&-"])
def test_files_never_get_what_is_said_where_streams_are_closed(tmp_path, closed):
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, ENDING], cwd=tmp_path, check=False
    )
    assert done.returncode == 0 and (tmp_path / "results").read_text() == "mine"


def test_every_name_can_be_told_in_any_encoding(tmp_path):
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(
        [sys.executable, "-c", ENDING], cwd=tmp_path, env=environment, capture_output=True, check=True
    )
    assert done.stdout == b"gr\xf6\xdfe \\u65e5\n"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_signals_are_told(tmp_path, name):
    number = getattr(signal, name)
    begun = subprocess.Popen(
        [sys.executable, "-c", WAITING],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background, or by nohup, ignore some signals, and so would what they begin.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    with begun as process:
        while not (tmp_path / "ready").exists():
            time.sleep(0.01)
        process.send_signal(number)
        errors = process.communicate()[1]
    assert process.returncode == 128 + number
    assert errors.startswith(f"stopped by {'Ctrl-C' if name == 'SIGINT' else name}; ") and len(errors.splitlines()) == 1
    assert "the same command continues" in errors and (tmp_path / "cleaned").exists()


IN_A_DESTRUCTOR = """
import os, sys, time
import click
from tf_ganaug.commands.common import input_errors
class Short:
    def __del__(self):
        os.kill(os.getpid(), int(sys.argv[1]))
        time.sleep(0.2)
@click.command()
@input_errors
def main():
    Short()
    time.sleep(60)
main([])
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_not_lost_where_nothing_can_be_raised(number):
    done = subprocess.run(
        [sys.executable, "-c", IN_A_DESTRUCTOR, str(int(number))],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # as above
    )
    assert done.returncode == 128 + number and len(done.stderr.splitlines()) == 1, done.stderr


def test_the_last_words_name_what_was_saved(monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoints, "newest", "runs/x/gan-fold0 at iteration 400")
    assert end_of(interrupted) == (
        130,
        "stopped by Ctrl-C; saved: runs/x/gan-fold0 at iteration 400; the same command continues there\n",
    )


def test_nohup_is_left_alone(tmp_path):
    script = WAITING.replace("time.sleep(60)", "time.sleep(1)")
    command = ["nohup", sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not (tmp_path / "ready").exists():
            time.sleep(0.01)
        process.send_signal(signal.SIGHUP)
        process.communicate()
    assert process.returncode == 0
