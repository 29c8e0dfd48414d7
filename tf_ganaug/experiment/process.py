"""What settings say of the whole process: precision, determinism, where minibatches are made and who shares them."""

from __future__ import annotations

import gc

import keras
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.data.pipeline import set_sampling
from tf_ganaug.experiment.settings import CommonSettings
from tf_ganaug.replicas import set_division


def prepare_process(settings: CommonSettings) -> None:
    """Sets precision, sampling and devices of all trainings to come, and whether equal computations give equal bits.

    Raises:
        InputError: for a sampling that is none, or devices that this process does not have.
    """
    _keep_libraries()
    backend.set_precision(settings.precision)
    # Of several devices each would fetch its rows from one.
    set_sampling(settings.sampling, settings.steps_per_call, settings.resident_bytes if settings.devices == 1 else 0)
    set_division(settings.devices, settings.accumulate, settings.shared_statistics, settings.jit_compile)
    if settings.deterministic:
        keras.utils.set_random_seed(settings.seed)
        tf.config.experimental.enable_op_determinism()


def _keep_libraries() -> None:
    """What is imported by now stays: no later collection, and every network begins with one, walks through it again."""
    if not gc.get_freeze_count():
        gc.collect()
        gc.freeze()
