"""What settings say of the whole process: precision and determinism."""

from __future__ import annotations

import keras
import tensorflow as tf

from tf_ganaug import backend
from tf_ganaug.experiment.settings import CommonSettings


def prepare_process(settings: CommonSettings) -> None:
    """Sets the precision of all networks to come, and whether equal computations give equal bits."""
    backend.set_precision(settings.precision)
    if settings.deterministic:
        keras.utils.set_random_seed(settings.seed)
        tf.config.experimental.enable_op_determinism()
