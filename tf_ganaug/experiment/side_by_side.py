"""Which processes make the runs of an experiment: this one, several of this machine, or a cluster's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from tf_ganaug.errors import InputError
from tf_ganaug.experiment.plan import Plan, make_stages
from tf_ganaug.experiment.study import Study
from tf_ganaug.experiment.workers import local_workers


def side_by_side(
    study: Study, opening: Callable[[Path], Study], jobs: int, address: str | None
) -> Callable[[Iterable[Sequence[str]]], None] | None:
    """What makes an experiment's stages as the user asked; None for one run after the other in this process.

    Args:
        study: of the experiment.
        opening: opens the same in another process, given its folder; can be pickled.
        jobs: runs at a time on this machine.
        address: of a Ray cluster, or None.

    Raises:
        InputError: if both ways are asked for, or one with several devices for each run.
    """
    if jobs == 1 and address is None:
        return None
    if study.settings.devices > 1:
        expected = "1 with --jobs or --ray, which give each run a GPU of its own"
        raise InputError("--devices", expected, str(study.settings.devices), "drop one of the two")
    plan = Plan(opening, study.folder.absolute())
    if address is None:
        return partial(make_stages, study, lambda: local_workers(plan, jobs))
    if jobs > 1:
        expected = "the cluster to say how many runs it takes"
        raise InputError(f"--ray {address}", expected, f"--jobs {jobs}", "drop one of the two")
    from tf_ganaug.experiment import ray_workers

    return partial(make_stages, study, lambda: ray_workers.cluster_workers(plan, address))
