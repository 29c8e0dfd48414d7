"""Independent runs of an experiment made side by side, by processes of this machine."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, partial
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import ModuleType
from typing import Any, Optional

import tensorflow as tf
from tqdm import tqdm

from tf_ganaug.errors import InputError
from tf_ganaug.experiment.reproduce import name_of, open_study
from tf_ganaug.experiment.sources import Request
from tf_ganaug.experiment.study import Study
from tf_ganaug.files import locked, make_folder

#: So many times a run whose worker died is handed to another.
RETRIES = 2

#: A run's name with what went wrong, or None.
Outcome = tuple[str, Optional[Exception]]

#: From the names of runs to each one's outcome, in the order in which they end.
Make = Callable[[Sequence[str]], Iterator[Outcome]]


@dataclass(frozen=True)
class Plan:
    """What another process needs to make runs of a study: it can be pickled.

    Attributes:
        experiment: name of its module.
        settings: of the experiment.
        request: which data; its paths are absolute.
        folder: of the experiment, absolute.
    """

    experiment: str
    settings: Any
    request: Request
    folder: Path

    @cached_property
    def study(self) -> Study:
        """Opened in this process when first asked for."""
        return open_study(importlib.import_module(self.experiment), self.settings, self.request, self.folder)

    def make(self, name: str) -> Exception | None:
        """Makes a run, or continues it; a finished one is left alone.

        Returns:
            None, or why there is no result, in a form that another process can raise: an InputError, or any other
            error as a RuntimeError with its traceback as text.
        """
        try:
            # A worker that a cluster takes for dead may live: its run is not made twice at a time.
            with locked(make_folder(self.folder / name)):
                self.study.make(name)
        except InputError as error:
            return error
        except Exception:
            return RuntimeError(f"{name}\n{traceback.format_exc()}")
        return None


def side_by_side(
    experiment: ModuleType, study: Study, request: Request, jobs: int, address: str | None
) -> Callable[[Iterable[Sequence[str]]], None] | None:
    """What makes an experiment's stages as the user asked; None for one run after the other in this process.

    Args:
        experiment: module of the experiment.
        study: opened of it.
        request: what it was opened with.
        jobs: runs at a time on this machine.
        address: of a Ray cluster, or None.

    Raises:
        InputError: if the experiment has no stages, or both ways are asked for.
    """
    if jobs == 1 and address is None:
        return None
    option = f"--jobs {jobs}" if address is None else f"--ray {address}"
    if not hasattr(experiment, "stages"):
        found = f"{name_of(experiment)}, whose runs are made one after the other"
        raise InputError(option, "an experiment that names its independent runs", found, "drop the option")
    plan = Plan(experiment.__name__, study.settings, request, study.folder.absolute())
    if address is None:
        return partial(make_stages, study, lambda: local_workers(plan, jobs))
    if jobs > 1:
        raise InputError(option, "the cluster to say how many runs it takes", f"--jobs {jobs}", "drop one of the two")
    from tf_ganaug.experiment import ray_executor

    return partial(make_stages, study, lambda: ray_executor.cluster_workers(plan, address))


def make_stages(
    study: Study, workers: Callable[[], AbstractContextManager[Make]], stages: Iterable[Sequence[str]]
) -> None:
    """Makes every run of every stage, a stage when the one before is finished.

    Args:
        study: to which the runs belong; nothing is written but a line in the log of a run that fails.
        workers: begins and ends what makes the runs.
        stages: names of runs; finished ones are passed over.

    Raises:
        InputError, RuntimeError: a stage's first error, after its other runs.
    """
    with workers() as make, tqdm(total=0, desc="runs", unit="run", disable=None) as bar:
        for names in stages:
            wanted = [name for name in dict.fromkeys(names) if not study.finished(name)]
            bar.total += len(wanted)
            bar.refresh()
            failures = {}
            for name, error in make(wanted):
                bar.update()
                if error is not None:
                    failures[name] = error
                    write_log(study.folder, name, f"failed: {error}")
            for name in wanted:
                if name in failures:
                    raise failures[name]


def log_path(folder: Path, name: str) -> Path:
    """The log of a run."""
    return folder / name / "log.txt"


def write_log(folder: Path, name: str, line: str) -> None:
    """Adds a line to the log of a run that no other process makes at the moment."""
    with log_path(make_folder(folder / name).parent, name).open("a", encoding="utf-8") as file:
        file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")


def died(folder: Path, name: str, how: str) -> InputError:
    """The error of a run whose workers died every time."""
    remedy = "see its end; fewer runs at a time need less memory; the same command continues from the last checkpoint"
    return InputError(log_path(folder, name), "a run that ends", f"{RETRIES + 1} workers that died, {how}", remedy)


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
        self._pipe, self.process, self.name = None, None, ""

    def hand(self, name: str) -> Connection:
        """Begins a run; its error, or None, is to be read from what is returned, which ends if the worker dies."""
        if self.process is None:
            self._begin()
        self.name = name
        # One that died since its last run is noticed when its answer is read.
        with suppress(OSError):
            self._pipe.send(name)
        return self._pipe

    def _begin(self) -> None:
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


def take_gpu(number: int) -> None:
    """Leaves this process one GPU of those that CUDA_VISIBLE_DEVICES lists, by turns; before TensorFlow looks."""
    gpus = [gpu for gpu in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if gpu]
    if gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpus[number % len(gpus)]


def processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def limit_threads(threads: int) -> None:
    """Of TensorFlow in this process; before anything is computed."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
