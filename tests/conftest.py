"""The graphs of one test file are gone in the next."""

from __future__ import annotations

import gc

import keras
import pytest


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
