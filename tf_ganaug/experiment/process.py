"""What settings say of the whole process: precision, determinism, and where minibatches are made."""

from __future__ import annotations

import keras
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.data.pipeline import set_sampling
from tf_ganaug.experiment.settings import CommonSettings


def prepare_process(settings: CommonSettings) -> None:
    """Sets the precision of all networks to come, whether equal computations give equal bits, and the sampling."""
    backend.set_precision(settings.precision)
    set_sampling(settings.sampling, settings.steps_per_call)
    if settings.deterministic:
        keras.utils.set_random_seed(settings.seed)
        tf.config.experimental.enable_op_determinism()
