"""Independent runs of an experiment made side by side on a Ray cluster."""

from __future__ import annotations

import math
import os
import socket
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tf_ganaug.errors import InputError
from tf_ganaug.experiment.machine import limit_threads
from tf_ganaug.experiment.plan import RETRIES, Make, Outcome, Plan, died
from tf_ganaug.hardware import processors

# Before Ray is imported: it reports its use to its makers unless told not to.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

try:
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
except ImportError:
    ray = None

#: Seconds to wait for an address to answer.
PATIENCE = 5

#: How HTTP/2, which Ray speaks, begins a connection: its preface and empty settings, which are answered with settings.
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))


@contextmanager
def cluster_workers(plan: Plan, address: str) -> Iterator[Make]:
    """Makes runs as tasks of a cluster, each with one of its CPUs, and with a GPU where the cluster has any.

    Args:
        plan: of the runs; its folder and its data are at the same path on every node.
        address: HOST:PORT of the cluster's head, or "auto" for the cluster that runs on this machine.

    Raises:
        InputError: if Ray is absent, the cluster is out of reach, or a node does not share the folder.
    """
    _connect(address)
    try:
        _require_shared(plan.folder)
        gpus = 1 if ray.cluster_resources().get("GPU") else 0
        # Made again if its worker dies, not if it fails: it would fail again.
        task = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=RETRIES)(_make)
        yield partial(_make_all, task, plan)
    finally:
        ray.shutdown()


def _connect(address: str) -> None:
    if ray is None:
        raise InputError("--ray", "Ray to be installed", "none", "pip install '.[ray]'")
    try:
        if address != "auto":
            _greet(address)
        ray.init(address, log_to_driver=False, configure_logging=False)
    except (OSError, RuntimeError, ValueError, OverflowError) as error:
        remedy = "name a running cluster that this machine is a node of, as HOST:PORT of its head; see 'ray status'"
        raise InputError(f"--ray {address}", "a Ray cluster that answers", str(error), remedy) from error


def _greet(address: str) -> None:
    """Raises OSError if nothing there speaks as Ray does; Ray would try for minutes, and then end the process."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), PATIENCE) as connection:
        if os.environ.get("RAY_USE_TLS", "0") != "0":
            return
        connection.sendall(GREETING)
        if connection.recv(9)[3:4] != b"\4":
            raise ConnectionError("a server of another kind")


def _require_shared(folder: Path) -> None:
    """Every node must see a file that is written here."""
    token, text = folder / f".token-{uuid.uuid4().hex}", uuid.uuid4().hex
    look = ray.remote(num_cpus=0)(_look)
    try:
        token.write_text(text, encoding="utf-8")
        nodes = [node for node in ray.nodes() if node["Alive"]]
        places = [NodeAffinitySchedulingStrategy(node["NodeID"], soft=False) for node in nodes]
        answers = [look.options(scheduling_strategy=place).remote(token) for place in places]
        for node, answer in zip(nodes, answers):
            name = f"node {node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
            try:
                found = ray.get(answer)
            except ray.exceptions.RayError as error:
                remedy = "install the same version there"
                raise InputError(name, "a node with tf_ganaug", str(error).split("\n")[-1], remedy) from error
            if found != text:
                remedy = "choose with --out a folder that all nodes share, at one path"
                raise InputError(name, f"the folder {folder} of this machine", "another or none", remedy)
    finally:
        token.unlink(missing_ok=True)


def _look(token: Path) -> str | None:
    """On a node: what the token says; None where it is not seen."""
    return token.read_text(encoding="utf-8") if token.exists() else None


def _make(plan: Plan, name: str) -> Exception | None:
    """On a node: the run's error, or None."""
    here = ray.get_runtime_context().get_node_id()
    (node,) = (node for node in ray.nodes() if node["NodeID"] == here)
    limit_threads(max(1, processors() // _runs(node["Resources"])))
    return plan.make(name)


def _runs(resources: dict[str, float]) -> int:
    """How many the node makes at a time."""
    return max(1, int(min(resources.get("CPU", 1), resources.get("GPU", math.inf))))


def _make_all(task: Any, plan: Plan, names: Sequence[str]) -> Iterator[Outcome]:
    """Hands all runs to the cluster; yields a run with its error, or None, when it has ended for good."""
    stored = ray.put(plan)
    pending = {task.remote(stored, name): name for name in names}
    while pending:
        (ended,), _ = ray.wait(list(pending))
        name = pending.pop(ended)
        try:
            error = ray.get(ended)
        except ray.exceptions.RayTaskError as raised:
            error = raised
        except ray.exceptions.RayError as death:
            error = died(plan.folder, name, str(death).split("\n")[0])
        yield name, error
