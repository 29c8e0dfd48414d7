"""Many small trainings in one command, killed and out of disk on the way: does anything grow, stay behind or lack?"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
import pandas as pd

from tf_ganaug.commands.common import input_errors
from tf_ganaug.errors import InputError
from tf_ganaug.files import LEFTOVER

#: Networks that one repeat of Neff's Table II trains.
ROWS = 6

#: Says that this process has a small disk of its own.
MOUNTED = "TF_GANAUG_SOAK"

#: Between two looks at the processes.
SECONDS = 1.0

#: Part by which memory may be larger in the last half of the trainings than in the first.
GROWTH = 0.1


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Empty folder, on a disk in memory here.")
@click.option("--trainings", type=click.IntRange(ROWS), default=200, help="Of U-Nets, at least.")
@click.option("--jobs", type=click.IntRange(min=1), default=2, help="Processes that train.")
@click.option("--megabytes", type=click.IntRange(min=20), default=600, help="Of the disk.")
@click.option("--seed", type=int, default=0, help="Of the moments of the kills and of the full disk.")
@input_errors
def main(out: Path, trainings: int, jobs: int, megabytes: int, seed: int) -> None:
    """Train many small U-Nets in one command, through three kills and a full disk.

    It is Neff's Table II at smoke size, with as many repeats as give so many trainings. The results lie on a disk in
    memory that is gone afterwards, so it needs Linux and user namespaces, or root. Exit status 1 if memory grows by
    more than a tenth, a file is left over, a table lacks a number, or the full disk is not told in a line.

    \b
    Example: python scripts/soak.py --out soak
    """
    if MOUNTED not in os.environ:
        _with_own_mounts()
    out.mkdir(parents=True, exist_ok=True)
    with _small_disk(out, megabytes):
        soak = Soak(out / "results", -(-trainings // ROWS), jobs, random.Random(seed))
        soak.run()
        failures, done = list(soak.failures()), soak.done
    click.echo(soak.memory().to_string(index=False, float_format="{:.0f}".format))
    for failure in failures:
        click.echo(f"wrong: {failure}")
    click.echo(f"{done} trainings in {soak.minutes:.0f} min, wrong in all: {len(failures)}")
    sys.exit(1 if failures else 0)


class Soak:
    """One experiment, and what it is put through.

    Args:
        folder: of its results.
        repeats: of each row.
        jobs: processes that train.
        moments: where the trainings are interrupted.
    """

    def __init__(self, folder: Path, repeats: int, jobs: int, moments: random.Random):
        self.folder, self.expected = folder, 1 + ROWS * repeats
        options = ["--profile", "smoke", "--only", "table2", "--repeats", str(repeats), "--jobs", str(jobs)]
        self._command = [sys.executable, "-m", "tf_ganaug", "paper", "neff2018", *options, "--out", str(folder)]
        stops = sorted(moments.sample(range(self.expected // 10, self.expected * 9 // 10), 4))
        self._stops = dict(zip(stops, moments.sample(["kill", "kill", "kill", "full"], 4)))
        self._told, self._samples, self.minutes = [], [], 0.0

    @property
    def done(self) -> int:
        """Trainings that are finished."""
        return len(list(self.folder.glob("*/result.json")))

    def run(self) -> None:
        """The command, again and again until it ends by itself."""
        began = time.monotonic()
        for stop, kind in [*self._stops.items(), (self.expected + 1, "none")]:
            self._until(stop, kind)
        self.minutes = (time.monotonic() - began) / 60

    def _until(self, stop: int, kind: str) -> None:
        """Begins the command; at so many trainings it is killed with all its workers, or its disk is filled."""
        ballast = self.folder.with_name("ballast")
        with subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as process:
            errors: list[str] = []
            reader = threading.Thread(target=lambda: errors.extend(process.stderr), daemon=True)
            reader.start()
            while process.poll() is None:
                self._samples.append((self.done, _memory(process.pid)))
                if kind == "kill" and self.done >= stop:
                    os.killpg(process.pid, signal.SIGKILL)
                elif kind == "full" and self.done >= stop and not ballast.exists():
                    _fill(ballast)
                time.sleep(SECONDS)
            reader.join()
        ballast.unlink(missing_ok=True)
        last = [line.strip() for line in errors if line.strip()][-1:]
        click.echo(f"{self.done} trainings: {kind}, exit status {process.returncode} {' '.join(last)}", err=True)
        self._told.append((kind, process.returncode, "".join(errors)))

    def memory(self) -> pd.DataFrame:
        """The most that the command and its workers held, in MB, by tenths of the trainings."""
        frame = pd.DataFrame(self._samples, columns=["trainings", "MB"])
        frame["tenth"] = (10 * frame.trainings // (self.expected + 1)) + 1
        return frame.groupby("tenth", as_index=False).MB.agg(["median", "max"]).reset_index(drop=True)

    def failures(self) -> Iterator[str]:
        """What should not be."""
        for kind, status, errors in self._told:
            if status != {"kill": -signal.SIGKILL, "full": 2, "none": 0}[kind]:
                yield f"exit status {status} after {kind}"
            if "Traceback" in errors or (kind == "full" and "make room" not in errors):
                yield f"{kind} is told as {errors[-300:]!r}"
        if self.done != self.expected:
            yield f"{self.done} of {self.expected} trainings are finished"
        memory = self.memory()["max"].to_numpy()
        if memory[5:].max() > (1 + GROWTH) * memory[:5].max():
            yield f"memory grew from {memory[:5].max():.0f} to {memory[5:].max():.0f} MB"
        left = [path for path in self.folder.rglob("*") if LEFTOVER.fullmatch(path.name)]
        yield from (f"left over: {path}" for path in left)
        tables = [pd.read_csv(path) for path in self.folder.glob("tables/table-ii*.csv")]
        # Behind the names our first measure and what the paper prints, or our second; the baseline has no difference.
        if len(tables) != 2 or any(len(t) < ROWS or t.iloc[:ROWS, 1:3].isna().any(axis=None) for t in tables):
            yield "a table lacks a number"
        cases = pd.read_csv(self.folder / "cases.csv")
        counts = cases.groupby(["row", "repeat"]).dice.count()
        if len(counts) != self.expected - 1 or counts.nunique() != 1:
            yield f"cases of {len(counts)} trainings, of each {sorted(set(counts))}"


def _memory(pid: int) -> float:
    """What a process and all below it hold, MB; what they share is counted once."""
    total = 0.0
    for each in _family(pid):
        try:
            lines = Path(f"/proc/{each}/smaps_rollup").read_text(encoding="ascii").splitlines()
        except OSError:
            continue  # it has ended
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return total


def _family(pid: int) -> Sequence[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return ()
    return (pid, *(each for child in children for each in _family(int(child))))


def _fill(path: Path) -> None:
    """Takes all room that the disk has left, to the last block."""
    with path.open("wb") as file:
        size = shutil.disk_usage(path.parent).free
        while size >= 4096:
            try:
                os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), size)
            except OSError:
                size //= 2


def _with_own_mounts() -> None:
    """Begins the command again, where it may mount a disk that nobody else sees."""
    unshare = shutil.which("unshare")
    if unshare is None:
        raise InputError("soak", "Linux with unshare (util-linux)", sys.platform, "run it there")
    command = [unshare, "--map-root-user", "--mount", sys.executable, *sys.argv]
    os.execve(unshare, command, {**os.environ, MOUNTED: "1"})


@contextmanager
def _small_disk(place: Path, megabytes: int) -> Iterator[None]:
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    done = subprocess.run(mounting, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError(place, "a disk that can be mounted", done.stderr.strip(), "run it as root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=False)


if __name__ == "__main__":
    main()
