"""What a process takes of the machine that it shares with others."""

from __future__ import annotations

import os

import tensorflow as tf


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
