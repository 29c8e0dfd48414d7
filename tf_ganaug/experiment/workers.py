"""Runs of a plan made side by side by processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from pathlib import Path

from tqdm import tqdm

from tf_ganaug.experiment.machine import limit_threads, take_gpu
from tf_ganaug.experiment.plan import RETRIES, Make, Outcome, Plan, died, log_path, write_log
from tf_ganaug.files import make_folder
from tf_ganaug.hardware import processors

#: Runs that a process makes before a new one takes its place: what libraries keep of each adds up, about 1 % a run.
RUNS = 8


@contextmanager
def local_workers(plan: Plan, jobs: int) -> Iterator[Make]:
    """Makes runs in up to `jobs` processes of this machine, which end with the context, whatever they do then."""
    workers = [Worker(plan, number, jobs) for number in range(jobs)]
    try:
        yield partial(_make, workers, plan.folder)
    finally:
        for worker in workers:
            worker.end()


def _make(workers: Sequence[Worker], folder: Path, names: Sequence[str]) -> Iterator[Outcome]:
    """Hands the runs out; yields a run with its error, or None, when it has ended for good."""
    waiting, deaths = deque(names), Counter()
    idle, busy = list(workers), {}
    while waiting or busy:
        while waiting and idle:
            worker = idle.pop(0)
            busy[worker.hand(waiting.popleft())] = worker
        for pipe in wait(list(busy)):
            worker = busy.pop(pipe)
            idle.append(worker)
            name, how = worker.name, None
            try:
                error = pipe.recv()
            except (EOFError, OSError):
                how = worker.end()
            if how is None:
                worker.rest()
                yield name, error
                continue
            deaths[name] += 1
            write_log(folder, name, f"its worker died, {how}")
            if deaths[name] <= RETRIES:
                waiting.append(name)
            else:
                yield name, died(folder, name, how)


class Worker:
    """A process that makes one run at a time, begun when it is handed one, and again if it has died.

    Args:
        plan: of the runs.
        number: of this worker.
        count: of all workers, which share the machine.
    """

    def __init__(self, plan: Plan, number: int, count: int):
        self._plan, self._number, self._count = plan, number, count
        self._pipe, self.process, self.name, self._made = None, None, "", 0

    def hand(self, name: str) -> Connection:
        """Begins a run; its error, or None, is to be read from what is returned, which ends if the worker dies."""
        if self.process is None:
            self._begin()
        self.name = name
        # One that died since its last run is noticed when its answer is read.
        with suppress(OSError):
            self._pipe.send(name)
        return self._pipe

    def rest(self) -> None:
        """Ends the process after a run if it has made `RUNS` of them."""
        self._made += 1
        if self._made == RUNS:
            self.end()

    def _begin(self) -> None:
        self._made = 0
        # Not forked: TensorFlow has threads, which a fork leaves behind.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(self._plan, theirs, self._number, self._count), daemon=True)
        with _no_interrupts():
            self.process.start()
        # With the worker's own end the last one closes: then its death ends the pipe.
        theirs.close()

    def end(self) -> str:
        """Ends the process if it lives; says how it ended."""
        if self.process is None:
            return "never begun"
        self.process.terminate()
        self.process.join()
        code = self.process.exitcode
        self._pipe.close()
        self.process = None
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Processes begun here ignore Ctrl-C, which the terminal sends to all: their parent ends them."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _work(plan: Plan, pipe: Connection, number: int, count: int) -> None:
    """A worker's life: from the pipe the name of a run, into it the run's error or None."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Its default is a semaphore, which a worker that is ended leaves behind.
    tqdm.set_lock(threading.RLock())
    take_gpu(number)
    limit_threads(max(1, processors() // count))
    while True:
        name = pipe.recv()
        # What libraries and a crash print goes where the run is described; progress bars see no terminal.
        with log_path(make_folder(plan.folder / name).parent, name).open("ab") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        pipe.send(plan.make(name))


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)
