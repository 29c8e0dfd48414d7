"""Runs side by side, on this machine and on a cluster, with workers that die, against runs made one after the other."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import tf_ganaug.experiment.workers as local
from tf_ganaug.augment.standard import Augmentation
from tf_ganaug.errors import InputError
from tf_ganaug.experiment.machine import take_gpu
from tf_ganaug.experiment.plan import Plan, log_path, make_stages
from tf_ganaug.experiment.side_by_side import side_by_side
from tf_ganaug.experiment.sources import Request
from tf_ganaug.experiment.workers import Worker, local_workers
from tf_ganaug.files import locked, make_folder
from tf_ganaug.papers.experiments import experiment_of
from tf_ganaug.papers.neff2018 import lung
from tf_ganaug.papers.neff2018.sections import search_section
from tf_ganaug.papers.neff2018.study import JointStudy
from tf_ganaug.papers.neff2018.tasks import SegmenterTask
from tf_ganaug.papers.reproduce import open_study, prepare

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")

CHANGES = ("segmenter.min_iterations=30", "segmenter.max_iterations=30", "data.subjects=10")
PARTS = ("figure3",)


def opened(folder: Path, *changes: str) -> tuple[JointStudy, dict]:
    opening, folder, asked = prepare(experiment_of("neff2018"), "smoke", [*CHANGES, *changes], Request(), folder)
    return opening(folder), asked


def plan_of(study: JointStudy) -> Plan:
    return Plan(opening_of(study), study.folder)


def opening_of(study: JointStudy) -> Callable[[Path], JointStudy]:
    return partial(open_study, experiment_of("neff2018"), study.settings, Request())


@pytest.fixture(scope="module")
def serial(tmp_path_factory) -> JointStudy:
    """One run after the other."""
    study, asked = opened(tmp_path_factory.mktemp("serial") / "out")
    with study.at_work(asked):
        for names in lung.stages(study, PARTS):
            for name in names:
                study.make(name)
    return study


def assert_same_runs(folder: Path, serial: Path) -> None:
    """The same runs, every step counted once, the same numbers but for rounding by other numbers of threads."""
    results = {path.parent.name for path in serial.glob("*/result.json")}
    assert {path.parent.name for path in folder.glob("*/result.json")} == results and len(results) == 3
    for name in results:
        mine, theirs = (
            pd.DataFrame(map(json.loads, (root / name / "metrics.jsonl").read_text().splitlines()))
            for root in (folder, serial)
        )
        compared = [column for column in theirs if column != "images_per_second"]
        np.testing.assert_allclose(mine[compared], theirs[compared], rtol=1e-3, atol=1e-4)
    for path in serial.glob("unet-*/cases.csv"):
        mine, theirs = pd.read_csv(folder / path.relative_to(serial)), pd.read_csv(path)
        assert mine.case.tolist() == theirs.case.tolist()
        np.testing.assert_allclose(mine.dice, theirs.dice, atol=0.02)


def holder(file: Path) -> int | None:
    """The process that has a file open."""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(link) == str(file):
                return int(link.parts[2])
        except OSError:
            continue
    return None


def spawned() -> list[int]:
    """Worker processes of this one."""
    found = []
    for children in Path("/proc/self/task").glob("*/children"):
        for pid in children.read_text().split():
            with suppress(OSError):
                if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(int(pid))
    return found


def kill_mid_run(run: Path) -> None:
    """Kills the run's process after its first checkpoint."""
    while not list((run / "checkpoints").glob("*.index")):
        time.sleep(0.01)
    os.kill(holder(run / ".lock"), signal.SIGKILL)
    assert not (run / "result.json").exists()


@contextmanager
def meanwhile(act: Callable[[], None]) -> Iterator[None]:
    """Something else done during the block."""
    errors = []

    def guarded() -> None:
        try:
            act()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    yield
    thread.join(60)
    assert not thread.is_alive() and not errors, errors


@pytest.mark.long
def test_a_killed_worker_and_a_bad_run_cost_themselves_only(tmp_path, serial, monkeypatch):
    """Each run by a process of its own here, so that none grows."""
    begun, begin = [], Worker._begin
    monkeypatch.setattr(local, "RUNS", 1)
    monkeypatch.setattr(Worker, "_begin", lambda worker: (begun.append(worker), begin(worker)))
    study, asked = opened(tmp_path / "out")
    _, (killed, spoiled) = names = list(lung.stages(study, PARTS))
    workers = partial(local_workers, plan_of(study), 2)
    (make_folder(study.folder / spoiled) / "options.json").write_text('{"task": {"repeat": 5}}')
    with study.at_work(asked):
        with meanwhile(partial(kill_mid_run, study.folder / killed)), pytest.raises(InputError, match="repeat = 5"):
            make_stages(study, workers, names)
        assert not spawned() and len(begun) == 4  # one was killed
        log = log_path(study.folder, killed).read_text()
        assert "its worker died, killed by SIGKILL" in log and "continues at iteration" in log
        assert study.finished(killed) and not study.finished(spoiled)
        assert "failed:" in log_path(study.folder, spoiled).read_text()
        (study.folder / spoiled / "options.json").unlink()
        made = {path: path.stat().st_mtime_ns for path in study.folder.glob("*/result.json")}
        make_stages(study, workers, names)
    assert all(path.stat().st_mtime_ns == when for path, when in made.items()) and len(made) == 2
    assert_same_runs(study.folder, serial.folder)


def test_a_run_whose_workers_always_die(tmp_path):
    study, asked = opened(tmp_path / "out")
    over, dead = threading.Event(), set()

    def kill() -> None:
        while not over.wait(0.05):
            for pid in set(spawned()) - dead:
                os.kill(pid, signal.SIGKILL)
                dead.add(pid)

    with study.at_work(asked), meanwhile(kill):
        try:
            with pytest.raises(InputError, match=r"gan-fold0/log\.txt.*SIGKILL"):
                make_stages(study, partial(local_workers, plan_of(study), 1), [["gan-fold0"]])
        finally:
            over.set()
    assert len(dead) == 3


def test_one_process_at_a_time_makes_a_run(tmp_path):
    study, _ = opened(tmp_path / "out")
    with locked(make_folder(study.folder / "gan-fold0")):
        assert "no other process" in str(plan_of(study).make("gan-fold0"))


def test_what_goes_wrong_travels_with_its_traceback(tmp_path):
    error = plan_of(opened(tmp_path / "out")[0]).make("unet-fold0")
    assert isinstance(error, RuntimeError) and "ValueError: unet-fold0 is no segmenter's folder" in str(error)


def test_workers_take_the_gpus_by_turns(monkeypatch):
    # No machine of the tests has several: what TensorFlow would be told is written down.
    gpus = [tf.config.PhysicalDevice(f"/physical_device:GPU:{number}", "GPU") for number in range(3)]
    told = []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus if kind == "GPU" else [])
    monkeypatch.setattr(tf.config, "set_visible_devices", lambda device, kind: told.append((device, kind)))
    monkeypatch.setattr(tf.config.experimental, "set_memory_growth", lambda device, grows: told.append((device, grows)))
    for number, mine in enumerate([*gpus, gpus[0]]):
        told.clear()
        take_gpu(number)
        assert told == [(mine, "GPU"), (mine, True)]
    gpus.clear()
    told.clear()
    take_gpu(0)
    assert not told


@pytest.mark.parametrize(
    ("augmentation", "kind"),
    [
        (Augmentation(), "plain"),
        (Augmentation(flip=True), "plain-flip"),
        (Augmentation(0.05, 0.0, 10.0, 2.5), "i0.05-s0-t10-e2.5"),
        (Augmentation(0.123456789, flip=True), "i0.123456789-s0-t0-e0-flip"),
    ],
)
def test_a_segmenters_folder_names_its_task(augmentation, kind):
    task = SegmenterTask(2, 8, 8, augmentation, 3)
    assert task.name == f"unet-fold2-8-8-{kind}-repeat3"
    assert SegmenterTask.named(task.name) == task


@pytest.mark.parametrize(("searched", "parts"), [(False, ("table1", "figure3")), (True, ("figure3",))])
def test_aug_is_the_papers_row_unless_table_1_is_to_decide_and_then_never_none(tmp_path, searched, parts):
    study, asked = opened(tmp_path / "out", f"augmentation.searched={str(searched).lower()}")
    with study.at_work(asked):
        stages = lung.stages(study, parts)
        first = next(stages)
        assert len(first) == 10 and first[0] == "gan-fold0"
        for number, name in enumerate(first[1:]):
            dice = {0: 1.0, 4: 0.9}.get(number, 0.5)
            measured = pd.DataFrame({"case": ["a"], "subject": ["a"], "part": "validation", "dice": [dice]})
            measured.to_csv(make_folder(study.folder / name) / "cases.csv", index=False)
        # The first of the table has no augmentation, the last is the paper's bold row.
        assert next(stages) == ["unet-fold0-8-8-plain-repeat0", first[5 if searched else 9]]
        _, text = search_section(study, lung.DESIGN, "Table I", "").parts
    assert text.startswith("The best row here: none. Aug. is ")
    assert ("the best row here that augments at all: scale 0.05, translation 10, elastic 10" in text) == searched
    assert ("shift 0.05, scale 0.05, translation 10, elastic 10, as named" in text) != searched


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a Ray cluster of two nodes that take one run each."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 80 << 20}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        nodes = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
        nodes.add_node(**node)
        yield nodes.address
        nodes.shutdown()


def test_a_killed_worker_of_a_cluster(tmp_path, serial, cluster):
    study, asked = opened(tmp_path / "out")
    stages = list(lung.stages(study, PARTS))
    killed = study.folder / stages[1][0]
    with study.at_work(asked), meanwhile(partial(kill_mid_run, killed)):
        side_by_side(study, opening_of(study), 1, cluster)(stages)
    assert "continues at iteration" in log_path(study.folder, killed.name).read_text()
    assert not list(study.folder.glob(".token*"))
    assert_same_runs(study.folder, serial.folder)


def test_a_folder_that_nodes_do_not_share(tmp_path, cluster, monkeypatch):
    # The nodes' processes have another working folder than this one.
    monkeypatch.chdir(make_folder(tmp_path / "out"))
    study, _ = opened(Path("/proc/self/cwd"))
    with pytest.raises(InputError, match=r"^node .*: expected the folder /proc/self/cwd"):
        side_by_side(study, opening_of(study), 1, cluster)([["gan-fold0"]])
    assert not list(Path().iterdir())


@pytest.mark.parametrize(("jobs", "address"), [(2, None), (1, "auto")])
def test_devices_that_share_a_minibatch_are_not_shared_by_runs(tmp_path, jobs, address):
    study, _ = opened(tmp_path / "out", "devices=2")
    with pytest.raises(InputError, match=r"^--devices: expected 1 with --jobs or --ray, which give each run a GPU"):
        side_by_side(study, opening_of(study), jobs, address)


def test_a_cluster_out_of_reach(tmp_path):
    pytest.importorskip("ray")
    study, _ = opened(tmp_path / "out")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"127.0.0.1:{closed.getsockname()[1]}"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for address in (nobody, f"127.0.0.1:{silent.getsockname()[1]}", "nowhere"):
            with pytest.raises(InputError, match=f"--ray {address}: expected a Ray cluster that answers"):
                side_by_side(study, opening_of(study), 1, address)([["gan-fold0"]])
