"""What all tests share: graphs of one file are gone in the next, and steps without graphs."""

from __future__ import annotations

import gc
import os
from contextlib import contextmanager

# Before anything imports TensorFlow, and for the processes that tests start: its start-up lines concern nobody here.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import pytest
import tensorflow as tf
from tensorflow.python.framework.config import disable_op_determinism

from tf_ganaug import replicas

# Trainings on several devices are tested on two of them; only a process that has not yet computed can get them.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)

# What the libraries hold stays until the end: no collection, and every network begins with one, walks through it again.
gc.collect()
gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]):
    """Whole commands, which take longest, first: else one core is left with them in the end."""
    items.sort(
        key=lambda item: (
            not item.path.name.startswith("test_run") and item.path.parent.name not in ("scripts", "commands")
        )
    )


@pytest.fixture(scope="module", autouse=True)
def forget_graphs():
    """Hundreds of networks fill gigabytes, and Python's garbage collector walks through all of them."""
    yield
    keras.backend.clear_session()
    gc.collect()
    gc.freeze()


@contextmanager
def without_graphs():
    """Steps without their graphs, which take longer to build than a few steps without.

    What trains is compiled in the tests of `gans`, `segment` and `quality`, and whole experiments in `make test-all`.
    """
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def eager():
    """For one test."""
    with without_graphs():
        yield


@pytest.fixture(scope="module")
def eager_file():
    """For all tests of a file, and what they share."""
    with without_graphs():
        yield


@pytest.fixture
def deterministic():
    """Kernels that sum in one order."""
    tf.config.experimental.enable_op_determinism()
    yield
    disable_op_determinism()


@pytest.fixture(autouse=True)
def undivided():
    """A test, or a command that it calls, may divide its minibatches; the next begins with whole ones."""
    yield
    replicas.set_division()
