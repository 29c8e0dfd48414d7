"""What a process takes of the machine that it shares with others."""

from __future__ import annotations

import tensorflow as tf


def take_gpu(number: int) -> None:
    """Leaves this process one GPU of those that it may see, by turns, and of its memory what is needed.

    Before anything is computed.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        mine = gpus[number % len(gpus)]
        tf.config.set_visible_devices(mine, "GPU")
        tf.config.experimental.set_memory_growth(mine, True)


def limit_threads(threads: int) -> None:
    """Of TensorFlow in this process; before anything is computed."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
